//! Why a rule holds or does not: what each of its parts was, as data.

mod telling;

use crate::evaluating;
use crate::facts::{Facts, Known, Value};
use crate::printing::Printed;
use crate::schema::Slot;
use crate::tree::{Amount, Comparison, Condition, Form, Part, Text};
use telling::Listed;

/// Why a rule holds or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What [`crate::Rule::holds`] answers.
    pub holds: bool,
    /// What left it undecided, in the order of the rule, each once; empty where it is decided. Where a false or true part
    /// outvoted something undecided, that is not told here.
    pub undecided: Vec<Undecided>,
    /// The whole rule.
    pub root: Step,
}

/// A part of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part as a rule would write it.
    pub source: String,
    /// What it asks.
    pub operator: Operator,
    /// What was found: the fact, or the expression. None for what only joins its parts.
    pub found: Option<Operand>,
    /// What it was held against: the threshold. None where nothing is compared.
    pub against: Option<Operand>,
    /// What came of it.
    pub outcome: Outcome,
    /// What it joins, in the order of the rule; nothing where nobody looked.
    pub parts: Vec<Step>,
}

/// What a part of a rule asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Nothing: `true` or `false` is written there.
    Written,
    /// Whether a fact of type bool is true.
    IsTrue,
    /// Whether a fact is known.
    IsKnown,
    /// Whether its part is false.
    Not,
    /// Whether all of its parts are true.
    All,
    /// Whether one of its parts is true.
    Any,
    /// Whether its two parts are alike.
    Alike,
    /// Whether its two parts differ.
    Different,
    /// Whether what was found is equal to the threshold.
    Equal,
    /// Whether it is not.
    Unequal,
    /// Whether it is less.
    Less,
    /// Whether it is as much or less.
    AtMost,
    /// Whether it is more.
    More,
    /// Whether it is as much or more.
    AtLeast,
    /// Whether it is one of the texts or numbers it is held against.
    Among,
    /// Whether it is a list that has the text it is held against.
    Contains,
    /// Whether it begins with the text it is held against.
    StartsWith,
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// As a rule would write it.
    pub source: String,
    /// Its value; none where it is unknown, does not fit, or nobody looked.
    pub value: Option<Operated>,
    /// The facts in it, in the order of the schema: one for a fact alone, none for what is written out.
    pub facts: Vec<Used>,
}

/// The value of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operated {
    /// One value.
    One(Value),
    /// What is written out behind `in`.
    Listed(Vec<Value>),
}

/// What came of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is true.
    True,
    /// It is false.
    False,
    /// Neither: a fact is unknown, or a number does not fit.
    Undecided,
    /// Nobody looked: a part before it had settled the matter.
    Skipped,
}

/// A fact as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Which.
    pub slot: Slot,
    /// Its name.
    pub name: String,
    /// Its value; none where it was unknown, or nobody looked.
    pub value: Option<Value>,
}

/// Why something is undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// A fact is unknown.
    UnknownFact {
        /// Which.
        slot: Slot,
        /// Its name.
        name: String,
    },
    /// A number does not fit: the source of the sum, difference or product.
    OutOfRange(String),
}

pub(crate) fn prove<F: Facts + ?Sized>(condition: &Condition, facts: &F) -> Proof {
    let proving = Proving { facts, looked: true };
    let mut undecided = Vec::new();
    proving.reasons(condition, &mut undecided);
    let holds = evaluating::condition(condition, facts) == Some(true);
    Proof { holds, undecided, root: proving.step(condition) }
}

/// What one part was.
pub(crate) fn step<F: Facts + ?Sized>(condition: &Condition, facts: &F) -> Step {
    Proving { facts, looked: true }.step(condition)
}

struct Proving<'a, F: ?Sized> {
    facts: &'a F,
    /// Whether values are told.
    looked: bool,
}

impl<F: Facts + ?Sized> Proving<'_, F> {
    fn step(&self, condition: &Condition) -> Step {
        let (operator, found, against) = self.sides(condition);
        let mut parts = Vec::new();
        let ends_at = condition.ends_at().map(Outcome::of);
        let mut looked = self.looked;
        for part in condition.parts() {
            if let Part::Condition(inner) = part
                && self.looked
            {
                let step = Proving { facts: self.facts, looked }.step(inner);
                looked &= ends_at != Some(step.outcome);
                parts.push(step);
            }
        }
        let decided = || evaluating::condition(condition, self.facts).map_or(Outcome::Undecided, Outcome::of);
        let outcome = if self.looked { decided() } else { Outcome::Skipped };
        let source = Printed(condition, self.facts.schema()).to_string();
        Step { source, operator, found, against, outcome, parts }
    }

    fn sides(&self, condition: &Condition) -> (Operator, Option<Operand>, Option<Operand>) {
        let alone = |operator| (operator, None, None);
        match condition {
            Condition::Always(_) => alone(Operator::Written),
            Condition::Fact(slot) => (Operator::IsTrue, Some(self.fact(*slot)), None),
            Condition::Known(slot) => (Operator::IsKnown, Some(self.fact(*slot)), None),
            Condition::Not(_) => alone(Operator::Not),
            Condition::All(_) => alone(Operator::All),
            Condition::Any(_) => alone(Operator::Any),
            Condition::Alike { equal, .. } => alone(if *equal { Operator::Alike } else { Operator::Different }),
            Condition::Compare { left, by, right } => {
                // `30000 <= order.net_minor` was written with its threshold first.
                let (found, by, against) =
                    if left.facts().is_empty() { (right, by.turned(), left) } else { (left, *by, right) };
                (by.operator(), Some(self.amount(found)), Some(self.amount(against)))
            }
            Condition::AmountAmong { amount, among } => {
                let among = among.iter().filter_map(|number| amount.kind.value(*number)).collect();
                (Operator::Among, Some(self.amount(amount)), Some(listed(among)))
            }
            Condition::SameText { left, right, equal } => {
                let (found, against) = if left.own_fact().is_none() { (right, left) } else { (left, right) };
                let operator = if *equal { Operator::Equal } else { Operator::Unequal };
                (operator, Some(self.text(found)), Some(self.text(against)))
            }
            Condition::Begins { text, with } => (Operator::StartsWith, Some(self.text(text)), Some(self.text(with))),
            Condition::TextAmong { text, among } => {
                let among = among.iter().map(|text| Value::Text(text.to_string())).collect();
                (Operator::Among, Some(self.text(text)), Some(listed(among)))
            }
            Condition::TextInFact { text, list } => (Operator::Contains, Some(self.fact(*list)), Some(self.text(text))),
        }
    }

    fn fact(&self, slot: Slot) -> Operand {
        let used = self.used(slot);
        Operand { source: used.name.clone(), value: used.value.clone().map(Operated::One), facts: vec![used] }
    }

    fn amount(&self, amount: &Amount) -> Operand {
        let value = evaluating::amount(amount, self.facts).filter(|_| self.looked);
        Operand {
            source: Printed(amount, self.facts.schema()).to_string(),
            value: value.and_then(|number| amount.kind.value(number)).map(Operated::One),
            facts: amount.facts().into_iter().map(|slot| self.used(slot)).collect(),
        }
    }

    fn text(&self, text: &Text) -> Operand {
        match text {
            Text::Fact(slot) => self.fact(*slot),
            Text::Literal(text) => {
                let value = Value::Text(text.to_string());
                Operand { source: value.to_string(), value: Some(Operated::One(value)), facts: Vec::new() }
            }
        }
    }

    fn used(&self, slot: Slot) -> Used {
        let value = self.facts.fact(slot).filter(|_| self.looked).map(Known::value);
        Used { slot, name: self.facts.schema().name(slot).to_owned(), value }
    }

    /// Collects what left a condition undecided; nothing where it is decided.
    fn reasons(&self, condition: &Condition, reasons: &mut Vec<Undecided>) {
        if evaluating::condition(condition, self.facts).is_some() {
            return;
        }
        condition.own_fact().into_iter().for_each(|slot| self.unknown(slot, reasons));
        for part in condition.parts() {
            match part {
                Part::Condition(inner) => self.reasons(inner, reasons),
                Part::Amount(amount) => self.reasons_of_amount(amount, reasons),
                Part::Text(text) => text.own_fact().into_iter().for_each(|slot| self.unknown(slot, reasons)),
            }
        }
    }

    fn reasons_of_amount(&self, amount: &Amount, reasons: &mut Vec<Undecided>) {
        if evaluating::amount(amount, self.facts).is_some() {
            return;
        }
        amount.own_fact().into_iter().for_each(|slot| self.unknown(slot, reasons));
        let inner = operands(amount);
        let all_fit = inner.iter().all(|inner| evaluating::amount(inner, self.facts).is_some());
        if all_fit && !inner.is_empty() {
            add(Undecided::OutOfRange(Printed(amount, self.facts.schema()).to_string()), reasons);
        }
        inner.into_iter().for_each(|inner| self.reasons_of_amount(inner, reasons));
    }

    /// A fact that is of another type than the schema says is as good as unknown.
    fn unknown(&self, slot: Slot, reasons: &mut Vec<Undecided>) {
        let of = self.facts.fact(slot).map(|known| known.value().of());
        if of.is_none() || of != self.facts.schema().fact(slot).map(|fact| fact.of) {
            add(Undecided::UnknownFact { slot, name: self.facts.schema().name(slot).to_owned() }, reasons);
        }
    }
}

fn listed(values: Vec<Value>) -> Operand {
    let source = Listed(&values).to_string();
    Operand { source, value: Some(Operated::Listed(values)), facts: Vec::new() }
}

fn add(reason: Undecided, reasons: &mut Vec<Undecided>) {
    if !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

fn operands(amount: &Amount) -> Vec<&Amount> {
    match &amount.form {
        Form::Literal(_) | Form::Fact(_) | Form::Size(_) => Vec::new(),
        Form::Negated(inner) => vec![inner],
        Form::Joined { left, right, .. } => vec![left, right],
    }
}

impl Outcome {
    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl Comparison {
    /// The same comparison with its sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Unequal => Self::Unequal,
            Self::Less => Self::More,
            Self::AtMost => Self::AtLeast,
            Self::More => Self::Less,
            Self::AtLeast => Self::AtMost,
        }
    }

    fn operator(self) -> Operator {
        match self {
            Self::Equal => Operator::Equal,
            Self::Unequal => Operator::Unequal,
            Self::Less => Operator::Less,
            Self::AtMost => Operator::AtMost,
            Self::More => Operator::More,
            Self::AtLeast => Operator::AtLeast,
        }
    }
}
