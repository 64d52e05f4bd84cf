//! Calls about accounts, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{ClaimId, EntryId, MemberId, Points, TenantId};
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Envelope, Freshness, Keys, PageToken, Violations, digests, open, page_size};

use super::parse_promise::wallet_code;
use crate::account::granting::is_foreign_cause;
use crate::account::wallet::{Owner, WalletCode};
use crate::account::{Adjustment, Grant, Redemption, Reversal, Revocation};

/// A look at one member.
pub(super) struct Look {
    pub tenant: TenantId,
    pub member: MemberId,
    pub freshness: Freshness,
}

/// A look at an account.
pub(super) struct AccountLook {
    pub tenant: TenantId,
    pub member: MemberId,
    pub wallet: WalletCode,
    pub freshness: Freshness,
}

/// A look at a past balance.
pub(super) struct BalanceLook {
    pub owner: Owner,
    pub as_of: Option<Timestamp>,
    pub as_of_occurred: Option<Timestamp>,
    pub freshness: Freshness,
}

/// A page of what happened to a member, newest first.
pub(super) struct PageLook {
    /// Which list: a token of one is none of another.
    pub list: &'static str,
    pub tenant: TenantId,
    pub member: MemberId,
    pub wallet: WalletCode,
    pub before: Option<i64>,
    pub limit: i64,
    pub freshness: Freshness,
}

impl PageLook {
    pub(super) const fn owner(&self) -> Owner {
        Owner { tenant: self.tenant, member: self.member, wallet: self.wallet }
    }

    /// The token of the page after this one; empty where this one is not full or ends with the first of all.
    pub(super) fn next(&self, keys: &Keys, shown: usize, last: Option<i64>) -> String {
        let full = i64::try_from(shown).is_ok_and(|shown| shown == self.limit);
        last.filter(|last| full && *last > 1).map_or_else(String::new, |last| {
            PageToken(vec![last.to_string()]).seal(keys, &[self.list, &self.member.to_string(), self.wallet.as_str()])
        })
    }
}

/// A look at one entry.
pub(super) struct EntryLook {
    pub tenant: TenantId,
    pub member: Option<MemberId>,
    pub entry: EntryId,
    pub freshness: Freshness,
}

/// A look at a whole programme.
pub(super) struct OverviewLook {
    pub tenant: TenantId,
    pub wallet: WalletCode,
    pub freshness: Freshness,
}

fn look(keys: &Keys, tenant: TenantId, member: &str, freshness: &str) -> Result<Look, Status> {
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, freshness));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(Look { tenant, member, freshness })
}

pub(super) fn account(keys: &Keys, call: Request<GetAccountRequest>) -> Result<AccountLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let wallet = wallet_code(&mut bad, "wallet", &ask.wallet);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let ((member, wallet), freshness) = bad.settle(member.zip(wallet).zip(freshness))?;
    Ok(AccountLook { tenant: envelope.tenant, member, wallet, freshness })
}

pub(super) fn verification(keys: &Keys, call: Request<VerifyMemberRequest>) -> Result<Look, Status> {
    let (envelope, ask) = open(call)?;
    look(keys, envelope.tenant, &ask.member, &ask.at_least_as_fresh)
}

pub(super) fn tier_changes(keys: &Keys, call: Request<ListTierChangesRequest>) -> Result<PageLook, Status> {
    let (envelope, ask) = open(call)?;
    let (list, tenant) = ("tier changes", envelope.tenant);
    page(keys, tenant, list, (&ask.member, ""), (ask.page_size, &ask.page_token), &ask.at_least_as_fresh)
}

pub(super) fn overview(keys: &Keys, call: Request<GetOverviewRequest>) -> Result<OverviewLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let wallet = wallet_code(&mut bad, "wallet", &ask.wallet);
    let (wallet, freshness) = bad.settle(wallet.zip(freshness))?;
    Ok(OverviewLook { tenant: envelope.tenant, wallet, freshness })
}

pub(super) fn balance(keys: &Keys, call: Request<GetBalanceRequest>) -> Result<BalanceLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let as_of = bad.instant("as_of", ask.as_of.as_ref());
    let as_of_occurred = bad.instant("as_of_occurred", ask.as_of_occurred.as_ref());
    let wallet = wallet_code(&mut bad, "wallet", &ask.wallet);
    let ((member, wallet), freshness) = bad.settle(member.zip(wallet).zip(freshness))?;
    let owner = Owner { tenant: envelope.tenant, member, wallet };
    Ok(BalanceLook { owner, as_of, as_of_occurred, freshness })
}

pub(super) fn entries(keys: &Keys, call: Request<ListEntriesRequest>) -> Result<PageLook, Status> {
    let (envelope, ask) = open(call)?;
    let (list, tenant) = ("entries", envelope.tenant);
    page(keys, tenant, list, (&ask.member, &ask.wallet), (ask.page_size, &ask.page_token), &ask.at_least_as_fresh)
}

fn page(
    keys: &Keys,
    tenant: TenantId,
    list: &'static str,
    (member, wallet): (&str, &str),
    (size, token): (i32, &str),
    fresh: &str,
) -> Result<PageLook, Status> {
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, fresh));
    let limit = page_size(&mut bad, size);
    let token = member.and_then(|member| PageToken::open(&mut bad, keys, token, &[list, &member.to_string(), wallet]));
    let before = token.flatten().and_then(|token| token.0.first().and_then(|number| number.parse().ok()));
    let wallet = wallet_code(&mut bad, "wallet", wallet);
    let ((member, wallet), freshness) = bad.settle(member.zip(wallet).zip(freshness))?;
    Ok(PageLook { list, tenant, member, wallet, before, limit, freshness })
}

pub(super) fn entry(keys: &Keys, call: Request<ExplainEntryRequest>) -> Result<EntryLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let entry = bad.take("entry", EntryId::parse(&ask.entry));
    let member = match ask.member.as_str() {
        "" => None,
        text => bad.take("member", MemberId::parse(text)),
    };
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (entry, freshness) = bad.settle(entry.zip(freshness))?;
    Ok(EntryLook { tenant: envelope.tenant, member, entry, freshness })
}

pub(super) fn redemption(keys: &Keys, call: Request<RedeemPointsRequest>) -> Result<Redemption, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let read = read_redemption(&mut bad, "", keys, "RedeemPoints", envelope.tenant, &ask);
    bad.settle(read)
}

pub(super) fn redemptions(keys: &Keys, call: Request<RedeemPointsBatchRequest>) -> Result<Vec<Redemption>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.count("redemptions", ask.redemptions.len(), 1..=1_000);
    let mut all = Vec::with_capacity(ask.redemptions.len());
    for (place, item) in ask.redemptions.iter().enumerate().take(1_000) {
        let within = format!("redemptions[{place}].");
        all.extend(read_redemption(&mut bad, &within, keys, "RedeemPoints", envelope.tenant, item));
    }
    bad.finish()?;
    Ok(all)
}

fn read_redemption(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    rpc: &'static str,
    tenant: TenantId,
    ask: &RedeemPointsRequest,
) -> Option<Redemption> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), kernel::RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let wallet = wallet_code(bad, &field("wallet"), &ask.wallet);
    let points = bad.number(&field("points"), ask.points, 1..=Points::MOST.0);
    let spent_on = bad.text(&field("spent_on"), &ask.spent_on, 1..=200);
    no_claim(bad, &field("spent_on"), &ask.spent_on);
    Some(Redemption {
        tenant,
        member: member?,
        wallet: wallet?,
        points: Points(points?),
        spent_on: spent_on?,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc, id: id?, digests: digests(keys, ask) },
    })
}

/// What a claim spends comes back with it alone, so no other redemption may look like one.
pub(super) fn no_claim(bad: &mut Violations, field: &str, spent_on: &str) {
    if ClaimId::parse(spent_on).is_ok() {
        bad.add(field, "must not be the id of a claim");
    }
}

pub(super) fn reversal(keys: &Keys, call: Request<ReverseRedemptionRequest>) -> Result<Reversal, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let entry = bad.take("entry", EntryId::parse(&ask.entry));
    let read = id.zip(member).zip(entry).map(|((id, member), entry)| Reversal {
        tenant: envelope.tenant,
        member,
        entry,
        claim: None,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "ReverseRedemption", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn adjustment(keys: &Keys, call: Request<AdjustPointsRequest>) -> Result<Adjustment, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let points = bad.number("points", ask.points, -Points::MOST.0..=Points::MOST.0);
    if points == Some(0) {
        bad.add("points", "must not be zero");
    }
    let wallet = wallet_code(&mut bad, "wallet", &ask.wallet);
    let reason = bad.text("reason", &ask.reason, 1..=200);
    let read = id.zip(member.zip(wallet)).zip(points).zip(reason);
    let read = read.map(|(((id, (member, wallet)), points), reason)| Adjustment {
        tenant: envelope.tenant,
        member,
        wallet,
        points: Points(points),
        reason,
        actor: envelope.actor.clone(),
        known: false,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "AdjustPoints", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn grant(keys: &Keys, call: Request<GrantPointsRequest>) -> Result<Grant, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let read = read_grant(&mut bad, "", keys, envelope.tenant, &ask);
    bad.settle(read)
}

pub(super) fn grants(keys: &Keys, call: Request<GrantPointsBatchRequest>) -> Result<Vec<Grant>, Status> {
    let (envelope, ask) = open(call)?;
    read_grants(keys, envelope.tenant, &ask.grants)
}

/// A message of the stream: a batch of its own.
pub(super) fn streamed(envelope: &Envelope, keys: &Keys, said: &StreamGrantsRequest) -> Result<Vec<Grant>, Status> {
    read_grants(keys, envelope.tenant, &said.grants)
}

fn read_grants(keys: &Keys, tenant: TenantId, asks: &[GrantPointsRequest]) -> Result<Vec<Grant>, Status> {
    let mut bad = Violations::new();
    bad.count("grants", asks.len(), 1..=1_000);
    let mut all = Vec::with_capacity(asks.len());
    for (place, ask) in asks.iter().enumerate().take(1_000) {
        all.extend(read_grant(&mut bad, &format!("grants[{place}]."), keys, tenant, ask));
    }
    bad.finish()?;
    Ok(all)
}

/// An item is the same request in whatever form it comes, so it carries the name of the form it has alone.
fn read_grant(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    tenant: TenantId,
    ask: &GrantPointsRequest,
) -> Option<Grant> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), kernel::RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let points = bad.number(&field("points"), ask.points, 1..=Points::MOST.0);
    let wallet = wallet_code(bad, &field("wallet"), &ask.wallet);
    let reason = bad.text(&field("reason"), &ask.reason, 1..=200);
    if !is_foreign_cause(&ask.cause) {
        bad.add(field("cause"), "must be the id of a referral, a subscription or a charge");
    }
    Some(Grant {
        tenant,
        member: member?,
        wallet: wallet?,
        points: Points(points?),
        cause: ask.cause.clone(),
        reason: reason?,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "GrantPoints", id: id?, digests: digests(keys, ask) },
    })
}

pub(super) fn revocation(keys: &Keys, call: Request<RevokeGrantRequest>) -> Result<Revocation, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let entry = bad.take("entry", EntryId::parse(&ask.entry));
    let reason = bad.text("reason", &ask.reason, 1..=200);
    let read = id.zip(member).zip(entry).zip(reason).map(|(((id, member), entry), reason)| Revocation {
        tenant: envelope.tenant,
        member,
        entry,
        reason,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "RevokeGrant", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}
