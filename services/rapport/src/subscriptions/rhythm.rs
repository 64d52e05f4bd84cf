//! A rhythm as people write it: `2 weeks`, `month`, `every 3 months`.

use std::str::FromStr;

use proto::subscriptions::v1::{Cadence, CadenceUnit};
use serde::{Deserialize, Serialize};

use super::every;

/// Every so many days, weeks, months or years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rhythm {
    every: i32,
    unit: CadenceUnit,
}

impl Rhythm {
    /// As the wire carries it.
    #[must_use]
    pub fn cadence(self) -> Cadence {
        Cadence { every: self.every, unit: self.unit.into() }
    }
}

impl FromStr for Rhythm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no rhythm: \"2 weeks\", \"1 month\"");
        let words: Vec<&str> = text.split_whitespace().filter(|word| *word != "every").collect();
        let (count, unit) = match words.as_slice() {
            [unit] => (1, *unit),
            [count, unit] => (count.parse().map_err(|_| wrong())?, *unit),
            [] | [_, _, _, ..] => return Err(wrong()),
        };
        let unit = match unit.trim_end_matches('s') {
            "day" => CadenceUnit::Day,
            "week" => CadenceUnit::Week,
            "month" => CadenceUnit::Month,
            "year" => CadenceUnit::Year,
            _ => return Err(wrong()),
        };
        Ok(Self { every: count, unit })
    }
}

impl TryFrom<String> for Rhythm {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Rhythm> for String {
    fn from(rhythm: Rhythm) -> Self {
        every(&rhythm.cadence())
    }
}

impl From<Cadence> for Rhythm {
    fn from(cadence: Cadence) -> Self {
        Self { every: cadence.every, unit: cadence.unit() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rhythm_is_read_as_it_is_written() {
        for (text, written) in [
            ("2 weeks", "every 2 weeks"),
            ("month", "every month"),
            ("every 3 months", "every 3 months"),
            ("1 year", "every year"),
            ("10 day", "every 10 days"),
        ] {
            let rhythm: Rhythm = text.parse().expect("a rhythm");
            assert_eq!(String::from(rhythm), written);
            assert_eq!(written.parse(), Ok(rhythm));
        }
        for wrong in ["", "often", "two weeks", "2", "2 weeks ago"] {
            assert!(wrong.parse::<Rhythm>().is_err(), "{wrong}");
        }
    }
}
