//! What is known of one case: a value for each slot of a schema, or none.
//!
//! A rule asks for a fact by its place and gets it lent: whoever keeps facts in columns answers from the columns.

mod sheet;

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::printing;
use crate::schema::{Schema, Slot, Type};

pub use sheet::FactSheet;

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// An instant.
    Instant(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
    /// Texts without an order, each of which counts once.
    Texts(Vec<String>),
}

/// Why a value is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactError {
    /// A slot of another schema.
    #[error("the schema has no such slot")]
    NoSuchSlot,
    /// A value of another type than the fact's.
    #[error("{name} is of type {of}")]
    OtherType {
        /// The fact.
        name: String,
        /// Its type.
        of: Type,
    },
    /// A duration longer than all instants span.
    #[error("{name} is longer than all of time")]
    TooLong {
        /// The fact.
        name: String,
    },
}

/// A fact as it is lent to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'a str),
    /// An instant.
    Instant(Timestamp),
    /// A length of time. One that is longer than all of time counts as unknown.
    Duration(SignedDuration),
    /// Texts without an order.
    Texts(&'a Texts),
}

impl Known<'_> {
    /// A copy.
    pub fn value(self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Text(value) => Value::Text(value.to_owned()),
            Self::Instant(value) => Value::Instant(value),
            Self::Duration(value) => Value::Duration(value),
            Self::Texts(values) => Value::Texts(values.iter().map(str::to_owned).collect()),
        }
    }
}

/// Texts as a set: sorted by their bytes, each once, so that a rule finds one by halving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(Vec<Box<str>>);

impl Texts {
    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a text is among them.
    pub fn contains(&self, text: &str) -> bool {
        self.0.binary_search_by(|one| (**one).cmp(text)).is_ok()
    }

    /// All, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|text| &**text)
    }
}

impl<T: Into<Box<str>>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut texts: Vec<Box<str>> = texts.into_iter().map(Into::into).collect();
        texts.sort_unstable();
        texts.dedup();
        Self(texts)
    }
}

/// What is known of one case.
///
/// Asked by place, several times for one rule: an answer should cost no more than looking into an array. One row of
/// columns is as good as a [`FactSheet`].
pub trait Facts {
    /// Of which facts it speaks. To a rule of another schema everything is unknown.
    ///
    /// Answer a clone of the schema the rules were parsed against: it is recognised by its address, any other is
    /// compared name by name.
    fn schema(&self) -> &Schema;

    /// A fact; none where it is unknown. A value of another type than the schema says counts as unknown, but for `has`.
    ///
    /// The moment of asking is a fact like any other: whoever asks a rule says here what the time is.
    fn fact(&self, slot: Slot) -> Option<Known<'_>>;
}

/// Facts as a rule of one schema may read them: slots of another schema mean something else.
pub(crate) struct Seen<'a, F: ?Sized> {
    facts: &'a F,
    schema: &'a Schema,
    readable: bool,
}

impl<'a, F: Facts + ?Sized> Seen<'a, F> {
    pub(crate) fn new(facts: &'a F, schema: &'a Schema) -> Self {
        Self { facts, schema, readable: facts.schema().is(schema) }
    }
}

impl<F: Facts + ?Sized> Facts for Seen<'_, F> {
    fn schema(&self) -> &Schema {
        self.schema
    }

    fn fact(&self, slot: Slot) -> Option<Known<'_>> {
        if self.readable { self.facts.fact(slot) } else { None }
    }
}

/// Facts, one of which is another.
pub(crate) struct Instead<'a, F: ?Sized> {
    pub(crate) facts: &'a F,
    pub(crate) slot: Slot,
    pub(crate) known: Known<'a>,
}

impl<F: Facts + ?Sized> Facts for Instead<'_, F> {
    fn schema(&self) -> &Schema {
        self.facts.schema()
    }

    fn fact(&self, slot: Slot) -> Option<Known<'_>> {
        if slot == self.slot { Some(self.known) } else { self.facts.fact(slot) }
    }
}

/// Which sort of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Instant,
    Duration,
}

/// All instants there are, in nanoseconds from 1970: `Timestamp::MIN` and `MAX`, which no constant can ask for.
const FIRST: i128 = -377_705_023_201_000_000_000;
pub(crate) const LAST: i128 = 253_402_207_200_999_999_999;
const SPAN: i128 = LAST.saturating_sub(FIRST);

impl Kind {
    /// The smallest and the largest value.
    pub(crate) fn range(self) -> (i128, i128) {
        match self {
            Self::Int => (i64::MIN as i128, i64::MAX as i128),
            Self::Instant => (FIRST, LAST),
            Self::Duration => (SPAN.saturating_neg(), SPAN),
        }
    }

    pub(crate) fn within(self, number: i128) -> Option<i128> {
        let (least, most) = self.range();
        (least <= number && number <= most).then_some(number)
    }

    pub(crate) fn of(self) -> Type {
        match self {
            Self::Int => Type::Int,
            Self::Instant => Type::Instant,
            Self::Duration => Type::Duration,
        }
    }

    /// A number as a value; none where it is out of range.
    pub(crate) fn value(self, number: i128) -> Option<Value> {
        let number = self.within(number)?;
        match self {
            Self::Int => i64::try_from(number).ok().map(Value::Int),
            Self::Instant => Timestamp::from_nanosecond(number).ok().map(Value::Instant),
            Self::Duration => SignedDuration::try_from_nanos_i128(number).map(Value::Duration),
        }
    }

    /// The number a fact is; none where it is unknown or something else.
    pub(crate) fn read(self, known: Option<Known<'_>>) -> Option<i128> {
        match known? {
            Known::Int(value) if self == Self::Int => Some(i128::from(value)),
            Known::Instant(value) if self == Self::Instant => Some(value.as_nanosecond()),
            Known::Duration(value) if self == Self::Duration => self.within(value.as_nanos()),
            Known::Bool(_)
            | Known::Int(_)
            | Known::Text(_)
            | Known::Instant(_)
            | Known::Duration(_)
            | Known::Texts(_) => None,
        }
    }
}

impl Value {
    /// The same value, lent; a list is none, as it would have to be sorted first.
    pub(crate) fn lent(&self) -> Option<Known<'_>> {
        match self {
            Self::Bool(value) => Some(Known::Bool(*value)),
            Self::Int(value) => Some(Known::Int(*value)),
            Self::Text(value) => Some(Known::Text(value)),
            Self::Instant(value) => Some(Known::Instant(*value)),
            Self::Duration(value) => Some(Known::Duration(*value)),
            Self::Texts(_) => None,
        }
    }

    /// Of which type it is.
    pub fn of(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Text(_) => Type::Text,
            Self::Instant(_) => Type::Instant,
            Self::Duration(_) => Type::Duration,
            Self::Texts(_) => Type::Texts,
        }
    }
}

/// As a rule would write it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Text(value) => printing::text(f, value),
            Self::Instant(value) => printing::number(f, Kind::Instant, value.as_nanosecond()),
            Self::Duration(value) => printing::number(f, Kind::Duration, value.as_nanos()),
            Self::Texts(values) => printing::list(f, values, |f, value| printing::text(f, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_last_instants_are_those_of_the_library() {
        assert_eq!((FIRST, LAST), (Timestamp::MIN.as_nanosecond(), Timestamp::MAX.as_nanosecond()));
    }
}
