//! A rule's canonical source: one way to write each tree, which parses to the same tree.

use std::fmt::{self, Formatter};

use crate::facts::Kind;
use crate::schema::Schema;
use crate::tree::{Amount, Comparison, Condition, Form, Joint, Text};
use jiff::Timestamp;

/// How tightly a condition's operator binds; what binds less than its place asks for is put into brackets.
const ANY: u8 = 1;
const ALL: u8 = 2;
const RELATION: u8 = 3;
const SUM: u8 = 4;
const PRODUCT: u8 = 5;
const UNARY: u8 = 6;
const ATOM: u8 = 7;

/// A part of a rule, to be printed with the names of its schema.
pub(crate) struct Printed<'a, T>(pub(crate) &'a T, pub(crate) &'a Schema);

impl fmt::Display for Printed<'_, Condition> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        condition(f, self.0, self.1, 0)
    }
}

impl fmt::Display for Printed<'_, Amount> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        amount(f, self.0, self.1, 0)
    }
}

fn bracketed(
    f: &mut Formatter<'_>,
    binds: u8,
    wanted: u8,
    inner: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if binds >= wanted {
        return inner(f);
    }
    f.write_str("(")?;
    inner(f)?;
    f.write_str(")")
}

fn condition(f: &mut Formatter<'_>, tree: &Condition, schema: &Schema, wanted: u8) -> fmt::Result {
    bracketed(f, binding(tree), wanted, |f| match tree {
        Condition::Always(value) => write!(f, "{value}"),
        Condition::Fact(slot) => f.write_str(schema.name(*slot)),
        Condition::Known(slot) => write!(f, "has({})", schema.name(*slot)),
        Condition::Not(inner) => {
            f.write_str("!")?;
            condition(f, inner, schema, ATOM)
        }
        Condition::All(parts) => chain(f, parts, " && ", schema, RELATION),
        Condition::Any(parts) => chain(f, parts, " || ", schema, ALL),
        Condition::Alike { left, right, equal } => {
            // Comparisons lean to the left, too: brackets here could become more than a source may have.
            condition(f, left, schema, RELATION)?;
            f.write_str(if *equal { " == " } else { " != " })?;
            condition(f, right, schema, SUM)
        }
        Condition::Compare { left, by, right } => {
            amount(f, left, schema, SUM)?;
            write!(f, " {} ", by.sign())?;
            amount(f, right, schema, SUM)
        }
        Condition::AmountAmong { amount: one, among } => {
            amount(f, one, schema, SUM)?;
            f.write_str(" in ")?;
            list(f, among, |f, value| number(f, one.kind, *value))
        }
        Condition::SameText { left, right, equal } => {
            word(f, left, schema)?;
            f.write_str(if *equal { " == " } else { " != " })?;
            word(f, right, schema)
        }
        Condition::Begins { text: one, with } => {
            word(f, one, schema)?;
            f.write_str(".startsWith(")?;
            word(f, with, schema)?;
            f.write_str(")")
        }
        Condition::TextAmong { text: one, among } => {
            word(f, one, schema)?;
            f.write_str(" in ")?;
            list(f, among, |f, value| text(f, value))
        }
        Condition::TextInFact { text: one, list } => {
            word(f, one, schema)?;
            write!(f, " in {}", schema.name(*list))
        }
    })
}

fn binding(tree: &Condition) -> u8 {
    match tree {
        Condition::Always(_) | Condition::Fact(_) | Condition::Known(_) | Condition::Begins { .. } => ATOM,
        Condition::Not(_) => UNARY,
        Condition::All(_) => ALL,
        Condition::Any(_) => ANY,
        Condition::Alike { .. }
        | Condition::Compare { .. }
        | Condition::AmountAmong { .. }
        | Condition::SameText { .. }
        | Condition::TextAmong { .. }
        | Condition::TextInFact { .. } => RELATION,
    }
}

fn chain(f: &mut Formatter<'_>, parts: &[Condition], sign: &str, schema: &Schema, wanted: u8) -> fmt::Result {
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            f.write_str(sign)?;
        }
        condition(f, part, schema, wanted)?;
    }
    Ok(())
}

fn amount(f: &mut Formatter<'_>, tree: &Amount, schema: &Schema, wanted: u8) -> fmt::Result {
    let binds = match &tree.form {
        Form::Literal(_) | Form::Fact(_) | Form::Size(_) => ATOM,
        Form::Negated(_) => UNARY,
        Form::Joined { by: Joint::Times, .. } => PRODUCT,
        Form::Joined { by: Joint::Plus | Joint::Minus, .. } => SUM,
    };
    bracketed(f, binds, wanted, |f| match &tree.form {
        Form::Literal(value) => number(f, tree.kind, *value),
        Form::Fact(slot) => f.write_str(schema.name(*slot)),
        Form::Size(slot) => write!(f, "size({})", schema.name(*slot)),
        Form::Negated(inner) => {
            f.write_str("-")?;
            // A literal after the sign would become one number with it; `-(5)` is not `-5`.
            let wanted = if matches!(inner.form, Form::Literal(_)) { ATOM.saturating_add(1) } else { ATOM };
            amount(f, inner, schema, wanted)
        }
        Form::Joined { left, by, right } => {
            // Chains lean to the left: the same operator on the right needs its brackets.
            let (sign, wanted) = match by {
                Joint::Plus => (" + ", SUM),
                Joint::Minus => (" - ", SUM),
                Joint::Times => (" * ", PRODUCT),
            };
            amount(f, left, schema, wanted)?;
            f.write_str(sign)?;
            amount(f, right, schema, wanted.saturating_add(1))
        }
    })
}

fn word(f: &mut Formatter<'_>, tree: &Text, schema: &Schema) -> fmt::Result {
    match tree {
        Text::Literal(value) => text(f, value),
        Text::Fact(slot) => f.write_str(schema.name(*slot)),
    }
}

pub(crate) fn list<T>(
    f: &mut Formatter<'_>,
    values: &[T],
    one: impl Fn(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        one(f, value)?;
    }
    f.write_str("]")
}

pub(crate) fn text(f: &mut Formatter<'_>, value: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in value.chars() {
        match letter {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            letter if letter.is_control() => write!(f, "\\u{:04x}", u32::from(letter))?,
            letter => write!(f, "{letter}")?,
        }
    }
    f.write_str("\"")
}

pub(crate) fn number(f: &mut Formatter<'_>, kind: Kind, value: i128) -> fmt::Result {
    match kind {
        Kind::Int => write!(f, "{value}"),
        Kind::Instant => match Timestamp::from_nanosecond(value) {
            Ok(instant) => write!(f, "timestamp(\"{instant}\")"),
            Err(_) => write!(f, "timestamp(\"?\")"),
        },
        Kind::Duration => {
            f.write_str("duration(\"")?;
            duration(f, value)?;
            f.write_str("\")")
        }
    }
}

/// The units a duration is written in, in nanoseconds.
pub(crate) const UNITS: [(&str, u128); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

fn duration(f: &mut Formatter<'_>, nanos: i128) -> fmt::Result {
    if nanos == 0 {
        return f.write_str("0s");
    }
    if nanos < 0 {
        f.write_str("-")?;
    }
    let mut rest = nanos.unsigned_abs();
    for (unit, worth) in UNITS {
        let count = rest.checked_div(worth).unwrap_or_default();
        rest = rest.checked_rem(worth).unwrap_or_default();
        if count > 0 {
            write!(f, "{count}{unit}")?;
        }
    }
    Ok(())
}

impl Comparison {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
        }
    }
}
