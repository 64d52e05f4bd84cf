//! What is wrong with a text that is no rule, and where.

mod terms;

use std::fmt;

use crate::schema::Type;

pub use terms::{Advice, Foreign, Function, Hint, Limit, Needed, Unreadable};

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
/// It repeats what the person wrote who wrote the rule, and no value of any fact. As text it is English; whoever tells
/// it in another language has everything the text has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// More of something than a rule may have.
    #[error("too much: {limit}, of which a rule may have {most} at most", limit = .0, most = .0.most())]
    TooMuch(Limit),
    /// A letter or sign that no rule has outside of quotes, or not there.
    #[error("{found:?} means nothing here; {hint}")]
    Letter {
        /// The letter.
        found: char,
        /// What to write.
        hint: Hint,
    },
    /// A quote that is not closed on its line.
    #[error("this text is not closed on its line")]
    OpenText,
    /// Something CEL knows and a rule does not.
    #[error("{what} is not for rules; {instead}", what = .0, instead = .0.instead())]
    NotForRules(Foreign),
    /// No expression of CEL.
    #[error("this cannot be read: {0}")]
    Syntax(Unreadable),
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
        .near.map_or("there are has, size, duration, timestamp and startsWith".to_owned(), |near| format!("did you mean {near}?"))
    )]
    UnknownFunction {
        /// The name.
        name: String,
        /// The function that is spelled most like it.
        near: Option<Function>,
    },
    /// A part is of another type than its place asks for.
    #[error("here stands {}, where {wanted} is needed", .found.said())]
    Wanted {
        /// What is needed.
        wanted: Needed,
        /// What is there.
        found: Type,
    },
    /// An operator between parts that do not go together.
    #[error("{} {operator} {} makes no sense; {advice}", .left.said(), .right.said())]
    NoSense {
        /// The operator as it is written.
        operator: &'static str,
        /// The type to its left.
        left: Type,
        /// The type to its right.
        right: Type,
        /// What goes.
        advice: Advice,
    },
    /// A fact that is multiplied by itself: the nearest change could not be told exactly.
    #[error("{0} stands on both sides of *; a fact is not multiplied by itself")]
    Squared(String),
    /// A text that is no duration.
    #[error("{0:?} is no duration; write whole numbers with h, m, s, ms, us or ns, such as \"720h\" or \"1h30m\"")]
    NoDuration(String),
    /// A text that is no instant.
    #[error("{0:?} is no instant; write it with its offset, such as \"2026-01-31T00:00:00+08:00\"")]
    NoInstant(String),
    /// A text that is written as an instant, of a day that there is not, or so near to the end of time that nothing can
    /// come after it.
    #[error("{0:?} is not on the calendar; it has the days there are, from the year -9999 to the last but one of 9999")]
    NotOnCalendar(String),
}

impl Trouble {
    pub(crate) fn at(self, at: Position) -> Fault {
        Fault { at, what: self }
    }
}
