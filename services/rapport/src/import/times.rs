//! Days and times as shops write them.
//!
//! Without a format: `2010-12-01 08:26:00`, `2010/12/1 8:26`, `2010-12-01T08:26`, a bare day, or an instant with its offset. With one,
//! strptime's letters say how: `%m/%d/%Y %H:%M`.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// Reads times of one zone. A time that the clocks jumped over is taken an hour later; one that came twice, the first time.
#[derive(Debug)]
pub struct Times {
    zone: TimeZone,
    format: Option<String>,
    last: (String, Timestamp),
}

impl Times {
    /// Times of a zone, in a format where there is one.
    pub fn new(zone: TimeZone, format: Option<&str>) -> Self {
        Self { zone, format: format.map(str::to_owned), last: (String::new(), Timestamp::UNIX_EPOCH) }
    }

    /// The instant, cut to microseconds.
    pub fn read(&mut self, text: &str) -> Option<Timestamp> {
        // Lines of one invoice follow each other and carry the same time.
        if text == self.last.0 && !text.is_empty() {
            return Some(self.last.1);
        }
        let moment = kernel::to_microsecond(self.parse(text)?);
        self.last = (text.to_owned(), moment);
        Some(moment)
    }

    fn parse(&self, text: &str) -> Option<Timestamp> {
        let civil = match &self.format {
            Some(format) => with_format(format, text)?,
            None => match usual(text) {
                Some(civil) => civil,
                None => return text.parse().ok(),
            },
        };
        civil.to_zoned(self.zone.clone()).ok().map(|zoned| zoned.timestamp())
    }
}

fn with_format(format: &str, text: &str) -> Option<DateTime> {
    let read = jiff::fmt::strtime::parse(format, text).ok()?;
    let time = read.to_time().unwrap_or(Time::midnight());
    Some(read.to_date().ok()?.to_datetime(time))
}

/// A day that begins with its year, and perhaps a time of day.
fn usual(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
    let mut parts = day.split(['-', '/']);
    let year = number(parts.next()?, 4..=4)?;
    let (month, date) = (number(parts.next()?, 1..=2)?, number(parts.next()?, 1..=2)?);
    if parts.next().is_some() {
        return None;
    }
    let day = Date::new(year, i8::try_from(month).ok()?, i8::try_from(date).ok()?).ok()?;
    if time.trim().is_empty() {
        return Some(day.to_datetime(Time::midnight()));
    }
    let mut parts = time.trim().split(':');
    let (hour, minute) = (number(parts.next()?, 1..=2)?, number(parts.next()?, 2..=2)?);
    let (second, nanos) = match parts.next() {
        Some(second) => seconds(second)?,
        None => (0, 0),
    };
    if parts.next().is_some() {
        return None;
    }
    let time = Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, second, nanos).ok()?;
    Some(day.to_datetime(time))
}

fn seconds(text: &str) -> Option<(i8, i32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let second = i8::try_from(number(whole, 2..=2)?).ok()?;
    if fraction.is_empty() || fraction.len() > 9 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    format!("{fraction:0<9}").parse().ok().map(|nanos| (second, nanos))
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let fits = digits.contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    fits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(zone: &str, format: Option<&str>, text: &str) -> Option<String> {
        let zone = kernel::calendar::zone(zone).expect("known");
        Times::new(zone, format).read(text).map(|moment| moment.to_string())
    }

    #[test]
    fn usual_forms_are_read_in_the_shops_zone() {
        let table = [
            ("2010-12-01 08:26:00", Some("2010-12-01T00:26:00Z")),
            ("2010/12/1 8:26", Some("2010-12-01T00:26:00Z")),
            ("2010-12-01T08:26:01.5", Some("2010-12-01T00:26:01.5Z")),
            ("2010-12-01", Some("2010-11-30T16:00:00Z")),
            ("2010-12-01T08:26:00Z", Some("2010-12-01T08:26:00Z")),
            ("2010-12-01T08:26:00+02:00", Some("2010-12-01T06:26:00Z")),
            ("2010-02-30 08:26", None),
            ("2010-12-01 24:00", None),
            ("2010-12-01 08", None),
            ("12/1/2010 8:26", None),
            ("2010-12-1-1", None),
            ("", None),
        ];
        for (text, instant) in table {
            assert_eq!(read("Asia/Taipei", None, text).as_deref(), instant, "{text}");
        }
    }

    #[test]
    fn other_forms_are_read_as_the_format_says() {
        let american = Some("%m/%d/%Y %H:%M");
        assert_eq!(read("Europe/London", american, "12/1/2010 8:26").as_deref(), Some("2010-12-01T08:26:00Z"));
        assert_eq!(read("Asia/Taipei", Some("%Y%m%d"), "20101201").as_deref(), Some("2010-11-30T16:00:00Z"));
        assert_eq!(read("Europe/London", american, "2010-12-01 08:26"), None);
    }

    #[test]
    fn hours_that_come_twice_or_never_have_an_answer() {
        assert_eq!(read("Europe/London", None, "2011-10-30 01:30").as_deref(), Some("2011-10-30T00:30:00Z"));
        assert_eq!(read("Europe/London", None, "2011-03-27 01:30").as_deref(), Some("2011-03-27T01:30:00Z"));
    }
}
