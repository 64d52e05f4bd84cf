//! From what was written to what it means: names become slots, and every part has a type that fits its place.
//!
//! A part that makes no sense is told once. Whatever holds it is not judged any more, but its neighbours are, so that
//! one pass tells all there is to tell.

mod joining;
mod naming;

use crate::facts::{Kind, LAST};
use crate::fault::{Fault, Foreign, Function, Limit, Needed, Position, Trouble};
use crate::limits;
use crate::parsing::{Operator, Spelling, Syntax};
use crate::passing::TICK;
use crate::printing::UNITS;
use crate::schema::{Schema, Slot, Type};
use crate::tree::{Amount, Condition, Form, Text};
use jiff::Timestamp;

/// What a part means.
enum Meaning {
    Condition(Condition),
    Amount(Amount),
    Text(Text),
    Texts(Slot),
}

impl Meaning {
    fn of(&self) -> Type {
        match self {
            Self::Condition(_) => Type::Bool,
            Self::Amount(amount) => amount.kind.of(),
            Self::Text(_) => Type::Text,
            Self::Texts(_) => Type::Texts,
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
                self.fault(syntax.at, wanted(Type::Bool, &other))
            }
        }
    }

    fn text(&mut self, syntax: &Syntax) -> Option<Text> {
        match self.meaning(syntax)? {
            Meaning::Text(text) => Some(text),
            other @ (Meaning::Condition(_) | Meaning::Amount(_) | Meaning::Texts(_)) => {
                self.fault(syntax.at, wanted(Type::Text, &other))
            }
        }
    }

    fn meaning(&mut self, syntax: &Syntax) -> Option<Meaning> {
        if self.nesting >= limits::NESTING {
            return self.fault(syntax.at, Trouble::TooMuch(Limit::Nesting));
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
            Spelling::List(_) => self.fault(syntax.at, Trouble::NotForRules(Foreign::ListHere)),
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
        let number = |kind| Meaning::Amount(Amount { kind, form: Form::Fact(slot) });
        Some(match self.schema.fact(slot)?.of {
            Type::Bool => Meaning::Condition(Condition::Fact(slot)),
            Type::Int => number(Kind::Int),
            Type::Instant => number(Kind::Instant),
            Type::Duration => number(Kind::Duration),
            Type::Text => Meaning::Text(Text::Fact(slot)),
            Type::Texts => Meaning::Texts(slot),
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
                return self.fault(inner.at, Trouble::Wanted { wanted: Needed::IntOrDuration, found: other.of() });
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
        let Some(function) = Function::ALL.into_iter().find(|function| function.name() == name) else {
            let near = naming::nearest(name, Function::ALL.into_iter().map(Function::name));
            let near = Function::ALL.into_iter().find(|function| Some(function.name()) == near.as_deref());
            return self.fault(at, Trouble::UnknownFunction { name: name.to_owned(), near });
        };
        match (of, arguments) {
            (None, [one]) => match function {
                Function::Has => return self.has(one),
                Function::Size => return self.size(one),
                Function::Duration => return self.literal(one, Kind::Duration),
                Function::Timestamp => return self.literal(one, Kind::Instant),
                Function::StartsWith => {}
            },
            (Some(one), []) if function == Function::Size => return self.size(one),
            (Some(text), [with]) if function == Function::StartsWith => {
                let (text, with) = (self.text(text), self.text(with));
                return Some(Meaning::Condition(Condition::Begins { text: text?, with: with? }));
            }
            (None | Some(_), _) => {}
        }
        self.fault(at, Trouble::NotForRules(Foreign::FormOf(function)))
    }

    fn has(&mut self, argument: &Syntax) -> Option<Meaning> {
        let Spelling::Name(name) = &argument.form else {
            return self.fault(argument.at, Trouble::NotForRules(Foreign::HasArgument));
        };
        let slot = self.slot(argument.at, name)?;
        // A fact that becomes one that is always known breaks no text that asked for it before.
        let may_be_unknown = self.schema.fact(slot)?.optional;
        Some(Meaning::Condition(if may_be_unknown { Condition::Known(slot) } else { Condition::Always(true) }))
    }

    fn size(&mut self, argument: &Syntax) -> Option<Meaning> {
        match self.meaning(argument)? {
            Meaning::Texts(slot) => Some(Meaning::Amount(Amount { kind: Kind::Int, form: Form::Size(slot) })),
            other @ (Meaning::Amount(_) | Meaning::Condition(_) | Meaning::Text(_)) => {
                self.fault(argument.at, wanted(Type::Texts, &other))
            }
        }
    }

    fn literal(&mut self, argument: &Syntax, kind: Kind) -> Option<Meaning> {
        let Spelling::Text(text) = &argument.form else {
            return self.fault(argument.at, Trouble::NotForRules(Foreign::LiteralArgument));
        };
        let number = match kind {
            Kind::Instant => instant(text),
            Kind::Duration | Kind::Int => nanoseconds(text)
                .and_then(|nanos| Kind::Duration.within(nanos))
                .ok_or_else(|| Trouble::NoDuration(text.clone())),
        };
        match number {
            Ok(number) => Some(Meaning::Amount(Amount { kind, form: Form::Literal(number) })),
            Err(trouble) => self.fault(argument.at, trouble),
        }
    }
}

fn wanted(wanted: Type, found: &Meaning) -> Trouble {
    Trouble::Wanted { wanted: Needed::Type(wanted), found: found.of() }
}

/// An instant as CEL writes it, which is RFC 3339: `2026-01-31T00:00:00.5+08:00`. What else jiff would read, such as the
/// name of a zone behind the offset, would not be what it looks like.
fn instant(text: &str) -> Result<i128, Trouble> {
    if !is_instant(text.as_bytes()) {
        return Err(Trouble::NoInstant(text.to_owned()));
    }
    let read: Option<Timestamp> = text.parse().ok();
    // Something can come after it, so that whatever waits for it can say when.
    let last = LAST.saturating_sub(TICK);
    let known = read.map(Timestamp::as_nanosecond).filter(|nanos| *nanos < last);
    known.ok_or_else(|| Trouble::NotOnCalendar(text.to_owned()))
}

fn is_instant(text: &[u8]) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let Some((plain, rest)) = text.split_at_checked(SHAPE.len()) else { return false };
    let fits = |(letter, shape): (&u8, &u8)| if *shape == b'0' { letter.is_ascii_digit() } else { letter == shape };
    let digits = rest.strip_prefix(b".").map(|digits| digits.iter().take_while(|d| d.is_ascii_digit()).count());
    let offset = match digits {
        None => Some(rest),
        Some(1..=9) => digits.and_then(|digits| rest.get(digits.saturating_add(1)..)),
        Some(_) => None,
    };
    let has_offset = offset.is_some_and(|offset| match offset {
        b"Z" => true,
        [b'+' | b'-', hour @ .., b':', one, two] => {
            hour.len() == 2 && hour.iter().chain([one, two]).all(u8::is_ascii_digit)
        }
        _ => false,
    });
    plain.iter().zip(SHAPE).all(fits) && has_offset && !plain.ends_with(b"60")
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
