//! What is wrong with a text that is no rule, and where.

use std::fmt;

use crate::schema::Type;

/// A place in a rule's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Counts from one.
    pub line: u32,
    /// Counts characters, not bytes, from one.
    pub column: u32,
}

impl Position {
    /// The place of a byte of the source; bytes past its end lie at its end.
    pub(crate) fn of_byte(source: &str, byte: usize) -> Self {
        let mut place = Self { line: 1, column: 1 };
        for (_, letter) in source.char_indices().take_while(|(at, _)| *at < byte) {
            if letter == '\n' {
                place = Self { line: place.line.saturating_add(1), column: 1 };
            } else {
                place.column = place.column.saturating_add(1);
            }
        }
        place
    }
}

/// One thing that keeps a text from being a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what}")]
pub struct Fault {
    /// Where.
    pub at: Position,
    /// What.
    pub what: Trouble,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What can be wrong.
///
/// The texts are for the person who wrote the rule. They repeat what that person wrote, and no value of any fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// One of the limits of this language, see [`crate::limits`].
    #[error("too much: {what}, of which a rule may have {limit} at most")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// A letter or sign that no rule has outside of quotes.
    #[error("{found:?} means nothing here; {instead}")]
    Letter {
        /// The letter.
        found: char,
        /// What to write.
        instead: &'static str,
    },
    /// A quote that is not closed on its line.
    #[error("this text is not closed on its line")]
    OpenText,
    /// Something CEL knows and a rule does not.
    #[error("{what} is not for rules; {instead}")]
    NotForRules {
        /// What was found.
        what: String,
        /// What to write.
        instead: &'static str,
    },
    /// No expression of CEL.
    #[error("this cannot be read: {0}")]
    Syntax(String),
    /// The parser found no thread to work in, or panicked: not the author's fault.
    #[error("this could not be read; nothing is known to be wrong with it")]
    ParserFailed,
    /// A name the schema does not have.
    #[error("there is no fact {name}{}", .near.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default())]
    UnknownFact {
        /// The name.
        name: String,
        /// The name of the schema that is spelled most like it.
        near: Option<String>,
    },
    /// A function that rules do not have.
    #[error(
        "there is no function {name}; {}",
        .near.as_ref().map_or("there are has, size, duration, timestamp and startsWith".to_owned(), |near| format!("did you mean {near}?"))
    )]
    UnknownFunction {
        /// The name.
        name: String,
        /// The function that is spelled most like it.
        near: Option<String>,
    },
    /// A part is of another type than its place asks for.
    #[error("here stands {found}, where {wanted} is needed")]
    Wanted {
        /// What is needed.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// An operator between parts that do not go together.
    #[error("{left} {operator} {right} makes no sense; {instead}")]
    NoSense {
        /// The operator.
        operator: &'static str,
        /// The type to its left.
        left: &'static str,
        /// The type to its right.
        right: &'static str,
        /// What to write.
        instead: &'static str,
    },
    /// `has` of a fact that is never unknown.
    #[error("has({0}) is always true: the fact is never unknown")]
    AlwaysKnown(String),
    /// A fact that is multiplied by itself: the nearest change could not be told exactly.
    #[error("{0} stands on both sides of *; a fact is not multiplied by itself")]
    Squared(String),
    /// A text that is no duration.
    #[error("{0:?} is no duration; write whole numbers with h, m, s, ms, us or ns, such as \"720h\" or \"1h30m\"")]
    NoDuration(String),
    /// A text that is no instant.
    #[error("{0:?} is no instant; write it with its offset, such as \"2026-01-31T00:00:00+08:00\"")]
    NoInstant(String),
}

impl Trouble {
    pub(crate) fn at(self, at: Position) -> Fault {
        Fault { at, what: self }
    }
}

impl Type {
    /// The type as a sentence says it.
    pub(crate) fn said(self) -> &'static str {
        match self {
            Self::Bool => "a condition",
            Self::Int => "an int",
            Self::Text => "a text",
            Self::Instant => "an instant",
            Self::Duration => "a duration",
            Self::Texts => "a list of texts",
        }
    }
}
