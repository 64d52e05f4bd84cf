//! How a programme is settled: where its days begin, what it is paid in, whose numbers need no prefix.

use kernel::Currency;
use serde::{Deserialize, Serialize};

/// How a programme is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What people read.
    pub display_name: String,
    /// IANA zone in which its days begin and end.
    pub zone: String,
    /// Its main currency.
    pub currency: Currency,
    /// Digits after the point in that currency.
    pub minor_digits: i16,
    /// Country whose phone numbers need no prefix; empty where all need one.
    pub phone_region: String,
}

/// The fields to change, with their new values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// As in the settings.
    pub display_name: Option<String>,
    /// As in the settings.
    pub zone: Option<String>,
    /// As in the settings.
    pub currency: Option<Currency>,
    /// As in the settings; as usual for the currency where the inner is none.
    pub minor_digits: Option<Option<i16>>,
    /// As in the settings.
    pub phone_region: Option<String>,
}

/// Digits after the point where nobody said otherwise.
pub fn usual_digits(currency: Currency) -> i16 {
    i16::try_from(currency.usual_minor_digits()).unwrap_or(2).min(4)
}

impl Settings {
    /// Makes a change. Another currency brings its own digits along unless the change says otherwise.
    pub(super) fn apply(&mut self, change: &SettingsChange) {
        let SettingsChange { display_name, zone, currency, minor_digits, phone_region } = change.clone();
        if let Some(currency) = currency.filter(|currency| *currency != self.currency) {
            self.currency = currency;
            self.minor_digits = usual_digits(currency);
        }
        if let Some(digits) = minor_digits {
            self.minor_digits = digits.unwrap_or_else(|| usual_digits(self.currency));
        }
        self.display_name = display_name.unwrap_or_else(|| std::mem::take(&mut self.display_name));
        self.zone = zone.unwrap_or_else(|| std::mem::take(&mut self.zone));
        self.phone_region = phone_region.unwrap_or_else(|| std::mem::take(&mut self.phone_region));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).expect("listed")
    }

    #[test]
    fn another_currency_brings_its_digits() {
        let before = Settings {
            display_name: "Signature".to_owned(),
            zone: "Asia/Taipei".to_owned(),
            currency: currency("TWD"),
            minor_digits: 0,
            phone_region: "TW".to_owned(),
        };
        let after = |change: &SettingsChange| {
            let mut settings = before.clone();
            settings.apply(change);
            settings
        };
        let pounds = SettingsChange { currency: Some(currency("GBP")), ..SettingsChange::default() };
        assert_eq!(after(&pounds).minor_digits, 2);
        let whole = SettingsChange { minor_digits: Some(Some(0)), ..pounds };
        assert_eq!(after(&whole).minor_digits, 0);
        let cents = SettingsChange { minor_digits: Some(Some(2)), ..SettingsChange::default() };
        assert_eq!(after(&cents).minor_digits, 2);
        assert_eq!(after(&SettingsChange::default()), before);
    }
}
