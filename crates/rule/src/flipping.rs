//! What would alter a result: the smallest change of each fact alone, and what each failing part needs.

use jiff::Timestamp;

use crate::bounds::Moving;
use crate::evaluating;
use crate::facts::{Facts, Instead, Kind, Known, Value};
use crate::passing::{self, tick_from, tick_until};
use crate::proving::{self, Step};
use crate::schema::Slot;
use crate::tree::{Condition, Part, Text};

/// The smallest change of one fact that alters a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flip {
    /// Which fact.
    pub slot: Slot,
    /// Its name.
    pub fact: String,
    /// What it is.
    pub from: Value,
    /// What it would have to be.
    pub to: Value,
    /// What the rule, or the part, would say then: the opposite of now.
    pub holds: bool,
}

impl Flip {
    /// How much more it would have to be, less than zero for less: an int of an int, a duration of an instant or a
    /// duration. None of other types, and where the difference does not fit.
    pub fn by(&self) -> Option<Value> {
        match (&self.from, &self.to) {
            (Value::Int(from), Value::Int(to)) => to.checked_sub(*from).map(Value::Int),
            (Value::Instant(from), Value::Instant(to)) => Some(Value::Duration(to.duration_since(*from))),
            (Value::Duration(from), Value::Duration(to)) => to.checked_sub(*from).map(Value::Duration),
            (
                Value::Bool(_)
                | Value::Int(_)
                | Value::Text(_)
                | Value::Instant(_)
                | Value::Duration(_)
                | Value::Texts(_),
                Value::Bool(_)
                | Value::Int(_)
                | Value::Text(_)
                | Value::Instant(_)
                | Value::Duration(_)
                | Value::Texts(_),
            ) => None,
        }
    }
}

/// What a rule that does not hold needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// All of these.
    All(Vec<Need>),
    /// One of these is enough.
    Any(Vec<Need>),
    /// One part, judged alone.
    Part(Box<Lack>),
}

/// A part that stands in the way, and what would move it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The part: what it compares, and what was found.
    pub step: Step,
    /// What it would have to be: false for a part that stands behind `!`.
    pub wanted: bool,
    /// The smallest change of each of its facts alone that makes it so, in the order of the schema. Tried out on the
    /// part: where the same fact is in two parts, one may ask of it what the other forbids.
    pub flips: Vec<Flip>,
    /// When time alone makes it so, if it does.
    pub at: Option<Timestamp>,
}

impl Need {
    /// The parts, in the order of the rule.
    pub fn lacks(&self) -> Vec<&Lack> {
        match self {
            Self::All(needs) | Self::Any(needs) => needs.iter().flat_map(Self::lacks).collect(),
            Self::Part(lack) => vec![&**lack],
        }
    }
}

/// What a condition needs to become what is wanted of it; none where it is.
pub(crate) fn need<F: Facts + ?Sized>(condition: &Condition, wanted: bool, facts: &F) -> Option<Need> {
    if evaluating::condition(condition, facts) == Some(wanted) {
        return None;
    }
    let of = |parts: &[Condition]| parts.iter().filter_map(|part| need(part, wanted, facts)).collect::<Vec<_>>();
    match condition {
        Condition::Not(inner) => need(inner, !wanted, facts),
        Condition::All(parts) if wanted => one_or(of(parts), Need::All),
        Condition::All(parts) => one_or(of(parts), Need::Any),
        Condition::Any(parts) if wanted => one_or(of(parts), Need::Any),
        Condition::Any(parts) => one_or(of(parts), Need::All),
        Condition::Always(_)
        | Condition::Fact(_)
        | Condition::Known(_)
        | Condition::Alike { .. }
        | Condition::Compare { .. }
        | Condition::AmountAmong { .. }
        | Condition::SameText { .. }
        | Condition::Begins { .. }
        | Condition::TextAmong { .. }
        | Condition::TextInFact { .. } => Some(Need::Part(Box::new(Lack {
            step: proving::step(condition, facts),
            wanted,
            flips: flips(condition, &condition.facts(), wanted, facts),
            at: passing::next(condition, wanted, facts),
        }))),
    }
}

fn one_or(mut needs: Vec<Need>, several: impl FnOnce(Vec<Need>) -> Need) -> Option<Need> {
    if needs.len() == 1 { needs.pop() } else { Some(several(needs)) }
}

struct Search<'a, F: ?Sized> {
    condition: &'a Condition,
    facts: &'a F,
    wanted: bool,
}

/// The smallest change of each of these facts that makes a condition what is wanted.
pub(crate) fn flips<F: Facts + ?Sized>(condition: &Condition, slots: &[Slot], wanted: bool, facts: &F) -> Vec<Flip> {
    let search = Search { condition, facts, wanted };
    let mut flips = Vec::new();
    for slot in slots {
        let Some(fact) = facts.schema().fact(*slot).filter(|fact| !fact.is_now) else { continue };
        let Some(from) = facts.fact(*slot).map(Known::value).filter(|from| from.of() == fact.of) else { continue };
        let Some(to) = search.nearest(*slot, &from) else { continue };
        flips.push(Flip { slot: *slot, fact: fact.name.to_string(), from, to, holds: wanted });
    }
    flips
}

impl<F: Facts + ?Sized> Search<'_, F> {
    /// Whether it is decided as wanted then: a number that no longer fits decides nothing.
    fn alters(&self, slot: Slot, to: &Value) -> bool {
        to.lent().is_some_and(|known| {
            let tried = Instead { facts: self.facts, slot, known };
            evaluating::condition(self.condition, &tried) == Some(self.wanted)
        })
    }

    fn nearest(&self, slot: Slot, from: &Value) -> Option<Value> {
        match from {
            Value::Texts(_) => None,
            Value::Bool(from) => Some(Value::Bool(!from)).filter(|to| self.alters(slot, to)),
            Value::Int(from) => self.nearest_number(slot, Kind::Int, i128::from(*from)),
            Value::Instant(from) => self.nearest_number(slot, Kind::Instant, from.as_nanosecond()),
            Value::Duration(from) => self.nearest_number(slot, Kind::Duration, from.as_nanos()),
            Value::Text(from) => {
                let others = self.texts().into_iter().filter(|to| **to != **from);
                others.map(|to| Value::Text(to.into())).find(|to| self.alters(slot, to))
            }
        }
    }

    fn nearest_number(&self, slot: Slot, kind: Kind, from: i128) -> Option<Value> {
        let borders = Moving { slot, facts: self.facts }.borders(self.condition)?;
        let whole = |border: i128| match kind {
            Kind::Int => Some(border),
            // A stretch that begins between two microseconds is first seen at the next one, from whichever side.
            Kind::Instant | Kind::Duration if border > from => tick_from(border),
            Kind::Instant | Kind::Duration => tick_until(border),
        };
        let mut places: Vec<i128> =
            borders.into_iter().filter_map(whole).filter_map(|place| kind.within(place)).collect();
        // The nearest first; of two equally near the larger.
        places.sort_by_key(|place| (place.abs_diff(from), place.saturating_neg()));
        places.dedup();
        let others = places.into_iter().filter(|place| *place != from);
        others.filter_map(|place| kind.value(place)).find(|to| self.alters(slot, to))
    }

    /// Every text that the rule names or compares, and the empty one, in the order of their bytes.
    fn texts(&self) -> Vec<Box<str>> {
        let mut texts: Vec<Box<str>> = vec!["".into()];
        self.condition.walk(&mut |part| match part {
            Part::Text(Text::Literal(text)) => texts.push(text.clone()),
            Part::Text(text @ Text::Fact(_)) => texts.extend(evaluating::text(text, self.facts).map(Into::into)),
            Part::Condition(Condition::TextAmong { among, .. }) => texts.extend_from_slice(among),
            Part::Condition(Condition::TextInFact { list, .. }) => {
                let listed = evaluating::texts(*list, self.facts);
                texts.extend(listed.into_iter().flat_map(|listed| listed.iter().map(Into::into)));
            }
            Part::Condition(_) | Part::Amount(_) => {}
        });
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}
