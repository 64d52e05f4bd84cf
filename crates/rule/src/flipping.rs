//! The nearest change of one fact that alters a rule's result.

use std::cmp::Ordering;

use crate::bounds::Moving;
use crate::evaluating;
use crate::facts::{Facts, Held, Kind, Value};
use crate::passing::{tick_from, tick_until};
use crate::schema::{Schema, Slot, Type};
use crate::tree::{Condition, Part, Text};

/// A change of one fact that alters whether a rule holds.
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
    /// Whether the rule would hold then: the opposite of now.
    pub holds: bool,
}

/// How large a change is. Types in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// By how much, of how much.
    Int(u128, u128),
    Time(u128),
    Bool,
    Text,
}

impl Size {
    fn rank(self) -> u8 {
        match self {
            Self::Int(..) => 0,
            Self::Time(_) => 1,
            Self::Bool => 2,
            Self::Text => 3,
        }
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(by, of), Self::Int(other_by, other_of)) => {
                // Differences are below 2^64 and values at most 2^63: the products fit.
                by.saturating_mul(other_of).cmp(&other_by.saturating_mul(of))
            }
            (Self::Time(by), Self::Time(other)) => by.cmp(&other),
            (one, other) => one.rank().cmp(&other.rank()),
        }
    }
}

struct Search<'a> {
    condition: &'a Condition,
    facts: &'a Facts,
    /// The facts, with one of them changed at a time.
    tried: Facts,
    holds: bool,
}

pub(crate) fn nearest(condition: &Condition, schema: &Schema, used: &[Slot], facts: &Facts) -> Option<Flip> {
    let holds = evaluating::condition(condition, facts) == Some(true);
    let mut search = Search { condition, facts, tried: facts.clone(), holds };
    let mut best: Option<(Size, Flip)> = None;
    for slot in used {
        let Some(fact) = schema.fact(*slot).filter(|fact| !fact.is_now) else { continue };
        let Some((size, to)) = search.nearest_of(*slot, fact.of) else { continue };
        if best.as_ref().is_some_and(|(least, _)| size.compare(*least) != Ordering::Less) {
            continue;
        }
        if let Some((from, to)) = facts.value(*slot).zip(to) {
            best = Some((size, Flip { slot: *slot, fact: fact.name.to_string(), from, to, holds: !holds }));
        }
    }
    best.map(|(_, flip)| flip)
}

impl Search<'_> {
    fn alters(&mut self, slot: Slot, held: Held) -> bool {
        let before = self.facts.held(slot).clone();
        self.tried.put(slot, held);
        let holds = evaluating::condition(self.condition, &self.tried) == Some(true);
        self.tried.put(slot, before);
        holds != self.holds
    }

    fn nearest_of(&mut self, slot: Slot, of: Type) -> Option<(Size, Option<Value>)> {
        match self.facts.held(slot).clone() {
            Held::Unknown | Held::Texts(_) => None,
            Held::Bool(from) => self.alters(slot, Held::Bool(!from)).then_some((Size::Bool, Some(Value::Bool(!from)))),
            Held::Number(from) => {
                let kind = of.kind()?;
                let to = self.nearest_number(slot, kind, from)?;
                let by = to.abs_diff(from);
                let size = match kind {
                    Kind::Int => Size::Int(by, from.unsigned_abs().max(1)),
                    Kind::Instant | Kind::Duration => Size::Time(by),
                };
                Some((size, kind.value(to)))
            }
            Held::Text(from) => {
                let to =
                    self.texts().into_iter().find(|to| **to != *from && self.alters(slot, Held::Text(to.clone())))?;
                Some((Size::Text, Some(Value::Text(to.into()))))
            }
        }
    }

    fn nearest_number(&mut self, slot: Slot, kind: Kind, from: i128) -> Option<i128> {
        let borders = Moving { slots: &[slot], facts: self.facts }.borders(self.condition)?;
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
        places.into_iter().filter(|place| *place != from).find(|place| self.alters(slot, Held::Number(*place)))
    }

    /// Every text that the rule names or compares, and the empty one, in the order of their bytes.
    fn texts(&self) -> Vec<Box<str>> {
        let mut texts: Vec<Box<str>> = vec!["".into()];
        self.condition.walk(&mut |part| match part {
            Part::Text(Text::Literal(text)) => texts.push(text.clone()),
            Part::Text(Text::Fact(slot)) => texts.extend(self.facts.text(*slot).map(Into::into)),
            Part::Condition(Condition::TextAmong { among, .. }) => texts.extend_from_slice(among),
            Part::Condition(Condition::TextInFact { list, .. }) => {
                texts.extend_from_slice(self.facts.texts(*list).unwrap_or_default());
            }
            Part::Condition(_) | Part::Amount(_) => {}
        });
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}
