//! Points given for something that is no order, and taken back when that turns out not to hold.

use jiff::Timestamp;
use kernel::{
    ChargeId, DrawTicketId, EntryId, LotId, MemberId, MissionRewardId, OccasionId, Points, ReferralId, SubscriptionId,
};

use super::decision::Decision;
use super::holdings::{EntryKind, Holdings, Lot, OutOfRange};
use super::reversing::{lapsed_of, take};
use super::settling::{Until, settle};
use super::sliding::renew;
use crate::account::wallet::WalletCode;
use crate::programme::expiry::lapse_instant;
use crate::programme::terms::{DeficitPolicy, Terms, Versions};

/// Whether a text is the id of something that points may be given for. Orders are not among them: they earn by themselves.
pub fn is_cause(text: &str) -> bool {
    is_foreign_cause(text)
        || MissionRewardId::parse(text).is_ok()
        || DrawTicketId::parse(text).is_ok()
        || OccasionId::parse(text).is_ok()
}

/// Whether it is one of another service, which may name it in a call. What missions and draws give,
/// and what occasions bring, is given by them alone.
pub fn is_foreign_cause(text: &str) -> bool {
    ReferralId::parse(text).is_ok() || SubscriptionId::parse(text).is_ok() || ChargeId::parse(text).is_ok()
}

/// The lot of what is given to a member's wallet for a cause: whether it was given before is seen by its id.
pub fn lot_of(member: MemberId, wallet: WalletCode, cause: &str) -> LotId {
    let name = match wallet {
        WalletCode::POINTS => format!("grant/{cause}"),
        wallet => format!("grant/{wallet}/{cause}"),
    };
    LotId::derived_from(member.uuid(), &name)
}

/// Gives points for a cause, told with its reason; they keep as long as points earned now, and count for no tier.
pub fn grant(
    holdings: &mut Holdings,
    versions: &Versions,
    terms: &Terms,
    points: Points,
    (cause, reason): (&str, &str),
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Earning(now))?;
    let lapses_at = lapse_instant(terms, now)?;
    let lot = lot_of(holdings.member, holdings.wallet, cause);
    let renewed = renew(holdings, versions, now)?;
    let draw = holdings.credit(Lot::earned(lot, cause, points.0, now, (lapses_at, terms)))?;
    let grounds = Decision::new("grant", terms.number, now)
        .fact("cause", cause)
        .fact_of("lapse_time", lapses_at)
        .fact_of("renewed_until_time", renewed)
        .step("granted", reason, points.0);
    holdings.post(EntryKind::Earn, points.0, cause, vec![draw], grounds, now)
}

/// A grant that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted<'a> {
    /// Its entry.
    pub entry: EntryId,
    /// How many points it gave.
    pub points: i64,
    /// What for.
    pub cause: &'a str,
}

/// Takes a grant back as a return takes an order's points back. The entry is written even where nothing is left to take:
/// what is reversed once is not reversed again.
pub fn take_grant_back(
    holdings: &mut Holdings,
    versions: &Versions,
    granted: &Granted<'_>,
    reason: &str,
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Before(now))?;
    let (amount, lapsed) = (granted.points, lapsed_of(holdings, granted.cause));
    let wanted = amount.saturating_sub(lapsed).max(0);
    let terms = versions.at(now);
    let policy = terms.map_or(DeficitPolicy::Unlimited, |terms| terms.deficit);
    let (draws, taken) = take(holdings, granted.cause, wanted, policy)?;
    let grounds = Decision::new("take back", terms.map_or(0, |terms| terms.number), now)
        .fact("grant", granted.entry)
        .fact("granted", amount)
        .step("revoked", reason, amount.saturating_neg())
        .step_of("lapsed", "before, and not taken a second time", lapsed)
        .step_of("left alone", "no more was there to take", wanted.saturating_sub(taken));
    let points = taken.saturating_neg();
    holdings.post(EntryKind::EarnReversal, points, granted.entry.to_string(), draws, grounds, now)
}
