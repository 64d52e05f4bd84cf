//! When points lapse. The instant is the start of the day after their last one, in the programme's zone: at that
//! instant they are gone.

use jiff::Timestamp;
use kernel::calendar::{OutOfCalendar, day_of, days_after, end_of, months_after};

use super::terms::{Expiry, PendingFrom, Slide, Terms};

/// From which instant on points earned at a moment are lapsed; never, where the terms say so.
pub fn lapse_instant(terms: &Terms, earned_at: Timestamp) -> Result<Option<Timestamp>, OutOfCalendar> {
    let zone = terms.zone.rules();
    let earned = day_of(earned_at, zone);
    let last_day = match terms.expiry {
        Expiry::Never => return Ok(None),
        Expiry::Inactivity(slide) => return slide_instant(slide, terms, earned_at).map(Some),
        Expiry::After { months, days, to_month_end } => {
            let day = days_after(months_after(earned, months)?, days)?;
            if to_month_end { day.last_of_month() } else { day }
        }
        Expiry::PeriodEnd { last_month, years_after } => {
            let this_year = i32::from(earned.month() > last_month);
            let years = this_year.checked_add(years_after).ok_or(OutOfCalendar)?;
            let months = years.checked_mul(12).ok_or(OutOfCalendar)?;
            let year_end = jiff::civil::Date::new(earned.year(), last_month, 1).map_err(|_| OutOfCalendar)?;
            months_after(year_end, months)?.last_of_month()
        }
    };
    end_of(last_day, zone).map(Some)
}

/// From which instant on points are lapsed of which a member came by at a moment.
pub fn slide_instant(slide: Slide, terms: &Terms, moment: Timestamp) -> Result<Timestamp, OutOfCalendar> {
    let zone = terms.zone.rules();
    end_of(days_after(months_after(day_of(moment, zone), slide.months)?, slide.days)?, zone)
}

/// What renews points that are earned under these terms.
pub const fn slide_of(terms: &Terms) -> Option<Slide> {
    match terms.terms.expiry {
        Expiry::Inactivity(slide) => Some(slide),
        Expiry::Never | Expiry::After { .. } | Expiry::PeriodEnd { .. } => None,
    }
}

/// From which instant on the points of an order can be spent; none where they need not wait.
pub fn usable_instant(
    terms: &Terms,
    occurred_at: Timestamp,
    received_at: Option<Timestamp>,
) -> Result<Option<Timestamp>, OutOfCalendar> {
    let Some(pending) = terms.pending else { return Ok(None) };
    let from = match pending.from {
        PendingFrom::Order => occurred_at,
        PendingFrom::Receipt => received_at.unwrap_or(occurred_at),
    };
    let zone = terms.zone.rules();
    end_of(days_after(day_of(from, zone), pending.days)?, zone).map(Some)
}

/// From which instant on points that come back after they had lapsed are lapsed again.
pub fn grace_instant(terms: &Terms, moment: Timestamp) -> Result<Timestamp, OutOfCalendar> {
    let zone = terms.zone.rules();
    end_of(days_after(day_of(moment, zone), terms.grace_days)?, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::example;

    fn lapses(expiry: Expiry, zone: &str, earned: &str) -> String {
        let mut terms = example::signature();
        terms.expiry = expiry;
        terms.zone = crate::programme::terms::Zone::parse(zone).expect("known");
        let earned_at = earned.parse().expect("an instant");
        lapse_instant(&terms, earned_at).expect("in range").map_or("never".to_owned(), |at| at.to_string())
    }

    #[test]
    fn the_lapse_instant_by_policy() {
        let after = |months, days, to_month_end| Expiry::After { months, days, to_month_end };
        let year_end = |last_month, years_after| Expiry::PeriodEnd { last_month, years_after };
        let table = [
            // policy               zone             earned                   lapsed from
            (Expiry::Never, "Asia/Taipei", "2026-01-31T04:00:00Z", "never"),
            (after(1, 0, false), "Asia/Taipei", "2026-01-31T04:00:00Z", "2026-02-28T16:00:00Z"),
            (after(12, 0, false), "Asia/Taipei", "2024-02-29T04:00:00Z", "2025-02-28T16:00:00Z"),
            (after(12, 0, true), "Asia/Taipei", "2026-03-05T04:00:00Z", "2027-03-31T16:00:00Z"),
            (after(0, 0, false), "Asia/Taipei", "2026-03-05T16:30:00Z", "2026-03-06T16:00:00Z"),
            (after(0, 90, false), "Europe/London", "2011-01-10T00:00:00Z", "2011-04-10T23:00:00Z"),
            (year_end(12, 0), "Asia/Taipei", "2026-12-31T15:59:59Z", "2026-12-31T16:00:00Z"),
            (year_end(12, 0), "Asia/Taipei", "2026-12-31T16:00:00Z", "2027-12-31T16:00:00Z"),
            (year_end(12, 1), "Asia/Taipei", "2026-03-05T04:00:00Z", "2027-12-31T16:00:00Z"),
            (year_end(2, 0), "Europe/London", "2011-03-01T10:00:00Z", "2012-03-01T00:00:00Z"),
        ];
        for (policy, zone, earned, expected) in table {
            assert_eq!(lapses(policy, zone, earned), expected, "{policy:?} in {zone}, earned {earned}");
        }
    }

    #[test]
    fn beyond_the_calendar_is_an_error() {
        let mut terms = example::signature();
        terms.expiry = Expiry::After { months: 1_200, days: 36_600, to_month_end: false };
        let late: Timestamp = "9990-01-01T00:00:00Z".parse().expect("an instant");
        assert_eq!(lapse_instant(&terms, late), Err(OutOfCalendar));
    }
}
