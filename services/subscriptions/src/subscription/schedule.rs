//! What falls due, what is passed over, and what callers change about it.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use kernel::{ChargeId, SubscriptionId};

use super::Refusal;
use super::paid::Membership;
use super::standing::{News, Occurrence, Placed, Stage, Standing, State};
use crate::plan::cadence::{Cadence, Schedule, Zone};
use crate::plan::terms::CatchUp;

/// So far ahead an occurrence can be skipped.
const FARTHEST: i64 = 1_000;

/// Lets everything happen that has fallen due. Whether something is charged is decided as of now, not as of its instant.
pub fn advance(ours: &mut Standing, now: Timestamp) {
    end_membership(ours, now);
    open_due(ours, now);
    pick(ours, now);
}

fn end_membership(ours: &mut Standing, now: Timestamp) {
    let Some(membership) = ours.membership.as_mut().filter(|ours| !ours.ended && ours.entitled_until <= now) else {
        return;
    };
    membership.ended = true;
    let at = membership.entitled_until;
    ours.say(at, News::MembershipEnded);
}

fn open_due(ours: &mut Standing, now: Timestamp) {
    if !ours.state.runs() {
        return;
    }
    let mut wanted = fallen(ours, now);
    let (last, latest_only) = (wanted.pop(), ours.plan.catch_up == CatchUp::Latest && !ours.by_provider);
    for occurrence in wanted {
        if ours.awaits_card {
            ours.put(occurrence, Stage::Passed, "AWAITS_CARD", now);
        } else if latest_only {
            ours.put(occurrence, Stage::Passed, "OUTAGE", now);
        } else {
            fall_due(ours, occurrence);
        }
    }
    match last {
        Some(last) if ours.awaits_card => ours.put(last, Stage::Passed, "AWAITS_CARD", now),
        Some(last) => fall_due(ours, last),
        None => {}
    }
}

/// Moves past everything up to now; answers what is wanted of it.
fn fallen(ours: &mut Standing, now: Timestamp) -> Vec<Occurrence> {
    let mut wanted = Vec::new();
    while let Some(occurrence) = ours.occurrence(ours.next).filter(|next| next.due_at <= now) {
        ours.next = ours.next.saturating_add(1);
        if occurrence.stage == Stage::Planned {
            wanted.push(occurrence);
        }
    }
    wanted
}

/// Moves past everything up to one that a provider charged by itself; what was ahead before it is passed over.
pub(super) fn fall_until(ours: &mut Standing, number: i64, now: Timestamp) {
    while ours.next <= number {
        let Some(occurrence) = ours.occurrence(ours.next) else { return };
        ours.next = ours.next.saturating_add(1);
        let due_at = occurrence.due_at;
        if occurrence.number == number {
            ours.say(now, News::Due { number, due_at });
        } else if occurrence.stage == Stage::Planned {
            let reason = if ours.state == State::Paused { "PAUSED" } else { "CANCELLED" };
            ours.put(occurrence, Stage::Passed, reason, now);
        }
    }
}

fn fall_due(ours: &mut Standing, occurrence: Occurrence) {
    let (number, due_at) = (occurrence.number, occurrence.due_at);
    ours.put(occurrence, Stage::Due, "", due_at);
    ours.say(due_at, News::Due { number, due_at });
}

/// Places the one charge whose turn it is: never a second one before the first is answered.
fn pick(ours: &mut Standing, now: Timestamp) {
    if ours.by_provider || ours.awaits_card || ours.charging().is_some() {
        return;
    }
    let is_ready = |occurrence: &&Occurrence| occurrence.stage == Stage::Due && occurrence.charge_at <= now;
    let mut ready: Vec<Occurrence> = ours.occurrences.values().filter(is_ready).cloned().collect();
    let chosen = match ours.plan.catch_up {
        CatchUp::Latest => ready.pop(),
        CatchUp::All => {
            let first = ready.first().cloned();
            ready.clear();
            first
        }
    };
    for older in ready {
        match older.attempts {
            0 => ours.put(older, Stage::Passed, "OUTAGE", now),
            _ => leave_unpaid(ours, older, "SUPERSEDED", now),
        }
    }
    // Leaving one unpaid may have ended the subscription, and passed over what was due.
    let still_due = |chosen: &Occurrence| {
        ours.occurrences.get(&chosen.number).is_some_and(|occurrence| occurrence.stage == Stage::Due)
    };
    if let Some(chosen) = chosen.filter(still_due) {
        place(ours, chosen, now);
    }
}

/// A payment has come. Of several that waited for the provider one is enough: what became ready meanwhile is passed over,
/// unless the plan charges them all.
pub(super) fn let_pass(ours: &mut Standing, now: Timestamp) {
    if ours.by_provider || ours.plan.catch_up == CatchUp::All {
        return;
    }
    let is_ready = |one: &&Occurrence| one.stage == Stage::Due && one.attempts == 0 && one.charge_at <= now;
    let ready: Vec<Occurrence> = ours.occurrences.values().filter(is_ready).cloned().collect();
    for occurrence in ready {
        ours.put(occurrence, Stage::Passed, "OUTAGE", now);
    }
}

fn place(ours: &mut Standing, mut occurrence: Occurrence, now: Timestamp) {
    occurrence.attempts = occurrence.attempts.saturating_add(1);
    occurrence.first_tried_at = occurrence.first_tried_at.or(Some(now));
    let (number, attempt) = (occurrence.number, occurrence.attempts);
    ours.placed.push(Placed {
        id: charge_id(ours.id, number, attempt),
        number,
        attempt,
        refund: false,
        amount_minor: ours.amount(),
        ask: true,
        token: ours.token.clone(),
    });
    ours.put(occurrence, Stage::Charging, "", now);
}

/// The id of an attempt: the same for ever, so that the provider charges once.
#[must_use]
pub fn charge_id(subscription: SubscriptionId, number: i64, attempt: i32) -> ChargeId {
    ChargeId::derived_from(subscription.uuid(), &format!("charge/{number}/{attempt}"))
}

/// An occurrence stays unpaid. Too many in a row end the subscription.
pub(super) fn leave_unpaid(ours: &mut Standing, occurrence: Occurrence, reason: &str, now: Timestamp) {
    ours.put(occurrence, Stage::Unpaid, reason, now);
    ours.unpaid_in_row = ours.unpaid_in_row.saturating_add(1);
    let most = ours.plan.end_after_unpaid;
    if most > 0 && ours.unpaid_in_row >= most && ours.state.is_live() {
        close(ours, State::Ended, "UNPAID", now);
    } else if ours.state.runs() {
        ours.enter(State::PastDue, "UNPAID", now);
    }
}

/// Nothing falls due any more. What was delivered before it is charged is still owed, and tried once.
pub(super) fn close(ours: &mut Standing, state: State, reason: &str, now: Timestamp) {
    let owed = state == State::Cancelled && ours.plan.charge_offset_days > 0 && reason != "PAYMENT_NEVER";
    let due = |one: &&Occurrence| one.stage == Stage::Due && !(owed && one.attempts == 0);
    let due: Vec<Occurrence> = ours.occurrences.values().filter(due).cloned().collect();
    for occurrence in due {
        let stage = if occurrence.attempts == 0 { Stage::Passed } else { Stage::Unpaid };
        ours.put(occurrence, stage, "CANCELLED", now);
    }
    if let Some(membership) = ours.membership.as_mut().filter(|membership| !membership.ended) {
        membership.entitled_until = membership.entitled_until.min(membership.until.max(now));
    }
    ours.enter(state, reason, now);
    let reason = reason.to_owned();
    ours.say(now, if state == State::Ended { News::Ended { reason } } else { News::Cancelled { reason } });
    end_membership(ours, now);
}

/// Takes an occurrence ahead out.
///
/// # Errors
/// It is over, or the occurrence is not ahead.
pub fn skip(ours: &mut Standing, number: i64, now: Timestamp) -> Result<(), Refusal> {
    let occurrence = ahead(ours, number, now)?;
    if occurrence.stage != Stage::Skipped {
        ours.put(occurrence, Stage::Skipped, "", now);
        ours.say(now, News::Skipped { number });
    }
    Ok(())
}

/// Puts it back in.
///
/// # Errors
/// As [`skip`].
pub fn unskip(ours: &mut Standing, number: i64, now: Timestamp) -> Result<(), Refusal> {
    let occurrence = ahead(ours, number, now)?;
    if occurrence.stage == Stage::Skipped {
        ours.put(occurrence, Stage::Planned, "", now);
        ours.say(now, News::Unskipped { number });
    }
    Ok(())
}

fn ahead(ours: &Standing, number: i64, now: Timestamp) -> Result<Occurrence, Refusal> {
    must_live(ours)?;
    let refused = || Refusal::OccurrenceNotAhead { subscription: ours.id, number, next: ours.next };
    if number < ours.next || number >= ours.next.saturating_add(FARTHEST) {
        return Err(refused());
    }
    ours.occurrence(number).filter(|occurrence| occurrence.due_at > now).ok_or_else(refused)
}

/// Refuses where it is over.
pub(super) fn must_live(ours: &Standing) -> Result<(), Refusal> {
    if ours.state.is_live() {
        Ok(())
    } else {
        Err(Refusal::SubscriptionOver { subscription: ours.id, state: ours.state })
    }
}

/// Passes over what falls due from now on. What fell due before is charged all the same, whether or not it was looked at.
///
/// # Errors
/// It is over, also by what fell due before.
pub fn pause(ours: &mut Standing, reason: &str, now: Timestamp) -> Result<(), Refusal> {
    must_live(ours)?;
    if ours.state != State::Paused {
        advance(ours, now);
        must_live(ours)?;
        ours.enter(State::Paused, reason, now);
        ours.say(now, News::Paused);
    }
    Ok(())
}

/// Goes on with the next occurrence of the old rhythm.
///
/// # Errors
/// It is over.
pub fn resume(ours: &mut Standing, reason: &str, now: Timestamp) -> Result<(), Refusal> {
    must_live(ours)?;
    if ours.state != State::Paused {
        return Ok(());
    }
    pass_pause(ours, now);
    let state = if ours.awaits_card || ours.unpaid_in_row > 0 { State::PastDue } else { State::Active };
    ours.enter(state, reason, now);
    ours.say(now, News::Resumed);
    advance(ours, now);
    Ok(())
}

/// Passes over what fell into a pause so far.
fn pass_pause(ours: &mut Standing, now: Timestamp) {
    for occurrence in fallen(ours, now) {
        ours.put(occurrence, Stage::Passed, "PAUSED", now);
    }
}

/// Cancels. Whoever cancels is not charged for what was due and not looked at yet.
pub fn cancel(ours: &mut Standing, reason: &str, at_once: bool, now: Timestamp) {
    let was_live = ours.state.is_live();
    if at_once && let Some(membership) = ours.membership.as_mut().filter(|membership| !membership.ended) {
        (membership.until, membership.entitled_until) = (membership.until.min(now), now);
        membership.cut = true;
    }
    if was_live {
        close(ours, State::Cancelled, reason, now);
    } else if at_once && ours.membership.as_ref().is_some_and(|membership| !membership.ended) {
        ours.say(now, News::Cancelled { reason: reason.to_owned() });
        end_membership(ours, now);
    }
}

/// Gives it another rhythm from now on; answers the skips that have no day in it.
///
/// # Errors
/// It is over, the rhythm is a membership's term, or it has no occurrence before the calendar ends.
pub fn change_cadence(
    ours: &mut Standing,
    cadence: Cadence,
    anchor: DateTime,
    now: Timestamp,
) -> Result<Vec<Occurrence>, Refusal> {
    must_live(ours)?;
    if ours.plan.is_membership() {
        return Err(Refusal::CadenceFixed { plan: ours.plan.code.clone() });
    }
    advance(ours, now);
    if ours.state == State::Paused {
        // Under the old rhythm, as the new one gives what is ahead its numbers.
        pass_pause(ours, now);
    }
    let new = Schedule { cadence, anchor, zone: ours.schedule.zone.clone(), base: 0 };
    let beyond = || Refusal::OccurrenceNotFound { what: "an occurrence of the calendar".to_owned() };
    let first = new.first_after(now).ok_or_else(beyond)?;
    let old = std::mem::replace(&mut ours.schedule, Schedule { base: ours.next.saturating_sub(first), ..new });
    let is_ahead = |occurrence: &&Occurrence| occurrence.stage == Stage::Skipped && occurrence.number >= ours.next;
    let skips: Vec<Occurrence> = ours.occurrences.values().filter(is_ahead).cloned().collect();
    for skip in &skips {
        ours.put(skip.clone(), Stage::Planned, "", now);
    }
    let mut dropped = Vec::new();
    for skip in skips {
        match same_day(&old, ours, skip.number) {
            Some(kept) => ours.put(kept, Stage::Skipped, "", skip.since),
            None => dropped.push(skip),
        }
    }
    ours.say(now, News::Changed { what: "CADENCE" });
    Ok(dropped)
}

/// Has what is ahead fall due when the terms of a membership end that runs on from another subscription's: counted from its
/// anchor, whenever it was paid, so that no term ends before the next one is charged. Numbers go on, and skips keep theirs.
pub(super) fn follow_terms(ours: &mut Standing, membership: &Membership, now: Timestamp) {
    let (cadence, zone) = (ours.schedule.cadence, ours.schedule.zone.clone());
    let base = ours.next.saturating_sub(membership.terms);
    ours.schedule = Schedule { cadence, anchor: membership.anchor, zone, base };
    let is_ahead = |one: &&Occurrence| one.stage == Stage::Skipped && one.number >= ours.next;
    let skips: Vec<i64> = ours.occurrences.values().filter(is_ahead).map(|skip| skip.number).collect();
    for number in skips {
        if let Some(planned) = Occurrence::planned(&ours.schedule, ours.plan.charge_offset_days, number) {
            ours.put(planned, Stage::Skipped, "", now);
        }
    }
}

/// The occurrence of the present rhythm on the day of one of the old.
fn same_day(old: &Schedule, ours: &Standing, number: i64) -> Option<Occurrence> {
    let found = number_on(ours, old.day(number)?).filter(|found| *found >= ours.next)?;
    Occurrence::planned(&ours.schedule, ours.plan.charge_offset_days, found)
}

/// What is ahead: planned and skipped, by number. Nothing where it is over; what a pause will surely pass over is not told.
#[must_use]
pub fn preview(ours: &Standing, count: usize, now: Timestamp) -> Vec<Occurrence> {
    if !ours.state.is_live() {
        return Vec::new();
    }
    let first = match ours.state {
        State::Paused => ours.schedule.first_after(now).map_or(ours.next, |after| after.max(ours.next)),
        State::Active | State::PastDue | State::Cancelled | State::Ended => ours.next,
    };
    (first..).take(count).map_while(|number| ours.occurrence(number)).collect()
}

/// The occurrence of the present rhythm on a day of its own wall.
#[must_use]
pub fn number_on(ours: &Standing, day: Date) -> Option<i64> {
    let morning = kernel::calendar::start_of(day, ours.schedule.zone.rules()).ok()?;
    ours.schedule.first_from(morning).filter(|found| ours.schedule.day(*found) == Some(day))
}

/// The first instant after so many calendar months, counting the present one.
#[must_use]
pub fn months_end(now: Timestamp, months: i32, zone: &Zone) -> Timestamp {
    let first = kernel::calendar::day_of(now, zone.rules()).first_of_month();
    let last = kernel::calendar::months_after(first, months);
    last.and_then(|day| kernel::calendar::start_of(day, zone.rules())).unwrap_or(Timestamp::MAX)
}

/// When it will be charged before a moment, if all goes as planned: what is due, and what is ahead and not skipped.
#[must_use]
pub fn charges_until(ours: &Standing, until: Timestamp) -> Vec<Timestamp> {
    let due = ours.occurrences.values().filter(|occurrence| occurrence.stage == Stage::Due);
    let ahead = (ours.next..).map_while(|number| ours.occurrence(number));
    let ahead = ahead.take_while(|occurrence| occurrence.due_at < until);
    let ahead: Vec<Occurrence> = ahead.filter(|occurrence| occurrence.stage == Stage::Planned).collect();
    let all = due.chain(&ahead).map(|occurrence| occurrence.charge_at);
    all.filter(|charge_at| *charge_at < until).collect()
}
