//! Earn rules as people write them into a file, and as the wire carries them.

use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use proto::loyalty::v1::earn_rule::Award as WireAward;
use serde::{Deserialize, Serialize};

use crate::client::CliError;

/// What an order earns beyond the base rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarnRule {
    /// Lower case letters, digits, hyphens.
    pub code: String,
    /// Code of the wallet that what it gives goes to; points where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wallet: String,
    /// What members read.
    pub display_name: String,
    /// Which orders earn by it, in CEL; all where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// Which of their lines count, in CEL; all where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lines: String,
    /// What it gives.
    pub award: Award,
    /// Orders from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Orders before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of the rules of one group the best for the member counts alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exclusive_group: String,
    /// How much it gives at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// What a rule gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Award {
    /// So many points for the order.
    FixedPoints(i64),
    /// Points for money of the lines that count.
    Rate {
        /// ISO 4217.
        currency: String,
        /// So many points …
        points: i64,
        /// … for so many minor units.
        per_minor: i64,
    },
    /// What the base rate gives, in hundredths: 200 gives as much again.
    MultiplierPercent(i32),
}

/// How much a rule gives at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// In which time.
    pub period: Period,
    /// So many points …
    #[serde(default, skip_serializing_if = "is_zero")]
    pub most_points: i64,
    /// … or so many orders that earn by it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub most_orders: i64,
    /// What becomes of an order that would bring more.
    #[serde(default)]
    pub over: Over,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
pub(super) fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// Over which time a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// One order.
    Order,
    /// A day.
    Day,
    /// A week, from Monday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
    /// For ever.
    Ever,
}

/// What becomes of an order that would bring more than a limit leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It earns what is left.
    #[default]
    Cap,
    /// It earns nothing by this rule.
    Refuse,
}

impl From<EarnRule> for wire::EarnRule {
    fn from(rule: EarnRule) -> Self {
        let award = match rule.award {
            Award::FixedPoints(points) => WireAward::FixedPoints(points),
            Award::Rate { currency, points, per_minor } => {
                WireAward::Rate(wire::RuleRate { currency_code: currency, points, per_minor })
            }
            Award::MultiplierPercent(percent) => WireAward::MultiplierPercent(percent),
        };
        Self {
            code: rule.code,
            wallet: rule.wallet,
            display_name: rule.display_name,
            when: rule.when,
            lines: rule.lines,
            award: Some(award),
            from_time: rule.from.map(proto::timestamp),
            until_time: rule.until.map(proto::timestamp),
            exclusive_group: rule.exclusive_group,
            limits: rule.limits.into_iter().map(Into::into).collect(),
        }
    }
}

impl Period {
    /// As the wire has it.
    pub const fn wire(self) -> wire::LimitPeriod {
        match self {
            Self::Order => wire::LimitPeriod::Order,
            Self::Day => wire::LimitPeriod::Day,
            Self::Week => wire::LimitPeriod::Week,
            Self::Month => wire::LimitPeriod::Month,
            Self::Year => wire::LimitPeriod::Year,
            Self::Ever => wire::LimitPeriod::Ever,
        }
    }
}

impl From<Limit> for wire::RuleLimit {
    fn from(limit: Limit) -> Self {
        let period = limit.period.wire();
        let over = match limit.over {
            Over::Cap => wire::OverLimit::Cap,
            Over::Refuse => wire::OverLimit::Refuse,
        };
        Self {
            period: period.into(),
            most_points: limit.most_points,
            over: over.into(),
            most_orders: limit.most_orders,
        }
    }
}

impl TryFrom<wire::EarnRule> for EarnRule {
    type Error = CliError;

    fn try_from(rule: wire::EarnRule) -> Result<Self, CliError> {
        let award = match rule.award {
            Some(WireAward::FixedPoints(points)) => Award::FixedPoints(points),
            Some(WireAward::Rate(rate)) => {
                Award::Rate { currency: rate.currency_code, points: rate.points, per_minor: rate.per_minor }
            }
            Some(WireAward::MultiplierPercent(percent)) => Award::MultiplierPercent(percent),
            None => return Err(CliError::odd("the suite gave an earn rule without an award")),
        };
        let instant = |time: Option<prost_types::Timestamp>| time.as_ref().and_then(|time| proto::instant(time).ok());
        Ok(Self {
            code: rule.code,
            wallet: rule.wallet,
            display_name: rule.display_name,
            when: rule.when,
            lines: rule.lines,
            award,
            from: instant(rule.from_time),
            until: instant(rule.until_time),
            exclusive_group: rule.exclusive_group,
            limits: rule.limits.into_iter().map(Limit::try_from).collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::RuleLimit> for Limit {
    type Error = CliError;

    fn try_from(limit: wire::RuleLimit) -> Result<Self, CliError> {
        let period = match wire::LimitPeriod::try_from(limit.period) {
            Ok(wire::LimitPeriod::Order) => Period::Order,
            Ok(wire::LimitPeriod::Day) => Period::Day,
            Ok(wire::LimitPeriod::Week) => Period::Week,
            Ok(wire::LimitPeriod::Month) => Period::Month,
            Ok(wire::LimitPeriod::Year) => Period::Year,
            Ok(wire::LimitPeriod::Ever) => Period::Ever,
            Ok(wire::LimitPeriod::Unspecified) | Err(_) => {
                return Err(CliError::odd("the suite gave a limit without a period"));
            }
        };
        let over = match wire::OverLimit::try_from(limit.over) {
            Ok(wire::OverLimit::Refuse) => Over::Refuse,
            Ok(wire::OverLimit::Cap | wire::OverLimit::Unspecified) | Err(_) => Over::Cap,
        };
        Ok(Self { period, most_points: limit.most_points, most_orders: limit.most_orders, over })
    }
}
