//! What follows where a provider, activity or a member gives an answer: money moved or did not, an order was recorded.

use jiff::Timestamp;
use kernel::OrderId;

use super::Refusal;
use super::charging::{Answer, Decline, Verdict, verdict};
use super::paid::{Membership, TermRules, extend};
use super::schedule::{advance, charge_id, close, fall_until, follow_terms, leave_unpaid, let_pass, must_live};
use super::standing::{Answered, News, Occurrence, Placed, Stage, Standing, State};
use crate::plan::cadence::days_later;
use crate::plan::terms::Kind;

/// Takes the answer to an attempt. One that is not waited for changes nothing.
pub fn answer(ours: &mut Standing, number: i64, attempt: i32, answer: Answer, now: Timestamp) {
    let waits = |occurrence: &&Occurrence| occurrence.stage == Stage::Charging && occurrence.attempts == attempt;
    let Some(occurrence) = ours.occurrences.get(&number).filter(waits).cloned() else { return };
    // First what fell due during the silence, so that it is judged as such whether or not a timer rang meanwhile.
    advance(ours, now);
    settle(ours, occurrence, attempt, answer, now);
    advance(ours, now);
}

/// Takes what a provider did on its own schedule; what was paid stays paid. The hour of the day is the provider's own. Where
/// it is taken `even_unexpected`, money that moved is written down, whatever had become of the occurrence.
///
/// # Errors
/// The day of the occurrence has not come, or it is none to be charged.
pub fn report(
    ours: &mut Standing,
    number: i64,
    (answer, even_unexpected): (Answer, bool),
    now: Timestamp,
) -> Result<(), Refusal> {
    advance(ours, now);
    let nothing = || Refusal::OccurrenceNotFound { what: number.to_string() };
    let day = |moment: Timestamp| ours.schedule.zone.wall(moment).date();
    let has_come = |known: &Occurrence| day(known.due_at) <= day(now);
    let mut occurrence = ours.occurrence(number).filter(has_come).ok_or_else(nothing)?;
    let moved = even_unexpected && matches!(answer, Answer::Charged { .. });
    let is_expected = match occurrence.stage {
        Stage::Due | Stage::Unpaid => true,
        Stage::Paid | Stage::Refunded => return Ok(()),
        Stage::Planned => ours.state.runs() || moved,
        Stage::Skipped | Stage::Passed => moved,
        Stage::Charging => false,
    };
    if !is_expected {
        return Err(nothing());
    }
    fall_until(ours, number, now);
    occurrence.attempts = occurrence.attempts.saturating_add(1);
    occurrence.first_tried_at = occurrence.first_tried_at.or(Some(now));
    let attempt = occurrence.attempts;
    ours.placed.push(Placed {
        id: charge_id(ours.id, number, attempt),
        number,
        attempt,
        refund: false,
        amount_minor: ours.amount(),
        ask: false,
        token: ours.token.clone(),
    });
    settle(ours, occurrence, attempt, answer, now);
    advance(ours, now);
    Ok(())
}

fn settle(ours: &mut Standing, mut occurrence: Occurrence, attempt: i32, answer: Answer, now: Timestamp) {
    let number = occurrence.number;
    let retry_days: &[i32] = if ours.by_provider { &[] } else { &ours.plan.retry_days };
    let follows = verdict(&answer, attempt, retry_days, ours.state.is_live());
    let class = match &answer {
        Answer::Charged { .. } => None,
        Answer::Declined { class, .. } => Some(*class),
    };
    ours.answered.push(Answered { number, attempt, refund: false, answer });
    if let Verdict::Retry { days } = follows {
        let first = occurrence.first_tried_at.unwrap_or(now);
        occurrence.charge_at = days_later(first, days, &ours.schedule.zone).unwrap_or(now).max(now);
    }
    if let Some(class) = class {
        let again_at = matches!(follows, Verdict::Retry { .. }).then_some(occurrence.charge_at);
        ours.say(now, News::Declined { number, attempt, class, again_at });
    }
    match follows {
        Verdict::Paid => paid(ours, occurrence, attempt, now),
        Verdict::Retry { .. } => ours.put(occurrence, Stage::Due, "", now),
        Verdict::AwaitCard => {
            ours.awaits_card = true;
            ours.put(occurrence, Stage::Due, "AWAITS_CARD", now);
            if ours.state.runs() {
                ours.enter(State::PastDue, "AWAITS_CARD", now);
            }
        }
        // Reported unpaid a second time, it counts once.
        Verdict::Unpaid if occurrence.stage == Stage::Unpaid => ours.put(occurrence, Stage::Unpaid, "", now),
        Verdict::Unpaid => leave_unpaid(ours, occurrence, "", now),
        Verdict::Over => ours.put(occurrence, Stage::Unpaid, "", now),
        Verdict::Stop => {
            ours.put(occurrence, Stage::Unpaid, "", now);
            close(ours, State::Cancelled, "PAYMENT_NEVER", now);
        }
    }
}

fn paid(ours: &mut Standing, occurrence: Occurrence, attempt: i32, now: Timestamp) {
    let number = occurrence.number;
    ours.put(occurrence, Stage::Paid, "", now);
    ours.last_paid = ours.last_paid.max(Some(number));
    (ours.unpaid_in_row, ours.awaits_card) = (0, false);
    ours.say(now, News::Charged { number, attempt });
    if attempt > 1 || ours.state == State::PastDue {
        ours.say(now, News::Recovered { number });
    }
    if ours.state == State::PastDue {
        ours.enter(State::Active, "", now);
    }
    let plan = std::sync::Arc::clone(&ours.plan);
    match &plan.kind {
        Kind::Goods { .. } => ours.orders.push((number, now)),
        Kind::Membership { grace_days, renew_within_months, .. } => {
            pay_term(ours, *grace_days, *renew_within_months, now);
        }
    }
    let_pass(ours, now);
}

/// A term is paid: it runs on from what this subscription paid for before, or, if this is the first, another one.
fn pay_term(ours: &mut Standing, grace_days: i32, renew_within_months: i32, now: Timestamp) {
    let is_first = ours.membership.is_none();
    let former = ours.membership.as_ref().or(ours.former.as_ref());
    let grace_days = if ours.state.is_live() { grace_days } else { 0 };
    // A provider's own schedule counts from its first charge. Run on from a term that is over, each of its charges would come
    // after the term it is to extend.
    let renew_within_months = if is_first && ours.by_provider { 0 } else { renew_within_months };
    let rules = TermRules { cadence: ours.plan.cadence, grace_days, renew_within_months, zone: &ours.schedule.zone };
    let Some((extended, runs_on)) = extend(former, rules, now) else { return };
    let news = if former.is_none() { News::MembershipStarted } else { News::MembershipRenewed { runs_on } };
    let opens_from = if is_first { extended.from } else { extended.opens_from };
    // What is owed of an earlier term stays owed.
    let refund = ours.membership.as_ref().and_then(|membership| membership.refund);
    let membership = Membership { opens_from, refund, ..extended };
    if is_first && runs_on && !ours.by_provider {
        follow_terms(ours, &membership, now);
    }
    ours.membership = Some(membership);
    ours.say(now, news);
}

/// Takes another token; what waited for it is charged now.
///
/// # Errors
/// It is over.
pub fn update_token(ours: &mut Standing, token: &str, by_provider: bool, now: Timestamp) -> Result<(), Refusal> {
    must_live(ours)?;
    token.clone_into(&mut ours.token);
    ours.by_provider = by_provider;
    if ours.awaits_card {
        ours.awaits_card = false;
        let waits = |occurrence: &&Occurrence| occurrence.stage == Stage::Due && occurrence.reason == "AWAITS_CARD";
        let waiting: Vec<Occurrence> = ours.occurrences.values().filter(waits).cloned().collect();
        for occurrence in waiting {
            ours.put(Occurrence { charge_at: now, ..occurrence }, Stage::Due, "", now);
        }
    }
    ours.say(now, News::Changed { what: "PAYMENT_TOKEN" });
    advance(ours, now);
    Ok(())
}

/// Takes what activity answered to an order.
pub fn ordered(ours: &mut Standing, number: i64, told: Result<OrderId, String>, now: Timestamp) {
    let Some(mut occurrence) = ours.occurrences.get(&number).cloned() else { return };
    let (order, refusal) = match told {
        Ok(order) => (Some(order), String::new()),
        Err(refusal) => (None, refusal),
    };
    (occurrence.order, occurrence.touched) = (order, true);
    occurrence.order_refusal.clone_from(&refusal);
    ours.occurrences.insert(number, occurrence);
    ours.say(now, News::Ordered { number, order, refusal });
}

/// Has a refused order recorded again.
///
/// # Errors
/// There is no such occurrence, or its order was not refused.
pub fn retry_order(ours: &mut Standing, number: i64) -> Result<(), Refusal> {
    let nothing = || Refusal::OccurrenceNotFound { what: number.to_string() };
    let mut occurrence = ours.occurrences.get(&number).cloned().ok_or_else(nothing)?;
    if occurrence.order_refusal.is_empty() {
        return Err(Refusal::OrderNotRefused { subscription: ours.id, number });
    }
    occurrence.order_refusal.clear();
    occurrence.touched = true;
    ours.orders.push((number, occurrence.since));
    ours.occurrences.insert(number, occurrence);
    Ok(())
}

/// How a decline is told.
#[must_use]
pub const fn decline_name(class: Decline) -> &'static str {
    match class {
        Decline::Never => "NEVER",
        Decline::AfterCardUpdate => "AFTER_CARD_UPDATE",
        Decline::Later => "LATER",
    }
}
