//! Earn rules as the wire tells them.

use proto::loyalty::v1;
use proto::loyalty::v1::earn_rule::Award as WireAward;

use crate::programme::rules::{Award, Counted, EarnRule, Limit, LimitPeriod, OverLimit};

pub(super) fn rule(rule: EarnRule) -> v1::EarnRule {
    let award = match rule.award {
        Award::Fixed(points) => WireAward::FixedPoints(points),
        Award::Rate { currency, points, per_minor } => {
            WireAward::Rate(v1::RuleRate { currency_code: currency.to_string(), points, per_minor })
        }
        Award::Multiplied(percent) => WireAward::MultiplierPercent(i32::try_from(percent).unwrap_or(i32::MAX)),
    };
    v1::EarnRule {
        code: rule.code,
        display_name: rule.display_name,
        when: rule.when.into(),
        lines: rule.lines.into(),
        award: Some(award),
        from_time: rule.from.map(proto::timestamp),
        until_time: rule.until.map(proto::timestamp),
        exclusive_group: rule.group,
        limits: rule.limits.iter().map(limit).collect(),
        wallet: rule.wallet.to_string(),
    }
}

pub(super) fn limit(limit: &Limit) -> v1::RuleLimit {
    let period = match limit.per {
        LimitPeriod::Order => v1::LimitPeriod::Order,
        LimitPeriod::Day => v1::LimitPeriod::Day,
        LimitPeriod::Week => v1::LimitPeriod::Week,
        LimitPeriod::Month => v1::LimitPeriod::Month,
        LimitPeriod::Year => v1::LimitPeriod::Year,
        LimitPeriod::Ever => v1::LimitPeriod::Ever,
    };
    let over = match limit.over {
        OverLimit::Cap => v1::OverLimit::Cap,
        OverLimit::Refuse => v1::OverLimit::Refuse,
    };
    let (most_points, most_orders) = match limit.of {
        Counted::Points => (limit.most, 0),
        Counted::Orders => (0, limit.most),
    };
    v1::RuleLimit { period: period.into(), most_points, over: over.into(), most_orders }
}
