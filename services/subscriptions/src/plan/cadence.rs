//! When occurrences are due: occurrence k follows from the anchor and k, and never from the occurrence before.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// What a cadence counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Days.
    Day,
    /// Weeks of seven days.
    Week,
    /// Months, from the original day.
    Month,
    /// Years, from the original day.
    Year,
}

/// Every so many units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cadence {
    /// More than zero.
    pub every: i32,
    /// Of what.
    pub unit: Unit,
}

/// A zone by its IANA name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(TimeZone);

impl Zone {
    /// By its name; offsets and abbreviations are none.
    ///
    /// # Errors
    /// There are no rules under this name.
    pub fn parse(name: &str) -> Result<Self, kernel::calendar::ZoneError> {
        kernel::calendar::zone(name).map(Self)
    }

    /// One that registry settled.
    #[must_use]
    pub const fn of(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Its rules.
    #[must_use]
    pub const fn rules(&self) -> &TimeZone {
        &self.0
    }

    /// What the wall shows at an instant.
    #[must_use]
    pub fn wall(&self, moment: Timestamp) -> DateTime {
        self.0.to_datetime(moment)
    }
}

impl TryFrom<String> for Zone {
    type Error = kernel::calendar::ZoneError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name().to_owned()
    }
}

/// A rhythm in a zone. Numbers count from `base`, so that they go on where a rhythm takes over from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// How often.
    pub cadence: Cadence,
    /// The wall's day and time of number `base`.
    pub anchor: DateTime,
    /// Whose wall.
    pub zone: Zone,
    /// The number of the anchor itself; may be negative, where earlier numbers belonged to another rhythm.
    pub base: i64,
}

impl Schedule {
    /// When an occurrence is due; none before the anchor and beyond the calendar.
    #[must_use]
    pub fn instant(&self, number: i64) -> Option<Timestamp> {
        instant_of(step(self.anchor, self.cadence, number.checked_sub(self.base)?)?, &self.zone)
    }

    /// The day of the wall on which an occurrence is due, as the rhythm says it.
    #[must_use]
    pub fn day(&self, number: i64) -> Option<Date> {
        step(self.anchor, self.cadence, number.checked_sub(self.base)?).map(DateTime::date)
    }

    /// The first occurrence after a moment.
    #[must_use]
    pub fn first_after(&self, moment: Timestamp) -> Option<i64> {
        self.first_beyond(|instant| instant > moment)
    }

    /// The first occurrence at a moment or after it.
    #[must_use]
    pub fn first_from(&self, moment: Timestamp) -> Option<i64> {
        self.first_beyond(|instant| instant >= moment)
    }

    /// Instants never go back, so what lies beyond a moment is found by halving.
    fn first_beyond(&self, beyond: impl Fn(Timestamp) -> bool) -> Option<i64> {
        let is_beyond =
            |place: i64| self.base.checked_add(place).and_then(|number| self.instant(number)).is_none_or(&beyond);
        let mut high: i64 = 1;
        while !is_beyond(high) {
            high = high.checked_mul(2)?;
        }
        let mut low: i64 = 0;
        while low < high {
            let middle = low.midpoint(high);
            if is_beyond(middle) {
                high = middle;
            } else {
                low = middle.checked_add(1)?;
            }
        }
        let number = self.base.checked_add(low)?;
        self.instant(number).map(|_| number)
    }
}

/// So many steps of a cadence from an anchor.
#[must_use]
pub fn step(anchor: DateTime, cadence: Cadence, steps: i64) -> Option<DateTime> {
    if steps < 0 {
        return None;
    }
    let units = i64::from(cadence.every).checked_mul(steps)?;
    let span = match cadence.unit {
        Unit::Day => Span::new().try_days(units),
        Unit::Week => Span::new().try_weeks(units),
        Unit::Month => Span::new().try_months(units),
        Unit::Year => Span::new().try_years(units),
    };
    anchor.checked_add(span.ok()?).ok()
}

/// The instant at which a wall shows a time. What the clocks leave out moves to the first instant after the gap, what
/// they show twice is the first of both.
///
/// jiff's `Compatible` would carry the time of day over the gap instead (02:30 becomes 03:30), and where a whole day is
/// missing it would bring two days' occurrences together.
#[must_use]
pub fn instant_of(wall: DateTime, zone: &Zone) -> Option<Timestamp> {
    let found = zone.rules().to_ambiguous_timestamp(wall);
    match found.offset() {
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => found.compatible().ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let before_the_gap = after.to_timestamp(wall).ok()?;
            zone.rules().following(before_the_gap).next().map(|change| change.timestamp())
        }
    }
}

/// The same time of the wall so many days later.
#[must_use]
pub fn days_later(moment: Timestamp, days: i32, zone: &Zone) -> Option<Timestamp> {
    if days == 0 {
        return Some(moment);
    }
    instant_of(zone.wall(moment).checked_add(Span::new().try_days(days).ok()?).ok()?, zone)
}

/// The same time of the wall so many months later, from the original day.
#[must_use]
pub fn months_later(moment: Timestamp, months: i32, zone: &Zone) -> Option<Timestamp> {
    if months == 0 {
        return Some(moment);
    }
    instant_of(zone.wall(moment).checked_add(Span::new().try_months(months).ok()?).ok()?, zone)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(every: i32, unit: Unit, anchor: &str, zone: &str) -> Schedule {
        Schedule {
            cadence: Cadence { every, unit },
            anchor: anchor.parse().expect("a wall time"),
            zone: Zone::parse(zone).expect("a zone"),
            base: 0,
        }
    }

    /// zone | anchor | cadence | number | instant
    const TABLE: &str = "
        Asia/Taipei      | 2026-01-31T10:00 | 1 Month | 1 | 2026-02-28T02:00:00Z
        Asia/Taipei      | 2026-01-31T10:00 | 1 Month | 2 | 2026-03-31T02:00:00Z
        Asia/Taipei      | 2028-01-31T10:00 | 1 Month | 1 | 2028-02-29T02:00:00Z
        Asia/Taipei      | 2028-02-29T10:00 | 1 Year  | 1 | 2029-02-28T02:00:00Z
        Asia/Taipei      | 2028-02-29T10:00 | 1 Year  | 4 | 2032-02-29T02:00:00Z
        Asia/Taipei      | 2026-01-10T10:00 | 2 Week  | 3 | 2026-02-21T02:00:00Z
        Asia/Taipei      | 2026-01-10T10:00 | 10 Day  | 0 | 2026-01-10T02:00:00Z
        America/New_York | 2026-03-01T02:30 | 1 Week  | 1 | 2026-03-08T07:00:00Z
        America/New_York | 2026-03-01T02:30 | 1 Week  | 2 | 2026-03-15T06:30:00Z
        America/New_York | 2026-10-25T01:30 | 1 Week  | 1 | 2026-11-01T05:30:00Z
        America/New_York | 2026-10-25T01:30 | 1 Week  | 2 | 2026-11-08T06:30:00Z
        Europe/London    | 2026-03-28T01:15 | 1 Day   | 1 | 2026-03-29T01:00:00Z
        Europe/London    | 2026-10-24T01:15 | 1 Day   | 1 | 2026-10-25T00:15:00Z
        Europe/London    | 2026-10-24T01:15 | 1 Day   | 2 | 2026-10-26T01:15:00Z
        Pacific/Apia     | 2011-12-29T10:00 | 1 Day   | 1 | 2011-12-30T10:00:00Z
        Pacific/Apia     | 2011-12-29T10:00 | 1 Day   | 2 | 2011-12-30T20:00:00Z
        Pacific/Apia     | 2011-11-30T10:00 | 1 Month | 1 | 2011-12-30T10:00:00Z
        Pacific/Apia     | 2011-11-30T10:00 | 1 Month | 2 | 2012-01-29T20:00:00Z
    ";

    #[test]
    fn occurrences_follow_from_the_anchor() {
        for line in TABLE.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [zone, anchor, cadence, number, expected] = cells[..] else { panic!("five cells: {line}") };
            let (every, unit) = cadence.split_once(' ').expect("two words");
            let unit = match unit.trim() {
                "Day" => Unit::Day,
                "Week" => Unit::Week,
                "Month" => Unit::Month,
                "Year" => Unit::Year,
                other => panic!("{other}"),
            };
            let schedule = schedule(every.parse().expect("a number"), unit, anchor, zone);
            let instant = schedule.instant(number.parse().expect("a number"));
            assert_eq!(instant, Some(expected.parse().expect("an instant")), "{line}");
        }
    }

    #[test]
    fn jiff_would_carry_the_time_over_a_gap() {
        // Why `instant_of` does not leave gaps to jiff: two days of Apia would become one.
        let apia = TimeZone::get("Pacific/Apia").expect("known");
        let compatible =
            |day: &str| apia.to_ambiguous_timestamp(day.parse().expect("a wall time")).compatible().expect("in range");
        assert_eq!(compatible("2011-12-30T10:00"), compatible("2011-12-31T10:00"));
    }

    #[test]
    fn there_is_nothing_before_the_anchor_and_beyond_the_calendar() {
        let yearly = schedule(10, Unit::Year, "2026-01-01T00:00", "Asia/Taipei");
        assert_eq!(yearly.instant(-1), None);
        assert_eq!(yearly.instant(i64::MAX), None);
        assert_eq!(yearly.first_after("9999-01-01T00:00:00Z".parse().expect("an instant")), None);
    }

    fn any_schedule() -> impl Strategy<Value = Schedule> {
        let zones = prop_oneof!["Asia/Taipei", "America/New_York", "Europe/London", "Pacific/Apia", "UTC"];
        let units = prop_oneof![Just(Unit::Day), Just(Unit::Week), Just(Unit::Month), Just(Unit::Year)];
        (zones, units, 1..40_i32, 0..9_000_i64, 0..1_440_i64, -50..50_i64).prop_map(
            |(zone, unit, every, day, minute, base)| Schedule {
                cadence: Cadence { every, unit },
                anchor: "2004-01-01T00:00"
                    .parse::<DateTime>()
                    .expect("a wall time")
                    .checked_add(Span::new().days(day).minutes(minute))
                    .expect("in range"),
                zone: Zone::parse(&zone).expect("known"),
                base,
            },
        )
    }

    proptest! {
        #[test]
        fn instants_never_go_back(schedule in any_schedule(), place in 0..2_000_i64) {
            let (early, late) = (schedule.instant(schedule.base + place), schedule.instant(schedule.base + place + 1));
            prop_assert!(late.is_none() || early <= late, "{early:?} {late:?}");
        }

        #[test]
        fn the_first_after_is_the_inverse(schedule in any_schedule(), seconds in 0..3_000_000_000_i64) {
            let moment = Timestamp::from_second(seconds).expect("in range");
            let first = schedule.first_after(moment).expect("there is one");
            prop_assert!(schedule.instant(first).expect("in range") > moment);
            prop_assert!(schedule.instant(first - 1).is_none_or(|before| before <= moment));
            let from = schedule.first_from(moment).expect("there is one");
            prop_assert!(schedule.instant(from).expect("in range") >= moment);
            prop_assert!(schedule.instant(from - 1).is_none_or(|before| before < moment));
        }

        #[test]
        fn a_schedule_survives_being_written_down(schedule in any_schedule()) {
            let text = serde_json::to_string(&schedule).expect("written");
            prop_assert_eq!(serde_json::from_str::<Schedule>(&text).expect("read"), schedule);
        }
    }
}
