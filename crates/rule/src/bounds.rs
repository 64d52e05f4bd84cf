//! Where a rule can change as one number moves.
//!
//! Every amount is a straight line in that number: `rise * x + start`. So each comparison is constant but for three
//! stretches: before its root, at it, behind it. Where an amount leaves its range it is undecided, which is such a
//! border, too. This file lists the first and last whole numbers of all those stretches. Between two neighbours in the
//! list nothing changes: whoever tries all of them has tried everything.

use crate::facts::Facts;
use crate::schema::Slot;
use crate::tree::{Amount, Condition, Form, Joint, Part};

/// `rise * x + start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line {
    rise: i128,
    start: i128,
}

/// Why an amount is no line.
enum NoLine {
    /// It is undecided wherever x is: nothing of it changes.
    Undecided,
    /// Its numbers do not fit into 128 bits.
    TooSteep,
}

/// What moves: the fact of this slot has the value x.
pub(crate) struct Moving<'a, F: ?Sized> {
    pub(crate) slot: Slot,
    pub(crate) facts: &'a F,
}

impl<F: Facts + ?Sized> Moving<'_, F> {
    /// All borders, sorted, each once. None where they cannot be told, as numbers do not fit.
    pub(crate) fn borders(&self, condition: &Condition) -> Option<Vec<i128>> {
        let mut borders = Vec::new();
        let mut told = true;
        condition.walk(&mut |part| {
            told &= match part {
                Part::Condition(condition) => self.roots(condition, &mut borders),
                Part::Amount(amount) => self.edges(amount, &mut borders),
                Part::Text(_) => true,
            };
        });
        borders.sort_unstable();
        borders.dedup();
        told.then_some(borders)
    }

    /// Where a comparison itself changes. Answers whether it could be told.
    fn roots(&self, condition: &Condition, borders: &mut Vec<i128>) -> bool {
        match condition {
            Condition::Compare { left, right, .. } => self.told(self.line(left), borders, |left, borders| {
                self.told(self.line(right), borders, |right, borders| {
                    let rise = left.rise.checked_sub(right.rise);
                    let start = left.start.checked_sub(right.start);
                    rise.zip(start).is_some_and(|(rise, start)| around(Line { rise, start }, 0, borders))
                })
            }),
            Condition::AmountAmong { amount, among } => self.told(self.line(amount), borders, |line, borders| {
                among.iter().all(|value| around(line, *value, borders))
            }),
            Condition::Always(_)
            | Condition::Fact(_)
            | Condition::Known(_)
            | Condition::Not(_)
            | Condition::All(_)
            | Condition::Any(_)
            | Condition::Alike { .. }
            | Condition::SameText { .. }
            | Condition::Begins { .. }
            | Condition::TextAmong { .. }
            | Condition::TextInFact { .. } => true,
        }
    }

    fn told(
        &self,
        line: Result<Line, NoLine>,
        borders: &mut Vec<i128>,
        then: impl FnOnce(Line, &mut Vec<i128>) -> bool,
    ) -> bool {
        match line {
            Ok(line) => then(line, borders),
            Err(NoLine::Undecided) => true,
            Err(NoLine::TooSteep) => false,
        }
    }

    /// Where an amount leaves its range. A fact and a literal never do.
    fn edges(&self, amount: &Amount, borders: &mut Vec<i128>) -> bool {
        if amount.is_leaf() {
            return true;
        }
        let (least, most) = amount.kind.range();
        self.told(self.line(amount), borders, |line, borders| {
            around(line, least, borders) && around(line, most, borders)
        })
    }

    fn line(&self, amount: &Amount) -> Result<Line, NoLine> {
        let level = |value: Option<i128>| value.map(|start| Line { rise: 0, start }).ok_or(NoLine::Undecided);
        match &amount.form {
            Form::Literal(value) => level(Some(*value)),
            Form::Fact(slot) if self.slot == *slot => Ok(Line { rise: 1, start: 0 }),
            Form::Fact(_) | Form::Size(_) => level(crate::evaluating::amount(amount, self.facts)),
            Form::Negated(inner) => {
                let inner = self.line(inner)?;
                self.ranged(amount, Line { rise: 0, start: 0 }.join(Joint::Minus, inner))
            }
            Form::Joined { left, by, right } => {
                let line = self.line(left)?.join(*by, self.line(right)?);
                self.ranged(amount, line)
            }
        }
    }

    /// An amount that does not move is undecided for good where it is out of range.
    fn ranged(&self, amount: &Amount, line: Option<Line>) -> Result<Line, NoLine> {
        match line {
            Some(Line { rise: 0, start }) if amount.kind.within(start).is_none() && !self.moves(amount) => {
                Err(NoLine::Undecided)
            }
            Some(line) => Ok(line),
            None if self.moves(amount) => Err(NoLine::TooSteep),
            None => Err(NoLine::Undecided),
        }
    }

    fn moves(&self, amount: &Amount) -> bool {
        amount.facts().contains(&self.slot)
    }
}

impl Line {
    fn join(self, by: Joint, other: Self) -> Option<Self> {
        match by {
            Joint::Plus | Joint::Minus => {
                Some(Self { rise: by.join(self.rise, other.rise)?, start: by.join(self.start, other.start)? })
            }
            // Checking lets no fact stand on both sides, so one of them is level.
            Joint::Times => {
                let (line, level) = if self.rise == 0 { (other, self.start) } else { (self, other.start) };
                Some(Self { rise: line.rise.checked_mul(level)?, start: line.start.checked_mul(level)? })
            }
        }
    }
}

/// The whole numbers next to where a line has a value: the last before, the one at it if there is one, the first
/// behind. Answers whether they could be told.
fn around(line: Line, value: i128, borders: &mut Vec<i128>) -> bool {
    if line.rise == 0 {
        return true;
    }
    let Some(rest) = value.checked_sub(line.start) else { return false };
    let Some(whole) = rest.checked_div_euclid(line.rise) else { return false };
    // With a falling line the quotient is rounded upwards: the neighbours on both sides are listed either way.
    borders.extend([whole.checked_sub(1), Some(whole), whole.checked_add(1)].into_iter().flatten());
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbours_of_a_root_are_listed_for_rising_and_falling_lines() {
        for rise in (-5..=5).filter(|rise| *rise != 0) {
            for start in -20..=20 {
                let mut borders = Vec::new();
                assert!(around(Line { rise, start }, 0, &mut borders));
                for x in -30_i128..30 {
                    let sign = |x: i128| (rise * x + start).signum();
                    if sign(x) != sign(x + 1) {
                        assert!(borders.contains(&x) && borders.contains(&(x + 1)), "{rise} * {x} + {start}");
                    }
                }
            }
        }
    }
}
