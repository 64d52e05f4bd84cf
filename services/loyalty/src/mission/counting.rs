//! How far a member has come in one window: worked out anew from what they did and kept, so that it never drifts.
//!
//! 1. More deeds never complete less: a late order can only add. Only what comes back takes away.
//! 2. What is over after a completion counts for the next, but for names, steps and streaks, which begin anew.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::OutOfCalendar;

use super::facts::Deed;
use super::terms::{Counted, Goal, Step, Terms, Unit};
use super::windows::{start_of_unit, unit_of};

/// How far a member has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// When it was completed, each time; never more often than the window allows.
    pub completed: Vec<Timestamp>,
    /// Done towards the next time.
    pub done: i64,
    /// Names that are there.
    pub have: Vec<String>,
    /// The next step.
    pub next_step: Option<String>,
    /// Until then something has to happen for the streak to go on.
    pub streak_until: Option<Timestamp>,
}

/// Works it out of deeds in the order in which they happened.
pub fn reached(terms: &Terms, deeds: &[Deed], now: Timestamp, zone: &TimeZone) -> Result<Reached, OutOfCalendar> {
    let mut reached = match &terms.goal {
        Goal::Count { of: Counted::Products | Counted::Categories, target } => names(deeds, *target),
        Goal::Count { target, .. } => sums(deeds, *target, terms.most_per_window),
        Goal::Stamps { card, .. } => sums(deeds, *card, terms.most_per_window),
        Goal::Streak { unit, length } => streak(deeds, (*unit, *length), now, zone)?,
        Goal::Sequence { steps } => sequence(deeds, steps),
    };
    let most = usize::try_from(terms.most_per_window).unwrap_or(usize::MAX);
    if reached.completed.len() >= most {
        reached.completed.truncate(most);
        reached = Reached {
            completed: reached.completed,
            done: terms.goal.target(),
            have: reached.have,
            ..Reached::default()
        };
    }
    Ok(reached)
}

fn sums(deeds: &[Deed], target: i64, most: i64) -> Reached {
    let mut reached = Reached::default();
    for deed in deeds {
        let sum = reached.done.saturating_add(deed.amount);
        let times = sum.checked_div(target).unwrap_or(0);
        reached.done = sum.checked_rem(target).unwrap_or(0);
        let room = most.saturating_sub(i64::try_from(reached.completed.len()).unwrap_or(i64::MAX));
        reached.completed.extend((0..times.min(room)).map(|_| deed.at));
    }
    reached
}

fn names(deeds: &[Deed], target: i64) -> Reached {
    let (mut reached, mut have) = (Reached::default(), BTreeSet::new());
    for deed in deeds {
        have.extend(deed.names.iter().cloned());
        if count(have.len()) >= target {
            reached.completed.push(deed.at);
            have.clear();
        }
    }
    reached.done = count(have.len());
    reached.have = have.into_iter().collect();
    reached
}

fn sequence(deeds: &[Deed], steps: &[Step]) -> Reached {
    let (mut reached, mut place) = (Reached::default(), 0_usize);
    for deed in deeds {
        if deed.steps.get(place) == Some(&true) {
            place = place.saturating_add(1);
        }
        if place >= steps.len() {
            reached.completed.push(deed.at);
            place = 0;
        }
    }
    reached.done = count(place);
    reached.next_step = steps.get(place).map(|step| step.display_name.clone());
    reached
}

fn streak(
    deeds: &[Deed],
    (unit, length): (Unit, i64),
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Reached, OutOfCalendar> {
    let (mut reached, mut run, mut last) = (Reached::default(), 0_i64, None);
    for deed in deeds {
        let index = unit_of(deed.at, unit, zone);
        if last == Some(index) {
            continue;
        }
        let goes_on = last.is_some_and(|last: i64| last.saturating_add(1) == index);
        run = if goes_on { run.saturating_add(1) } else { 1 };
        last = Some(index);
        if run >= length {
            reached.completed.push(deed.at);
            run = 0;
        }
    }
    let present = unit_of(now, unit, zone);
    // A week without one breaks the row; the present one still has time.
    if let Some(last) = last.filter(|last| run > 0 && last.saturating_add(1) >= present) {
        reached.done = run;
        reached.streak_until = Some(start_of_unit(last.saturating_add(2), unit, zone)?);
    }
    Ok(reached)
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}
