//! Calls about what members bring along, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{MemberId, Points, RequestId};
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Envelope, Keys, Violations, digests, open};

use super::parse_promise::wallet_code;
use super::parse_tiers;
use crate::account::opening::Opening;
use crate::account::{Brought, OpeningAsk, TierAsk, TierDeed};
use crate::coupon::{self, Issue};

/// Items of one call at most.
const MOST: usize = 1_000;

pub(super) fn lots(keys: &Keys, call: Request<ImportOpeningLotsRequest>) -> Result<Vec<OpeningAsk>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.count("lots", ask.lots.len(), 1..=MOST);
    let mut all = Vec::with_capacity(ask.lots.len());
    for (place, lot) in ask.lots.iter().enumerate().take(MOST) {
        all.extend(read_lot(&mut bad, &format!("lots[{place}]."), keys, &envelope, lot));
    }
    bad.finish()?;
    Ok(all)
}

fn read_lot(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    envelope: &Envelope,
    ask: &OpeningLot,
) -> Option<OpeningAsk> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let wallet = wallet_code(bad, &field("wallet"), &ask.wallet);
    let reason = bad.text(&field("reason"), &ask.reason, 1..=200);
    let opening = read_opening(bad, within, ask);
    Some(OpeningAsk {
        tenant: envelope.tenant,
        member: member?,
        wallet: wallet?,
        opening: opening?,
        reason: reason?,
        known: false,
        validate_only: ask.validate_only,
        explain: ask.explain,
        key: RequestKey { rpc: "ImportOpeningLots", id: id?, digests: digests(keys, ask) },
    })
}

fn read_opening(bad: &mut Violations, within: &str, ask: &OpeningLot) -> Option<Opening> {
    let field = |name: &str| format!("{within}{name}");
    let reference = reference(bad, &field("reference"), &ask.reference);
    let points = bad.number(&field("points"), ask.points, -Points::MOST.0..=Points::MOST.0);
    if points == Some(0) {
        bad.add(field("points"), "must not be zero");
    }
    if ask.earn_time.is_none() {
        bad.add(field("earn_time"), "is required");
    }
    let instant = |bad: &mut Violations, name: &str, wire| bad.instant(&field(name), wire).map(kernel::to_microsecond);
    let earned_at = instant(bad, "earn_time", ask.earn_time.as_ref());
    let usable_from = instant(bad, "usable_time", ask.usable_time.as_ref());
    let lapses_at = instant(bad, "lapse_time", ask.lapse_time.as_ref());
    if ask.points < 0 {
        for (name, set) in [("usable_time", ask.usable_time.is_some()), ("lapse_time", ask.lapse_time.is_some())] {
            if set {
                bad.add(field(name), "must be unset: what is owed neither waits nor lapses");
            }
        }
    }
    in_order(bad, &field("usable_time"), "must not lie before earn_time", (earned_at, usable_from), true);
    in_order(bad, &field("lapse_time"), "must lie after earn_time", (earned_at, lapses_at), false);
    in_order(bad, &field("lapse_time"), "must lie after usable_time", (usable_from, lapses_at), false);
    Some(Opening { reference: reference?, points: points?, earned_at: earned_at?, usable_from, lapses_at })
}

/// What the other system calls something.
fn reference(bad: &mut Violations, field: &str, text: &str) -> Option<String> {
    let text = bad.text(field, text, 1..=80)?;
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.:/#".contains(letter);
    if !text.chars().all(fits) {
        bad.add(field, "must be ASCII letters, digits and - _ . : / # only");
        return None;
    }
    Some(text)
}

fn in_order(
    bad: &mut Violations,
    field: &str,
    what: &str,
    (first, then): (Option<Timestamp>, Option<Timestamp>),
    may_be_one: bool,
) {
    let wrong = |(first, then): &(Timestamp, Timestamp)| then < first || (then == first && !may_be_one);
    if first.zip(then).as_ref().is_some_and(wrong) {
        bad.add(field, what);
    }
}

pub(super) fn tiers(keys: &Keys, call: Request<ImportOpeningTiersRequest>) -> Result<Vec<TierAsk>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.count("tiers", ask.tiers.len(), 1..=MOST);
    let mut all = Vec::with_capacity(ask.tiers.len());
    for (place, tier) in ask.tiers.iter().enumerate().take(MOST) {
        all.extend(read_tier(&mut bad, &format!("tiers[{place}]."), keys, &envelope, tier));
    }
    bad.finish()?;
    Ok(all)
}

fn read_tier(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    envelope: &Envelope,
    ask: &OpeningTier,
) -> Option<TierAsk> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let ladder = parse_tiers::read_ladder(bad, &field("ladder"), &ask.ladder);
    let reason = bad.text(&field("reason"), &ask.reason, 1..=200);
    let brought = read_brought(bad, within, ask);
    Some(TierAsk {
        tenant: envelope.tenant,
        member: member?,
        ladder: ladder?,
        reason: reason?,
        actor: envelope.actor.clone(),
        what: TierDeed::Bring(brought?),
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "ImportOpeningTiers", id: id?, digests: digests(keys, ask) },
    })
}

fn read_brought(bad: &mut Violations, within: &str, ask: &OpeningTier) -> Option<Brought> {
    let field = |name: &str| format!("{within}{name}");
    let tier = bad.code(&field("tier"), &ask.tier, 1..=40);
    let progress = bad.number(&field("progress_minor"), ask.progress_minor, 0..=parse_tiers::MOST);
    if ask.since_time.is_none() {
        bad.add(field("since_time"), "is required");
    }
    let instant = |bad: &mut Violations, name: &str, wire| bad.instant(&field(name), wire).map(kernel::to_microsecond);
    let since = instant(bad, "since_time", ask.since_time.as_ref());
    let review_at = instant(bad, "review_time", ask.review_time.as_ref());
    let progress_at = instant(bad, "progress_time", ask.progress_time.as_ref());
    in_order(bad, &field("review_time"), "must lie after since_time", (since, review_at), false);
    Some(Brought { tier: tier?, since: since?, review_at, progress: progress?, progress_at })
}

pub(super) fn coupons(keys: &Keys, call: Request<ImportOpeningCouponsRequest>) -> Result<Vec<Issue>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.count("coupons", ask.coupons.len(), 1..=MOST);
    let mut all = Vec::with_capacity(ask.coupons.len());
    for (place, coupon) in ask.coupons.iter().enumerate().take(MOST) {
        all.extend(read_coupon(&mut bad, &format!("coupons[{place}]."), keys, &envelope, coupon));
    }
    bad.finish()?;
    Ok(all)
}

fn read_coupon(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    envelope: &Envelope,
    ask: &OpeningCoupon,
) -> Option<Issue> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let campaign = bad.code(&field("campaign"), &ask.campaign, 1..=40);
    let reason = bad.text(&field("reason"), &ask.reason, 1..=200);
    let reference = reference(bad, &field("reference"), &ask.reference);
    let instant = |bad: &mut Violations, name: &str, wire| bad.instant(&field(name), wire).map(kernel::to_microsecond);
    let from = instant(bad, "valid_from_time", ask.valid_from_time.as_ref());
    let until = instant(bad, "valid_until_time", ask.valid_until_time.as_ref());
    in_order(bad, &field("valid_until_time"), "must lie after valid_from_time", (from, until), false);
    Some(Issue {
        tenant: envelope.tenant,
        member: member?,
        campaign: campaign?,
        opening: Some(coupon::Brought { reference: reference?, from, until }),
        reason: reason?,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "ImportOpeningCoupons", id: id?, digests: digests(keys, ask) },
    })
}
