//! Points held back for something that is yet to be paid: nobody else spends them, and nothing is written until they are
//! spent.

use jiff::{SignedDuration, Timestamp};
use kernel::{EntryId, HoldId, Points};

use super::decision::Decision;
use super::holdings::{Draw, EntryKind, Holdings, OutOfRange};
use super::redemption::CannotSpend;
use super::reversing::{Redeemed, return_to_lots};
use super::settling::{Until, settle};
use super::sliding::renew;
use crate::programme::expiry::grace_instant;
use crate::programme::terms::Versions;

/// Points held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// For what.
    pub spent_on: String,
    /// What it still holds of which lots, in the order they are spent; nothing once it has ended.
    pub draws: Vec<Draw>,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// Changed since it was read.
    pub touched: bool,
}

impl Hold {
    /// What it still holds.
    pub fn held(&self) -> i64 {
        sum(&self.draws)
    }
}

/// Why held points were neither spent nor let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotEnd {
    /// Nobody has this id.
    #[error("there is no such hold")]
    Unknown,
    /// All of it was spent or let go before.
    #[error("the hold has ended")]
    Ended,
    /// It holds fewer.
    #[error("asked for {asked}, {held} are held")]
    Exceeded {
        /// What was asked for.
        asked: Points,
        /// What it holds.
        held: Points,
    },
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

/// Holds points, those nearest to lapsing first. Answers when the hold ends by itself.
pub fn hold(
    holdings: &mut Holdings,
    versions: &Versions,
    id: HoldId,
    (points, spent_on): (Points, &str),
    lifetime: SignedDuration,
    now: Timestamp,
) -> Result<Timestamp, CannotSpend> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Including(now))?;
    let spendable = Points(holdings.spendable());
    if spendable < points {
        return Err(CannotSpend::Insufficient { asked: points, spendable });
    }
    let expires_at = now.checked_add(lifetime).map_err(|_| OutOfRange)?;
    let draws = holdings.hold_back(points.0);
    holdings.holds.push(Hold { id, spent_on: spent_on.to_owned(), draws, expires_at, touched: true });
    holdings.touched = true;
    Ok(expires_at)
}

/// Spends held points, all or the first of them; the rest is let go unless it is to be kept.
pub fn capture(
    holdings: &mut Holdings,
    versions: &Versions,
    id: HoldId,
    (points, keep_rest): (Option<Points>, bool),
    now: Timestamp,
) -> Result<EntryId, CannotEnd> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Including(now))?;
    let (place, held) = open(holdings, id)?;
    let asked = points.unwrap_or(held);
    if asked > held {
        return Err(CannotEnd::Exceeded { asked, held });
    }
    let hold = &mut holdings.holds[place];
    hold.touched = true;
    let (spent, rest) = split(std::mem::take(&mut hold.draws), asked.0);
    let spent_on = hold.spent_on.clone();
    if keep_rest {
        hold.draws = rest.clone();
    }
    renew(holdings, versions, now)?;
    let entry = spend(holdings, (id, &spent_on), &spent, now)?;
    if !keep_rest {
        let_go(holdings, versions, (id, &spent_on), rest, now)?;
    }
    Ok(entry)
}

/// Lets held points go. Answers how many.
pub fn release(holdings: &mut Holdings, versions: &Versions, id: HoldId, now: Timestamp) -> Result<i64, CannotEnd> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Including(now))?;
    let (place, held) = open(holdings, id)?;
    end(holdings, versions, place, now)?;
    Ok(held.0)
}

/// Ends the holds whose time has come.
pub(super) fn expire(holdings: &mut Holdings, versions: &Versions, due: Timestamp) -> Result<(), OutOfRange> {
    for place in 0..holdings.holds.len() {
        if holdings.holds[place].expires_at == due && holdings.holds[place].held() > 0 {
            end(holdings, versions, place, due)?;
        }
    }
    Ok(())
}

fn open(holdings: &Holdings, id: HoldId) -> Result<(usize, Points), CannotEnd> {
    let place = holdings.holds.iter().position(|hold| hold.id == id).ok_or(CannotEnd::Unknown)?;
    match holdings.holds[place].held() {
        0 => Err(CannotEnd::Ended),
        held => Ok((place, Points(held))),
    }
}

fn end(holdings: &mut Holdings, versions: &Versions, place: usize, now: Timestamp) -> Result<(), OutOfRange> {
    let hold = &mut holdings.holds[place];
    hold.touched = true;
    let (id, spent_on, draws) = (hold.id, hold.spent_on.clone(), std::mem::take(&mut hold.draws));
    let_go(holdings, versions, (id, &spent_on), draws, now)
}

/// What is let go can be spent again. What is owed is filled with it first, and what would have lapsed meanwhile comes back
/// with the grace: both are told as points that were spent and given back, for that is what they come to.
fn let_go(
    holdings: &mut Holdings,
    versions: &Versions,
    of: (HoldId, &str),
    draws: Vec<Draw>,
    now: Timestamp,
) -> Result<(), OutOfRange> {
    holdings.touched = true;
    let (mut told, rest) = split(draws, holdings.deficit);
    for draw in rest {
        match holdings.lot_mut(draw.lot) {
            Some(lot) if lot.lapses_at.is_none_or(|lapse| lapse > now) => {
                lot.held = lot.held.checked_sub(draw.points).ok_or(OutOfRange)?;
                lot.touched = true;
            }
            Some(_) | None => told.push(draw),
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let entry = spend(holdings, of, &told, now)?;
    let draws = told.into_iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..draw }).collect();
    let grace = versions.at(now).map(|terms| grace_instant(terms, now)).transpose()?;
    return_to_lots(holdings, versions, &Redeemed { entry, draws }, grace, now).map(|_| ())
}

/// Writes held points down as spent.
fn spend(
    holdings: &mut Holdings,
    (id, spent_on): (HoldId, &str),
    held: &[Draw],
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let points = sum(held);
    let spendable = holdings.spendable().checked_add(points).ok_or(OutOfRange)?;
    let mut grounds =
        Decision::new("redeem", 0, now).fact("hold", id).fact("spendable", spendable).fact("asked", points);
    let mut draws = Vec::with_capacity(held.len());
    for draw in held {
        let lot = holdings.lot_mut(draw.lot).ok_or(OutOfRange)?;
        lot.held = lot.held.checked_sub(draw.points).ok_or(OutOfRange)?;
        lot.left = lot.left.checked_sub(draw.points).ok_or(OutOfRange)?;
        lot.touched = true;
        draws.push(Draw { lot: draw.lot, points: draw.points.saturating_neg() });
        grounds = grounds.step(&draw.lot.to_string(), "was held", draw.points.saturating_neg());
    }
    holdings.post(EntryKind::Redemption, points.saturating_neg(), spent_on, draws, grounds, now)
}

/// The first so many points of some draws, and the others.
pub(super) fn split(draws: Vec<Draw>, points: i64) -> (Vec<Draw>, Vec<Draw>) {
    let (mut first, mut others, mut wanted) = (Vec::new(), Vec::new(), points);
    for draw in draws {
        let taken = draw.points.min(wanted);
        wanted = wanted.saturating_sub(taken);
        first.push(Draw { points: taken, ..draw });
        others.push(Draw { points: draw.points.saturating_sub(taken), ..draw });
    }
    first.retain(|draw| draw.points > 0);
    others.retain(|draw| draw.points > 0);
    (first, others)
}

fn sum(draws: &[Draw]) -> i64 {
    draws.iter().fold(0, |sum, draw| sum.saturating_add(draw.points))
}
