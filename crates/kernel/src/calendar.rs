//! Days, months and years of a programme, in its own zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// The zone has no rules under this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an IANA time zone, such as \"Asia/Taipei\"")]
pub struct ZoneError;

/// Beyond the years the calendar knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("lies beyond the years of the calendar")]
pub struct OutOfCalendar;

/// A zone by its IANA name; offsets and abbreviations are refused.
pub fn zone(name: &str) -> Result<TimeZone, ZoneError> {
    TimeZone::get(name).map_err(|_| ZoneError)
}

/// The day an instant belongs to.
pub fn day_of(moment: Timestamp, zone: &TimeZone) -> Date {
    moment.to_zoned(zone.clone()).date()
}

/// The first instant of a day. Where the clocks are put forward at midnight it is the first one that exists.
pub fn start_of(day: Date, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    day.to_zoned(zone.clone()).map(|start| start.timestamp()).map_err(|_| OutOfCalendar)
}

/// The first instant after a day: when something ends that is good until the end of that day.
pub fn end_of(day: Date, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    start_of(day.tomorrow().map_err(|_| OutOfCalendar)?, zone)
}

/// So many months later, counted from the original day: 31 January and one month is 28 (or 29) February.
pub fn months_after(day: Date, months: i32) -> Result<Date, OutOfCalendar> {
    let span = Span::new().try_months(months).map_err(|_| OutOfCalendar)?;
    day.checked_add(span).map_err(|_| OutOfCalendar)
}

/// So many days later.
pub fn days_after(day: Date, days: i32) -> Result<Date, OutOfCalendar> {
    let span = Span::new().try_days(days).map_err(|_| OutOfCalendar)?;
    day.checked_add(span).map_err(|_| OutOfCalendar)
}

/// The instant so many months before (or, negative, after) another, at the same wall-clock time of the zone.
pub fn months_before(moment: Timestamp, months: i32, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    let span = Span::new().try_months(months).map_err(|_| OutOfCalendar)?;
    moment.to_zoned(zone.clone()).checked_sub(span).map(|earlier| earlier.timestamp()).map_err(|_| OutOfCalendar)
}

/// The first instant of the calendar year an instant belongs to.
pub fn year_start(moment: Timestamp, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    start_of(day_of(moment, zone).first_of_year(), zone)
}

/// The month an instant belongs to, as reports write it: "2011-12".
pub fn month_label(moment: Timestamp, zone: &TimeZone) -> String {
    let day = day_of(moment, zone);
    format!("{:04}-{:02}", day.year(), day.month())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn months_are_counted_from_the_original_day() {
        assert_eq!(months_after(date(2011, 1, 31), 1), Ok(date(2011, 2, 28)));
        assert_eq!(months_after(date(2011, 1, 31), 2), Ok(date(2011, 3, 31)));
        assert_eq!(months_after(date(2012, 1, 31), 1), Ok(date(2012, 2, 29)));
    }

    #[test]
    fn a_day_ends_when_the_next_one_starts() {
        let taipei = zone("Asia/Taipei").expect("known");
        assert_eq!(end_of(date(2026, 12, 31), &taipei), Ok("2026-12-31T16:00:00Z".parse().expect("an instant")));
        let london = zone("Europe/London").expect("known");
        assert_eq!(end_of(date(2011, 3, 27), &london), Ok("2011-03-27T23:00:00Z".parse().expect("an instant")));
    }

    #[test]
    fn a_day_may_start_late() {
        // In São Paulo the clocks were put forward at midnight: that Sunday began at one.
        let sao_paulo = zone("America/Sao_Paulo").expect("known");
        let start = start_of(date(2018, 11, 4), &sao_paulo).expect("in range");
        assert_eq!(start, "2018-11-04T03:00:00Z".parse().expect("an instant"));
    }

    #[test]
    fn beyond_the_calendar_is_an_error() {
        assert_eq!(months_after(date(9999, 12, 31), 1), Err(OutOfCalendar));
        assert_eq!(months_after(date(2011, 1, 1), i32::MAX), Err(OutOfCalendar));
        assert_eq!(zone("Mars/Olympus").err(), Some(ZoneError));
    }
}
