//! Wallets beside points: a second currency, such as stamps, with terms of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rules::EarnRule;
use super::terms::{DeficitPolicy, EarnRate, Expiry, Pending, Programme, Terms, Versions};
use super::transfers::Transfers;
use crate::account::wallet::WalletCode;

/// Wallets of one programme.
pub const MOST_WALLETS: usize = 10;

/// One wallet beside points, and what is promised of what lies in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wallet {
    /// Unique in the programme; never that of points.
    #[serde(with = "code")]
    pub code: WalletCode,
    /// What members read.
    pub display_name: String,
    /// What is earned by money, by currency; no points where rules alone give something.
    pub rates: Vec<EarnRate>,
    /// How long it keeps.
    pub expiry: Expiry,
    /// Days for what would be born lapsed, or comes back lapsed.
    pub grace_days: i32,
    /// What a reversed earn may take.
    pub deficit: DeficitPolicy,
    /// How long what an order earned waits, where it does.
    pub pending: Option<Pending>,
    /// How members may pass on what lies in it, where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
}

impl Programme {
    /// Whether something can be earned in a wallet, or given to it.
    #[must_use]
    pub fn names(&self, code: WalletCode) -> bool {
        code.is_points() || self.wallets.iter().any(|wallet| wallet.code == code)
    }

    /// The terms of one wallet, as if it were all there is: without tiers, which points alone have. A wallet that these
    /// terms do not name earns nothing, and keeps what lies in it as it was promised.
    #[must_use]
    pub fn of_wallet(&self, code: WalletCode) -> Self {
        if code.is_points() {
            return self.clone();
        }
        let ruled = self.rules.iter().filter(|rule| rule.wallet == code);
        let rules = ruled.map(|rule| EarnRule { wallet: WalletCode::POINTS, ..rule.clone() }).collect();
        let base = Self {
            ladder: None,
            further_ladders: Vec::new(),
            wallets: Vec::new(),
            rates: Vec::new(),
            rules,
            // What an occasion gives to all wallets is judged at once, by the terms of points.
            occasions: Vec::new(),
            ..self.clone()
        };
        match self.wallets.iter().find(|wallet| wallet.code == code).cloned() {
            Some(Wallet { rates, expiry, grace_days, deficit, pending, transfers, .. }) => {
                Self { rates, expiry, grace_days, deficit, pending, transfers, ..base }
            }
            None => Self { rules: Vec::new(), pending: None, transfers: None, ..base },
        }
    }
}

/// The versions of a programme, wallet by wallet.
#[derive(Clone, Debug, Default)]
pub struct ByWallet {
    points: Arc<Versions>,
    others: BTreeMap<WalletCode, Arc<Versions>>,
}

impl ByWallet {
    /// Of a programme. Who has no wallet beside points pays nothing for it.
    #[must_use]
    pub fn of(points: Arc<Versions>) -> Self {
        let codes = points.iter().flat_map(|terms| terms.wallets.iter().map(|wallet| wallet.code));
        let of = |code: WalletCode| {
            let mut promised: Option<Programme> = None;
            let only = points.iter().map(|terms| {
                let mut only = terms.of_wallet(code);
                if terms.names(code) {
                    promised = Some(only.clone());
                } else if let Some(Programme { expiry, grace_days, deficit, .. }) = promised {
                    // What lies in it stays as it was promised.
                    only = Programme { expiry, grace_days, deficit, ..only };
                }
                Terms { terms: only, ..terms.clone() }
            });
            (code, Arc::new(Versions::new(only.collect())))
        };
        let others = codes.map(of).collect();
        Self { points, others }
    }

    /// Of points.
    #[must_use]
    pub fn points(&self) -> &Arc<Versions> {
        &self.points
    }

    /// Of a wallet; none where no version ever named it.
    #[must_use]
    pub fn get(&self, code: WalletCode) -> Option<&Arc<Versions>> {
        if code.is_points() { Some(&self.points) } else { self.others.get(&code) }
    }

    /// All wallets beside points that some version names.
    pub fn others(&self) -> impl Iterator<Item = WalletCode> {
        self.others.keys().copied()
    }
}

/// A code, as text.
pub(super) mod code {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::account::wallet::WalletCode;

    pub(in crate::programme) fn serialize<S: Serializer>(code: &WalletCode, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(code.as_str())
    }

    pub(in crate::programme) fn deserialize<'de, D: Deserializer<'de>>(read: D) -> Result<WalletCode, D::Error> {
        let text = String::deserialize(read)?;
        WalletCode::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::example;
    use crate::programme::rules::{Award, Condition};

    fn stamps() -> WalletCode {
        WalletCode::parse("stamps").expect("a code")
    }

    fn with_stamps() -> Terms {
        let mut terms = example::signature();
        let rate = EarnRate { points: 0, ..terms.rates[0].clone() };
        terms.wallets = vec![Wallet {
            code: stamps(),
            display_name: "Stamps".to_owned(),
            rates: vec![rate],
            expiry: Expiry::After { months: 0, days: 90, to_month_end: false },
            grace_days: 3,
            deficit: DeficitPolicy::WithinBalance,
            pending: None,
            transfers: None,
        }];
        let rule = |code: &str, wallet| EarnRule {
            code: code.to_owned(),
            wallet,
            display_name: code.to_owned(),
            when: Condition::default(),
            lines: Condition::default(),
            award: Award::Fixed(1),
            from: None,
            until: None,
            group: String::new(),
            limits: Vec::new(),
        };
        terms.rules = vec![rule("welcome", WalletCode::POINTS), rule("stamp", stamps())];
        terms
    }

    #[test]
    fn a_wallet_is_a_programme_of_its_own_without_tiers() {
        let only = with_stamps().of_wallet(stamps());
        assert_eq!(only.ladder, None);
        assert_eq!((only.rates[0].points, only.grace_days, only.deficit), (0, 3, DeficitPolicy::WithinBalance));
        let codes: Vec<&str> = only.rules.iter().map(|rule| rule.code.as_str()).collect();
        assert_eq!(codes, ["stamp"]);
        assert!(only.rules.iter().all(|rule| rule.wallet.is_points()), "within itself it is the one there is");
    }

    #[test]
    fn a_wallet_that_is_no_longer_named_earns_nothing_and_keeps_its_versions() {
        let (old, mut new) = (with_stamps(), example::signature());
        new.number = 2;
        let versions = ByWallet::of(Arc::new(Versions::new(vec![old, new])));
        assert_eq!(versions.others().collect::<Vec<_>>(), [stamps()]);
        let last = versions.get(stamps()).and_then(|all| all.last().cloned()).expect("it was named once");
        assert!(last.rates.is_empty() && last.rules.is_empty());
        assert_eq!(
            (last.grace_days, last.deficit),
            (3, DeficitPolicy::WithinBalance),
            "what lies in it stays as promised"
        );
        assert!(versions.get(WalletCode::parse("tea").expect("a code")).is_none());
    }

    #[test]
    fn what_is_kept_is_read_again_and_older_terms_have_no_wallets() {
        let terms = with_stamps().terms;
        let kept = serde_json::to_value(&terms).expect("it can be written");
        assert_eq!(serde_json::from_value::<Programme>(kept.clone()).expect("it can be read"), terms);
        let mut older = kept;
        let fields = older.as_object_mut().expect("an object");
        fields.remove("wallets");
        for rule in fields["rules"].as_array_mut().expect("rules") {
            rule.as_object_mut().expect("a rule").remove("wallet");
        }
        let read: Programme = serde_json::from_value(older).expect("it can be read");
        assert!(read.wallets.is_empty() && read.rules.iter().all(|rule| rule.wallet.is_points()));
    }
}
