//! The words faults are made of. As data they have no language; their texts are English.

use std::fmt::{self, Formatter};

use crate::limits;
use crate::schema::Type;

/// Of what there can be too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of the source.
    Bytes,
    /// Bytes of the source as it is written canonically.
    CanonicalBytes,
    /// Words and signs.
    Tokens,
    /// Brackets within one another.
    Brackets,
    /// Parts within one another.
    Nesting,
    /// Values of one list.
    ListValues,
    /// Bytes of one text.
    TextBytes,
}

impl Limit {
    /// How many there may be.
    pub fn most(self) -> usize {
        match self {
            Self::Bytes | Self::CanonicalBytes => limits::SOURCE_BYTES,
            Self::Tokens => limits::TOKENS,
            Self::Brackets => limits::BRACKETS,
            Self::Nesting => limits::NESTING,
            Self::ListValues => limits::LIST,
            Self::TextBytes => limits::TEXT_BYTES,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "bytes",
            Self::CanonicalBytes => "bytes in its canonical form",
            Self::Tokens => "words and signs",
            Self::Brackets => "brackets within one another",
            Self::Nesting => "parts within one another",
            Self::ListValues => "values of one list",
            Self::TextBytes => "bytes of one text",
        })
    }
}

/// What to write instead of a letter or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// `==`.
    Equal,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// A number is digits alone.
    Digits,
    /// An escape that there is.
    Escape,
    /// A control letter is escaped.
    Control,
    /// Nothing: there is no such sign.
    NoSuchSign,
    /// Texts stand in quotes.
    Quotes,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "write == to compare",
            Self::And => "write && for and",
            Self::Or => "write || for or",
            Self::Digits => "a number is digits alone",
            Self::Escape => "behind \\ stands \\, \", ', n, r, t, or u with four digits",
            Self::Control => "write it as \\u with four digits",
            Self::NoSuchSign => "no rule has such a sign",
            Self::Quotes => "texts stand in quotes",
        })
    }
}

/// A function rules have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `has(fact)`.
    Has,
    /// `size(list)`.
    Size,
    /// `duration("720h")`.
    Duration,
    /// `timestamp("2026-01-31T00:00:00+08:00")`.
    Timestamp,
    /// `text.startsWith("beginning")`.
    StartsWith,
}

impl Function {
    pub(crate) const ALL: [Self; 5] = [Self::Has, Self::Size, Self::Duration, Self::Timestamp, Self::StartsWith];

    /// As a rule writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Has => "has",
            Self::Size => "size",
            Self::Duration => "duration",
            Self::Timestamp => "timestamp",
            Self::StartsWith => "startsWith",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What CEL, or another language, has and rules do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// `? :`.
    Ternary,
    /// `/` and `%`.
    Division,
    /// `1.5`.
    Decimal,
    /// `5u`.
    Unsigned,
    /// `b"abc"`.
    Bytes,
    /// `null`.
    Null,
    /// `{"a": 1}`.
    Map,
    /// A message of Protocol Buffers.
    Message,
    /// A comprehension.
    Loop,
    /// `list[0]`.
    Index,
    /// Nothing at all.
    Nothing,
    /// A field of something that is no name.
    Field,
    /// `!!`.
    DoubleNot,
    /// `--`.
    DoubleMinus,
    /// `// so`.
    Comment,
    /// A text in three quotes.
    TripleQuotes,
    /// A text with a letter before it.
    PrefixedText,
    /// A list that does not stand after `in`.
    ListHere,
    /// A value of a list that is not written out.
    ListValue,
    /// A function in another form than it has.
    FormOf(Function),
    /// `has` of something that is no name.
    HasArgument,
    /// `duration` or `timestamp` of something that is no text.
    LiteralArgument,
}

impl Foreign {
    /// What to write instead.
    pub(crate) fn instead(self) -> &'static str {
        match self {
            Self::Ternary => "write (a && b) || (!a && c)",
            Self::Division => "multiply the other side",
            Self::Decimal => "there are no fractions: write money in minor units, rates in basis points",
            Self::Unsigned => "write it without u",
            Self::Bytes => "write a text",
            Self::Null => "ask has(x) whether x is known",
            Self::Map | Self::Message => "facts have names of their own",
            Self::Loop | Self::Index => "ask `x in list` or `size(list)`",
            Self::Nothing => "write a condition",
            Self::Field => "only names have dots",
            Self::DoubleNot | Self::DoubleMinus => "two of them mean none",
            Self::Comment => "say it beside the rule",
            Self::TripleQuotes => "write it in one pair",
            Self::PrefixedText => "write the text alone",
            Self::ListHere => "a list stands after `in`",
            Self::ListValue => "a list has texts, ints, durations or instants that are written out",
            Self::FormOf(Function::Has) => "write has(fact)",
            Self::FormOf(Function::Size) => "write size(list)",
            Self::FormOf(Function::Duration) => "write duration(\"720h\")",
            Self::FormOf(Function::Timestamp) => "write timestamp(\"2026-01-31T00:00:00+08:00\")",
            Self::FormOf(Function::StartsWith) => "write text.startsWith(\"beginning\")",
            Self::HasArgument => "has asks for one fact, by its name",
            Self::LiteralArgument => "the length or the instant is written in quotes",
        }
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ternary => "? :",
            Self::Division => "division",
            Self::Decimal => "a decimal",
            Self::Unsigned => "an unsigned number",
            Self::Bytes => "a text of bytes",
            Self::Null => "null",
            Self::Map => "a map",
            Self::Message => "a message",
            Self::Loop => "a loop",
            Self::Index => "an index",
            Self::Nothing => "nothing",
            Self::Field => "a field of something",
            Self::DoubleNot => "!!",
            Self::DoubleMinus => "--",
            Self::Comment => "a comment",
            Self::TripleQuotes => "a text in three quotes",
            Self::PrefixedText => "a text with a letter before it",
            Self::ListHere => "a list here",
            Self::ListValue => "this value",
            Self::FormOf(function) => return write!(f, "this form of {function}"),
            Self::HasArgument | Self::LiteralArgument => "this argument",
        })
    }
}

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It ends where more is needed.
    EndsEarly,
    /// A word or sign that cannot stand there.
    Unexpected(String),
    /// A number beyond 64 bits.
    NumberTooLarge,
    /// A text names a letter that there is not.
    NoSuchLetter,
    /// A bracket that is not closed.
    NotClosed(char),
    /// A bracket that closes nothing.
    ClosesNothing(char),
    /// Something else, in the words of the parser.
    Other(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsEarly => f.write_str("it ends where more is needed"),
            Self::Unexpected(found) => {
                write!(f, "{found} is not expected here")?;
                match found.as_str() {
                    "and" => f.write_str("; write &&"),
                    "or" => f.write_str("; write ||"),
                    _ => Ok(()),
                }
            }
            Self::NumberTooLarge => f.write_str("this number does not fit into 64 bits"),
            Self::NoSuchLetter => f.write_str("this text names a letter that there is not"),
            Self::NotClosed(bracket) => write!(f, "{bracket} is not closed"),
            Self::ClosesNothing(bracket) => write!(f, "{bracket} closes nothing"),
            Self::Other(said) => f.write_str(said),
        }
    }
}

/// What a place asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// This type.
    Type(Type),
    /// What can be less than zero: an int or a duration.
    IntOrDuration,
    /// What can be among others: a text or a number.
    TextOrNumber,
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Type(of) => of.said(),
            Self::IntOrDuration => "an int or a duration",
            Self::TextOrNumber => "a text or a number before `in`",
        })
    }
}

/// What goes together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Numbers of one sort.
    SameSort,
    /// Only ints are multiplied.
    OnlyInts,
    /// Texts have no order.
    TextsHaveNoOrder,
    /// Lists are asked what is in them.
    AskTheList,
    /// Conditions are joined.
    JoinConditions,
    /// Both sides are of one type.
    OneType,
    /// A text is in a list.
    TextInList,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SameSort => "ints go with ints, durations with durations and instants",
            Self::OnlyInts => "only ints are multiplied",
            Self::TextsHaveNoOrder => "texts have no order here: write ==, != or in",
            Self::AskTheList => "ask `text in list` or `size(list)`",
            Self::JoinConditions => "put && or || between comparisons",
            Self::OneType => "both sides are of one type",
            Self::TextInList => "a text is in a list of texts, or in [..]",
        })
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
