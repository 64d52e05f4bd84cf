//! Reading single fields without writing anything out that is not wrong: a call may bring 20,000 lines of eight fields,
//! and the path of a field is made only where it is told.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId};
use rust_decimal::Decimal;
use wire::Violations;

/// A place in a request: `entries[3].order.lines[2].quantity`.
#[derive(Clone, Copy)]
pub struct At<'a> {
    above: Option<&'a At<'a>>,
    name: &'a str,
    place: Option<usize>,
}

impl<'a> At<'a> {
    /// A field of the request itself.
    pub const fn top(name: &'a str) -> Self {
        Self { above: None, name, place: None }
    }

    /// An item of a list of the request itself.
    pub const fn top_item(name: &'a str, place: usize) -> Self {
        Self { above: None, name, place: Some(place) }
    }

    /// A field below this one.
    pub const fn field(&'a self, name: &'a str) -> Self {
        Self { above: Some(self), name, place: None }
    }

    /// An item of a list below this one.
    pub const fn item(&'a self, name: &'a str, place: usize) -> Self {
        Self { above: Some(self), name, place: Some(place) }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            write!(out, "{above}.")?;
        }
        out.write_str(self.name)?;
        self.place.map_or(Ok(()), |place| write!(out, "[{place}]"))
    }
}

/// The most digits a price has before its point, and after.
const PRICE_DIGITS: usize = 12;
/// How far ahead of the clock a shop's clock may be.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);
/// Nothing was sold by any of our shops before 1900.
const FIRST_SECOND: i64 = -2_208_988_800;

/// What is wrong with a call so far, and what time it is.
pub struct Fields {
    pub bad: Violations,
    now: Timestamp,
}

impl Fields {
    pub fn new(now: Timestamp) -> Self {
        Self { bad: Violations::new(), now }
    }

    /// A text of so many characters.
    pub fn text(&mut self, at: At<'_>, text: String, length: RangeInclusive<usize>) -> String {
        let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let edges = text.starts_with(' ') || text.ends_with(' ');
        if plain && !edges && length.contains(&text.len()) {
            return text;
        }
        self.bad.text(&at.to_string(), &text, length).unwrap_or_default()
    }

    /// A whole number within bounds.
    pub fn number(&mut self, at: At<'_>, number: i64, bounds: RangeInclusive<i64>) -> i64 {
        if !bounds.contains(&number) {
            self.bad.number(&at.to_string(), number, bounds);
        }
        number
    }

    /// How many items a list may have; false where it has others.
    pub fn count(&mut self, at: At<'_>, count: usize, bounds: RangeInclusive<usize>) -> bool {
        bounds.contains(&count) || self.bad.count(&at.to_string(), count, bounds)
    }

    /// A decimal that is not negative, where one is written.
    pub fn decimal(&mut self, at: At<'_>, text: &str) -> Option<Decimal> {
        if text.is_empty() {
            return None;
        }
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| (1..=PRICE_DIGITS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let read = if digits(whole) && digits(part) { Decimal::from_str_exact(text).ok() } else { None };
        if read.is_none() {
            let what = "must be a decimal such as \"2.55\", with at most 12 digits before and after the point";
            self.bad.add(at.to_string(), what);
        }
        read
    }

    /// A currency, where one is written.
    pub fn currency(&mut self, at: At<'_>, text: &str) -> Option<Currency> {
        if text.is_empty() {
            return None;
        }
        Currency::parse(text).map_err(|wrong| self.bad.add(at.to_string(), wrong)).ok()
    }

    /// A member.
    pub fn member(&mut self, at: At<'_>, text: &str) -> Option<MemberId> {
        MemberId::parse(text).map_err(|wrong| self.bad.add(at.to_string(), wrong)).ok()
    }

    /// An instant, where one is given.
    pub fn instant(&mut self, at: At<'_>, wire: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        let moment = match proto::instant(wire?) {
            Ok(moment) if moment.as_second() >= FIRST_SECOND => moment,
            Ok(_) => {
                self.bad.add(at.to_string(), "must not lie before 1900");
                return None;
            }
            Err(wrong) => {
                self.bad.add(at.to_string(), wrong);
                return None;
            }
        };
        Some(moment)
    }

    /// When something happened, where that is told: not more than five minutes ahead of the clock.
    pub fn past(&mut self, at: At<'_>, wire: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
        let moment = self.instant(at, wire)?;
        if moment.duration_since(self.now) > AHEAD {
            self.bad.add(at.to_string(), "must not be more than five minutes ahead of the clock");
        }
        Some(moment)
    }

    /// When something happened; it must be told.
    pub fn occurred(&mut self, at: At<'_>, wire: Option<&prost_types::Timestamp>) -> Timestamp {
        if wire.is_none() {
            self.bad.add(at.to_string(), "is required");
        }
        self.past(at, wire).unwrap_or(self.now)
    }
}
