//! Which facts a rule may speak of.

use std::fmt;
use std::sync::Arc;

use crate::limits;

/// The type of a fact.
///
/// There is no fraction: money is an int of minor units, a rate an int of basis points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A text, compared byte by byte: what is to be compared is normalised before it becomes a fact.
    Text,
    /// An instant, to the nanosecond.
    Instant,
    /// A length of time, to the nanosecond; it knows no days or months, as those differ in length.
    Duration,
    /// A set of texts: without an order, and each counts once, also in `size`.
    Texts,
}

/// One fact a schema knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Words of small letters, digits and `_`, joined by dots: `order.net_minor`.
    pub name: Arc<str>,
    /// What its values are.
    pub of: Type,
    /// Whether it may be unknown. A rule asks so with `has(name)`.
    pub optional: bool,
    /// Whether it *is* the moment of asking, and so changes as time passes. Other facts stay until somebody changes them.
    pub is_now: bool,
}

impl Fact {
    /// A fact that is always known.
    pub fn known(name: &str, of: Type) -> Self {
        Self { name: name.into(), of, optional: false, is_now: false }
    }

    /// A fact that may be unknown.
    pub fn optional(name: &str, of: Type) -> Self {
        Self { optional: true, ..Self::known(name, of) }
    }

    /// The moment of asking: an instant that moves with the time. A schema has one at most.
    pub fn now(name: &str) -> Self {
        Self { is_now: true, ..Self::known(name, Type::Instant) }
    }
}

/// Where a fact stands in its schema: asked of the schema once, used without looking up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub(crate) u16);

impl Slot {
    /// Its place in [`Schema::facts`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The facts that rules of one kind may speak of. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    facts: Arc<[Fact]>,
}

/// Why facts make no schema: a mistake of the programmer, not of whoever writes rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Not words of small letters, digits and `_`, joined by dots; or longer than 64 bytes.
    #[error("{0:?} is no name of a fact")]
    Name(String),
    /// A word that CEL keeps for itself, or a function of ours.
    #[error("{0:?} has a word that the language keeps for itself")]
    Reserved(String),
    /// Two facts of one name.
    #[error("{0:?} is there twice")]
    Twice(String),
    /// More facts than a schema has.
    #[error("a schema has at most {} facts", limits::FACTS)]
    TooMany,
    /// `is_now` on something that is no instant, that may be unknown, or on a second fact.
    #[error("{0:?} cannot be the moment of asking")]
    NotNow(String),
}

/// Words the parser takes for something else.
const RESERVED: [&str; 25] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "true",
    "false",
    "null",
    "has",
    "size",
    "duration",
    "timestamp",
];

impl Schema {
    /// The same facts in the same slots.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.facts, &other.facts) || self.facts == other.facts
    }

    /// A schema of these facts, in this order.
    ///
    /// # Errors
    /// Where a name is no name, is reserved or is there twice, or there are more than [`limits::FACTS`].
    pub fn new(facts: Vec<Fact>) -> Result<Self, SchemaError> {
        if facts.len() > limits::FACTS {
            return Err(SchemaError::TooMany);
        }
        for (place, fact) in facts.iter().enumerate() {
            let name = || fact.name.to_string();
            if fact.name.len() > 64 || !fact.name.split('.').all(is_word) {
                return Err(SchemaError::Name(name()));
            }
            if fact.name.split('.').any(|word| RESERVED.contains(&word)) {
                return Err(SchemaError::Reserved(name()));
            }
            if facts.iter().take(place).any(|other| other.name == fact.name) {
                return Err(SchemaError::Twice(name()));
            }
            let second_now = facts.iter().take(place).any(|other| other.is_now);
            if fact.is_now && (fact.of != Type::Instant || fact.optional || second_now) {
                return Err(SchemaError::NotNow(name()));
            }
        }
        Ok(Self { facts: facts.into() })
    }

    /// All facts, in the order of the schema.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The moment of asking, where rules may name it.
    pub fn now(&self) -> Option<Slot> {
        self.slots().find_map(|(slot, fact)| fact.is_now.then_some(slot))
    }

    /// Where a fact's value lies. Walks the schema: ask once, keep the answer.
    pub fn slot(&self, name: &str) -> Option<Slot> {
        let place = self.facts.iter().position(|fact| &*fact.name == name)?;
        u16::try_from(place).ok().map(Slot)
    }

    /// The fact of a slot; none where the slot is of a larger schema.
    pub fn fact(&self, slot: Slot) -> Option<&Fact> {
        self.facts.get(slot.index())
    }

    /// The name of a slot's fact.
    pub(crate) fn name(&self, slot: Slot) -> &str {
        self.fact(slot).map_or("?", |fact| &fact.name)
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = (Slot, &Fact)> {
        (0_u16..).map(Slot).zip(self.facts.iter())
    }
}

fn is_word(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Text => "text",
            Self::Instant => "instant",
            Self::Duration => "duration",
            Self::Texts => "list of text",
        })
    }
}
