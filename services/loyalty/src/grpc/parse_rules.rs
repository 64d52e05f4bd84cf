//! Earn rules, read: every wrong field at once, and every fault of a condition with its place.

use kernel::Currency;
use proto::loyalty::v1 as wire_v1;
use proto::loyalty::v1::earn_rule::Award as WireAward;
use wire::Violations;

use super::parse_programme::unknown;
use super::parse_promise::wallet_code;
use crate::programme::rules::{Award, Condition, Counted, EarnRule, Limit, LimitPeriod, MOST_RULES, OverLimit};
use crate::programme::words::Words;

/// Bytes of one condition.
const MOST_BYTES: usize = 2_048;

/// Bytes of all conditions of a programme: a bound on how long putting it takes.
pub(super) const MOST_BYTES_IN_ALL: usize = 65_536;

const MOST_POINTS: i64 = 1_000_000_000_000;
const MOST_ORDERS: i64 = 1_000_000;

pub(super) fn read_rules(
    bad: &mut Violations,
    rules: &[wire_v1::EarnRule],
    wallets: &[wire_v1::Wallet],
) -> Option<Vec<EarnRule>> {
    let few = bad.count("programme.earn_rules", rules.len(), 0..=MOST_RULES);
    let bytes =
        rules.iter().fold(0_usize, |sum, rule| sum.saturating_add(rule.when.len()).saturating_add(rule.lines.len()));
    if bytes > MOST_BYTES_IN_ALL {
        bad.add("programme.earn_rules", format!("must have at most {MOST_BYTES_IN_ALL} bytes of conditions in all"));
    }
    if !few || bytes > MOST_BYTES_IN_ALL {
        return None;
    }
    let mut read: Vec<EarnRule> = Vec::with_capacity(rules.len());
    let mut complete = true;
    for (place, rule) in rules.iter().enumerate() {
        let within = format!("programme.earn_rules[{place}]");
        if rules.iter().take(place).any(|known| known.code == rule.code) {
            bad.add(format!("{within}.code"), "is used twice");
        }
        if !rule.wallet.is_empty() && !wallets.iter().any(|wallet| wallet.code == rule.wallet) {
            bad.add(format!("{within}.wallet"), "is none of the programme's wallets");
        }
        match read_rule(bad, &within, rule) {
            Some(rule) => read.push(rule),
            None => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_rule(bad: &mut Violations, within: &str, rule: &wire_v1::EarnRule) -> Option<EarnRule> {
    let field = |name: &str| format!("{within}.{name}");
    let code = bad.code(&field("code"), &rule.code, 1..=40);
    let wallet = wallet_code(bad, &field("wallet"), &rule.wallet);
    let display_name = bad.text(&field("display_name"), &rule.display_name, 1..=100);
    let when = condition(bad, &field("when"), &rule.when);
    let lines = condition(bad, &field("lines"), &rule.lines);
    let award = read_award(bad, within, rule.award.as_ref());
    let from = bad.instant(&field("from_time"), rule.from_time.as_ref());
    let until = bad.instant(&field("until_time"), rule.until_time.as_ref());
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        bad.add(field("until_time"), "must be after from_time");
    }
    let group = match rule.exclusive_group.as_str() {
        "" => Some(String::new()),
        group => bad.code(&field("exclusive_group"), group, 1..=40),
    };
    let limits = read_limits(bad, within, &rule.limits);
    Some(EarnRule {
        code: code?,
        wallet: wallet?,
        display_name: display_name?,
        when: when?,
        lines: lines?,
        award: award?,
        from: from.map(kernel::to_microsecond),
        until: until.map(kernel::to_microsecond),
        group: group?,
        limits: limits?,
    })
}

pub(super) fn condition<W: Words>(bad: &mut Violations, field: &str, text: &str) -> Option<Condition<W>> {
    if text.len() > MOST_BYTES {
        bad.add(field, format!("must have at most {MOST_BYTES} bytes"));
        return None;
    }
    match Condition::parse(text) {
        Ok(condition) => Some(condition),
        Err(faults) => {
            faults.iter().for_each(|fault| bad.add(field, fault.to_string()));
            None
        }
    }
}

fn read_award(bad: &mut Violations, within: &str, award: Option<&WireAward>) -> Option<Award> {
    let field = |name: &str| format!("{within}.{name}");
    match award {
        None => {
            bad.add(within, "needs an award: fixed_points, rate or multiplier_percent");
            None
        }
        Some(WireAward::FixedPoints(points)) => {
            bad.number(&field("fixed_points"), *points, 1..=1_000_000_000).map(Award::Fixed)
        }
        Some(WireAward::MultiplierPercent(percent)) => {
            bad.number(&field("multiplier_percent"), i64::from(*percent), 101..=100_000).map(Award::Multiplied)
        }
        Some(WireAward::Rate(rate)) => {
            let currency = bad.take(&field("rate.currency_code"), Currency::parse(&rate.currency_code));
            let points = bad.number(&field("rate.points"), rate.points, 1..=1_000_000);
            let per_minor = bad.number(&field("rate.per_minor"), rate.per_minor, 1..=1_000_000_000);
            Some(Award::Rate { currency: currency?, points: points?, per_minor: per_minor? })
        }
    }
}

pub(super) fn read_limits(bad: &mut Violations, within: &str, limits: &[wire_v1::RuleLimit]) -> Option<Vec<Limit>> {
    bad.count(&format!("{within}.limits"), limits.len(), 0..=6);
    let mut read: Vec<Limit> = Vec::new();
    let mut complete = true;
    for (place, limit) in limits.iter().enumerate().take(6) {
        let field = |name: &str| format!("{within}.limits[{place}].{name}");
        let per = match wire_v1::LimitPeriod::try_from(limit.period) {
            Ok(wire_v1::LimitPeriod::Order) => Some(LimitPeriod::Order),
            Ok(wire_v1::LimitPeriod::Day) => Some(LimitPeriod::Day),
            Ok(wire_v1::LimitPeriod::Week) => Some(LimitPeriod::Week),
            Ok(wire_v1::LimitPeriod::Month) => Some(LimitPeriod::Month),
            Ok(wire_v1::LimitPeriod::Year) => Some(LimitPeriod::Year),
            Ok(wire_v1::LimitPeriod::Ever) => Some(LimitPeriod::Ever),
            Ok(wire_v1::LimitPeriod::Unspecified) => {
                bad.add(field("period"), "is required");
                None
            }
            Err(_) => unknown(bad, &field("period")),
        };
        let most = read_most(bad, &field, limit);
        let over = match wire_v1::OverLimit::try_from(limit.over) {
            Ok(wire_v1::OverLimit::Unspecified | wire_v1::OverLimit::Cap) => Some(OverLimit::Cap),
            Ok(wire_v1::OverLimit::Refuse) => Some(OverLimit::Refuse),
            Err(_) => unknown(bad, &field("over")),
        };
        let of = most.map(|(_, of)| of);
        if read.iter().any(|known| Some(known.per) == per && Some(known.of) == of) {
            bad.add(field("period"), "has such a limit already");
        }
        if (per, of) == (Some(LimitPeriod::Order), Some(Counted::Orders)) {
            bad.add(field("period"), "must be longer than an order, where orders are counted");
        }
        match (per, most, over) {
            (Some(per), Some((most, of)), Some(over)) => read.push(Limit { per, most, of, over }),
            _ => complete = false,
        }
    }
    complete.then_some(read)
}

/// So many points, or so many orders: one of the two.
fn read_most(
    bad: &mut Violations,
    field: &impl Fn(&str) -> String,
    limit: &wire_v1::RuleLimit,
) -> Option<(i64, Counted)> {
    match (limit.most_points, limit.most_orders) {
        (0, orders) if orders != 0 => {
            bad.number(&field("most_orders"), orders, 1..=MOST_ORDERS).map(|most| (most, Counted::Orders))
        }
        (points, 0) => bad.number(&field("most_points"), points, 1..=MOST_POINTS).map(|most| (most, Counted::Points)),
        (_, _) => {
            bad.add(field("most_orders"), "cannot be said beside most_points: that is another limit");
            None
        }
    }
}
