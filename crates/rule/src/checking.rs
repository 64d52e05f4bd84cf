//! From what was written to what it means: names become slots, and every part has a type that fits its place.
//!
//! A part that makes no sense is told once. Whatever holds it is not judged any more, but its neighbours are, so that
//! one pass tells all there is to tell.

mod joining;
mod naming;

use crate::facts::Kind;
use crate::fault::{Fault, Position, Trouble};
use crate::limits;
use crate::parsing::{Operator, Spelling, Syntax};
use crate::printing::UNITS;
use crate::schema::{Schema, Slot, Type};
use crate::tree::{Amount, Condition, Form, Text};
use jiff::Timestamp;
use naming::FUNCTIONS;

/// What a part means.
enum Meaning {
    Condition(Condition),
    Amount(Amount),
    Text(Text),
    Texts(Slot),
}

impl Meaning {
    fn said(&self) -> &'static str {
        match self {
            Self::Condition(_) => Type::Bool.said(),
            Self::Amount(amount) => amount.kind.of().said(),
            Self::Text(_) => Type::Text.said(),
            Self::Texts(_) => Type::Texts.said(),
        }
    }

    fn amount(&self) -> Option<&Amount> {
        match self {
            Self::Amount(amount) => Some(amount),
            Self::Condition(_) | Self::Text(_) | Self::Texts(_) => None,
        }
    }

    fn into_amount(self) -> Option<Amount> {
        match self {
            Self::Amount(amount) => Some(amount),
            Self::Condition(_) | Self::Text(_) | Self::Texts(_) => None,
        }
    }
}

struct Checking<'a> {
    schema: &'a Schema,
    faults: &'a mut Vec<Fault>,
    nesting: usize,
}

/// What a text means; none where it has faults, which are told.
pub(crate) fn check(syntax: &Syntax, schema: &Schema, faults: &mut Vec<Fault>) -> Option<Condition> {
    Checking { schema, faults, nesting: 0 }.condition(syntax)
}

impl Checking<'_> {
    /// Tells a fault; answers that there is no meaning.
    fn fault<T>(&mut self, at: Position, what: Trouble) -> Option<T> {
        self.faults.push(what.at(at));
        None
    }

    fn condition(&mut self, syntax: &Syntax) -> Option<Condition> {
        match self.meaning(syntax)? {
            Meaning::Condition(condition) => Some(condition),
            other @ (Meaning::Amount(_) | Meaning::Text(_) | Meaning::Texts(_)) => {
                self.fault(syntax.at, Trouble::Wanted { wanted: Type::Bool.said(), found: other.said() })
            }
        }
    }

    fn text(&mut self, syntax: &Syntax) -> Option<Text> {
        match self.meaning(syntax)? {
            Meaning::Text(text) => Some(text),
            other @ (Meaning::Condition(_) | Meaning::Amount(_) | Meaning::Texts(_)) => {
                self.fault(syntax.at, Trouble::Wanted { wanted: Type::Text.said(), found: other.said() })
            }
        }
    }

    fn meaning(&mut self, syntax: &Syntax) -> Option<Meaning> {
        if self.nesting >= limits::NESTING {
            let what = Trouble::TooMuch { what: "parts within one another", limit: limits::NESTING };
            return self.fault(syntax.at, what);
        }
        self.nesting = self.nesting.saturating_add(1);
        let meaning = self.meaning_within(syntax);
        self.nesting = self.nesting.saturating_sub(1);
        meaning
    }

    fn meaning_within(&mut self, syntax: &Syntax) -> Option<Meaning> {
        match &syntax.form {
            Spelling::Refused => None,
            Spelling::Bool(value) => Some(Meaning::Condition(Condition::Always(*value))),
            Spelling::Int(value) => {
                Some(Meaning::Amount(Amount { kind: Kind::Int, form: Form::Literal(i128::from(*value)) }))
            }
            Spelling::Text(value) => Some(Meaning::Text(Text::Literal(value.as_str().into()))),
            Spelling::Name(name) => self.name(syntax.at, name),
            Spelling::List(_) => {
                let instead = "a list stands after `in`";
                self.fault(syntax.at, Trouble::NotForRules { what: "a list here".to_owned(), instead })
            }
            Spelling::Not(inner) => {
                let inner = self.condition(inner)?;
                Some(Meaning::Condition(Condition::Not(Box::new(inner))))
            }
            Spelling::Negated(inner) => self.negated(inner),
            Spelling::Operation { by: by @ (Operator::And | Operator::Or), .. } => {
                self.chain(syntax, *by).map(Meaning::Condition)
            }
            Spelling::Operation { left, by, right } => self.operation(syntax.at, left, *by, right),
            Spelling::Call { of, name, arguments } => self.call(syntax.at, of.as_deref(), name, arguments),
        }
    }

    fn name(&mut self, at: Position, name: &str) -> Option<Meaning> {
        let slot = self.slot(at, name)?;
        let of = self.schema.fact(slot)?.of;
        Some(match (of, of.kind()) {
            (_, Some(kind)) => Meaning::Amount(Amount { kind, form: Form::Fact(slot) }),
            (Type::Bool, _) => Meaning::Condition(Condition::Fact(slot)),
            (Type::Texts, _) => Meaning::Texts(slot),
            (Type::Text | Type::Int | Type::Instant | Type::Duration, None) => Meaning::Text(Text::Fact(slot)),
        })
    }

    fn slot(&mut self, at: Position, name: &str) -> Option<Slot> {
        let slot = self.schema.slot(name);
        slot.or_else(|| {
            // No more are told, and looking for what was meant costs more than all else.
            let is_told = self.faults.len() < limits::FAULTS;
            let names = || self.schema.facts().iter().map(|fact| &*fact.name);
            let near = is_told.then(|| naming::nearest(name, names())).flatten();
            self.fault(at, Trouble::UnknownFact { name: name.to_owned(), near })
        })
    }

    fn negated(&mut self, inner: &Syntax) -> Option<Meaning> {
        let amount = match self.meaning(inner)? {
            Meaning::Amount(amount) if amount.kind != Kind::Instant => amount,
            other @ (Meaning::Amount(_) | Meaning::Condition(_) | Meaning::Text(_) | Meaning::Texts(_)) => {
                return self.fault(inner.at, Trouble::Wanted { wanted: "an int or a duration", found: other.said() });
            }
        };
        let kind = amount.kind;
        // `-(5)` is the literal -5, as the parser reads `-5`.
        let folded = match &amount.form {
            Form::Literal(value) => value.checked_neg().and_then(|value| kind.within(value)),
            Form::Fact(_) | Form::Size(_) | Form::Negated(_) | Form::Joined { .. } => None,
        };
        let form = folded.map_or_else(|| Form::Negated(Box::new(amount)), Form::Literal);
        Some(Meaning::Amount(Amount { kind, form }))
    }

    fn call(&mut self, at: Position, of: Option<&Syntax>, name: &str, arguments: &[Syntax]) -> Option<Meaning> {
        match (name, of, arguments) {
            ("has", None, [one]) => self.has(one),
            ("size", None, [one]) | ("size", Some(one), []) => self.size(one),
            ("duration", None, [one]) => self.literal(one, Kind::Duration),
            ("timestamp", None, [one]) => self.literal(one, Kind::Instant),
            ("startsWith", Some(text), [with]) => {
                let (text, with) = (self.text(text), self.text(with));
                Some(Meaning::Condition(Condition::Begins { text: text?, with: with? }))
            }
            _ if FUNCTIONS.iter().any(|(one, _)| *one == name) => {
                let usage = FUNCTIONS.iter().find(|(one, _)| *one == name).map_or("", |(_, usage)| usage);
                self.fault(at, Trouble::NotForRules { what: format!("this form of {name}"), instead: usage })
            }
            _ => {
                let near = naming::nearest(name, FUNCTIONS.iter().map(|(name, _)| *name));
                self.fault(at, Trouble::UnknownFunction { name: name.to_owned(), near })
            }
        }
    }

    fn has(&mut self, argument: &Syntax) -> Option<Meaning> {
        let Spelling::Name(name) = &argument.form else {
            let instead = "has asks for one fact, by its name";
            return self.fault(argument.at, Trouble::NotForRules { what: "this argument".to_owned(), instead });
        };
        let slot = self.slot(argument.at, name)?;
        if !self.schema.fact(slot)?.optional {
            return self.fault(argument.at, Trouble::AlwaysKnown(name.clone()));
        }
        Some(Meaning::Condition(Condition::Known(slot)))
    }

    fn size(&mut self, argument: &Syntax) -> Option<Meaning> {
        match self.meaning(argument)? {
            Meaning::Texts(slot) => Some(Meaning::Amount(Amount { kind: Kind::Int, form: Form::Size(slot) })),
            other @ (Meaning::Amount(_) | Meaning::Condition(_) | Meaning::Text(_)) => {
                self.fault(argument.at, Trouble::Wanted { wanted: Type::Texts.said(), found: other.said() })
            }
        }
    }

    fn literal(&mut self, argument: &Syntax, kind: Kind) -> Option<Meaning> {
        let Spelling::Text(text) = &argument.form else {
            let instead = "the length or the instant is written in quotes";
            return self.fault(argument.at, Trouble::NotForRules { what: "this argument".to_owned(), instead });
        };
        let number = match kind {
            Kind::Instant => instant(text).map(Timestamp::as_nanosecond),
            Kind::Duration | Kind::Int => nanoseconds(text).and_then(|nanos| Kind::Duration.within(nanos)),
        };
        match (number, kind) {
            (Some(number), _) => Some(Meaning::Amount(Amount { kind, form: Form::Literal(number) })),
            (None, Kind::Instant) => self.fault(argument.at, Trouble::NoInstant(text.clone())),
            (None, Kind::Duration | Kind::Int) => self.fault(argument.at, Trouble::NoDuration(text.clone())),
        }
    }
}

/// An instant as CEL writes it, which is RFC 3339: `2026-01-31T00:00:00.5+08:00`. What else jiff would read, such as the
/// name of a zone behind the offset, would not be what it looks like.
fn instant(text: &str) -> Option<Timestamp> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let (plain, rest) = text.as_bytes().split_at_checked(SHAPE.len())?;
    let fits = |(letter, shape): (&u8, &u8)| if *shape == b'0' { letter.is_ascii_digit() } else { letter == shape };
    let fraction = rest.strip_prefix(b".").map_or(0, |digits| digits.iter().take_while(|d| d.is_ascii_digit()).count());
    let offset = match fraction {
        0 => rest,
        1..=9 => rest.get(fraction.saturating_add(1)..)?,
        _ => return None,
    };
    let has_offset =
        offset == b"Z" || (offset.len() == 6 && (offset[0] == b'+' || offset[0] == b'-') && offset[3] == b':');
    let is_second = plain.ends_with(b"60");
    (plain.iter().zip(SHAPE).all(fits) && has_offset && !is_second).then(|| text.parse().ok()).flatten()
}

/// A duration as CEL writes it, in whole numbers: `-1h30m`.
fn nanoseconds(text: &str) -> Option<i128> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut sum = 0_i128;
    loop {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (count, after) = rest.split_at_checked(digits)?;
        let unit = after.find(|letter: char| letter.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let worth = UNITS.iter().find_map(|(name, worth)| (*name == unit).then_some(*worth))?;
        let part = count.parse::<u64>().ok().map(i128::from)?.checked_mul(i128::try_from(worth).ok()?)?;
        sum = sum.checked_add(part)?;
        rest = after;
        if rest.is_empty() {
            return if negative { sum.checked_neg() } else { Some(sum) };
        }
    }
}
