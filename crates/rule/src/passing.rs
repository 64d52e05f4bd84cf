//! When time alone changes a rule's result.

use jiff::Timestamp;

use crate::bounds::Moving;
use crate::evaluating;
use crate::facts::{Facts, Held, Kind};
use crate::schema::{Schema, Slot};
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

pub(crate) fn next_change(
    condition: &Condition,
    schema: &Schema,
    used: &[Slot],
    facts: &Facts,
    now: Timestamp,
) -> Option<Timestamp> {
    let moving: Vec<Slot> =
        used.iter().copied().filter(|slot| schema.fact(*slot).is_some_and(|fact| fact.is_now)).collect();
    if moving.is_empty() {
        return None;
    }
    // Time is named so often at most as a rule has parts, so its coefficients are small: the borders can always be told.
    let borders = Moving { slots: &moving, facts }.borders(condition)?;
    let now = now.as_nanosecond();
    let mut ticks: Vec<i128> = borders.into_iter().filter_map(tick_from).collect();
    ticks.retain(|tick| *tick > now && Kind::Instant.within(*tick).is_some());
    ticks.dedup();
    let mut facts = facts.clone();
    let mut holds_at = |nanos: i128| {
        for slot in &moving {
            facts.put(*slot, Held::Number(nanos));
        }
        evaluating::condition(condition, &facts) == Some(true)
    };
    let today = holds_at(now);
    let change = ticks.into_iter().find(|tick| holds_at(*tick) != today)?;
    let before = change.checked_sub(TICK)?.max(now);
    let not_sooner = holds_at(before) == today;
    Timestamp::from_nanosecond(change).ok().filter(|_| not_sooner)
}
