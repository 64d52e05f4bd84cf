//! What points are worth, as a person says it: `1`, or `1/2` for one minor unit for two points.

use std::str::FromStr;

use clap::Args;
use proto::common::v1::Money;
use proto::loyalty::v1::PointValue;

use crate::words::Words;

/// What commands are told that speak of points in money.
#[derive(Args, Clone, Copy, Debug)]
pub struct Worth {
    /// What points are worth: so many minor units of the tenant's currency a point, or for so many points, as 1/2
    #[arg(long, value_name = "MINOR[/POINTS]")]
    worth: Option<Rate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    minor: i64,
    points: i64,
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (minor, points) = text.split_once('/').unwrap_or((text, "1"));
        let whole = |part: &str| part.trim().parse::<i64>().map_err(|_| format!("{part} is no whole number"));
        Ok(Self { minor: whole(minor)?, points: whole(points)? })
    }
}

impl Worth {
    /// For a call.
    pub fn value(self, words: &Words) -> Option<PointValue> {
        let Rate { minor, points } = self.worth?;
        Some(PointValue { currency_code: words.currency().to_owned(), minor, points })
    }
}

/// An amount that may not be told; empty then.
pub fn money(told: Option<&Money>, words: &Words) -> String {
    told.map(|money| words.money(money.minor, &money.currency_code)).unwrap_or_default()
}

/// Millionths as percent with two digits: 12,345 is `1.23 %`.
pub fn percent(ppm: i64) -> String {
    let hundredths = (i128::from(ppm) + 50).div_euclid(100);
    let sign = if hundredths < 0 { "-" } else { "" };
    let magnitude = hundredths.unsigned_abs();
    format!("{sign}{}.{:02} %", magnitude / 100, magnitude % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read() {
        assert_eq!("1".parse(), Ok(Rate { minor: 1, points: 1 }));
        assert_eq!("1/2".parse(), Ok(Rate { minor: 1, points: 2 }));
        assert!("half".parse::<Rate>().is_err() && "1/".parse::<Rate>().is_err());
    }

    #[test]
    fn shares_are_percents() {
        let table = [(0, "0.00 %"), (12_345, "1.23 %"), (250_000, "25.00 %"), (1_000_000, "100.00 %"), (49, "0.00 %")];
        for (ppm, text) in table {
            assert_eq!(percent(ppm), text);
        }
    }
}
