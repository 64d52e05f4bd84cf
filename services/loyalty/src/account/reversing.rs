//! What a return takes back, and what a reversed redemption gives back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::rounding::share;
use kernel::{EntryId, OrderId, Rounding};

use super::decision::Decision;
use super::earning::moment_of;
use super::holdings::{Draw, EntryKind, Holdings, Lot, OutOfRange};
use super::reviewing::looking_back;
use super::settling::{Until, settle};
use super::sliding::{extend, renew};
use super::uses;
use crate::programme::expiry::{grace_instant, slide_instant, slide_of};
use crate::programme::terms::{DeficitPolicy, Versions};

/// A return as loyalty needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnFacts {
    /// The order it belongs to.
    pub order: OrderId,
    /// What it is known by on the statement.
    pub cause: String,
    /// What came back of the order so far, this return included.
    pub returned_minor: i64,
    /// Nothing of the order is left.
    pub whole: bool,
    /// When it came back.
    pub occurred_at: Timestamp,
    /// Part of a history that is being loaded.
    pub historic: bool,
}

/// Why a return could not be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotReturn {
    /// Its order is not known here.
    #[error("the order of this return was never heard of")]
    UnknownOrder,
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

/// Books a return: takes back the order's points in proportion, and looks back at the tier.
///
/// The points of all returns of an order are worked out together, so any number of partial returns in any order takes
/// exactly what one whole return would. Points that lapsed before are not taken a second time.
pub fn take_back(
    holdings: &mut Holdings,
    versions: &Versions,
    back: &ReturnFacts,
    now: Timestamp,
) -> Result<(), CannotReturn> {
    match take_points_back(holdings, versions, back, now)? {
        Some(moment) => Ok(looking_back::look_back(holdings, versions, moment, &back.cause)?),
        None => Ok(()),
    }
}

/// The points alone. Answers the moment it was booked at; nothing where it was booked before.
pub fn take_points_back(
    holdings: &mut Holdings,
    versions: &Versions,
    back: &ReturnFacts,
    now: Timestamp,
) -> Result<Option<Timestamp>, CannotReturn> {
    let known = holdings.purchases.get(&back.order).ok_or(CannotReturn::UnknownOrder)?;
    if back.returned_minor <= known.returned_minor && !(back.whole && known.reversed < known.earned) {
        return Ok(None);
    }
    let moment = moment_of(holdings, back.occurred_at, back.historic, now);
    settle(holdings, versions, Until::Before(moment))?;

    let purchase = holdings.purchases.get(&back.order).cloned().ok_or(CannotReturn::UnknownOrder)?;
    let due = if back.whole {
        purchase.earned
    } else {
        share(purchase.earned, back.returned_minor, purchase.net_minor, Rounding::Floor).unwrap_or(0)
    };
    let origin = back.order.to_string();
    let at_most = purchase.earned.saturating_sub(lapsed_of(holdings, &origin));
    let wanted = due.min(at_most).saturating_sub(purchase.reversed).max(0);

    let policy = versions.at(moment).map_or(DeficitPolicy::Unlimited, |terms| terms.deficit);
    let (draws, taken) = take(holdings, &origin, wanted, policy)?;
    if let Some(purchase) = holdings.purchases.get_mut(&back.order) {
        purchase.returned_minor = back.returned_minor.min(purchase.net_minor);
        purchase.reversed = purchase.reversed.saturating_add(wanted);
        purchase.touched = true;
    }
    uses::give_back(holdings, back, purchase.net_minor);
    holdings.touched = true;
    if taken > 0 {
        let grounds = Decision::new("take back", versions.at(moment).map_or(0, |terms| terms.number), back.occurred_at)
            .fact("order_earned", purchase.earned)
            .fact("returned_minor", back.returned_minor)
            .fact("net_minor", purchase.net_minor)
            .fact("currency", purchase.currency)
            .step("proportion", "of what the order earned, as of what came back of it so far", due.saturating_neg())
            .step_of("lapsed", "before, and not taken a second time", due.saturating_sub(due.min(at_most)))
            .step_of("taken before", "by earlier returns of the same order", purchase.reversed)
            .step_of("left alone", "no more was there to take", wanted.saturating_sub(taken));
        let points = taken.saturating_neg();
        holdings.post(EntryKind::EarnReversal, points, back.cause.clone(), draws, grounds, back.occurred_at)?;
    }
    Ok(Some(moment))
}

/// What lapsed of the points that came from something, those included that were given back late and lapsed then.
pub(super) fn lapsed_of(holdings: &Holdings, origin: &str) -> i64 {
    let own = holdings.lots.iter().filter(|lot| lot.origin == origin);
    own.fold(0_i64, |sum, lot| sum.saturating_add(lot.lapsed))
}

/// Takes points: what waits of their own first, then what else there is of their own, then from the others, those that
/// wait first, then as a deficit; each as far as the programme says so.
///
/// Their own come before what others have waiting: so an order that came back leaves the others as if it had never been.
pub(super) fn take(
    holdings: &mut Holdings,
    origin: &str,
    wanted: i64,
    policy: DeficitPolicy,
) -> Result<(Vec<Draw>, i64), OutOfRange> {
    let (mut draws, mut missing) = holdings.draw(wanted, |lot| lot.origin == origin && lot.waits());
    let rest: [fn(&Lot, &str) -> bool; 3] = [|lot, origin| lot.origin == origin, |lot, _| lot.waits(), |_, _| true];
    for from in rest.iter().take(if policy == DeficitPolicy::OnlyPending { 0 } else { rest.len() }) {
        let (more, still) = holdings.draw(missing, |lot| from(lot, origin));
        draws.extend(more);
        missing = still;
    }
    match policy {
        DeficitPolicy::WithinBalance | DeficitPolicy::OnlyPending => Ok((draws, wanted.saturating_sub(missing))),
        DeficitPolicy::Unlimited => {
            holdings.deficit = holdings.deficit.checked_add(missing).ok_or(OutOfRange)?;
            Ok((draws, wanted))
        }
    }
}

/// A redemption that is reversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// Its entry.
    pub entry: EntryId,
    /// What it drew.
    pub draws: Vec<Draw>,
}

/// Gives spent points back to the lots they came from; what lapsed meanwhile comes back as a lot with the grace, of what
/// it first came from: when that comes back, it is taken with it, and not taken where it has lapsed again. Where points keep
/// as long as their member comes by, they keep from now on instead.
pub fn give_back(
    holdings: &mut Holdings,
    versions: &Versions,
    redeemed: &Redeemed,
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    settle(holdings, versions, Until::Including(now.max(holdings.settled_until)))?;
    renew(holdings, versions, now)?;
    for draw in &redeemed.draws {
        if let Some(lot) = holdings.lot_mut(draw.lot).filter(|lot| lot.lapses_at.is_none_or(|lapse| lapse > now)) {
            extend(lot, versions, now)?;
        }
    }
    return_to_lots(holdings, versions, redeemed, back_until(versions, now)?, now)
}

/// Until when points keep that come back after they had lapsed.
pub(super) fn back_until(versions: &Versions, now: Timestamp) -> Result<Option<Timestamp>, OutOfRange> {
    let until = versions.at(now).map(|terms| match slide_of(terms) {
        Some(slide) => slide_instant(slide, terms, now),
        None => grace_instant(terms, now),
    });
    Ok(until.transpose()?)
}

/// The same where all that is due is settled; what lapsed meanwhile comes back until an instant.
pub(super) fn return_to_lots(
    holdings: &mut Holdings,
    versions: &Versions,
    redeemed: &Redeemed,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let PutBack { draws, total, owed, late } =
        put_back(holdings, versions, (&redeemed.entry.to_string(), &redeemed.draws), until, now)?;
    let grounds = Decision::new("give back", versions.at(now).map_or(0, |terms| terms.number), now)
        .fact("redemption", redeemed.entry)
        .step_of("owed", "filled what was missing after a return", owed)
        .step_of("back", "to the lots they came from", total.saturating_sub(late).saturating_sub(owed))
        .step_of("grace", "lots that lapsed meanwhile come back with the grace", late);
    holdings.post(EntryKind::RedemptionReversal, total, redeemed.entry.to_string(), draws, grounds, now)
}

/// What was put back into lots.
pub(super) struct PutBack {
    /// What it did to which lots.
    pub draws: Vec<Draw>,
    /// How many points.
    pub total: i64,
    /// Of these, what filled a deficit.
    pub owed: i64,
    /// Of these, what had lapsed meanwhile.
    pub late: i64,
}

/// Puts points back into the lots they were drawn from. Nothing is posted. What lapsed meanwhile comes back until an instant,
/// of what it first came from, or of what gave it where that is not known any more.
pub(super) fn put_back(
    holdings: &mut Holdings,
    versions: &Versions,
    (cause, drawn): (&str, &[Draw]),
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<PutBack, OutOfRange> {
    let (mut draws, mut total, mut owed) = (Vec::new(), 0_i64, 0_i64);
    let mut late: BTreeMap<(Timestamp, String), i64> = BTreeMap::new();
    for draw in drawn {
        let mut points = draw.points.checked_neg().ok_or(OutOfRange)?;
        total = total.checked_add(points).ok_or(OutOfRange)?;
        let absorbed = holdings.deficit.min(points);
        holdings.deficit = holdings.deficit.saturating_sub(absorbed);
        owed = owed.saturating_add(absorbed);
        points = points.saturating_sub(absorbed);
        match holdings.lot_mut(draw.lot) {
            Some(lot) if lot.lapses_at.is_none_or(|lapse| lapse > now) => {
                lot.left = lot.left.checked_add(points).ok_or(OutOfRange)?;
                lot.touched = true;
                draws.push(Draw { lot: lot.id, points });
            }
            lapsed => {
                let first = lapsed.map(|lot| (lot.earned_at, lot.origin.clone()));
                let first = first.unwrap_or_else(|| (now, cause.to_owned()));
                let of_first = late.entry(first).or_default();
                *of_first = of_first.checked_add(points).ok_or(OutOfRange)?;
            }
        }
    }
    for (part, ((earned_at, origin), points)) in late.iter().filter(|(_, points)| **points > 0).enumerate() {
        let slide = versions.at(now).and_then(slide_of);
        let lot = Lot::new(holdings.next_lot_id(part), origin.as_str(), *points, *earned_at, until);
        let lot = Lot { slide, ..lot };
        draws.push(holdings.credit(lot)?);
    }
    let late = late.values().fold(0_i64, |sum, points| sum.saturating_add(*points));
    Ok(PutBack { draws, total, owed, late })
}
