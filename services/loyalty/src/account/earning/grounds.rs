//! Why an order earned what it did.

use jiff::Timestamp;
use rule::{Lack, Need, Outcome, Value};

use super::OrderFacts;
use crate::account::assessing::{Assessed, best, points_for};
use crate::account::decision::Decision;
use crate::account::facing::Buyer;
use crate::account::judging::{Judged, Verdict};
use crate::programme::rules::{Counted, Limit};
use crate::programme::terms::{EarnRate, Terms};

/// Parts told of a condition that does not hold.
const MOST_PARTS: usize = 5;

pub(super) fn grounds(
    terms: &Terms,
    rate: &EarnRate,
    order: &OrderFacts,
    buyer: &Buyer,
    assessed: &Assessed,
    lapses_at: Option<Timestamp>,
) -> Decision {
    let Assessed { basis, multiplier, base, tiered, .. } = *assessed;
    let mut grounds = Decision::new("earn", terms.number, order.occurred_at)
        .fact("basis_minor", basis)
        .fact("currency", rate.currency)
        .fact("tier", buyer.tier.as_deref().unwrap_or("none"))
        .fact("multiplier_percent", multiplier)
        .step("base", "so many points for so much money", base)
        .figure("points", rate.points)
        .figure("per_minor", rate.per_minor);
    if let (Some(rung), true) = (best(terms, buyer), multiplier != 100) {
        let detail = format!("x {}", hundredths(multiplier));
        grounds = grounds.step(&rung.display_name, detail, tiered.saturating_sub(base));
    }
    for rule in &assessed.judged {
        grounds = told(grounds, rule);
    }
    if let Some(lapse) = lapses_at {
        grounds = grounds.fact("lapse_time", lapse);
    }
    if assessed.judged.is_empty() {
        return match one_more(rate, multiplier, basis, assessed.points) {
            Some(change) => grounds.unless("basis_minor", change, assessed.points.saturating_add(1).to_string()),
            None => grounds,
        };
    }
    // With rules, more money may earn more at once, or less: what is told is the nearest rule that more money opens.
    let nearest = assessed.judged.iter().filter_map(|rule| Some((more_money(rule)?, rule)));
    match nearest.min_by_key(|(change, _)| *change) {
        Some((change, rule)) => grounds.unless("order.net_minor", change, rule.display_name.clone()),
        None => grounds,
    }
}

/// One step for each rule, with what it gave or what kept it from giving.
pub(in crate::account) fn told(grounds: Decision, rule: &Judged) -> Decision {
    let step =
        |detail: &str| grounds.clone().step(&rule.display_name, detail, rule.points()).figure("rule", &rule.code);
    match &rule.verdict {
        Verdict::Applied { capped: None, .. } => step("applied"),
        Verdict::Applied { capped: Some(limit), .. } => limited(step("applied, up to its limit"), limit),
        Verdict::Outbid { points, by } => {
            step("another rule of its group gives as much or more").figure("by", by).figure("would_give", points)
        }
        Verdict::NotMet { need, unknown } if unknown.is_empty() => lacking(step("its condition does not hold"), need),
        Verdict::NotMet { need, unknown } => {
            let step =
                step("its condition cannot be decided, as a fact is unknown").figure("unknown", unknown.join(", "));
            lacking(step, need)
        }
        Verdict::NoLine => step("none of the lines counts for it"),
        Verdict::TooLittle => step("what counts for it is worth less than a point"),
        Verdict::Limited { limit, points, left } => {
            limited(step("more than its limit leaves"), limit).figure("left", left).figure("would_give", points)
        }
        Verdict::Unreadable => step("its condition cannot be read any more"),
    }
}

fn limited(grounds: Decision, limit: &Limit) -> Decision {
    let most = match limit.of {
        Counted::Points => "limit_points",
        Counted::Orders => "limit_orders",
    };
    grounds.figure("limit_per", limit.per.name()).figure(most, limit.most)
}

fn lacking(grounds: Decision, need: &Need) -> Decision {
    need.lacks().into_iter().take(MOST_PARTS).fold(grounds, lack)
}

/// The part as it was written, what was found, and what each of its facts alone would have to be.
fn lack(grounds: Decision, lack: &Lack) -> Decision {
    let mut grounds = grounds.figure(if lack.wanted { "part" } else { "part_not" }, &lack.step.source);
    if let Some(found) = lack.step.found.as_ref().and_then(|found| found.value.as_ref()) {
        grounds = grounds.figure("found", found);
    } else if lack.step.outcome == Outcome::Undecided {
        grounds = grounds.figure("found", "unknown");
    }
    for flip in &lack.flips {
        grounds = match flip.by() {
            Some(Value::Int(by)) => grounds.figure(&format!("{}_more", flip.fact), by),
            Some(_) | None => grounds.figure(&format!("{}_needed", flip.fact), &flip.to),
        };
    }
    grounds
}

/// How much more money alone would open a rule.
fn more_money(rule: &Judged) -> Option<i64> {
    let Verdict::NotMet { need: Need::Part(lack), .. } = &rule.verdict else { return None };
    let flip = lack.flips.iter().find(|flip| flip.fact == "order.net_minor")?;
    match flip.by()? {
        Value::Int(by) => Some(by).filter(|by| *by > 0),
        Value::Bool(_) | Value::Text(_) | Value::Instant(_) | Value::Duration(_) | Value::Texts(_) => None,
    }
}

/// `150` as people say it: `1.5`.
fn hundredths(percent: i64) -> String {
    let text = format!("{}.{:02}", percent / 100, percent % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How much more would have earned one point more: found by halving, since more money never earns less.
fn one_more(rate: &EarnRate, multiplier: i64, basis: i64, points: i64) -> Option<i64> {
    let earns_more = |extra: i64| Some(points_for(rate, multiplier, basis.checked_add(extra)?)? > points);
    let mut enough = rate.per_minor.checked_mul(200)?;
    if !earns_more(enough)? {
        return None;
    }
    let mut short = 0_i64;
    while enough.checked_sub(short)? > 1 {
        let middle = short.checked_add(enough.checked_sub(short)?.checked_div(2)?)?;
        if earns_more(middle)? { enough = middle } else { short = middle }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiplier_is_told_as_people_say_it() {
        for (percent, told) in [(100, "1"), (120, "1.2"), (150, "1.5"), (125, "1.25"), (105, "1.05"), (1_000, "10")] {
            assert_eq!(hundredths(percent), told);
        }
    }
}
