//! Which earn rules an order earns by, how much by each, and what kept it from the others.
//!
//! 1. A rule that does not speak of the order's moment or currency, or that gives to another wallet, is not looked at.
//! 2. Its condition has to hold; what is undecided, as a fact is unknown, does not. Then its lines are looked for, then
//!    what it gives, then its limits in their order.
//! 3. Of the rules of a group the one that gives the most, after its limits, is applied; of equals the first.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::Rounding;
use kernel::rounding::share;
use rule::{Need, Undecided};

use super::earning::OrderFacts;
use super::facing::{self, Buyer, Lists};
use super::holdings::OutOfRange;
use super::uses::{self, RuleUse};
use crate::programme::rules::{Award, Condition, Counted, EarnRule, Limit, OverLimit, Unreadable};
use crate::programme::terms::Programme;
use crate::programme::words::Words;

/// What a rule came to for one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The rule's code.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What is earned by it is counted for its limits.
    pub counts: bool,
    /// What it came to.
    pub verdict: Verdict,
}

/// What a rule came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The order earns by it.
    Applied {
        /// So many points.
        points: i64,
        /// The limit that left no more.
        capped: Option<Limit>,
    },
    /// Another rule of its group gives as much or more.
    Outbid {
        /// So many points it would have given.
        points: i64,
        /// The code of the other.
        by: String,
    },
    /// Its condition does not hold.
    NotMet {
        /// What it needs.
        need: Need,
        /// Facts that are unknown, where that left it undecided.
        unknown: Vec<String>,
    },
    /// None of the order's lines counts.
    NoLine,
    /// The lines that count are worth less than a point.
    TooLittle,
    /// A limit leaves nothing, or less than the order would bring where that is refused.
    Limited {
        /// The limit.
        limit: Limit,
        /// So many points it would have given.
        points: i64,
        /// So many it leaves: points, or orders.
        left: i64,
    },
    /// Its condition was kept by another version of this program and cannot be read.
    Unreadable,
}

impl Judged {
    /// Points the order earns by it.
    pub fn points(&self) -> i64 {
        match &self.verdict {
            Verdict::Applied { points, .. } => *points,
            Verdict::Outbid { .. }
            | Verdict::NotMet { .. }
            | Verdict::NoLine
            | Verdict::TooLittle
            | Verdict::Limited { .. }
            | Verdict::Unreadable => 0,
        }
    }
}

/// An order whose rules are to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The order.
    pub order: &'a OrderFacts,
    /// What counts of each line.
    pub basis: &'a [i64],
    /// What the base rate gives for each line.
    pub base: &'a [i64],
    /// How a fraction becomes a point.
    pub rounding: Rounding,
    /// Who buys; none for a guest.
    pub buyer: Option<&'a Buyer>,
    /// What was earned by limited rules before.
    pub uses: &'a [RuleUse],
}

/// Judges all rules that speak of an order, in their order.
pub fn judge(programme: &Programme, asked: Asked<'_>) -> Result<Vec<Judged>, OutOfRange> {
    let order = asked.order;
    let ruling: Vec<&EarnRule> = programme
        .rules
        .iter()
        .filter(|rule| rule.wallet.is_points() && rule.rules(order.occurred_at, order.currency))
        .collect();
    if ruling.is_empty() {
        return Ok(Vec::new());
    }
    let (lists, currency) = (Lists::of(order), order.currency.to_string());
    let facts = facing::order(order, &lists, &currency, asked.buyer, programme.zone.rules());
    let mut judged = Vec::with_capacity(ruling.len());
    for rule in &ruling {
        let verdict = match met(&rule.when, &facts) {
            Some(verdict) => verdict,
            None => match given(rule, asked)? {
                Ok(points) => {
                    let moment = (order.occurred_at, programme.zone.rules());
                    limited((&rule.code, &rule.limits), asked.uses, moment, points)
                }
                Err(verdict) => verdict,
            },
        };
        let (code, display_name) = (rule.code.clone(), rule.display_name.clone());
        judged.push(Judged { code, display_name, counts: rule.counts(), verdict });
    }
    outbid(&ruling, &mut judged);
    Ok(judged)
}

/// What keeps an order or an occasion from a rule before anything is counted; none where nothing does.
pub(super) fn met<W: Words>(when: &Condition<W>, facts: &facing::Faced<'_>) -> Option<Verdict> {
    let Ok(when) = when.rule() else { return Some(Verdict::Unreadable) };
    let when = when?;
    let need = when.needs(facts)?;
    let unknown = when.prove(facts).undecided.into_iter().filter_map(|why| match why {
        Undecided::UnknownFact { name, .. } => Some(name),
        Undecided::OutOfRange(_) => None,
    });
    Some(Verdict::NotMet { need, unknown: unknown.collect() })
}

/// What a rule gives, its limits left aside; or why nothing.
fn given(rule: &EarnRule, asked: Asked<'_>) -> Result<Result<i64, Verdict>, OutOfRange> {
    let Ok(lines) = counting(rule, asked.order) else { return Ok(Err(Verdict::Unreadable)) };
    if !lines.contains(&true) {
        return Ok(Err(Verdict::NoLine));
    }
    let of = |amounts: &[i64]| -> Result<i64, OutOfRange> {
        let counting = amounts.iter().zip(&lines).filter(|(_, counts)| **counts);
        counting.map(|(amount, _)| *amount).try_fold(0_i64, i64::checked_add).ok_or(OutOfRange)
    };
    let points = match rule.award {
        Award::Fixed(points) => Some(points),
        Award::Rate { points, per_minor, .. } => share(of(asked.basis)?, points, per_minor, asked.rounding),
        Award::Multiplied(percent) => share(of(asked.base)?, percent.saturating_sub(100), 100, asked.rounding),
    };
    let points = points.ok_or(OutOfRange)?;
    Ok(if points > 0 { Ok(points) } else { Err(Verdict::TooLittle) })
}

/// Which lines count.
fn counting(rule: &EarnRule, order: &OrderFacts) -> Result<Vec<bool>, Unreadable> {
    let condition = rule.lines.rule()?;
    Ok(order.lines.iter().map(|line| condition.is_none_or(|rule| rule.holds(&facing::line(line)))).collect())
}

/// What the limits of a rule leave of what it would give at a moment.
pub(super) fn limited(
    (code, limits): (&str, &[Limit]),
    uses: &[RuleUse],
    (at, zone): (Timestamp, &TimeZone),
    wanted: i64,
) -> Verdict {
    let (mut points, mut capped) = (wanted, None);
    for limit in limits {
        let left = uses::left(uses, code, limit, at, zone);
        let wants = match limit.of {
            Counted::Points => points,
            Counted::Orders => 1,
        };
        if wants <= left {
            continue;
        }
        match limit.over {
            OverLimit::Cap if left > 0 => (points, capped) = (left, Some(*limit)),
            OverLimit::Cap | OverLimit::Refuse => return Verdict::Limited { limit: *limit, points: wanted, left },
        }
    }
    Verdict::Applied { points, capped }
}

/// Of each group only the best is left.
fn outbid(ruling: &[&EarnRule], judged: &mut [Judged]) {
    for place in 0..judged.len() {
        let (Some(rule), Some(points)) = (ruling.get(place), judged.get(place).map(Judged::points)) else { continue };
        if rule.group.is_empty() || points == 0 {
            continue;
        }
        let rivals = ruling
            .iter()
            .zip(judged.iter())
            .enumerate()
            .filter(|(other, (rival, _))| *other != place && rival.group == rule.group);
        let better = rivals
            .filter(|(other, (_, rival))| rival.points() > points || (rival.points() == points && *other < place))
            .max_by_key(|(other, (_, rival))| (rival.points(), std::cmp::Reverse(*other)))
            .map(|(_, (_, rival))| rival.code.clone());
        if let (Some(by), Some(loser)) = (better, judged.get_mut(place)) {
            loser.verdict = Verdict::Outbid { points, by };
        }
    }
}
