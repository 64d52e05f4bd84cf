//! A birthday, with or without its year: many tell the day and keep the year.

use jiff::civil::Date;

/// The day somebody was born.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birthday {
    /// None where only month and day are known.
    pub year: Option<i16>,
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
}

/// No such day, or not yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBirthday {
    /// The calendar has no such day.
    #[error("must be a day of the calendar, with year 0 where the year is not known")]
    NoSuchDay,
    /// Nobody has been born then.
    #[error("must not be in the future")]
    Future,
}

/// A leap year: whoever keeps the year to themselves may be born on 29 February.
const ANY_LEAP_YEAR: i16 = 2000;

impl Birthday {
    /// Reads a day as callers write it: year 0 for none.
    pub fn read(year: i32, month: i32, day: i32, today: Date) -> Result<Self, BadBirthday> {
        let year = match year {
            0 => None,
            1..=9999 => i16::try_from(year).ok(),
            _ => return Err(BadBirthday::NoSuchDay),
        };
        let (month, day) = i8::try_from(month).ok().zip(i8::try_from(day).ok()).ok_or(BadBirthday::NoSuchDay)?;
        let date = Date::new(year.unwrap_or(ANY_LEAP_YEAR), month, day).map_err(|_| BadBirthday::NoSuchDay)?;
        if year.is_some() && date > today { Err(BadBirthday::Future) } else { Ok(Self { year, month, day }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_read() {
        let today = date(2026, 11, 22);
        let read = |year, month, day| Birthday::read(year, month, day, today);
        assert_eq!(read(1990, 5, 17), Ok(Birthday { year: Some(1990), month: 5, day: 17 }));
        assert_eq!(read(0, 2, 29), Ok(Birthday { year: None, month: 2, day: 29 }));
        assert_eq!(read(2026, 11, 22).map(|_| ()), Ok(()));
        assert_eq!(read(2026, 11, 23), Err(BadBirthday::Future));
        for (year, month, day) in
            [(1990, 2, 29), (1990, 13, 1), (1990, 0, 1), (0, 0, 0), (-1, 1, 1), (10_000, 1, 1), (1990, 300, 1)]
        {
            assert_eq!(read(year, month, day), Err(BadBirthday::NoSuchDay), "{year}-{month}-{day}");
        }
    }
}
