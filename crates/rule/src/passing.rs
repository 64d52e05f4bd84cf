//! When time alone changes a rule's result.

use jiff::Timestamp;

use crate::bounds::Moving;
use crate::evaluating;
use crate::facts::{Facts, Instead, Kind, Known};
use crate::tree::Condition;

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
///
/// Where the calendar ends is no such instant: a number that no longer fits leaves a part undecided, which is never what
/// is wanted. And whatever is true and then undecided has met that end: what lies behind it is not looked at.
pub(crate) fn next<F: Facts + ?Sized>(condition: &Condition, wanted: bool, facts: &F) -> Option<Timestamp> {
    let slot = facts.schema().now()?;
    let now = Kind::Instant.read(facts.fact(slot))?;
    // Time is named so often at most as a rule has parts, so its coefficients are small: the borders can always be told.
    let borders = Moving { slot, facts }.borders(condition)?;
    let mut ticks: Vec<i128> = borders.into_iter().filter_map(tick_from).filter(|tick| *tick > now).collect();
    ticks.dedup();
    let ends_with_time = !wanted && evaluating::condition(condition, facts) == Some(true);
    for tick in ticks {
        let at = Kind::Instant.within(tick).and_then(|tick| Timestamp::from_nanosecond(tick).ok())?;
        let then = Instead { facts, slot, known: Known::Instant(at) };
        match evaluating::condition(condition, &then) {
            Some(is) if is == wanted => return Some(at),
            None if ends_with_time => return None,
            Some(_) | None => {}
        }
    }
    None
}
