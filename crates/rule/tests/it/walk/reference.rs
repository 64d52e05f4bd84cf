//! Conditions as a picture of what a rule means, and as nothing else: no slots, no ranks, no cleverness.

use super::Chance;

/// Facts of a small world; instants and durations in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) now: i64,
    pub(crate) vip: Option<bool>,
    pub(crate) quantity: Option<i64>,
    pub(crate) points: Option<i64>,
    pub(crate) channel: Option<String>,
    pub(crate) tier: Option<String>,
    pub(crate) last: Option<i64>,
    pub(crate) grace: Option<i64>,
    pub(crate) categories: Option<Vec<String>>,
}

const TEXTS: [&str; 4] = ["a", "ab", "b", "c"];

fn text(chance: &mut Chance) -> String {
    TEXTS[chance.below(TEXTS.len())].to_owned()
}

impl Case {
    pub(crate) fn random(chance: &mut Chance) -> Self {
        let maybe = |known: bool| known.then_some(());
        let (points, tier, last) = (chance.below(4) > 0, chance.below(4) > 0, chance.below(4) > 0);
        let (points, tier, last) = (maybe(points), maybe(tier), maybe(last));
        Self {
            now: chance.number(-9, 9),
            vip: Some(chance.below(2) == 0),
            quantity: Some(chance.number(-9, 9)),
            points: points.map(|()| chance.number(-9, 9)),
            channel: Some(text(chance)),
            tier: tier.map(|()| text(chance)),
            last: last.map(|()| chance.number(-9, 9)),
            grace: Some(chance.number(-9, 9)),
            categories: Some((0..chance.below(3)).map(|_| text(chance)).collect()),
        }
    }
}

/// An int, an instant or a duration.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sort {
    Int,
    Instant,
    Duration,
}

/// A number: how it is written and what it is.
#[derive(Debug)]
enum Num {
    Literal(Sort, i64),
    Quantity,
    Points,
    Size,
    Now,
    Last,
    Grace,
    Minus(Box<Num>),
    Join(Box<Num>, char, Box<Num>),
}

#[derive(Debug)]
pub(crate) enum Word {
    Literal(String),
    Channel,
    Tier,
}

#[derive(Debug)]
pub(crate) enum Cond {
    True,
    Vip,
    HasTier,
    HasLast,
    Not(Box<Cond>),
    And(Vec<Cond>),
    Or(Vec<Cond>),
    Same(Box<Cond>, Box<Cond>),
    Compare(Box<Num2>),
    Among(Box<Num2>, Vec<i64>),
    TextSame(Word, Word),
    TextAmong(Word, Vec<String>),
    Begins(Word, Word),
    InCategories(Word),
}

/// Two numbers of one sort and what stands between them.
#[derive(Debug)]
pub(crate) struct Num2(Sort, Num, &'static str, Num);

impl Num {
    fn random(chance: &mut Chance, sort: Sort, depth: usize) -> Self {
        let inner = |chance: &mut Chance, sort| Box::new(Self::random(chance, sort, depth - 1));
        let plus_or_minus = |chance: &mut Chance| if chance.below(2) == 0 { '+' } else { '-' };
        if depth == 0 || chance.below(3) == 0 {
            return match (sort, chance.below(4)) {
                (Sort::Int, 0) => Self::Quantity,
                (Sort::Int, 1) => Self::Points,
                (Sort::Int, 2) => Self::Size,
                (Sort::Int, _) if chance.below(12) == 0 => {
                    Self::Literal(sort, [i64::MAX, i64::MIN, 1 << 62][chance.below(3)])
                }
                (Sort::Instant, 0) => Self::Now,
                (Sort::Instant, 1) => Self::Last,
                (Sort::Duration, 0) => Self::Grace,
                _ => Self::Literal(sort, chance.number(-9, 9)),
            };
        }
        match (sort, chance.below(4)) {
            (Sort::Int, 0) => Self::Minus(inner(chance, sort)),
            // A fact is not multiplied by itself: only one side has facts.
            (Sort::Int, 1) => {
                let factor = chance.number(-4, 4);
                Self::Join(Box::new(Self::Literal(sort, factor)), '*', inner(chance, sort))
            }
            (Sort::Int, 2) => Self::Join(Box::new(Self::Quantity), '*', Box::new(Self::Points)),
            (Sort::Int, _) => Self::Join(inner(chance, sort), plus_or_minus(chance), inner(chance, sort)),
            (Sort::Instant, _) => Self::Join(inner(chance, sort), plus_or_minus(chance), inner(chance, Sort::Duration)),
            (Sort::Duration, 0) => Self::Minus(inner(chance, sort)),
            (Sort::Duration, 1) => Self::Join(inner(chance, sort), plus_or_minus(chance), inner(chance, sort)),
            (Sort::Duration, _) => Self::Join(inner(chance, Sort::Instant), '-', inner(chance, Sort::Instant)),
        }
    }

    fn source(&self) -> String {
        match self {
            Self::Literal(sort, value) => literal(*sort, *value),
            Self::Quantity => "order.quantity".to_owned(),
            Self::Points => "member.points".to_owned(),
            Self::Size => "size(order.categories)".to_owned(),
            Self::Now => "now".to_owned(),
            Self::Last => "last_purchase".to_owned(),
            Self::Grace => "grace".to_owned(),
            Self::Minus(inner) => format!("-({})", inner.source()),
            Self::Join(left, by, right) => format!("({}) {by} ({})", left.source(), right.source()),
        }
    }

    fn value(&self, case: &Case) -> Option<i64> {
        match self {
            Self::Literal(_, value) => Some(*value),
            Self::Quantity => case.quantity,
            Self::Points => case.points,
            Self::Size => {
                let mut texts = case.categories.clone()?;
                texts.sort();
                texts.dedup();
                Some(texts.len() as i64)
            }
            Self::Now => Some(case.now),
            Self::Last => case.last,
            Self::Grace => case.grace,
            Self::Minus(inner) => inner.value(case)?.checked_neg(),
            Self::Join(left, '+', right) => left.value(case)?.checked_add(right.value(case)?),
            Self::Join(left, '-', right) => left.value(case)?.checked_sub(right.value(case)?),
            Self::Join(left, _, right) => left.value(case)?.checked_mul(right.value(case)?),
        }
    }
}

fn literal(sort: Sort, value: i64) -> String {
    match sort {
        Sort::Int => value.to_string(),
        Sort::Duration => format!("duration('{value}us')"),
        Sort::Instant => format!("timestamp('{}')", super::micros(value)),
    }
}

impl Word {
    fn random(chance: &mut Chance) -> Self {
        match chance.below(3) {
            0 => Self::Literal(text(chance)),
            1 => Self::Channel,
            _ => Self::Tier,
        }
    }

    fn source(&self) -> String {
        match self {
            Self::Literal(text) => format!("'{text}'"),
            Self::Channel => "channel".to_owned(),
            Self::Tier => "member.tier".to_owned(),
        }
    }

    fn value(&self, case: &Case) -> Option<String> {
        match self {
            Self::Literal(text) => Some(text.clone()),
            Self::Channel => case.channel.clone(),
            Self::Tier => case.tier.clone(),
        }
    }
}

impl Num2 {
    fn random(chance: &mut Chance) -> Self {
        let sort = [Sort::Int, Sort::Instant, Sort::Duration][chance.below(3)];
        let sign = ["==", "!=", "<", "<=", ">", ">="][chance.below(6)];
        Self(sort, Num::random(chance, sort, 3), sign, Num::random(chance, sort, 1))
    }
}

impl Cond {
    pub(crate) fn random(chance: &mut Chance, depth: usize) -> Self {
        let inner = |chance: &mut Chance| Self::random(chance, depth - 1);
        let some = |chance: &mut Chance| (0..2 + chance.below(2)).map(|_| inner(chance)).collect();
        match chance.below(if depth == 0 { 12 } else { 18 }) {
            0 => Self::Vip,
            1 => Self::HasTier,
            2 => Self::HasLast,
            3 => Self::TextSame(Word::random(chance), Word::random(chance)),
            4 => Self::TextAmong(Word::random(chance), (0..chance.below(4)).map(|_| text(chance)).collect()),
            5 => Self::Begins(Word::random(chance), Word::random(chance)),
            6 => Self::InCategories(Word::random(chance)),
            7 => {
                let values = (0..1 + chance.below(3)).map(|_| chance.number(-9, 9)).collect();
                Self::Among(Box::new(Num2::random(chance)), values)
            }
            8..=11 => Self::Compare(Box::new(Num2::random(chance))),
            12 => Self::Not(Box::new(inner(chance))),
            13 => Self::Same(Box::new(inner(chance)), Box::new(inner(chance))),
            14 | 15 => Self::And(some(chance)),
            16 => Self::True,
            _ => Self::Or(some(chance)),
        }
    }

    pub(crate) fn source(&self) -> String {
        let joined = |parts: &[Self], sign| {
            parts.iter().map(|part| format!("({})", part.source())).collect::<Vec<_>>().join(sign)
        };
        match self {
            Self::True => "true".to_owned(),
            Self::Vip => "vip".to_owned(),
            Self::HasTier => "has(member.tier)".to_owned(),
            Self::HasLast => "has(last_purchase)".to_owned(),
            Self::Not(inner) => format!("!({})", inner.source()),
            Self::And(parts) => joined(parts, " && "),
            Self::Or(parts) => joined(parts, " || "),
            Self::Same(left, right) => format!("({}) == ({})", left.source(), right.source()),
            Self::Compare(two) => format!("{} {} {}", two.1.source(), two.2, two.3.source()),
            Self::Among(two, values) => {
                let values: Vec<String> = values.iter().map(|value| literal(two.0, *value)).collect();
                format!("{} in [{}]", two.1.source(), values.join(", "))
            }
            Self::TextSame(left, right) => format!("{} == {}", left.source(), right.source()),
            Self::TextAmong(word, texts) => format!("{} in {texts:?}", word.source()),
            Self::Begins(word, with) => format!("{}.startsWith({})", word.source(), with.source()),
            Self::InCategories(word) => format!("{} in order.categories", word.source()),
        }
    }

    pub(crate) fn holds(&self, case: &Case) -> bool {
        self.decide(case) == Some(true)
    }

    /// True, false or undecided.
    pub(crate) fn decide(&self, case: &Case) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::Vip => case.vip,
            Self::HasTier => Some(case.tier.is_some()),
            Self::HasLast => Some(case.last.is_some()),
            Self::Not(inner) => inner.decide(case).map(|value| !value),
            Self::And(parts) => {
                let values: Vec<_> = parts.iter().map(|part| part.decide(case)).collect();
                if values.contains(&Some(false)) {
                    Some(false)
                } else {
                    values.iter().all(Option::is_some).then_some(true)
                }
            }
            Self::Or(parts) => {
                let values: Vec<_> = parts.iter().map(|part| part.decide(case)).collect();
                if values.contains(&Some(true)) {
                    Some(true)
                } else {
                    values.iter().all(Option::is_some).then_some(false)
                }
            }
            Self::Same(left, right) => Some(left.decide(case)? == right.decide(case)?),
            Self::Compare(two) => {
                let (left, right) = (two.1.value(case)?, two.3.value(case)?);
                Some(match two.2 {
                    "==" => left == right,
                    "!=" => left != right,
                    "<" => left < right,
                    "<=" => left <= right,
                    ">" => left > right,
                    _ => left >= right,
                })
            }
            Self::Among(two, values) => Some(values.contains(&two.1.value(case)?)),
            Self::TextSame(left, right) => Some(left.value(case)? == right.value(case)?),
            Self::TextAmong(word, texts) => Some(texts.contains(&word.value(case)?)),
            Self::Begins(word, with) => Some(word.value(case)?.starts_with(&with.value(case)?)),
            Self::InCategories(word) => Some(case.categories.as_ref()?.contains(&word.value(case)?)),
        }
    }
}
