//! Money: whole minor units of a currency.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text is no ISO 4217 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 4217 currency code in upper case, such as \"TWD\"")]
pub struct CurrencyError;

impl Currency {
    /// Reads an upper-case code that ISO 4217 lists.
    pub fn parse(text: &str) -> Result<Self, CurrencyError> {
        iso_currency::Currency::from_code(text).ok_or(CurrencyError)?;
        text.as_bytes().try_into().map(Self).map_err(|_| CurrencyError)
    }

    /// Digits after the point where the tenant has not said otherwise: those of ISO 4217, but none for TWD, which
    /// retail settles in whole dollars although ISO lists two digits.
    pub fn usual_minor_digits(self) -> u32 {
        match &self.0 {
            b"TWD" => 0,
            other => std::str::from_utf8(other)
                .ok()
                .and_then(iso_currency::Currency::from_code)
                .and_then(|currency| currency.exponent())
                .map_or(2, u32::from),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.to_string()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(&self.0).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// An amount in the smallest unit its currency is settled in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Money {
    /// Of what.
    pub currency: Currency,
    /// How much of its smallest unit; may be negative.
    pub minor: i64,
}

impl Money {
    /// The sum, unless it does not fit or the currencies differ.
    pub fn plus(self, other: Self) -> Option<Self> {
        let minor = (self.currency == other.currency).then(|| self.minor.checked_add(other.minor))??;
        Some(Self { currency: self.currency, minor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_taiwan_dollar_has_no_cents() {
        assert_eq!(Currency::parse("TWD").map(Currency::usual_minor_digits), Ok(0));
        assert_eq!(Currency::parse("GBP").map(Currency::usual_minor_digits), Ok(2));
        assert_eq!(Currency::parse("JPY").map(Currency::usual_minor_digits), Ok(0));
    }

    #[test]
    fn only_listed_codes_are_currencies() {
        assert_eq!(Currency::parse("twd"), Err(CurrencyError));
        assert_eq!(Currency::parse("ZZZ"), Err(CurrencyError));
        assert_eq!(Currency::parse(""), Err(CurrencyError));
    }

    #[test]
    fn different_currencies_are_not_added() {
        let gbp = Money { currency: Currency::parse("GBP").expect("listed"), minor: 1 };
        let twd = Money { currency: Currency::parse("TWD").expect("listed"), minor: 1 };
        assert_eq!(gbp.plus(twd), None);
        assert_eq!(gbp.plus(gbp).map(|sum| sum.minor), Some(2));
    }
}
