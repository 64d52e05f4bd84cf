//! What two parts mean together.

use super::{Checking, Meaning};
use crate::facts::Kind;
use crate::fault::{Advice, Foreign, Needed, Position, Trouble};
use crate::parsing::{Operator, Spelling, Syntax};
use crate::schema::Type;
use crate::tree::{Amount, Comparison, Condition, Form, Joint, Text};

impl Checking<'_> {
    /// A chain of `&&` or `||`: one part, whatever brackets of the same sort stand within it.
    pub(super) fn chain(&mut self, syntax: &Syntax, by: Operator) -> Option<Condition> {
        let mut parts = Vec::new();
        let whole = self.links(syntax, by, &mut parts);
        whole.then(|| if by == Operator::And { Condition::All(parts) } else { Condition::Any(parts) })
    }

    /// Whether all of them make sense.
    fn links(&mut self, syntax: &Syntax, by: Operator, parts: &mut Vec<Condition>) -> bool {
        if let Spelling::Operation { left, by: other, right } = &syntax.form
            && *other == by
        {
            let left = self.links(left, by, parts);
            return self.links(right, by, parts) && left;
        }
        self.condition(syntax).map(|condition| parts.push(condition)).is_some()
    }

    pub(super) fn operation(&mut self, at: Position, left: &Syntax, by: Operator, right: &Syntax) -> Option<Meaning> {
        if by == Operator::In {
            return self.within(at, left, right).map(Meaning::Condition);
        }
        let (one, other) = (self.meaning(left), self.meaning(right));
        let (one, other) = (one?, other?);
        match by {
            Operator::Plus => self.sum(at, one, Joint::Plus, other, by),
            Operator::Minus => self.sum(at, one, Joint::Minus, other, by),
            Operator::Times => self.product(at, one, other),
            Operator::Equal => self.comparison(at, one, Comparison::Equal, other),
            Operator::Unequal => self.comparison(at, one, Comparison::Unequal, other),
            Operator::Less => self.comparison(at, one, Comparison::Less, other),
            Operator::AtMost => self.comparison(at, one, Comparison::AtMost, other),
            Operator::More => self.comparison(at, one, Comparison::More, other),
            Operator::AtLeast => self.comparison(at, one, Comparison::AtLeast, other),
            Operator::And | Operator::Or | Operator::In => None,
        }
    }

    fn no_sense<T>(
        &mut self,
        at: Position,
        (left, operator, right): (&Meaning, &'static str, &Meaning),
        advice: Advice,
    ) -> Option<T> {
        self.fault(at, Trouble::NoSense { operator, left: left.of(), right: right.of(), advice })
    }

    fn sum(&mut self, at: Position, left: Meaning, joint: Joint, right: Meaning, by: Operator) -> Option<Meaning> {
        let kinds = left.amount().map(|left| left.kind).zip(right.amount().map(|right| right.kind));
        let Some(kind) = kinds.and_then(|(left, right)| kind_of(left, joint, right)) else {
            return self.no_sense(at, (&left, by.sign(), &right), Advice::SameSort);
        };
        joined(kind, left, joint, right)
    }

    fn product(&mut self, at: Position, left: Meaning, right: Meaning) -> Option<Meaning> {
        let ints =
            left.amount().zip(right.amount()).filter(|(one, other)| (one.kind, other.kind) == (Kind::Int, Kind::Int));
        let Some((one, other)) = ints.map(|(one, other)| (one.facts(), other.facts())) else {
            return self.no_sense(at, (&left, "*", &right), Advice::OnlyInts);
        };
        if let Some(slot) = one.iter().find(|slot| other.contains(slot)) {
            let name = self.schema.name(*slot).to_owned();
            return self.fault(at, Trouble::Squared(name));
        }
        joined(Kind::Int, left, Joint::Times, right)
    }

    fn comparison(&mut self, at: Position, left: Meaning, by: Comparison, right: Meaning) -> Option<Meaning> {
        let equality = match by {
            Comparison::Equal => Some(true),
            Comparison::Unequal => Some(false),
            Comparison::Less | Comparison::AtMost | Comparison::More | Comparison::AtLeast => None,
        };
        let condition = match left {
            Meaning::Amount(left) => match right {
                Meaning::Amount(right) if left.kind == right.kind => Ok(Condition::Compare { left, by, right }),
                right @ (Meaning::Amount(_) | Meaning::Condition(_) | Meaning::Text(_) | Meaning::Texts(_)) => {
                    Err((Meaning::Amount(left), right))
                }
            },
            Meaning::Text(left) => match (right, equality) {
                (Meaning::Text(right), Some(equal)) => Ok(Condition::SameText { left, right, equal }),
                (right, None | Some(_)) => Err((Meaning::Text(left), right)),
            },
            Meaning::Condition(left) => match (right, equality) {
                (Meaning::Condition(right), Some(equal)) => {
                    Ok(Condition::Alike { left: Box::new(left), right: Box::new(right), equal })
                }
                (right, None | Some(_)) => Err((Meaning::Condition(left), right)),
            },
            list @ Meaning::Texts(_) => Err((list, right)),
        };
        match condition {
            Ok(condition) => Some(Meaning::Condition(condition)),
            Err((left, right)) => {
                let types = [left.of(), right.of()];
                let advice = if types == [Type::Text, Type::Text] {
                    Advice::TextsHaveNoOrder
                } else if types.contains(&Type::Texts) {
                    Advice::AskTheList
                } else if types.contains(&Type::Bool) {
                    Advice::JoinConditions
                } else {
                    Advice::OneType
                };
                self.no_sense(at, (&left, by.sign(), &right), advice)
            }
        }
    }

    fn within(&mut self, at: Position, left: &Syntax, right: &Syntax) -> Option<Condition> {
        let one = self.meaning(left);
        if let Spelling::List(values) = &right.form {
            let values: Vec<_> = values.iter().map(|value| self.listed(value)).collect();
            let values: Option<Vec<_>> = values.into_iter().collect();
            return self.among(right.at, one?, values?);
        }
        let list = self.meaning(right);
        match (one?, list?) {
            (Meaning::Text(text), Meaning::Texts(list)) => Some(Condition::TextInFact { text, list }),
            (one, list) => self.no_sense(at, (&one, "in", &list), Advice::TextInList),
        }
    }

    fn among(&mut self, at: Position, one: Meaning, values: Vec<(Position, Meaning)>) -> Option<Condition> {
        let mut numbers = Vec::new();
        let mut texts = Vec::new();
        let found = one.of();
        if found == Type::Bool || found == Type::Texts {
            return self.fault(at, Trouble::Wanted { wanted: Needed::TextOrNumber, found });
        }
        for (at, value) in values {
            if value.of() != found {
                return self.fault(at, Trouble::Wanted { wanted: Needed::Type(found), found: value.of() });
            }
            match value {
                Meaning::Amount(Amount { form: Form::Literal(value), .. }) => numbers.push(value),
                Meaning::Text(Text::Literal(value)) => texts.push(value),
                Meaning::Amount(_) | Meaning::Text(_) | Meaning::Condition(_) | Meaning::Texts(_) => {}
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        texts.sort_unstable();
        texts.dedup();
        match one {
            Meaning::Amount(amount) => Some(Condition::AmountAmong { amount, among: numbers }),
            Meaning::Text(text) => Some(Condition::TextAmong { text, among: texts }),
            Meaning::Condition(_) | Meaning::Texts(_) => None,
        }
    }

    /// A value of a list, which is written out: a list with facts in it could not be sorted beforehand.
    fn listed(&mut self, value: &Syntax) -> Option<(Position, Meaning)> {
        let meaning = self.meaning(value)?;
        match &meaning {
            Meaning::Amount(Amount { form: Form::Literal(_), .. }) | Meaning::Text(Text::Literal(_)) => {
                Some((value.at, meaning))
            }
            Meaning::Amount(_) | Meaning::Text(_) | Meaning::Condition(_) | Meaning::Texts(_) => {
                self.fault(value.at, Trouble::NotForRules(Foreign::ListValue))
            }
        }
    }
}

/// Which sort of number two of them make together, where they do.
fn kind_of(left: Kind, joint: Joint, right: Kind) -> Option<Kind> {
    match (left, right) {
        (Kind::Int, Kind::Int) => Some(Kind::Int),
        (Kind::Duration, Kind::Duration) => Some(Kind::Duration),
        (Kind::Instant, Kind::Instant) => (joint == Joint::Minus).then_some(Kind::Duration),
        (Kind::Instant, Kind::Duration) => Some(Kind::Instant),
        (Kind::Duration, Kind::Instant) => (joint == Joint::Plus).then_some(Kind::Instant),
        (Kind::Int, Kind::Instant | Kind::Duration) | (Kind::Instant | Kind::Duration, Kind::Int) => None,
    }
}

fn joined(kind: Kind, left: Meaning, by: Joint, right: Meaning) -> Option<Meaning> {
    let (left, right) = (Box::new(left.into_amount()?), Box::new(right.into_amount()?));
    Some(Meaning::Amount(Amount { kind, form: Form::Joined { left, by, right } }))
}
