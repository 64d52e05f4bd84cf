//! Points that a member passes on to another, and what returns of them when that is taken back.
//!
//! A point keeps when it lapses, when it was earned and what renews it, whoever has it; passing it on renews nothing. What
//! is taken back is what still lies where it went.

use jiff::Timestamp;
use kernel::rounding::share;
use kernel::{EntryId, LotId, MemberId, Points, Rounding, TransferId};
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::holding::split;
use super::holdings::{Draw, EntryKind, Holdings, Lot, OutOfRange};
use super::refusal::AccountRefusal;
use super::reversing::{back_until, put_back};
use super::settling::{Until, settle};
use super::transfer_asks::{TransferLimit, TransferRefusal};
use crate::programme::terms::{Terms, Versions};
use crate::programme::transfers::Transfers;

/// Points that were passed on, as their giver's account knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// Who got them.
    pub to: MemberId,
    /// The giver's entry.
    pub entry: EntryId,
    /// How many went.
    pub points: i64,
    /// How many vanished beside them.
    pub fee: i64,
    /// From which lot into which, in the order they were drawn.
    pub parts: Vec<Part>,
    /// Which lots the fee was drawn from, negative.
    pub fee_draws: Vec<Draw>,
    /// How many returned.
    pub returned: i64,
    /// It was taken back.
    pub reversed: bool,
    /// When it was made.
    pub made_at: Timestamp,
    /// Changed since it was read.
    pub touched: bool,
}

/// Points that went from one lot into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The giver's.
    pub from: LotId,
    /// The other member's.
    pub to: LotId,
    /// How many.
    pub points: i64,
}

/// What a member has passed on, and not got back, in the day, the month and the year of a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOn {
    /// In the day.
    pub day: i64,
    /// In the month.
    pub month: i64,
    /// In the year.
    pub year: i64,
}

/// A transfer that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    /// The id it gets.
    pub transfer: TransferId,
    /// How many go.
    pub points: Points,
    /// Why.
    pub reason: &'a str,
}

/// The entries of both members, and how many points they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The entry of who gives, or gave.
    pub entry: EntryId,
    /// The other's.
    pub to_entry: EntryId,
    /// How many points went, or returned.
    pub points: i64,
    /// How many stay with the other, where it was taken back.
    pub kept: i64,
    /// What of the fee was taken, or returned.
    pub fee: i64,
}

/// Passes points on.
pub fn pass_on(
    giver: &mut Holdings,
    receiver: &mut Holdings,
    versions: &Versions,
    passing: &Passing<'_>,
    now: Timestamp,
) -> Result<Moved, AccountRefusal> {
    let now = now.max(giver.settled_until).max(receiver.settled_until);
    settle(giver, versions, Until::Including(now))?;
    settle(receiver, versions, Until::Earning(now))?;
    let terms = versions.at(now).ok_or(AccountRefusal::ProgrammeNotFound { at: now })?;
    let policy = terms.transfers.as_ref().ok_or(TransferRefusal::NobodyMay { wallet: giver.wallet })?;
    let points = passing.points.0;
    within_limits(policy, giver.passed_on, points)?;
    let fee = policy.fee(points).ok_or(OutOfRange)?;
    let (draws, grounds) = draw(giver, (terms, policy), (passing, receiver.member), fee, now)?;
    let total = points.checked_add(fee).and_then(i64::checked_neg).ok_or(OutOfRange)?;
    let taken = draws.iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..*draw }).collect();
    let (gone, fee_taken) = split(taken, points);
    let parts = receive(giver, receiver, terms, passing, &gone, now)?;
    let to_entry = receiver.postings.last().map(|posting| posting.id).ok_or(OutOfRange)?;
    let cause = passing.transfer.to_string();
    let entry = giver.post(EntryKind::TransferOut, total, cause, draws, grounds, now)?;
    giver.passed_on = giver.passed_on.with(points);
    giver.transfers.push(Transfer {
        id: passing.transfer,
        to: receiver.member,
        entry,
        points,
        fee,
        parts,
        fee_draws: negative(fee_taken),
        returned: 0,
        reversed: false,
        made_at: now,
        touched: true,
    });
    Ok(Moved { entry, to_entry, points, kept: 0, fee })
}

impl PassedOn {
    fn with(self, points: i64) -> Self {
        let Self { day, month, year } = self;
        Self { day: day.saturating_add(points), month: month.saturating_add(points), year: year.saturating_add(points) }
    }
}

fn within_limits(policy: &Transfers, before: PassedOn, asked: i64) -> Result<(), TransferRefusal> {
    if asked < policy.least {
        let (limit, most) = (TransferLimit::Least, policy.least);
        return Err(TransferRefusal::LimitReached { limit, most, left: most, asked });
    }
    let limits = [
        (TransferLimit::Most, policy.most, 0),
        (TransferLimit::Day, policy.most_day, before.day),
        (TransferLimit::Month, policy.most_month, before.month),
        (TransferLimit::Year, policy.most_year, before.year),
    ];
    for (limit, most, used) in limits {
        let Some(most) = most else { continue };
        let left = most.saturating_sub(used).max(0);
        if asked > left {
            return Err(TransferRefusal::LimitReached { limit, most, left, asked });
        }
    }
    Ok(())
}

/// Takes what goes and the fee from the giver's lots, those nearest to lapsing first among those that may go.
fn draw(
    giver: &mut Holdings,
    (terms, policy): (&Terms, &Transfers),
    (passing, to): (&Passing<'_>, MemberId),
    fee: i64,
    now: Timestamp,
) -> Result<(Vec<Draw>, Decision), AccountRefusal> {
    let keeps = policy.keeps_until(now, &terms.zone).map_err(|_| OutOfRange)?;
    let may_go = |lot: &Lot| !lot.waits() && lot.lapses_at.zip(keeps).is_none_or(|(lapse, least)| lapse >= least);
    let sum = |sum: i64, lot: &Lot| sum.saturating_add(lot.free());
    let spendable = giver.lots.iter().filter(|lot| may_go(lot)).fold(0_i64, sum);
    let points = passing.points.0;
    let asked = points.checked_add(fee).ok_or(OutOfRange)?;
    if spendable < asked {
        return Err(AccountRefusal::InsufficientPoints { asked: Points(asked), spendable: Points(spendable) });
    }
    let (draws, _) = giver.draw(asked, may_go);
    let grounds = Decision::new("transfer", terms.number, now)
        .fact("transfer", passing.transfer)
        .fact("to", to)
        .fact("spendable", spendable)
        .fact("asked", points)
        .fact("fee", fee)
        .fact_of("keeps_until_time", keeps)
        .step("passed on", passing.reason, points.saturating_neg())
        .step_of("fee", "taken beside what goes, and gone", fee.saturating_neg());
    Ok((draws, grounds))
}

/// Lays down what comes: a lot for each lot it came from. What is owed is filled first.
fn receive(
    giver: &Holdings,
    receiver: &mut Holdings,
    terms: &Terms,
    passing: &Passing<'_>,
    gone: &[Draw],
    now: Timestamp,
) -> Result<Vec<Part>, OutOfRange> {
    let (cause, owed) = (passing.transfer.to_string(), receiver.deficit);
    let (mut parts, mut draws) = (Vec::with_capacity(gone.len()), Vec::with_capacity(gone.len()));
    for (place, draw) in gone.iter().enumerate() {
        let from = giver.lots.iter().find(|lot| lot.id == draw.lot).ok_or(OutOfRange)?;
        let id = receiver.next_lot_id(place);
        let lot = Lot::new(id, cause.as_str(), draw.points, from.earned_at, from.lapses_at);
        draws.push(receiver.credit(Lot { slide: from.slide, ..lot })?);
        parts.push(Part { from: draw.lot, to: id, points: draw.points });
    }
    let points = passing.points.0;
    let filled = Some(owed.saturating_sub(receiver.deficit)).filter(|filled| *filled > 0);
    let grounds = Decision::new("receive", terms.number, now)
        .fact("transfer", passing.transfer)
        .fact("from", giver.member)
        .fact_of("owed_filled", filled)
        .step("passed on", passing.reason, points);
    receiver.post(EntryKind::TransferIn, points, cause, draws, grounds, now)?;
    Ok(parts)
}

/// Takes a transfer back: what of it still lies free in the lots it went into returns to those it came from, and as large a
/// share of the fee. Nobody owes for what does not. Both entries are written even where nothing returns.
pub fn undo(
    giver: &mut Holdings,
    receiver: &mut Holdings,
    versions: &Versions,
    (transfer, reason): (TransferId, &str),
    now: Timestamp,
) -> Result<Moved, AccountRefusal> {
    let now = now.max(giver.settled_until).max(receiver.settled_until);
    let place = giver.transfers.iter().position(|known| known.id == transfer);
    let place = place.ok_or(TransferRefusal::NotFound { transfer })?;
    let made = giver.transfers[place].clone();
    if made.reversed {
        return Err(AccountRefusal::AlreadyReversed { entry: made.entry });
    }
    settle(giver, versions, Until::Including(now))?;
    settle(receiver, versions, Until::Including(now))?;
    let (draws, mut back, taken) = take_from_parts(receiver, &made);
    let fee = share(made.fee, taken, made.points, Rounding::Floor).ok_or(OutOfRange)?;
    let fee_draws = made.fee_draws.iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..*draw }).collect();
    back.extend(negative(split(fee_draws, fee).0));
    let number = versions.at(now).map_or(0, |terms| terms.number);
    let kept = made.points.saturating_sub(taken);
    let cause = transfer.to_string();
    let told = |outcome: &str| {
        Decision::new(outcome, number, now).fact("transfer", transfer).fact("passed_on", made.points).fact("kept", kept)
    };
    let grounds = told("return transfer").fact("to", giver.member).step("taken back", reason, taken.saturating_neg());
    let out = taken.saturating_neg();
    let to_entry = receiver.post(EntryKind::TransferOut, out, cause.as_str(), draws, grounds, now)?;
    let returned = put_back(giver, versions, (&cause, &back), back_until(versions, now)?, now)?;
    let grounds = told("take transfer back")
        .fact("from", receiver.member)
        .fact_of("owed_filled", Some(returned.owed).filter(|owed| *owed > 0))
        .fact_of("late", Some(returned.late).filter(|late| *late > 0))
        .step("taken back", reason, taken)
        .step_of("fee", "as large a share of it as of the points", fee);
    let entry = giver.post(EntryKind::TransferIn, returned.total, cause, returned.draws, grounds, now)?;
    giver.transfers[place] = Transfer { returned: taken, reversed: true, touched: true, ..made };
    Ok(Moved { entry, to_entry, points: taken, kept, fee })
}

/// What is free in the lots that a transfer went into: taken from there, and where it goes back to.
fn take_from_parts(receiver: &mut Holdings, made: &Transfer) -> (Vec<Draw>, Vec<Draw>, i64) {
    let (mut draws, mut back, mut taken) = (Vec::new(), Vec::new(), 0_i64);
    for part in &made.parts {
        let Some(lot) = receiver.lot_mut(part.to) else { continue };
        let points = lot.free().min(part.points);
        if points > 0 {
            lot.left = lot.left.saturating_sub(points);
            lot.touched = true;
            taken = taken.saturating_add(points);
            draws.push(Draw { lot: part.to, points: points.saturating_neg() });
            back.push(Draw { lot: part.from, points: points.saturating_neg() });
        }
    }
    (draws, back, taken)
}

fn negative(draws: Vec<Draw>) -> Vec<Draw> {
    draws.into_iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..draw }).collect()
}
