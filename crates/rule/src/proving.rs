//! Why a rule holds or does not: what each of its parts was.

use std::fmt;

use crate::evaluating;
use crate::facts::{Facts, Value};
use crate::printing::Printed;
use crate::schema::{Schema, Slot};
use crate::tree::{Amount, Condition, Form, Part};

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

/// A part of a rule: a condition, or an amount with an operator in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The part as a rule would write it.
    pub text: String,
    /// What it was.
    pub outcome: Outcome,
    /// The facts it names itself, not through its parts.
    pub facts: Vec<Used>,
    /// What it consists of, in the order of the rule.
    pub parts: Vec<Step>,
}

/// What a part was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had this value.
    Is(Value),
    /// It had none.
    Undecided,
    /// Nobody looked: a part before it had settled the matter.
    Skipped,
}

/// A fact as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its name.
    pub name: String,
    /// Its value; none where it was unknown.
    pub value: Option<Value>,
}

/// Why something is undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// A fact is unknown.
    UnknownFact(String),
    /// A number does not fit: the text of the sum, difference or product.
    OutOfRange(String),
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFact(name) => write!(f, "unknown fact {name}"),
            Self::OutOfRange(text) => write!(f, "out of range: {text}"),
        }
    }
}

struct Proving<'a> {
    schema: &'a Schema,
    facts: &'a Facts,
}

pub(crate) fn prove(condition: &Condition, schema: &Schema, facts: &Facts) -> Proof {
    let proving = Proving { schema, facts };
    let mut undecided = Vec::new();
    proving.reasons(condition, &mut undecided);
    let holds = evaluating::condition(condition, facts) == Some(true);
    Proof { holds, undecided, root: proving.step(condition) }
}

impl Proving<'_> {
    fn step(&self, condition: &Condition) -> Step {
        let value = evaluating::condition(condition, self.facts);
        let mut facts: Vec<Slot> = condition.own_fact().into_iter().collect();
        let mut parts = Vec::new();
        let ends_at = condition.ends_at();
        let mut ended = false;
        for part in condition.parts() {
            match part {
                Part::Condition(inner) if ended => parts.push(self.skipped(inner)),
                Part::Condition(inner) => {
                    let step = self.step(inner);
                    ended = ends_at.is_some_and(|end| step.outcome == Outcome::Is(Value::Bool(end)));
                    parts.push(step);
                }
                Part::Amount(amount) if amount.is_leaf() => facts.extend(amount.own_fact()),
                Part::Amount(amount) => parts.push(self.amount(amount)),
                Part::Text(text) => facts.extend(text.own_fact()),
            }
        }
        Step {
            text: Printed(condition, self.schema).to_string(),
            outcome: value.map_or(Outcome::Undecided, |value| Outcome::Is(Value::Bool(value))),
            facts: self.used(facts),
            parts,
        }
    }

    fn skipped(&self, condition: &Condition) -> Step {
        let text = Printed(condition, self.schema).to_string();
        Step { text, outcome: Outcome::Skipped, facts: Vec::new(), parts: Vec::new() }
    }

    fn amount(&self, amount: &Amount) -> Step {
        let value = evaluating::amount(amount, self.facts).and_then(|number| amount.kind.value(number));
        let mut facts: Vec<Slot> = Vec::new();
        let mut parts = Vec::new();
        for inner in operands(amount) {
            facts.extend(inner.own_fact());
            if !inner.is_leaf() {
                parts.push(self.amount(inner));
            }
        }
        Step {
            text: Printed(amount, self.schema).to_string(),
            outcome: value.map_or(Outcome::Undecided, Outcome::Is),
            facts: self.used(facts),
            parts,
        }
    }

    fn used(&self, mut slots: Vec<Slot>) -> Vec<Used> {
        slots.dedup();
        let used = |slot: Slot| Used { name: self.schema.name(slot).to_owned(), value: self.facts.value(slot) };
        slots.into_iter().map(used).collect()
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
            add(Undecided::OutOfRange(Printed(amount, self.schema).to_string()), reasons);
        }
        inner.into_iter().for_each(|inner| self.reasons_of_amount(inner, reasons));
    }

    fn unknown(&self, slot: Slot, reasons: &mut Vec<Undecided>) {
        if !self.facts.is_known(slot) {
            add(Undecided::UnknownFact(self.schema.name(slot).to_owned()), reasons);
        }
    }
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
