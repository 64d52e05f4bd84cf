//! Calls about codes, touches and referrals, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{MemberId, OrderId, ReferralId, TenantId};
use proto::referrals::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use crate::codes::{Code, Issue, Malformed, Retire};
use crate::referral::life::State;
use crate::referral::reading::Page;
use crate::referral::record::Point;
use crate::referral::{Attribution, Origin, Review};
use crate::touches::NewTouch;

/// A look at a text that may be a code.
pub(super) struct CodeLook {
    pub tenant: TenantId,
    pub code: Result<Code, Malformed>,
    pub freshness: Freshness,
}

/// A look at one member.
pub(super) struct MemberLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub explain: bool,
    pub freshness: Freshness,
}

/// A look at one referral.
pub(super) struct ReferralLook {
    pub tenant: TenantId,
    pub referral: ReferralId,
    pub explain: bool,
    pub freshness: Freshness,
}

/// A page of whom a member invited.
pub(super) struct InvitationsLook {
    pub tenant: TenantId,
    pub inviter: MemberId,
    pub states: Vec<State>,
    pub page: Page,
    pub freshness: Freshness,
}

impl InvitationsLook {
    /// The token of the page after one that ends here.
    pub(super) fn after(&self, keys: &Keys, last: (Timestamp, ReferralId)) -> String {
        let mark = vec![last.0.as_microsecond().to_string(), last.1.to_string()];
        let selection = selection(self.inviter, &self.states);
        PageToken(mark).seal(keys, &selection.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

/// A look at a whole tenant.
pub(super) struct OverviewLook {
    pub tenant: TenantId,
    pub freshness: Freshness,
}

pub(super) fn issue(keys: &Keys, call: Request<IssueCodeRequest>) -> Result<Issue, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let read = id.zip(member).map(|(id, member)| Issue {
        tenant: envelope.tenant,
        member,
        replace: ask.replace,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "IssueCode", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn retire(keys: &Keys, call: Request<RetireCodeRequest>) -> Result<Retire, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let code = bad.take("code", Code::parse(&ask.code));
    let read = id.zip(code).map(|(id, code)| Retire {
        tenant: envelope.tenant,
        code,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "RetireCode", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn look_up(keys: &Keys, call: Request<LookUpCodeRequest>) -> Result<CodeLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    if ask.code.chars().count() > 40 {
        bad.add("code", "must be at most 40 characters");
    }
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    Ok(CodeLook { tenant: envelope.tenant, freshness: bad.settle(freshness)?, code: Code::parse(&ask.code) })
}

pub(super) fn code_of(keys: &Keys, call: Request<GetCodeRequest>) -> Result<MemberLook, Status> {
    let (envelope, ask) = open(call)?;
    look(keys, envelope.tenant, ("member", &ask.member), false, &ask.at_least_as_fresh)
}

fn look(
    keys: &Keys,
    tenant: TenantId,
    (field, member): (&str, &str),
    explain: bool,
    freshness: &str,
) -> Result<MemberLook, Status> {
    let mut bad = Violations::new();
    let member = bad.take(field, MemberId::parse(member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, freshness));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(MemberLook { tenant, member, explain, freshness })
}

pub(super) fn touch(keys: &Keys, call: Request<RecordTouchRequest>) -> Result<NewTouch, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let code = bad.take("code", Code::parse(&ask.code));
    let visitor = bad.text("visitor", &ask.visitor, 1..=200);
    let read = id.zip(code).zip(visitor).map(|((id, code), visitor)| NewTouch {
        tenant: envelope.tenant,
        visitor: digest(keys, envelope.tenant, &visitor),
        code,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "RecordTouch", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

/// What is kept of a visitor: half of a keyed digest, in hexadecimal digits.
fn digest(keys: &Keys, tenant: TenantId, visitor: &str) -> String {
    let digest = keys.digest("visitor", &[tenant.uuid().as_bytes(), visitor.as_bytes()]);
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn attribution(keys: &Keys, call: Request<AttributeRequest>) -> Result<Attribution, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let origin = match (ask.code.as_str(), ask.visitor.as_str()) {
        ("", "") | (_, "") => bad.take("code", Code::parse(&ask.code)).map(Origin::Code),
        ("", visitor) => {
            let visitor = bad.text("visitor", visitor, 1..=200);
            visitor.map(|visitor| Origin::Visitor(digest(keys, envelope.tenant, &visitor)))
        }
        (_, _) => {
            bad.add("visitor", "must be empty where a code is given");
            None
        }
    };
    let point = match ask.point() {
        AttributionPoint::Enrolment => Some(Point::Enrolment),
        AttributionPoint::Checkout => Some(Point::Checkout),
        AttributionPoint::Unspecified => {
            bad.add("point", "must be ENROLMENT or CHECKOUT");
            None
        }
    };
    let order = match ask.order.as_str() {
        "" => None,
        text => bad.take("order", OrderId::parse(text)),
    };
    if order.is_some() && point == Some(Point::Enrolment) {
        bad.add("order", "is for CHECKOUT only");
    }
    let read = id.zip(member).zip(origin).zip(point).map(|(((id, member), origin), point)| Attribution {
        tenant: envelope.tenant,
        member,
        origin,
        point,
        order,
        known: false,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "Attribute", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn review(keys: &Keys, call: Request<ReviewRequest>) -> Result<Review, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let referral = bad.take("referral", ReferralId::parse(&ask.referral));
    let reason = bad.text("reason", &ask.reason, 1..=200);
    let approve = match ask.verdict() {
        Verdict::Approve => Some(true),
        Verdict::Reject => Some(false),
        Verdict::Unspecified => {
            bad.add("verdict", "must be APPROVE or REJECT");
            None
        }
    };
    let read = id.zip(referral).zip(reason).zip(approve).map(|(((id, referral), reason), approve)| Review {
        tenant: envelope.tenant,
        referral,
        approve,
        reason,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "Review", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn referral(keys: &Keys, call: Request<GetReferralRequest>) -> Result<ReferralLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let referral = bad.take("referral", ReferralId::parse(&ask.referral));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (referral, freshness) = bad.settle(referral.zip(freshness))?;
    Ok(ReferralLook { tenant: envelope.tenant, referral, explain: ask.explain, freshness })
}

pub(super) fn referral_of(keys: &Keys, call: Request<GetReferralOfRequest>) -> Result<MemberLook, Status> {
    let (envelope, ask) = open(call)?;
    look(keys, envelope.tenant, ("invitee", &ask.invitee), ask.explain, &ask.at_least_as_fresh)
}

pub(super) fn invitations(keys: &Keys, call: Request<ListInvitationsRequest>) -> Result<InvitationsLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let inviter = bad.take("inviter", MemberId::parse(&ask.inviter));
    bad.count("states", ask.states.len(), 0..=State::ALL.len());
    let mut states = Vec::new();
    for (place, number) in ask.states.iter().enumerate().take(State::ALL.len()) {
        match ReferralState::try_from(*number).ok().and_then(state) {
            Some(state) => states.push(state),
            None => bad.add(format!("states[{place}]"), "must be a state of referrals"),
        }
    }
    states.sort_unstable();
    states.dedup();
    let limit = page_size(&mut bad, ask.page_size);
    let token = inviter.and_then(|inviter| {
        let selection = selection(inviter, &states);
        let selection: Vec<&str> = selection.iter().map(String::as_str).collect();
        PageToken::open(&mut bad, keys, &ask.page_token, &selection)
    });
    let before = token.flatten().and_then(|token| mark(&token.0));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (inviter, freshness) = bad.settle(inviter.zip(freshness))?;
    Ok(InvitationsLook { tenant: envelope.tenant, inviter, states, page: Page { before, limit }, freshness })
}

fn selection(inviter: MemberId, states: &[State]) -> Vec<String> {
    let states: Vec<&str> = states.iter().map(|state| state.word()).collect();
    vec!["invitations".to_owned(), inviter.to_string(), states.join(",")]
}

fn mark(after: &[String]) -> Option<(Timestamp, ReferralId)> {
    let [at, referral] = after else { return None };
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, ReferralId::parse(referral).ok()?))
}

const fn state(wire: ReferralState) -> Option<State> {
    match wire {
        ReferralState::Unspecified => None,
        ReferralState::Attributed => Some(State::Attributed),
        ReferralState::Qualified => Some(State::Qualified),
        ReferralState::Held => Some(State::Held),
        ReferralState::Approved => Some(State::Approved),
        ReferralState::Rewarded => Some(State::Rewarded),
        ReferralState::Flagged => Some(State::Flagged),
        ReferralState::Rejected => Some(State::Rejected),
        ReferralState::Reversed => Some(State::Reversed),
    }
}

pub(super) fn overview(keys: &Keys, call: Request<GetOverviewRequest>) -> Result<OverviewLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    Ok(OverviewLook { tenant: envelope.tenant, freshness: bad.settle(freshness)? })
}
