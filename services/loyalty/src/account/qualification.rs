//! What counts towards a tier, and which tier it is enough for.

use std::ops::{Bound, RangeBounds as _};

use jiff::{SignedDuration, Timestamp};
use kernel::calendar::{OutOfCalendar, months_before, year_start};

use super::holdings::Holdings;
use crate::programme::terms::{Ladder, Terms, Tier, Window};

/// The finest step the database keeps.
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// What was spent in the window that ends at a moment, returns taken off. A rolling window is open at its start and
/// closed at its end: what was bought exactly twelve months ago does not count any more.
pub fn progress(holdings: &Holdings, terms: &Terms, ladder: &Ladder, at: Timestamp) -> Result<i64, OutOfCalendar> {
    progress_until(holdings, terms, ladder, at, at)
}

/// The same, counting only what was bought until `known`: what is there already of a window that ends later.
pub fn progress_until(
    holdings: &Holdings,
    terms: &Terms,
    ladder: &Ladder,
    at: Timestamp,
    known: Timestamp,
) -> Result<i64, OutOfCalendar> {
    let zone = terms.zone.rules();
    let start = match ladder.window {
        Window::RollingMonths(months) => Bound::Excluded(months_before(at, months, zone)?),
        Window::CalendarYear => Bound::Included(year_start(at, zone)?),
        Window::SinceJoining => Bound::Unbounded,
    };
    let window = (start, Bound::Included(at.min(known)));
    let counting = holdings
        .purchases
        .values()
        .filter(|purchase| purchase.currency == ladder.currency && window.contains(&purchase.occurred_at));
    Ok(counting.fold(0_i64, |sum, purchase| sum.saturating_add(purchase.counts())))
}

/// The moment whose window a review looks at. A year is reviewed when it is over: its last moment, for the review's own
/// already lies in the next.
pub fn reviewed_moment(ladder: &Ladder, due: Timestamp) -> Timestamp {
    match ladder.window {
        Window::RollingMonths(_) | Window::SinceJoining => due,
        Window::CalendarYear => before(due),
    }
}

/// The last moment before another.
pub fn before(moment: Timestamp) -> Timestamp {
    moment.saturating_sub(MICROSECOND).unwrap_or(moment)
}

/// The place of a tier on the ladder; a code that is not on it counts as the lowest.
pub fn rank(ladder: &Ladder, code: &str) -> usize {
    ladder.tiers.iter().position(|tier| tier.code == code).unwrap_or(0)
}

/// The highest tier that so much is enough to enter.
pub fn highest_entered(ladder: &Ladder, progress: i64) -> usize {
    ladder.tiers.iter().rposition(|tier| tier.enter_minor <= progress).unwrap_or(0)
}

/// The tier at a place.
pub fn tier(ladder: &Ladder, rank: usize) -> Option<&Tier> {
    ladder.tiers.get(rank)
}
