//! A campaign as people write it into a file.

use jiff::Timestamp;
use jiff::civil::Date;
use proto::loyalty::v1 as wire;
use serde::{Deserialize, Serialize};

use crate::basket::Which;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Names it for ever.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What is given.
    pub gives: Gives,
    /// ISO 4217.
    pub currency: String,
    /// What has to be spent.
    #[serde(default)]
    pub minimum_minor: i64,
    /// Whether that is after other discounts.
    #[serde(default)]
    pub minimum_after_discounts: bool,
    /// Which goods count; all where none is named.
    #[serde(default)]
    pub goods: Which,
    /// From when on it can be used.
    #[serde(default)]
    pub valid_from: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
    /// For how many days each.
    #[serde(default)]
    pub valid_days: i32,
    /// After how many days each.
    #[serde(default)]
    pub delay_days: i32,
    /// Days of the week without it, 1 is Monday.
    #[serde(default)]
    pub excluded_weekdays: Vec<i32>,
    /// Dates without it.
    #[serde(default)]
    pub excluded_dates: Vec<Date>,
    /// Of one group one is used.
    #[serde(default)]
    pub stacking_group: String,
    /// With no other.
    #[serde(default)]
    pub exclusive: bool,
    /// One code for everybody.
    #[serde(default)]
    pub shared_code: Option<String>,
    /// A code for each use.
    #[serde(default)]
    pub unique_codes: bool,
    /// How often all of it can be used.
    #[serde(default)]
    pub max_uses: i64,
    /// What all of it may save.
    #[serde(default)]
    pub budget_minor: i64,
    /// How often a member can use it.
    #[serde(default)]
    pub max_uses_per_member: i64,
    /// How many unused ones a member may hold.
    #[serde(default)]
    pub max_held_per_member: i64,
    /// A returned order does not give the use back.
    #[serde(default)]
    pub stays_used_on_return: bool,
    /// What members read of its conditions.
    #[serde(default)]
    pub conditions: String,
}

/// What is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Gives {
    /// So much off.
    AmountOff {
        /// In minor units.
        minor: i64,
    },
    /// So many percent off.
    PercentOff {
        /// How many.
        percent: i32,
        /// At most so much.
        #[serde(default)]
        most_minor: i64,
    },
    /// A product.
    Gift {
        /// Which.
        product: String,
        /// What it is worth.
        worth_minor: i64,
    },
    /// Delivery for nothing.
    FreeDelivery {
        /// At most so much.
        #[serde(default)]
        most_minor: i64,
    },
}

impl From<Gives> for wire::campaign::Benefit {
    fn from(gives: Gives) -> Self {
        match gives {
            Gives::AmountOff { minor } => Self::AmountOff(wire::AmountOff { minor }),
            Gives::PercentOff { percent, most_minor } => Self::PercentOff(wire::PercentOff { percent, most_minor }),
            Gives::Gift { product, worth_minor } => Self::Gift(wire::Gift { product, worth_minor }),
            Gives::FreeDelivery { most_minor } => Self::FreeDelivery(wire::FreeDelivery { most_minor }),
        }
    }
}

impl From<Campaign> for wire::Campaign {
    fn from(said: Campaign) -> Self {
        let distribution = match (&said.shared_code, said.unique_codes) {
            (Some(_), _) => wire::Distribution::SharedCode,
            (None, true) => wire::Distribution::UniqueCodes,
            (None, false) => wire::Distribution::Members,
        };
        let basis = if said.minimum_after_discounts {
            wire::MinimumBasis::AfterDiscounts
        } else {
            wire::MinimumBasis::BeforeDiscounts
        };
        let return_rule =
            if said.stays_used_on_return { wire::ReturnRule::StaysUsed } else { wire::ReturnRule::ComesBack };
        Self {
            code: said.code,
            display_name: said.display_name,
            benefit: Some(said.gives.into()),
            currency_code: said.currency,
            minimum_minor: said.minimum_minor,
            minimum_basis: basis.into(),
            products: said.goods.products,
            categories: said.goods.categories,
            valid_from_time: said.valid_from.map(proto::timestamp),
            valid_until_time: said.valid_until.map(proto::timestamp),
            valid_days: said.valid_days,
            delay_days: said.delay_days,
            excluded_weekdays: said.excluded_weekdays,
            excluded_dates: said.excluded_dates.into_iter().map(Into::into).collect(),
            stacking_group: said.stacking_group,
            exclusive: said.exclusive,
            distribution: distribution.into(),
            shared_code: said.shared_code.unwrap_or_default(),
            max_uses: said.max_uses,
            budget_minor: said.budget_minor,
            max_uses_per_member: said.max_uses_per_member,
            max_held_per_member: said.max_held_per_member,
            return_rule: return_rule.into(),
            conditions: said.conditions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_is_written_in_a_few_lines() {
        let text = r#"{"code":"ten","display_name":"Ten off","gives":{"amount_off":{"minor":10}},"currency":"TWD",
            "minimum_minor":100,"shared_code":"TEN","excluded_dates":["2026-12-25"]}"#;
        let read: Campaign = serde_json::from_str(text).expect("it can be read");
        let told = wire::Campaign::from(read);
        assert_eq!(told.distribution(), wire::Distribution::SharedCode);
        assert_eq!((told.minimum_minor, told.excluded_dates.len()), (100, 1));
    }
}
