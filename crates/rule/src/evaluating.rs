//! Whether a rule holds: three-valued, without allocation, without looking anything up.
//!
//! `None` is *undecided*: a fact is unknown, or a number does not fit. What is undecided stays so through `!`, and is
//! outvoted by a false in `&&` and a true in `||`, whatever the order they stand in.

use crate::facts::{Facts, Known, Texts};
use crate::schema::Slot;
use crate::tree::{Amount, Comparison, Condition, Form, Joint, Text};

pub(crate) fn condition<F: Facts + ?Sized>(condition: &Condition, facts: &F) -> Option<bool> {
    match condition {
        Condition::Always(value) => Some(*value),
        Condition::Fact(slot) => bool(*slot, facts),
        Condition::Known(slot) => Some(facts.fact(*slot).is_some()),
        Condition::Not(inner) => self::condition(inner, facts).map(|value| !value),
        Condition::All(parts) => joined(parts, facts, false),
        Condition::Any(parts) => joined(parts, facts, true),
        Condition::Alike { left, right, equal } => {
            let left = self::condition(left, facts)?;
            Some((left == self::condition(right, facts)?) == *equal)
        }
        Condition::Compare { left, by, right } => Some(by.holds(amount(left, facts)?, amount(right, facts)?)),
        Condition::AmountAmong { amount: one, among } => Some(among.binary_search(&amount(one, facts)?).is_ok()),
        Condition::SameText { left, right, equal } => Some((text(left, facts)? == text(right, facts)?) == *equal),
        Condition::Begins { text: one, with } => Some(text(one, facts)?.starts_with(text(with, facts)?)),
        Condition::TextAmong { text: one, among } => Some(is_among(text(one, facts)?, among)),
        Condition::TextInFact { text: one, list } => Some(texts(*list, facts)?.contains(text(one, facts)?)),
    }
}

/// `&&` ends at the first false, `||` at the first true.
fn joined<F: Facts + ?Sized>(parts: &[Condition], facts: &F, ends_at: bool) -> Option<bool> {
    let mut undecided = false;
    for part in parts {
        match condition(part, facts) {
            Some(value) if value == ends_at => return Some(ends_at),
            Some(_) => {}
            None => undecided = true,
        }
    }
    (!undecided).then_some(!ends_at)
}

fn is_among(text: &str, among: &[Box<str>]) -> bool {
    among.binary_search_by(|one| (**one).cmp(text)).is_ok()
}

impl Comparison {
    pub(crate) fn holds(self, left: i128, right: i128) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Unequal => left != right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::More => left > right,
            Self::AtLeast => left >= right,
        }
    }
}

pub(crate) fn amount<F: Facts + ?Sized>(amount: &Amount, facts: &F) -> Option<i128> {
    match &amount.form {
        Form::Literal(number) => Some(*number),
        Form::Fact(slot) => amount.kind.read(facts.fact(*slot)),
        Form::Size(slot) => i128::try_from(texts(*slot, facts)?.len()).ok(),
        Form::Negated(inner) => amount.kind.within(self::amount(inner, facts)?.checked_neg()?),
        Form::Joined { left, by, right } => {
            let (left, right) = (self::amount(left, facts)?, self::amount(right, facts)?);
            amount.kind.within(by.join(left, right)?)
        }
    }
}

impl Joint {
    pub(crate) fn join(self, left: i128, right: i128) -> Option<i128> {
        match self {
            Self::Plus => left.checked_add(right),
            Self::Minus => left.checked_sub(right),
            Self::Times => left.checked_mul(right),
        }
    }
}

pub(crate) fn text<'a, F: Facts + ?Sized>(text: &'a Text, facts: &'a F) -> Option<&'a str> {
    match text {
        Text::Literal(value) => Some(value),
        Text::Fact(slot) => match facts.fact(*slot)? {
            Known::Text(value) => Some(value),
            Known::Bool(_) | Known::Int(_) | Known::Instant(_) | Known::Duration(_) | Known::Texts(_) => None,
        },
    }
}

fn bool<F: Facts + ?Sized>(slot: Slot, facts: &F) -> Option<bool> {
    match facts.fact(slot)? {
        Known::Bool(value) => Some(value),
        Known::Int(_) | Known::Text(_) | Known::Instant(_) | Known::Duration(_) | Known::Texts(_) => None,
    }
}

pub(crate) fn texts<F: Facts + ?Sized>(slot: Slot, facts: &F) -> Option<&Texts> {
    match facts.fact(slot)? {
        Known::Texts(values) => Some(values),
        Known::Bool(_) | Known::Int(_) | Known::Text(_) | Known::Instant(_) | Known::Duration(_) => None,
    }
}
