//! The windows of missions: in which time a goal is to be reached.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use kernel::calendar::{OutOfCalendar, day_of, days_after, end_of, month_label, months_after, start_of};

use super::terms::{Definition, Unit, Window};

/// A window: what it is called, and when it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Unique among a member's windows of the mission.
    pub key: String,
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Option<Timestamp>,
}

/// Which window a moment lies in; none where it lies in none.
pub fn span(
    mission: &Definition,
    (joined_at, accepted_at): (Timestamp, Option<Timestamp>),
    at: Timestamp,
    zone: &TimeZone,
) -> Result<Option<Span>, OutOfCalendar> {
    if !mission.covers(at) {
        return Ok(None);
    }
    let days = |from: Timestamp, days: i32| end_of(days_after(day_of(from, zone), days)?, zone);
    let (key, from, until) = match mission.terms.window {
        Window::Whole => ("all".to_owned(), mission.starts(), None),
        Window::Week => {
            let week = day_of(at, zone).iso_week_date();
            let index = unit_of(at, Unit::Week, zone);
            let key = format!("{:04}-W{:02}", week.year(), week.week());
            (key, start_of_unit(index, Unit::Week, zone)?, Some(start_of_unit(next(index), Unit::Week, zone)?))
        }
        Window::Month => {
            let index = unit_of(at, Unit::Month, zone);
            let until = start_of_unit(next(index), Unit::Month, zone)?;
            (month_label(at, zone), start_of_unit(index, Unit::Month, zone)?, Some(until))
        }
        Window::AfterJoining(length) => ("joined".to_owned(), joined_at, Some(days(joined_at, length)?)),
        Window::AfterAccepting(length) => {
            let Some(accepted_at) = accepted_at else { return Ok(None) };
            (accepted_at.to_string(), accepted_at, Some(days(accepted_at, length)?))
        }
    };
    let from = from.max(mission.starts());
    let until = [until, mission.terms.until].into_iter().flatten().min();
    Ok((from <= at && until.is_none_or(|until| at < until)).then_some(Span { key, from, until }))
}

const fn next(index: i64) -> i64 {
    index.saturating_add(1)
}

/// The first Monday there is an index for.
const MONDAY: Date = date(1970, 1, 5);

/// Which week or month a moment lies in, counted from one that does not matter.
pub fn unit_of(at: Timestamp, unit: Unit, zone: &TimeZone) -> i64 {
    let day = day_of(at, zone);
    match unit {
        Unit::Week => {
            let hours = day.duration_since(MONDAY).as_hours();
            hours.div_euclid(24 * 7)
        }
        Unit::Month => {
            i64::from(day.year()).saturating_mul(12).saturating_add(i64::from(day.month()).saturating_sub(1))
        }
    }
}

/// When a week or month begins.
pub fn start_of_unit(index: i64, unit: Unit, zone: &TimeZone) -> Result<Timestamp, OutOfCalendar> {
    let small = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    let day = match unit {
        Unit::Week => days_after(MONDAY, small(index.saturating_mul(7)))?,
        Unit::Month => months_after(date(0, 1, 1), small(index))?,
    };
    start_of(day, zone)
}
