//! Wallets beside points as people write them into a file, and as the wire carries them.

use proto::loyalty::v1 as wire;
use serde::{Deserialize, Serialize};

use super::{Deficit, EarnRate, Expiry, Pending, Transfers, earn_rate};

/// A second currency, such as stamps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wallet {
    /// Lower case letters, digits, hyphens; 16 at most.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What is earned in each currency; `points` is 0 where rules alone give something.
    pub earn_rates: Vec<EarnRate>,
    /// How long it keeps.
    #[serde(default)]
    pub expiry: Expiry,
    /// Days that are left of what would be born lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_days: Option<i32>,
    /// What a reversed earn may take.
    #[serde(default)]
    pub deficit: Deficit,
    /// How long what an order earned waits; not at all where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// How members may pass it on; not at all where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
}

impl From<Wallet> for wire::Wallet {
    fn from(wallet: Wallet) -> Self {
        Self {
            code: wallet.code,
            display_name: wallet.display_name,
            earn_rates: wallet.earn_rates.into_iter().map(Into::into).collect(),
            expiry: Some(wallet.expiry.into()),
            grace_days: wallet.grace_days,
            deficit: wallet.deficit.into(),
            pending: wallet.pending.map(Into::into),
            transfers: wallet.transfers.map(Into::into),
        }
    }
}

impl From<wire::Wallet> for Wallet {
    fn from(wallet: wire::Wallet) -> Self {
        Self {
            code: wallet.code,
            display_name: wallet.display_name,
            earn_rates: wallet.earn_rates.into_iter().map(earn_rate).collect(),
            expiry: wallet.expiry.into(),
            grace_days: wallet.grace_days,
            deficit: Deficit::of(wallet.deficit),
            pending: wallet.pending.map(Into::into),
            transfers: wallet.transfers.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Terms;
    use super::*;

    const FILE: &str = r#"{
        "display_name": "a",
        "zone": "Asia/Taipei",
        "earn_rates": [],
        "wallets": [
            {"code": "stamps", "display_name": "Stamps", "earn_rates": [{"currency": "TWD", "points": 0, "per_minor": 1}],
             "expiry": {"after": {"days": 70}}, "grace_days": 3, "deficit": "within_balance", "pending": {"days": 7},
             "transfers": {"allowed": "anybody", "fee_basis_points": 250, "most_points_month": 20}}
        ],
        "earn_rules": [
            {"code": "stamp", "wallet": "stamps", "display_name": "A stamp", "award": {"fixed_points": 1}}
        ]
    }"#;

    #[test]
    fn wallets_survive_the_wire() {
        let terms: Terms = serde_json::from_str(FILE).expect("a programme");
        let there: wire::Programme = terms.clone().into();
        assert_eq!((there.wallets.len(), there.earn_rules[0].wallet.as_str()), (1, "stamps"));
        let back = Terms::try_from(there).expect("a whole programme");
        assert_eq!(Terms { version: None, ..back }, terms);
    }
}
