//! A price divided by days: whole days, half to even, and the parts sum to the whole.

use jiff::Timestamp;
use kernel::rounding::share;
use kernel::{Rounding, calendar};
use serde::{Deserialize, Serialize};

use crate::plan::cadence::Zone;

/// A price, divided at a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// Of the days used.
    pub used_minor: i64,
    /// The rest.
    pub unused_minor: i64,
    /// Whole days used.
    pub used_days: i32,
    /// Days of the term.
    pub term_days: i32,
}

/// Divides what a term cost at a moment. Days begin and end on the wall of the zone; one that has only begun is unused.
#[must_use]
pub fn divide(price_minor: i64, (from, until): (Timestamp, Timestamp), at: Timestamp, zone: &Zone) -> Option<Parts> {
    let term_days = days_between(from, until, zone)?;
    let used_days = days_between(from, at.clamp(from, until), zone)?;
    if term_days == 0 {
        return Some(Parts { used_minor: price_minor, unused_minor: 0, used_days, term_days });
    }
    let used_minor = share(price_minor, i64::from(used_days), i64::from(term_days), Rounding::HalfEven)?;
    Some(Parts { used_minor, unused_minor: price_minor.checked_sub(used_minor)?, used_days, term_days })
}

fn days_between(from: Timestamp, until: Timestamp, zone: &Zone) -> Option<i32> {
    let (first, last) = (calendar::day_of(from, zone.rules()), calendar::day_of(until, zone.rules()));
    Some(first.until(last).ok()?.get_days())
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn whole_days_half_to_even() {
        let zone = Zone::parse("Asia/Taipei").expect("known");
        // price | from | until | at | used days of term days | used
        let table = [
            (1_200, "2026-01-10T02:00:00Z", "2027-01-10T02:00:00Z", "2026-01-10T15:59:59Z", (0, 365), 0),
            (1_200, "2026-01-10T02:00:00Z", "2027-01-10T02:00:00Z", "2026-01-10T16:00:00Z", (1, 365), 3),
            (1_200, "2026-01-10T02:00:00Z", "2027-01-10T02:00:00Z", "2026-07-11T02:00:00Z", (182, 365), 598),
            (1_200, "2026-01-10T02:00:00Z", "2027-01-10T02:00:00Z", "2027-01-10T02:00:00Z", (365, 365), 1_200),
            (1_200, "2026-01-10T02:00:00Z", "2027-01-10T02:00:00Z", "2030-01-10T02:00:00Z", (365, 365), 1_200),
            (1_200, "2026-01-10T02:00:00Z", "2027-01-10T02:00:00Z", "2020-01-10T02:00:00Z", (0, 365), 0),
            (1, "2026-01-10T02:00:00Z", "2026-01-12T02:00:00Z", "2026-01-11T02:00:00Z", (1, 2), 0),
            (3, "2026-01-10T02:00:00Z", "2026-01-12T02:00:00Z", "2026-01-11T02:00:00Z", (1, 2), 2),
        ];
        for (price, from, until, moment, (used_days, term_days), used_minor) in table {
            let parts = divide(price, (at(from), at(until)), at(moment), &zone).expect("it fits");
            let expected = Parts { used_minor, unused_minor: price - used_minor, used_days, term_days };
            assert_eq!(parts, expected, "{price} from {from} until {until} at {moment}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_whole(price in 0..10_000_000_i64, days in 1..800_i64, hours in -100..30_000_i64) {
            let zone = Zone::parse("Europe/London").expect("known");
            let from = at("2026-01-10T02:00:00Z");
            let until = from + SignedDuration::from_hours(24 * days);
            let parts = divide(price, (from, until), from + SignedDuration::from_hours(hours), &zone).expect("it fits");
            prop_assert_eq!(parts.used_minor + parts.unused_minor, price);
            prop_assert!((0..=parts.term_days).contains(&parts.used_days));
            prop_assert!(parts.used_minor >= 0 && parts.unused_minor >= 0);
        }
    }
}
