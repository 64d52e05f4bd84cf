//! What is given for a decision about a tier, once: points, and a coupon that is handed out in the same commit. They are
//! taken back where a return undoes the decision.

use jiff::Timestamp;
use kernel::LotId;

use crate::account::decision::Decision;
use crate::account::granting::lot_of;
use crate::account::holdings::{EntryKind, Gifted, Handing, Holdings, Lot, OutOfRange, Standing};
use crate::account::qualification::{On, rank, tier};
use crate::account::reversing::{lapsed_of, take};
use crate::programme::expiry::lapse_instant;
use crate::programme::terms::{DeficitPolicy, Versions};

/// What the causes of gifts begin with.
const CAUSE: &str = "tier/";

/// Which gift a decision brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deserved {
    /// That of a promotion.
    Promotion,
    /// That of a tier that is kept by what was reached.
    Retention,
    /// None.
    Nothing,
}

/// Whether a text is the cause of a gift: `tier/<code>/<number of the change>`.
pub fn is_cause(text: &str) -> bool {
    text.starts_with(CAUSE)
}

/// Everything that was given for a standing and those behind it.
fn behind(standing: &Standing) -> Vec<(&str, &Gifted)> {
    let (mut gifts, mut next) = (Vec::new(), Some(standing));
    while let Some(one) = next {
        gifts.extend(one.gift.iter().map(|gift| (one.tier.as_str(), gift)));
        next = one.before.as_deref();
    }
    gifts
}

/// What was given for a tier in which somebody stood before.
pub fn of_tier(standing: &Standing, code: &str) -> Option<Gifted> {
    behind(standing).into_iter().find(|(tier, _)| *tier == code).map(|(_, gift)| gift.clone())
}

/// The lots of all gifts that a return could take back: they may be spent or lapsed, and count all the same.
pub fn lots(holdings: &Holdings) -> Vec<LotId> {
    let gifts = holdings.standings.values().flat_map(behind);
    gifts.map(|(_, gift)| lot_of(holdings.member, holdings.wallet, &gift.cause)).collect()
}

/// Gives what a decision brings. The number of the change makes the cause unique: it is given once.
pub fn give(
    holdings: &mut Holdings,
    on: On<'_>,
    (code, deserved): (&str, Deserved),
    number: i64,
    moment: Timestamp,
) -> Result<(), OutOfRange> {
    let Some(won) = tier(on.ladder, rank(on.ladder, code)) else { return Ok(()) };
    let gift = match deserved {
        Deserved::Promotion => &won.promotion_gift,
        Deserved::Retention => &won.retention_gift,
        Deserved::Nothing => return Ok(()),
    };
    let campaign = gift.campaign.clone().filter(|_| !holdings.loading);
    if gift.points <= 0 && campaign.is_none() {
        return Ok(());
    }
    let cause = format!("{CAUSE}{code}/{number}");
    if gift.points > 0 {
        post(holdings, on, (code, &won.display_name), (&cause, gift.points), moment)?;
    }
    let given = Gifted { cause, points: gift.points, named: won.display_name.clone(), campaign };
    holdings.handing.extend(handing(holdings, &given, false));
    if let Some(standing) = holdings.standings.get_mut(&on.ladder.code) {
        standing.gift = Some(given);
    }
    Ok(())
}

fn post(
    holdings: &mut Holdings,
    on: On<'_>,
    (code, named): (&str, &str),
    (cause, points): (&str, i64),
    moment: Timestamp,
) -> Result<(), OutOfRange> {
    let lapses_at = lapse_instant(on.terms, moment)?;
    let lot = lot_of(holdings.member, holdings.wallet, cause);
    let draw = holdings.credit(Lot::earned(lot, cause, points, moment, (lapses_at, on.terms)))?;
    let grounds = Decision::new("grant", on.terms.number, moment)
        .fact("cause", cause)
        .fact("tier", code)
        .fact_of("lapse_time", lapses_at)
        .step("granted", named, points);
    holdings.post(EntryKind::Earn, points, cause, vec![draw], grounds, moment)?;
    Ok(())
}

/// The coupon of a gift, to hand out or to take back.
fn handing(holdings: &Holdings, gift: &Gifted, take_back: bool) -> Option<Handing> {
    let (campaign, reason) = (gift.campaign.clone()?, format!("tier {}", gift.named));
    let cause = lot_of(holdings.member, holdings.wallet, &gift.cause).uuid();
    Some(Handing { campaign, cause, reason, take_back })
}

/// Whether a standing, or one behind it, was given this.
pub fn is_behind(standing: &Standing, gift: &Gifted) -> bool {
    behind(standing).iter().any(|(_, known)| known.cause == gift.cause)
}

/// Takes back what was given for standings that a return has undone: for those that are given up, and are not behind the
/// one that stands again.
pub fn take_back(
    holdings: &mut Holdings,
    versions: &Versions,
    (given_up, again): (&Standing, &Standing),
    moment: Timestamp,
) -> Result<(), OutOfRange> {
    let kept = behind(again);
    for (_, gift) in behind(given_up) {
        if !kept.iter().any(|(_, known)| known.cause == gift.cause) {
            take_one_back(holdings, versions, gift, moment)?;
        }
    }
    Ok(())
}

fn take_one_back(
    holdings: &mut Holdings,
    versions: &Versions,
    gift: &Gifted,
    moment: Timestamp,
) -> Result<(), OutOfRange> {
    holdings.handing.extend(handing(holdings, gift, true));
    if gift.points <= 0 {
        return Ok(());
    }
    let wanted = gift.points.saturating_sub(lapsed_of(holdings, &gift.cause)).max(0);
    let terms = versions.at(moment);
    let policy = terms.map_or(DeficitPolicy::Unlimited, |terms| terms.deficit);
    let (draws, taken) = take(holdings, &gift.cause, wanted, policy)?;
    let grounds = Decision::new("take back", terms.map_or(0, |terms| terms.number), moment)
        .fact("granted", gift.points)
        .fact("cause", &gift.cause)
        .step("revoked", &gift.named, gift.points.saturating_neg())
        .step_of("lapsed", "before, and not taken a second time", gift.points.saturating_sub(wanted))
        .step_of("left alone", "no more was there to take", wanted.saturating_sub(taken));
    holdings.post(EntryKind::EarnReversal, taken.saturating_neg(), gift.cause.as_str(), draws, grounds, moment)?;
    Ok(())
}
