//! A rule as it is evaluated: typed, with slots for names, small enough to be read at a glance.
//!
//! Numbers, instants and durations are one sort of [`Amount`], so that whatever works out where a comparison changes
//! knows one case only. Every amount is linear in each single fact: checking sees to it.

use crate::facts::Kind;
use crate::schema::Slot;

/// True, false or undecided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Always(bool),
    Fact(Slot),
    Known(Slot),
    Not(Box<Condition>),
    /// At least two, none of which is itself `All`.
    All(Vec<Condition>),
    /// At least two, none of which is itself `Any`.
    Any(Vec<Condition>),
    Alike {
        left: Box<Condition>,
        right: Box<Condition>,
        equal: bool,
    },
    Compare {
        left: Amount,
        by: Comparison,
        right: Amount,
    },
    AmountAmong {
        amount: Amount,
        /// Sorted, each once.
        among: Vec<i128>,
    },
    SameText {
        left: Text,
        right: Text,
        equal: bool,
    },
    Begins {
        text: Text,
        with: Text,
    },
    TextAmong {
        text: Text,
        /// Sorted, each once.
        among: Vec<Box<str>>,
    },
    TextInFact {
        text: Text,
        list: Slot,
    },
}

/// Between two amounts of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// A whole number: of ints, or of nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) kind: Kind,
    pub(crate) form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Literal(i128),
    Fact(Slot),
    Size(Slot),
    Negated(Box<Amount>),
    Joined { left: Box<Amount>, by: Joint, right: Box<Amount> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    Plus,
    Minus,
    Times,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Literal(Box<str>),
    Fact(Slot),
}

/// A part of a condition that the walks look at.
pub(crate) enum Part<'a> {
    Condition(&'a Condition),
    Amount(&'a Amount),
    Text(&'a Text),
}

impl Condition {
    /// What it directly consists of.
    pub(crate) fn parts(&self) -> Vec<Part<'_>> {
        match self {
            Self::Always(_) | Self::Fact(_) | Self::Known(_) => Vec::new(),
            Self::Not(inner) => vec![Part::Condition(inner)],
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Part::Condition).collect(),
            Self::Alike { left, right, .. } => vec![Part::Condition(left), Part::Condition(right)],
            Self::Compare { left, right, .. } => vec![Part::Amount(left), Part::Amount(right)],
            Self::AmountAmong { amount, .. } => vec![Part::Amount(amount)],
            Self::SameText { left, right, .. } => vec![Part::Text(left), Part::Text(right)],
            Self::Begins { text, with } => vec![Part::Text(text), Part::Text(with)],
            Self::TextAmong { text, .. } | Self::TextInFact { text, .. } => vec![Part::Text(text)],
        }
    }

    /// The value of a part that settles a chain: what stands behind it is not looked at.
    pub(crate) fn ends_at(&self) -> Option<bool> {
        match self {
            Self::All(_) => Some(false),
            Self::Any(_) => Some(true),
            Self::Always(_)
            | Self::Fact(_)
            | Self::Known(_)
            | Self::Not(_)
            | Self::Alike { .. }
            | Self::Compare { .. }
            | Self::AmountAmong { .. }
            | Self::SameText { .. }
            | Self::Begins { .. }
            | Self::TextAmong { .. }
            | Self::TextInFact { .. } => None,
        }
    }

    /// The fact it names itself, not through a part.
    pub(crate) fn own_fact(&self) -> Option<Slot> {
        match self {
            Self::Fact(slot) | Self::Known(slot) | Self::TextInFact { list: slot, .. } => Some(*slot),
            Self::Always(_)
            | Self::Not(_)
            | Self::All(_)
            | Self::Any(_)
            | Self::Alike { .. }
            | Self::Compare { .. }
            | Self::AmountAmong { .. }
            | Self::SameText { .. }
            | Self::Begins { .. }
            | Self::TextAmong { .. } => None,
        }
    }

    /// Calls for the condition and everything in it.
    pub(crate) fn walk<'a>(&'a self, see: &mut dyn FnMut(&Part<'a>)) {
        see(&Part::Condition(self));
        for part in self.parts() {
            match &part {
                Part::Condition(inner) => inner.walk(see),
                Part::Amount(amount) => amount.walk(see),
                Part::Text(_) => see(&part),
            }
        }
    }

    /// Every fact in it, in the order of the schema, each once.
    pub(crate) fn facts(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.walk(&mut |part| {
            slots.extend(match part {
                Part::Condition(condition) => condition.own_fact(),
                Part::Amount(amount) => amount.own_fact(),
                Part::Text(text) => text.own_fact(),
            });
        });
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

impl Amount {
    pub(crate) fn walk<'a>(&'a self, see: &mut dyn FnMut(&Part<'a>)) {
        see(&Part::Amount(self));
        match &self.form {
            Form::Literal(_) | Form::Fact(_) | Form::Size(_) => {}
            Form::Negated(inner) => inner.walk(see),
            Form::Joined { left, right, .. } => {
                left.walk(see);
                right.walk(see);
            }
        }
    }

    pub(crate) fn own_fact(&self) -> Option<Slot> {
        match &self.form {
            Form::Fact(slot) | Form::Size(slot) => Some(*slot),
            Form::Literal(_) | Form::Negated(_) | Form::Joined { .. } => None,
        }
    }

    /// Every fact in it, in the order of the schema, each once.
    pub(crate) fn facts(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.walk(&mut |part| {
            if let Part::Amount(amount) = part {
                slots.extend(amount.own_fact());
            }
        });
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Whether it is one word: a literal, a fact, a size.
    pub(crate) fn is_leaf(&self) -> bool {
        match &self.form {
            Form::Literal(_) | Form::Fact(_) | Form::Size(_) => true,
            Form::Negated(_) | Form::Joined { .. } => false,
        }
    }
}

impl Text {
    pub(crate) fn own_fact(&self) -> Option<Slot> {
        match self {
            Self::Fact(slot) => Some(*slot),
            Self::Literal(_) => None,
        }
    }
}
