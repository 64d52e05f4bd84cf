//! Whether members may pass on what lies in a wallet, to whom, how much, and what it costs.

use jiff::Timestamp;
use kernel::Rounding;
use kernel::calendar::{OutOfCalendar, day_of, days_after, end_of};
use kernel::rounding::share;
use serde::{Deserialize, Serialize};

use super::terms::Zone;

/// How members may pass on what lies in a wallet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfers {
    /// To whom.
    pub allowed: Allowed,
    /// So many points vanish with each.
    pub fee_points: i64,
    /// So many hundredths of a percent of what goes vanish beside it.
    pub fee_basis_points: i64,
    /// How many go at once at least.
    pub least: i64,
    /// How many go at once at most.
    pub most: Option<i64>,
    /// How many a member passes on at most in a calendar day.
    pub most_day: Option<i64>,
    /// In a calendar month.
    pub most_month: Option<i64>,
    /// In a calendar year.
    pub most_year: Option<i64>,
    /// Points go only if they keep so many whole days after today.
    pub least_days_left: i32,
}

/// To whom points may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Allowed {
    /// To every member.
    Anybody,
}

/// A whole, in hundredths of a percent.
const WHOLE: i64 = 10_000;

impl Transfers {
    /// What vanishes beside so many points, rounded down; none where it does not fit.
    #[must_use]
    pub fn fee(&self, points: i64) -> Option<i64> {
        share(points, self.fee_basis_points, WHOLE, Rounding::Floor)?.checked_add(self.fee_points)
    }

    /// Whether what a member passed on before has to be known.
    #[must_use]
    pub const fn counts(&self) -> bool {
        self.most_day.is_some() || self.most_month.is_some() || self.most_year.is_some()
    }

    /// The earliest instant at which points may lapse that go at a moment; none where all may go that are there.
    ///
    /// # Errors
    /// It lies beyond the calendar.
    pub fn keeps_until(&self, now: Timestamp, zone: &Zone) -> Result<Option<Timestamp>, OutOfCalendar> {
        if self.least_days_left == 0 {
            return Ok(None);
        }
        let zone = zone.rules();
        end_of(days_after(day_of(now, zone), self.least_days_left)?, zone).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(fee_points: i64, fee_basis_points: i64) -> Transfers {
        Transfers {
            allowed: Allowed::Anybody,
            fee_points,
            fee_basis_points,
            least: 0,
            most: None,
            most_day: None,
            most_month: None,
            most_year: None,
            least_days_left: 3,
        }
    }

    #[test]
    fn a_fee_is_rounded_down_and_both_parts_add_up() {
        let table = [(0, 0, 999, 0), (5, 0, 1, 5), (0, 250, 39, 0), (0, 250, 40, 1), (5, 10_000, 7, 12)];
        for (fixed, basis_points, points, fee) in table {
            assert_eq!(policy(fixed, basis_points).fee(points), Some(fee), "{fixed} and {basis_points} of {points}");
        }
        assert_eq!(policy(1, 10_000).fee(i64::MAX), None);
    }

    #[test]
    fn whole_days_are_counted_after_today() {
        let (zone, late) = (Zone::parse("Asia/Taipei").expect("known"), "2026-11-12T15:59:00Z");
        let until = policy(0, 0).keeps_until(late.parse().expect("an instant"), &zone).expect("in range");
        assert_eq!(until.map(|until| until.to_string()).as_deref(), Some("2026-11-15T16:00:00Z"));
        let any = Transfers { least_days_left: 0, ..policy(0, 0) };
        assert_eq!(any.keeps_until(late.parse().expect("an instant"), &zone), Ok(None));
    }
}
