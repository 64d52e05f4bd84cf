//! Calls about tiers, read.

use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use proto::loyalty::v1::*;
use store::{Digests, RequestKey};
use tonic::{Request, Status};
use wire::{Envelope, Freshness, Keys, PageToken, Violations, digests, open, page_size};

use crate::account::{TierAsk, TierDeed};

/// Units that one qualification may count for.
pub(super) const MOST: i64 = 1_000_000_000_000;

/// A look at the tiers of a moment.
pub(super) struct ThenLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

/// A look at one ladder.
pub(super) struct LadderLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub ladder: Option<String>,
    pub freshness: Freshness,
}

/// A page of what counts.
pub(super) struct CountingLook {
    pub of: LadderLook,
    pub behind: i64,
    pub limit: i64,
    ladder: String,
    member: String,
}

impl CountingLook {
    /// Which list: a token of one is none of another.
    pub(super) fn list(&self) -> [&str; 3] {
        ["qualifications", &self.member, &self.ladder]
    }
}

pub(super) fn tier(keys: &Keys, call: Request<ExplainTierRequest>) -> Result<LadderLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let read = read_look(&mut bad, keys, envelope.tenant, (&ask.member, &ask.ladder, &ask.at_least_as_fresh));
    bad.settle(read)
}

pub(super) fn counting(keys: &Keys, call: Request<ListQualificationsRequest>) -> Result<CountingLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let of = read_look(&mut bad, keys, envelope.tenant, (&ask.member, &ask.ladder, &ask.at_least_as_fresh));
    let limit = page_size(&mut bad, ask.page_size);
    let token = PageToken::open(&mut bad, keys, &ask.page_token, &["qualifications", &ask.member, &ask.ladder]);
    let behind = token.flatten().and_then(|token| token.0.first().and_then(|number| number.parse().ok()));
    let (ladder, member) = (ask.ladder, ask.member);
    Ok(CountingLook { of: bad.settle(of)?, behind: behind.unwrap_or(0), limit, ladder, member })
}

pub(super) fn then(keys: &Keys, call: Request<GetTierAtRequest>) -> Result<ThenLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let at = bad.instant("at", ask.at.as_ref());
    let read = read_look(&mut bad, keys, envelope.tenant, (&ask.member, "", &ask.at_least_as_fresh));
    let LadderLook { tenant, member, freshness, .. } = bad.settle(read)?;
    Ok(ThenLook { tenant, member, at, freshness })
}

fn read_look(
    bad: &mut Violations,
    keys: &Keys,
    tenant: TenantId,
    (member, ladder, fresh): (&str, &str, &str),
) -> Option<LadderLook> {
    let member = bad.take("member", MemberId::parse(member));
    let ladder = read_ladder(bad, "ladder", ladder);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, fresh));
    Some(LadderLook { tenant, member: member?, ladder: ladder?, freshness: freshness? })
}

/// The code of a ladder; none for the first.
pub(super) fn read_ladder(bad: &mut Violations, field: &str, code: &str) -> Option<Option<String>> {
    match code {
        "" => Some(None),
        code => bad.code(field, code, 1..=40).map(Some),
    }
}

/// What all requests about a tier say.
struct Said<'a> {
    request_id: &'a str,
    member: &'a str,
    ladder: &'a str,
    reason: &'a str,
    validate_only: bool,
}

fn ask(
    mut bad: Violations,
    (rpc, digests): (&'static str, Digests),
    envelope: &Envelope,
    said: &Said<'_>,
    what: Option<TierDeed>,
) -> Result<TierAsk, Status> {
    let id = bad.request_id(said.request_id);
    let member = bad.take("member", MemberId::parse(said.member));
    let ladder = read_ladder(&mut bad, "ladder", said.ladder);
    let reason = bad.text("reason", said.reason, 1..=200);
    let read = id.zip(member).zip(ladder).zip(reason).zip(what);
    let read = read.map(|((((id, member), ladder), reason), what)| TierAsk {
        tenant: envelope.tenant,
        member,
        ladder,
        reason,
        actor: envelope.actor.clone(),
        what,
        known: false,
        validate_only: said.validate_only,
        key: RequestKey { rpc, id, digests },
    });
    bad.settle(read)
}

pub(super) fn assignment(keys: &Keys, call: Request<AssignTierRequest>) -> Result<TierAsk, Status> {
    let (envelope, told) = open(call)?;
    let mut bad = Violations::new();
    let tier = bad.code("tier", &told.tier, 1..=40);
    let until = bad.instant("until_time", told.until_time.as_ref()).map(kernel::to_microsecond);
    let what = tier.map(|tier| TierDeed::Assign { tier, until });
    let said = Said {
        request_id: &told.request_id,
        member: &told.member,
        ladder: &told.ladder,
        reason: &told.reason,
        validate_only: told.validate_only,
    };
    ask(bad, ("AssignTier", digests(keys, &told)), &envelope, &said, what)
}

pub(super) fn release(keys: &Keys, call: Request<ReleaseTierRequest>) -> Result<TierAsk, Status> {
    let (envelope, told) = open(call)?;
    let said = Said {
        request_id: &told.request_id,
        member: &told.member,
        ladder: &told.ladder,
        reason: &told.reason,
        validate_only: told.validate_only,
    };
    ask(Violations::new(), ("ReleaseTier", digests(keys, &told)), &envelope, &said, Some(TierDeed::Release))
}

pub(super) fn qualification(keys: &Keys, call: Request<GrantQualificationRequest>) -> Result<TierAsk, Status> {
    let (envelope, told) = open(call)?;
    let mut bad = Violations::new();
    let cause = bad.code("cause", &told.cause, 1..=80);
    let units = bad.number("units", told.units, -MOST..=MOST);
    if units == Some(0) {
        bad.add("units", "must not be zero");
    }
    let occurred_at = bad.instant("occur_time", told.occur_time.as_ref()).map(kernel::to_microsecond);
    let what = cause.zip(units).map(|(cause, units)| TierDeed::Qualify { cause, units, occurred_at });
    let said = Said {
        request_id: &told.request_id,
        member: &told.member,
        ladder: &told.ladder,
        reason: &told.reason,
        validate_only: told.validate_only,
    };
    ask(bad, ("GrantQualification", digests(keys, &told)), &envelope, &said, what)
}
