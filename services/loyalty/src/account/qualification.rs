//! What counts towards a tier, and which tier it is enough for.

use jiff::Timestamp;
use kernel::calendar::{OutOfCalendar, months_before, year_start};

use super::holdings::Holdings;
use crate::programme::terms::{Ladder, Terms, Tier, Window};

/// What was spent in the window that ends at a moment, returns taken off. The window is open at its start and closed at
/// its end: what was bought exactly twelve months ago does not count any more.
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
    let counts_from = |moment: Timestamp| -> Result<bool, OutOfCalendar> {
        Ok(match ladder.window {
            Window::RollingMonths(months) => moment > months_before(at, months, zone)?,
            Window::CalendarYear => moment >= year_start(at, zone)?,
            Window::SinceJoining => true,
        })
    };
    let mut sum = 0_i64;
    for purchase in holdings.purchases.values() {
        let counts = purchase.currency == ladder.currency
            && purchase.occurred_at <= at.min(known)
            && counts_from(purchase.occurred_at)?;
        if counts {
            sum = sum.saturating_add(purchase.counts());
        }
    }
    Ok(sum)
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
