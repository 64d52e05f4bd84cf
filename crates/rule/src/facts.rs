//! What is known of one case: a value for each slot of a schema, or none.

use std::borrow::Cow;
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::printing;
use crate::schema::{Schema, Slot, Type};

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

/// How evaluation sees a value: all numbers as one sort, instants and durations in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Unknown,
    Bool(bool),
    Number(i128),
    Text(Box<str>),
    /// Sorted, each once.
    Texts(Vec<Box<str>>),
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
const LAST: i128 = 253_402_207_200_999_999_999;
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
}

impl Type {
    /// Which sort of number values of this type are.
    pub(crate) fn kind(self) -> Option<Kind> {
        match self {
            Self::Int => Some(Kind::Int),
            Self::Instant => Some(Kind::Instant),
            Self::Duration => Some(Kind::Duration),
            Self::Bool | Self::Text | Self::Texts => None,
        }
    }
}

/// What is known of one case.
///
/// Made from a schema with everything unknown; values are set by slot. Rules parsed against the same schema read them
/// without looking anything up. To a rule of another schema everything in them is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    schema: Schema,
    held: Vec<Held>,
}

impl Facts {
    /// Nothing is known yet.
    pub fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), held: vec![Held::Unknown; schema.facts().len()] }
    }

    /// As a rule of a schema may read them: slots of another schema mean something else.
    pub(crate) fn of(&self, schema: &Schema) -> Cow<'_, Self> {
        if self.schema.is(schema) { Cow::Borrowed(self) } else { Cow::Owned(Self::new(schema)) }
    }

    /// Sets a value. A fact that is not optional and was never set is unknown all the same; see [`Facts::missing`].
    ///
    /// # Errors
    /// Where the slot is of another schema or the value of another type.
    pub fn set(&mut self, slot: Slot, value: Value) -> Result<(), FactError> {
        let fact = self.schema.fact(slot).ok_or(FactError::NoSuchSlot)?;
        if value.of() != fact.of {
            return Err(FactError::OtherType { name: fact.name.to_string(), of: fact.of });
        }
        let held = match value {
            Value::Bool(value) => Held::Bool(value),
            Value::Int(value) => Held::Number(i128::from(value)),
            Value::Text(value) => Held::Text(value.into()),
            Value::Instant(value) => Held::Number(value.as_nanosecond()),
            Value::Duration(value) => match Kind::Duration.within(value.as_nanos()) {
                Some(nanos) => Held::Number(nanos),
                None => return Err(FactError::TooLong { name: fact.name.to_string() }),
            },
            Value::Texts(values) => {
                let mut values: Vec<Box<str>> = values.into_iter().map(Into::into).collect();
                values.sort_unstable();
                values.dedup();
                Held::Texts(values)
            }
        };
        self.put(slot, held);
        Ok(())
    }

    /// Makes a fact unknown again.
    pub fn forget(&mut self, slot: Slot) {
        self.put(slot, Held::Unknown);
    }

    /// The value of a fact; none where it is unknown. Makes a copy; a list comes sorted, each text once.
    pub fn value(&self, slot: Slot) -> Option<Value> {
        let of = self.schema.fact(slot)?.of;
        match self.held(slot) {
            Held::Unknown => None,
            Held::Bool(value) => Some(Value::Bool(*value)),
            Held::Number(number) => of.kind().and_then(|kind| kind.value(*number)),
            Held::Text(value) => Some(Value::Text(value.to_string())),
            Held::Texts(values) => Some(Value::Texts(values.iter().map(ToString::to_string).collect())),
        }
    }

    /// The facts that are never unknown and yet were not set, in the order of the schema: whoever fills in facts can
    /// notice what was forgotten.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let unset = self.schema.slots().filter(|(slot, fact)| !fact.optional && *self.held(*slot) == Held::Unknown);
        unset.map(|(_, fact)| &*fact.name)
    }

    pub(crate) fn put(&mut self, slot: Slot, held: Held) {
        if let Some(place) = self.held.get_mut(slot.index()) {
            *place = held;
        }
    }

    pub(crate) fn held(&self, slot: Slot) -> &Held {
        self.held.get(slot.index()).unwrap_or(&Held::Unknown)
    }

    pub(crate) fn bool(&self, slot: Slot) -> Option<bool> {
        match self.held(slot) {
            Held::Bool(value) => Some(*value),
            Held::Unknown | Held::Number(_) | Held::Text(_) | Held::Texts(_) => None,
        }
    }

    pub(crate) fn number(&self, slot: Slot) -> Option<i128> {
        match self.held(slot) {
            Held::Number(value) => Some(*value),
            Held::Unknown | Held::Bool(_) | Held::Text(_) | Held::Texts(_) => None,
        }
    }

    pub(crate) fn text(&self, slot: Slot) -> Option<&str> {
        match self.held(slot) {
            Held::Text(value) => Some(value),
            Held::Unknown | Held::Bool(_) | Held::Number(_) | Held::Texts(_) => None,
        }
    }

    pub(crate) fn texts(&self, slot: Slot) -> Option<&[Box<str>]> {
        match self.held(slot) {
            Held::Texts(values) => Some(values),
            Held::Unknown | Held::Bool(_) | Held::Number(_) | Held::Text(_) => None,
        }
    }

    pub(crate) fn is_known(&self, slot: Slot) -> bool {
        *self.held(slot) != Held::Unknown
    }
}

impl Value {
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
