//! What a member is worth in a year: purchases a week times 52 times the average amount.

use jiff::Timestamp;

use super::cut::half_even;

const WEEK: i64 = 7 * 86_400;

/// A lifetime value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LifetimeValue {
    /// Money in 52 weeks.
    pub yearly_minor: i64,
    /// Money so far.
    pub total_minor: i64,
    /// Whole weeks observed.
    pub weeks_observed: i64,
}

/// The value of a member who bought first at `first`. Purchases a week times the average amount is the money a week: what
/// was spent, over how long was looked.
pub fn lifetime_value(total_minor: i64, first: Timestamp, now: Timestamp, least_weeks: i32) -> LifetimeValue {
    let looked = now.as_second().saturating_sub(first.as_second()).max(i64::from(least_weeks.max(1)) * WEEK);
    let year = i128::from(52 * WEEK);
    let yearly = half_even(i128::from(total_minor) * year, i128::from(looked));
    LifetimeValue {
        yearly_minor: yearly.unwrap_or(if total_minor < 0 { i64::MIN } else { i64::MAX }),
        total_minor,
        weeks_observed: looked / WEEK,
    }
}
