//! The terms of a programme as people write them into a file, and as the wire carries them.

mod expiry;
mod ladder;
mod occasions;
mod rules;
mod transfers;
mod wallets;

use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use serde::{Deserialize, Serialize};

use crate::client::CliError;
pub use expiry::Expiry;
use ladder::ladder;
pub use ladder::{Counted, Gift, Ladder, Tier};
pub use occasions::{Birthdays, Occasion, OccasionRule};
pub use rules::{Award, EarnRule, Limit, Over, Period};
#[cfg(test)]
pub use transfers::Allowed;
pub use transfers::Transfers;
pub use wallets::Wallet;

/// The terms of a programme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Which version these are; said by the suite, never asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// What members read.
    pub display_name: String,
    /// From when they rule; from now where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_time: Option<Timestamp>,
    /// IANA zone in which its days begin and end.
    pub zone: String,
    /// What is earned in each currency.
    pub earn_rates: Vec<EarnRate>,
    /// How long points keep.
    #[serde(default)]
    pub expiry: Expiry,
    /// Days a lot keeps that would be born lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_days: Option<i32>,
    /// What a reversed earn may take.
    #[serde(default)]
    pub deficit: Deficit,
    /// How long the points of an order wait; not at all where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
    /// Tiers; none where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ladder: Option<Ladder>,
    /// Ladders beside it; none where not said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_ladders: Vec<Ladder>,
    /// What orders earn beyond the base rate; nothing where not said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earn_rules: Vec<EarnRule>,
    /// What is earned beside points; nothing where not said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wallets: Vec<Wallet>,
    /// What is earned on occasions that are no orders; nothing where not said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occasion_rules: Vec<OccasionRule>,
    /// When birthdays are kept; on the day where not said.
    #[serde(default, skip_serializing_if = "Birthdays::is_default")]
    pub birthdays: Birthdays,
    /// How members may pass points on; not at all where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
}

/// Points for money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarnRate {
    /// ISO 4217.
    pub currency: String,
    /// So many points …
    pub points: i64,
    /// … for so many minor units.
    pub per_minor: i64,
    /// How a fraction becomes a point.
    #[serde(default)]
    pub rounding: Rounding,
    /// What counts.
    #[serde(default)]
    pub basis: Basis,
}

/// Words of a file and the values of the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident as $wire:ident { $($(#[$word_doc:meta])* $word:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_doc])* $word),* }

        impl From<$name> for i32 {
            fn from(word: $name) -> Self {
                match word { $($name::$word => wire::$wire::$word.into()),* }
            }
        }

        impl $name {
            fn of(value: i32) -> Self {
                match wire::$wire::try_from(value) {
                    $(Ok(wire::$wire::$word) => Self::$word,)*
                    Ok(wire::$wire::Unspecified) | Err(_) => Self::default(),
                }
            }
        }
    };
}

words! {
    /// How a fraction becomes a whole number.
    Rounding as Rounding {
        /// Down.
        #[default]
        Floor,
        /// Half and more up.
        HalfUp,
        /// Half to even.
        HalfEven,
    }
}

words! {
    /// What counts for tiers.
    Metric as QualificationMetric {
        /// Money spent.
        #[default]
        Spend,
        /// Orders of which something was kept.
        Orders,
        /// Points that orders earned.
        PointsEarned,
        /// What is granted, and nothing else.
        Granted,
    }
}

words! {
    /// What becomes of a term within which the threshold to keep is met anew.
    Renewal as RenewalPolicy {
        /// Nothing, until its end.
        #[default]
        AtReview,
        /// It begins anew.
        Restarts,
        /// Another is appended.
        Appends,
    }
}

words! {
    /// What of an order's money counts.
    Basis as EarnBasis {
        /// Before discounts.
        Gross,
        /// Net of discounts.
        Net,
        /// Net of discounts and of the part paid with points.
        #[default]
        NetOfPoints,
        /// As the last, without the tax contained.
        NetWithoutTax,
    }
}

words! {
    /// What a reversed earn may take.
    Deficit as DeficitPolicy {
        /// Only what still waits of its own.
        OnlyPending,
        /// Only what is there.
        WithinBalance,
        /// All of it.
        #[default]
        Unlimited,
    }
}

words! {
    /// From which day points wait.
    PendingFrom as PendingFrom {
        /// The day of the order.
        #[default]
        Order,
        /// The day the buyer had the goods.
        Receipt,
    }
}

/// How long the points of an order wait before they can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// Through so many days after the one that is counted from.
    pub days: i32,
    /// Which day that is.
    #[serde(default)]
    pub from: PendingFrom,
}

words! {
    /// What happens at a review to who no longer meets the threshold.
    Demotion as DemotionPolicy {
        /// Nothing.
        None,
        /// One step down.
        OneStep,
        /// To the highest tier that is met.
        #[default]
        ToWhatIsMet,
    }
}

impl From<Terms> for wire::Programme {
    fn from(terms: Terms) -> Self {
        Self {
            version: 0,
            effective_time: terms.effective_time.map(proto::timestamp),
            display_name: terms.display_name,
            zone: terms.zone,
            earn_rates: terms.earn_rates.into_iter().map(Into::into).collect(),
            expiry: Some(terms.expiry.into()),
            ladder: terms.ladder.map(Into::into),
            grace_days: terms.grace_days,
            deficit: terms.deficit.into(),
            pending: terms.pending.map(Into::into),
            earn_rules: terms.earn_rules.into_iter().map(Into::into).collect(),
            further_ladders: terms.further_ladders.into_iter().map(Into::into).collect(),
            wallets: terms.wallets.into_iter().map(Into::into).collect(),
            occasion_rules: terms.occasion_rules.into_iter().map(Into::into).collect(),
            birthdays: terms.birthdays.wire(),
            transfers: terms.transfers.map(Into::into),
        }
    }
}

impl From<EarnRate> for wire::EarnRate {
    fn from(rate: EarnRate) -> Self {
        Self {
            currency_code: rate.currency,
            points: rate.points,
            per_minor: rate.per_minor,
            rounding: rate.rounding.into(),
            basis: rate.basis.into(),
        }
    }
}

impl From<Pending> for wire::PendingPolicy {
    fn from(pending: Pending) -> Self {
        Self { days: pending.days, from: pending.from.into() }
    }
}

impl From<wire::PendingPolicy> for Pending {
    fn from(pending: wire::PendingPolicy) -> Self {
        Self { days: pending.days, from: PendingFrom::of(pending.from) }
    }
}

impl TryFrom<wire::Programme> for Terms {
    type Error = CliError;

    fn try_from(programme: wire::Programme) -> Result<Self, CliError> {
        let effective = programme.effective_time.as_ref().and_then(|time| proto::instant(time).ok());
        Ok(Self {
            version: Some(programme.version),
            display_name: programme.display_name,
            effective_time: effective,
            zone: programme.zone,
            earn_rates: programme.earn_rates.into_iter().map(earn_rate).collect(),
            expiry: programme.expiry.into(),
            grace_days: programme.grace_days,
            deficit: Deficit::of(programme.deficit),
            pending: programme.pending.map(Into::into),
            ladder: programme.ladder.map(ladder).transpose()?,
            further_ladders: programme.further_ladders.into_iter().map(ladder).collect::<Result<_, _>>()?,
            earn_rules: programme.earn_rules.into_iter().map(EarnRule::try_from).collect::<Result<_, _>>()?,
            wallets: programme.wallets.into_iter().map(Into::into).collect(),
            occasion_rules: programme.occasion_rules.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            birthdays: programme.birthdays.map(Birthdays::of).unwrap_or_default(),
            transfers: programme.transfers.map(Into::into),
        })
    }
}

fn earn_rate(rate: wire::EarnRate) -> EarnRate {
    EarnRate {
        currency: rate.currency_code,
        points: rate.points,
        per_minor: rate.per_minor,
        rounding: Rounding::of(rate.rounding),
        basis: Basis::of(rate.basis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::{SHIPPED, shipped};

    #[test]
    fn shipped_terms_survive_the_wire() {
        for name in SHIPPED.map(|(name, _)| name) {
            let terms = shipped(name).expect("shipped");
            let there: wire::Programme = terms.clone().into();
            let back = Terms::try_from(there).expect("a whole programme");
            assert_eq!(Terms { version: None, ..back }, terms, "{name}");
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        let text = r#"{"display_name":"a","zone":"Asia/Taipei","earn_rates":[],"laddder":null}"#;
        let error = serde_json::from_str::<Terms>(text).expect_err("no such field");
        assert!(error.to_string().contains("laddder"), "{error}");
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let text =
            r#"{"display_name":"a","zone":"Asia/Taipei","earn_rates":[{"currency":"TWD","points":1,"per_minor":50}]}"#;
        let terms: Terms = serde_json::from_str(text).expect("enough");
        assert_eq!((terms.expiry, terms.deficit, terms.ladder), (Expiry::Never, Deficit::Unlimited, None));
        assert_eq!((terms.earn_rates[0].rounding, terms.earn_rates[0].basis), (Rounding::Floor, Basis::NetOfPoints));
    }
}
