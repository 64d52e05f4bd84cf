//! Facts that are set one by one.

use jiff::{SignedDuration, Timestamp};

use super::{FactError, Facts, Kind, Known, Texts, Value};
use crate::schema::{Schema, Slot};

/// How a sheet keeps a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Bool(bool),
    Int(i64),
    Text(Box<str>),
    Instant(Timestamp),
    Duration(SignedDuration),
    Texts(Texts),
}

/// Facts that are set one by one: made from a schema with everything unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactSheet {
    schema: Schema,
    held: Vec<Option<Held>>,
}

impl FactSheet {
    /// Nothing is known yet.
    pub fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), held: vec![None; schema.facts().len()] }
    }

    /// Sets a value. A fact that is not optional and was never set is unknown all the same; see [`FactSheet::missing`].
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
            Value::Int(value) => Held::Int(value),
            Value::Text(value) => Held::Text(value.into()),
            Value::Instant(value) => Held::Instant(value),
            Value::Duration(value) => match Kind::Duration.within(value.as_nanos()) {
                Some(_) => Held::Duration(value),
                None => return Err(FactError::TooLong { name: fact.name.to_string() }),
            },
            Value::Texts(values) => Held::Texts(values.into_iter().collect()),
        };
        self.put(slot, Some(held));
        Ok(())
    }

    /// Makes a fact unknown again.
    pub fn forget(&mut self, slot: Slot) {
        self.put(slot, None);
    }

    /// The value of a fact; none where it is unknown. Makes a copy; a list comes sorted, each text once.
    pub fn value(&self, slot: Slot) -> Option<Value> {
        self.fact(slot).map(Known::value)
    }

    /// The facts that are never unknown and yet were not set, in the order of the schema: whoever fills in facts can
    /// notice what was forgotten.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        let unset = self.schema.slots().filter(|(slot, fact)| !fact.optional && self.fact(*slot).is_none());
        unset.map(|(_, fact)| &*fact.name)
    }

    fn put(&mut self, slot: Slot, held: Option<Held>) {
        if let Some(place) = self.held.get_mut(slot.index()) {
            *place = held;
        }
    }
}

impl Facts for FactSheet {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn fact(&self, slot: Slot) -> Option<Known<'_>> {
        Some(match self.held.get(slot.index())?.as_ref()? {
            Held::Bool(value) => Known::Bool(*value),
            Held::Int(value) => Known::Int(*value),
            Held::Text(value) => Known::Text(value),
            Held::Instant(value) => Known::Instant(*value),
            Held::Duration(value) => Known::Duration(*value),
            Held::Texts(values) => Known::Texts(values),
        })
    }
}
