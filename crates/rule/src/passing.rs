//! When time alone changes a rule's result.

use jiff::Timestamp;

use crate::bounds::Moving;
use crate::evaluating;
use crate::facts::{Facts, Instead, Kind, Known};
use crate::tree::{Condition, Part};

/// The step of the house's clock, and of every instant that is told here, in nanoseconds.
pub(crate) const TICK: i128 = 1_000;

/// The first whole microsecond that is not before this.
pub(crate) fn tick_from(nanos: i128) -> Option<i128> {
    nanos.checked_neg()?.checked_div_euclid(TICK)?.checked_mul(TICK)?.checked_neg()
}

/// The last whole microsecond that is not after this.
pub(crate) fn tick_until(nanos: i128) -> Option<i128> {
    nanos.checked_div_euclid(TICK)?.checked_mul(TICK)
}

/// The first instant after the moment of asking at which time alone makes a condition what is wanted.
pub(crate) fn next<F: Facts + ?Sized>(condition: &Condition, wanted: bool, facts: &F) -> Option<Timestamp> {
    first(condition, facts, |is| is == Some(wanted))
}

/// The first instant after the moment of asking at which time alone makes what holds no longer hold, or what does not
/// hold do. What hangs on an unknown fact alone from then on no longer holds, though nothing decides it.
pub(crate) fn turn<F: Facts + ?Sized>(condition: &Condition, facts: &F) -> Option<Timestamp> {
    let holds = evaluating::condition(condition, facts) == Some(true);
    first(condition, facts, |is| (is == Some(true)) != holds)
}

/// Where the calendar ends is no such instant: of what is true and undecided from there on, nothing more is told.
fn first<F: Facts + ?Sized>(
    condition: &Condition,
    facts: &F,
    as_wanted: impl Fn(Option<bool>) -> bool,
) -> Option<Timestamp> {
    let slot = facts.schema().now()?;
    let now = Kind::Instant.read(facts.fact(slot))?;
    // Time is named so often at most as a rule has parts, so its coefficients are small: the borders can always be told.
    let borders = Moving { slot, facts }.borders(condition)?;
    let mut ticks: Vec<i128> = borders.into_iter().filter_map(tick_from).filter(|tick| *tick > now).collect();
    ticks.dedup();
    let holds = evaluating::condition(condition, facts) == Some(true);
    for tick in ticks {
        let at = Kind::Instant.within(tick).and_then(|tick| Timestamp::from_nanosecond(tick).ok())?;
        let then = Instead { facts, slot, known: Known::Instant(at) };
        let is = evaluating::condition(condition, &then);
        if holds && is.is_none() && some_amount_ended(condition, facts, &then) {
            return None;
        }
        if as_wanted(is) {
            return Some(at);
        }
    }
    None
}

/// Whether an amount that could be told can no longer be told then.
fn some_amount_ended<F: Facts + ?Sized, G: Facts + ?Sized>(condition: &Condition, facts: &F, then: &G) -> bool {
    let mut ended = false;
    condition.walk(&mut |part| {
        if let Part::Amount(amount) = part {
            ended |= evaluating::amount(amount, facts).is_some() && evaluating::amount(amount, then).is_none();
        }
    });
    ended
}
