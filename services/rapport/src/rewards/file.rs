//! A reward as people write it into a file.

use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use serde::{Deserialize, Serialize};

/// A reward.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reward {
    /// Names it for ever.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What they read about it.
    #[serde(default)]
    pub description: String,
    /// What it costs.
    pub points: i64,
    /// What is given.
    pub gives: Gives,
    /// ISO 4217.
    pub currency: String,
    /// What is paid beside the points.
    #[serde(default)]
    pub co_payment_minor: i64,
    /// What one would cost the member.
    #[serde(default)]
    pub worth_minor: i64,
    /// What one costs the shop.
    #[serde(default)]
    pub cost_minor: i64,
    /// How many a member can have.
    #[serde(default)]
    pub max_per_member: i64,
    /// For whom, as a condition.
    #[serde(default)]
    pub audience: String,
    /// From when on.
    #[serde(default)]
    pub from_time: Option<Timestamp>,
    /// Until when.
    #[serde(default)]
    pub until_time: Option<Timestamp>,
    /// How many there are.
    #[serde(default)]
    pub stock: Option<i64>,
    /// Few, where so many are left.
    #[serde(default)]
    pub low_stock: i64,
    /// Until when a claim can be cancelled.
    #[serde(default)]
    pub cancel: Cancel,
}

/// What is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gives {
    /// A coupon of this campaign.
    Coupon(String),
    /// This product.
    Goods(String),
    /// To this cause.
    Charity(String),
}

/// Until when a claim can be cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// Until it is handed over.
    #[default]
    UntilFulfilled,
    /// After that, too.
    Always,
    /// Never.
    Never,
}

impl From<Reward> for wire::Reward {
    fn from(said: Reward) -> Self {
        let gives = match said.gives {
            Gives::Coupon(campaign) => wire::reward::Gives::Coupon(wire::RewardCoupon { campaign }),
            Gives::Goods(product) => wire::reward::Gives::Goods(wire::RewardGoods { product }),
            Gives::Charity(cause) => wire::reward::Gives::Charity(wire::RewardCharity { cause }),
        };
        let cancel_rule = match said.cancel {
            Cancel::UntilFulfilled => wire::CancelRule::UntilFulfilled,
            Cancel::Always => wire::CancelRule::Always,
            Cancel::Never => wire::CancelRule::Never,
        };
        Self {
            code: said.code,
            display_name: said.display_name,
            description: said.description,
            points: said.points,
            gives: Some(gives),
            currency_code: said.currency,
            co_payment_minor: said.co_payment_minor,
            worth_minor: said.worth_minor,
            cost_minor: said.cost_minor,
            max_per_member: said.max_per_member,
            audience: said.audience,
            from_time: said.from_time.map(proto::timestamp),
            until_time: said.until_time.map(proto::timestamp),
            stock: said.stock,
            low_stock: said.low_stock,
            cancel_rule: cancel_rule.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reward_is_written_in_a_few_lines() {
        let text =
            r#"{"code":"mug","display_name":"Mug","points":50,"gives":{"goods":"mug"},"currency":"TWD","stock":3}"#;
        let read: Reward = serde_json::from_str(text).expect("it can be read");
        let told = wire::Reward::from(read);
        assert_eq!((told.points, told.stock, told.cancel_rule()), (50, Some(3), wire::CancelRule::UntilFulfilled));
        assert!(serde_json::from_str::<Reward>(&text.replace("stock", "stok")).is_err(), "a slip is not passed over");
    }
}
