//! `kernel` types on the wire and back.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{Currency, Money};

use crate::common::v1 as common;

/// An instant as the wire writes it.
pub fn timestamp(moment: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: moment.as_second().saturating_sub(i64::from(moment.subsec_nanosecond() < 0)),
        nanos: moment.subsec_nanosecond().rem_euclid(1_000_000_000),
    }
}

/// An instant from the wire, cut to the microsecond that the database keeps.
pub fn instant(wire: &prost_types::Timestamp) -> Result<Timestamp, BadTimestamp> {
    if !(0..1_000_000_000).contains(&wire.nanos) {
        return Err(BadTimestamp);
    }
    let moment = Timestamp::new(wire.seconds, wire.nanos).map_err(|_| BadTimestamp)?;
    Ok(kernel::to_microsecond(moment))
}

/// Outside the years 1 to 9999, or with impossible nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTimestamp;

impl fmt::Display for BadTimestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("must be a valid instant between the years 1 and 9999")
    }
}

impl From<Money> for common::Money {
    fn from(money: Money) -> Self {
        Self { currency_code: money.currency.to_string(), minor: money.minor }
    }
}

impl TryFrom<&common::Money> for Money {
    type Error = BadMoney;

    fn try_from(wire: &common::Money) -> Result<Self, BadMoney> {
        let currency = Currency::parse(&wire.currency_code).map_err(|_| BadMoney)?;
        Ok(Self { currency, minor: wire.minor })
    }
}

/// The currency is not an ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadMoney;

impl fmt::Display for BadMoney {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("must name an ISO 4217 currency, such as \"TWD\"")
    }
}

impl From<Date> for common::Date {
    fn from(day: Date) -> Self {
        Self { year: i32::from(day.year()), month: i32::from(day.month()), day: i32::from(day.day()) }
    }
}

impl TryFrom<&common::Date> for Date {
    type Error = BadDate;

    fn try_from(wire: &common::Date) -> Result<Self, BadDate> {
        let year = i16::try_from(wire.year).map_err(|_| BadDate)?;
        let month = i8::try_from(wire.month).map_err(|_| BadDate)?;
        let day = i8::try_from(wire.day).map_err(|_| BadDate)?;
        Date::new(year, month, day).map_err(|_| BadDate)
    }
}

/// No such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDate;

impl fmt::Display for BadDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("must be a day of the calendar")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_before_1970_survives_the_wire() {
        let moment: Timestamp = "1969-12-31T23:59:59.25Z".parse().expect("a valid instant");
        let wire = timestamp(moment);
        assert_eq!((wire.seconds, wire.nanos), (-1, 250_000_000));
        assert_eq!(instant(&wire), Ok(moment));
    }

    #[test]
    fn impossible_nanoseconds_are_refused() {
        assert_eq!(instant(&prost_types::Timestamp { seconds: 0, nanos: -1 }), Err(BadTimestamp));
    }
}
