//! Plans and subscriptions as a person or a program reads them.

use proto::subscriptions::v1::{
    Cadence, CadenceUnit, Charge, ChargeKind, ChargeOutcome, CheckEntitlementResponse, EntitlementState, ForecastMonth,
    GetSubscriptionResponse, Occurrence, OccurrenceState, Plan, PlanKind, StateChange, SubscribeResponse, Subscription,
    SubscriptionState,
};
use serde_json::{Value, json};

use crate::client::{CliError, Reach, Suite};
use crate::explain;
use crate::member::{instant, shown};
use crate::say::say;
use crate::table::{Side, Table, Tone};
use crate::words::{self, Words};

/// `every month`, `every 2 weeks`
pub(crate) fn every(cadence: &Cadence) -> String {
    let (one, many) = match cadence.unit() {
        CadenceUnit::Day => ("day", "days"),
        CadenceUnit::Week => ("week", "weeks"),
        CadenceUnit::Month => ("month", "months"),
        CadenceUnit::Year => ("year", "years"),
        CadenceUnit::Unspecified => ("time", "times"),
    };
    if cadence.every == 1 { format!("every {one}") } else { format!("every {} {many}", cadence.every) }
}

/// What a subscription's state is called.
pub(crate) const fn live(state: SubscriptionState) -> &'static str {
    match state {
        SubscriptionState::Active => "active",
        SubscriptionState::Paused => "paused",
        SubscriptionState::PastDue => "past due",
        SubscriptionState::Cancelled => "cancelled",
        SubscriptionState::Ended => "ended",
        SubscriptionState::Unspecified => "unknown",
    }
}

const fn stage(state: OccurrenceState) -> &'static str {
    match state {
        OccurrenceState::Planned => "planned",
        OccurrenceState::Skipped => "left out",
        OccurrenceState::Due => "due",
        OccurrenceState::Charging => "being charged",
        OccurrenceState::Paid => "paid",
        OccurrenceState::Unpaid => "unpaid",
        OccurrenceState::Passed => "passed over",
        OccurrenceState::Refunded => "refunded",
        OccurrenceState::Unspecified => "unknown",
    }
}

const fn outcome(outcome: ChargeOutcome) -> &'static str {
    match outcome {
        ChargeOutcome::Succeeded => "succeeded",
        ChargeOutcome::DeclinedNever => "declined for good",
        ChargeOutcome::DeclinedAfterCardUpdate => "declined until another card is given",
        ChargeOutcome::DeclinedLater => "declined, may succeed later",
        ChargeOutcome::Unspecified => "not answered yet",
    }
}

fn at(wire: Option<&prost_types::Timestamp>, words: &Words) -> String {
    instant(wire).map_or_else(String::new, |moment| words.time(moment))
}

pub(super) fn plans(plans: &[Plan], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Left]);
    table.heading(["plan", "", "rhythm", "price", "what"]);
    for plan in plans {
        let price = match plan.kind() {
            PlanKind::Membership => plan.fee_minor,
            PlanKind::Goods | PlanKind::Unspecified => {
                plan.lines.iter().map(|line| line.unit_price_minor.saturating_mul(line.quantity)).sum()
            }
        };
        let what = match plan.kind() {
            PlanKind::Membership => format!("opens {}", plan.entitlements.join(", ")),
            PlanKind::Goods | PlanKind::Unspecified => {
                let lines = plan.lines.iter().map(|line| format!("{} {}", line.quantity, line.product));
                lines.collect::<Vec<_>>().join(", ")
            }
        };
        table.row([
            plan.code.clone(),
            plan.display_name.clone(),
            plan.cadence.as_ref().map_or_else(String::new, every),
            words.money(price, &plan.currency_code),
            what,
        ]);
    }
    table
}

pub(super) fn subscribed(done: &SubscribeResponse, dry_run: bool, words: &Words) -> String {
    let due = at(done.first_due_time.as_ref(), words);
    if dry_run {
        return format!("  could be subscribed to; first due {due}");
    }
    format!("{} · version {} · first due {due}", done.subscription, done.plan_version)
}

pub(super) fn subscribed_json(done: &SubscribeResponse) -> Value {
    json!({
        "subscription": done.subscription, "plan_version": done.plan_version,
        "first_due": shown(done.first_due_time.as_ref()), "freshness": done.freshness,
    })
}

pub(super) fn subscriptions(all: &[Subscription], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left, Side::Right, Side::Left, Side::Left]);
    if !all.is_empty() {
        table.heading(["subscription", "plan", "rhythm", "price", "state", "member"]);
    }
    for one in all {
        table.row([
            one.id.clone(),
            one.plan.clone(),
            one.cadence.as_ref().map_or_else(String::new, every),
            words.money(one.amount_minor, &one.currency_code),
            live(one.state()).to_owned(),
            one.member.clone(),
        ]);
    }
    table
}

pub(super) fn subscription_json(one: &Subscription) -> Value {
    json!({
        "subscription": one.id, "member": one.member, "plan": one.plan, "plan_version": one.plan_version,
        "state": live(one.state()), "state_reason": one.state_reason, "since": shown(one.state_time.as_ref()),
        "rhythm": one.cadence.as_ref().map(every), "zone": one.zone, "next_occurrence": one.next_occurrence,
        "amount_minor": one.amount_minor, "currency": one.currency_code,
        "paid_until": one.membership.as_ref().and_then(|membership| shown(membership.paid_until.as_ref())),
        "entitled_until": one.membership.as_ref().and_then(|membership| shown(membership.entitled_until.as_ref())),
    })
}

pub(super) fn whole(seen: &GetSubscriptionResponse, words: &Words) -> String {
    let one = seen.subscription.clone().unwrap_or_default();
    let mut facts = vec![
        Tone::Strong.of(live(one.state())),
        format!("{} version {}", one.plan, one.plan_version),
        one.cadence.as_ref().map_or_else(String::new, every),
        words.money(one.amount_minor, &one.currency_code),
    ];
    if let Some(until) = one.membership.as_ref().and_then(|membership| instant(membership.paid_until.as_ref())) {
        facts.push(format!("paid until {}", words.until(until)));
    }
    let mut text = format!("{}\n  {} of {}\n", facts.join(" · "), one.id, one.member);
    let sections = [
        ("recent", occurrences(&seen.recent, words)),
        ("ahead", occurrences(&seen.next, words)),
        ("charges", charges(&seen.charges, words)),
        ("states", states(&seen.changes, words)),
    ];
    for (title, table) in sections.into_iter().filter(|(_, table)| !table.is_empty()) {
        text.push_str(&format!("{title}\n{table}"));
    }
    text
}

pub(super) fn whole_json(seen: &GetSubscriptionResponse) -> Value {
    let mut told = subscription_json(&seen.subscription.clone().unwrap_or_default());
    told["recent"] = seen.recent.iter().map(occurrence_json).collect();
    told["next"] = seen.next.iter().map(occurrence_json).collect();
    let charge = |one: &Charge| {
        json!({
            "charge": one.id, "occurrence": one.occurrence, "attempt": one.attempt, "outcome": outcome(one.outcome()),
            "amount_minor": signed(one), "code": one.code, "reference": one.reference,
            "placed": shown(one.place_time.as_ref()), "answered": shown(one.answer_time.as_ref()),
        })
    };
    told["charges"] = seen.charges.iter().map(charge).collect();
    told
}

/// What a charge brought in; below zero what was given back.
fn signed(charge: &Charge) -> i64 {
    match charge.kind() {
        ChargeKind::Refund => charge.amount_minor.saturating_neg(),
        ChargeKind::Charge | ChargeKind::Unspecified => charge.amount_minor,
    }
}

pub(super) fn occurrences(all: &[Occurrence], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Right, Side::Left, Side::Left, Side::Right, Side::Left]);
    for one in all {
        let order = match (one.order.as_str(), one.order_refusal.as_str()) {
            ("", "") => one.state_reason.to_lowercase().replace('_', " "),
            ("", refusal) => format!("no order: {refusal}"),
            (order, _) => order.to_owned(),
        };
        table.row([
            one.number.to_string(),
            at(one.due_time.as_ref(), words),
            stage(one.state()).to_owned(),
            words.money(one.amount_minor, &one.currency_code),
            order,
        ]);
    }
    table
}

pub(super) fn occurrence_json(one: &Occurrence) -> Value {
    json!({
        "number": one.number, "state": stage(one.state()), "state_reason": one.state_reason,
        "due": shown(one.due_time.as_ref()), "charged": shown(one.charge_time.as_ref()),
        "amount_minor": one.amount_minor, "currency": one.currency_code, "attempts": one.attempts, "order": one.order,
        "order_refusal": one.order_refusal,
    })
}

fn charges(all: &[Charge], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Right, Side::Left, Side::Right, Side::Left, Side::Left]);
    for one in all {
        let money = words.money(signed(one), &one.currency_code);
        let placed = at(one.place_time.as_ref(), words);
        table.row([one.occurrence.to_string(), placed, money, outcome(one.outcome()).to_owned(), one.code.clone()]);
    }
    table
}

fn states(all: &[StateChange], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Left]);
    for one in all {
        let why = one.reason.to_lowercase().replace('_', " ");
        table.row([at(one.occur_time.as_ref(), words), live(one.to_state()).to_owned(), why]);
    }
    table
}

/// One occurrence that was left out or is wanted again.
pub(super) async fn numbered(suite: &Suite, reach: &Reach, one: &Occurrence, how: &str) -> Result<(), CliError> {
    if reach.json {
        say!("{}", occurrence_json(one));
    } else {
        say!("number {}, due {}, {how}", one.number, at(one.due_time.as_ref(), &suite.words().await?));
    }
    Ok(())
}

/// A subscription's new state, and what follows from it.
pub(super) async fn changed(
    suite: &Suite,
    reach: &Reach,
    subscription: &str,
    state: SubscriptionState,
    then: Option<(&str, prost_types::Timestamp)>,
) -> Result<(), CliError> {
    if reach.json {
        let mut told = json!({ "subscription": subscription, "state": live(state) });
        if let Some((what, when)) = &then {
            told[what.replace(' ', "_")] = json!(shown(Some(when)));
        }
        say!("{told}");
        return Ok(());
    }
    let then = match &then {
        Some((what, when)) => format!(" · {what} {}", at(Some(when), &suite.words().await?)),
        None => String::new(),
    };
    say!("{subscription} is {} now{then}", live(state));
    Ok(())
}

pub(super) fn gate(gate: &CheckEntitlementResponse, words: &Words) -> String {
    let message = gate.decision.as_ref().and_then(|decision| decision.message.as_ref());
    let why = message.map_or_else(String::new, |told| told.message.clone());
    let until = match (gate.state(), instant(gate.until.as_ref())) {
        (EntitlementState::Active | EntitlementState::Grace, Some(until)) => format!(" · until {}", words.time(until)),
        (EntitlementState::No, Some(until)) => format!(" · since {}", words.time(until)),
        (EntitlementState::Unspecified, _) | (_, None) => String::new(),
    };
    let by = if gate.subscription.is_empty() { String::new() } else { format!(" · {}", gate.subscription) };
    format!("{why}{until}{by}")
}

pub(super) fn gate_json(gate: &CheckEntitlementResponse) -> Value {
    json!({
        "entitled": gate.entitled, "state": gate.state().as_str_name().trim_start_matches("ENTITLEMENT_STATE_"),
        "until": shown(gate.until.as_ref()), "subscription": gate.subscription,
        "decision": gate.decision.as_ref().map(explain::decision_json),
    })
}

pub(super) fn forecast(months: &[ForecastMonth], words: &Words) -> Table {
    let mut table = Table::new(&[Side::Left, Side::Right, Side::Right]);
    for month in months {
        let charges = words::counted(month.charges, "charge", "charges");
        table.row([month.month.clone(), charges, words.money(month.amount_minor, &month.currency_code)]);
    }
    table
}

pub(super) fn month_json(month: &ForecastMonth) -> Value {
    json!({
        "month": month.month, "currency": month.currency_code, "charges": month.charges,
        "amount_minor": month.amount_minor,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0)
    }

    fn time(text: &str) -> Option<prost_types::Timestamp> {
        Some(proto::timestamp(text.parse().expect("an instant")))
    }

    #[test]
    fn a_subscription_is_told_from_what_was_to_what_will_be() {
        let one = Subscription {
            id: "subscription_1".to_owned(),
            member: "member_1".to_owned(),
            plan: "beans".to_owned(),
            plan_version: 2,
            state: SubscriptionState::PastDue.into(),
            cadence: Some(Cadence { every: 2, unit: CadenceUnit::Week.into() }),
            amount_minor: 840,
            currency_code: "TWD".to_owned(),
            ..Subscription::default()
        };
        let occurrence = |number, state: OccurrenceState, due: &str, order: &str| Occurrence {
            number,
            state: state.into(),
            due_time: time(due),
            amount_minor: 840,
            currency_code: "TWD".to_owned(),
            order: order.to_owned(),
            ..Occurrence::default()
        };
        let declined = Charge {
            occurrence: 1,
            attempt: 1,
            kind: ChargeKind::Charge.into(),
            amount_minor: 840,
            currency_code: "TWD".to_owned(),
            outcome: ChargeOutcome::DeclinedLater.into(),
            code: "limit".to_owned(),
            place_time: time("2026-11-19T00:00:00Z"),
            ..Charge::default()
        };
        let seen = GetSubscriptionResponse {
            subscription: Some(one),
            recent: vec![
                occurrence(1, OccurrenceState::Due, "2026-11-19T00:00:00Z", ""),
                occurrence(0, OccurrenceState::Paid, "2026-11-05T00:00:00Z", "order_1"),
            ],
            next: vec![occurrence(2, OccurrenceState::Planned, "2026-12-03T00:00:00Z", "")],
            charges: vec![declined],
            changes: Vec::new(),
        };
        let expected = "past due · beans version 2 · every 2 weeks · NT$ 840\n  subscription_1 of member_1\nrecent\n\
            \x20 1  2026-11-19 08:00  due   NT$ 840\n\
            \x20 0  2026-11-05 08:00  paid  NT$ 840  order_1\nahead\n\
            \x20 2  2026-12-03 08:00  planned  NT$ 840\ncharges\n\
            \x20 1  2026-11-19 08:00  NT$ 840  declined, may succeed later  limit\n";
        assert_eq!(whole(&seen, &words()), expected);
    }

    #[test]
    fn what_is_given_back_stands_below_zero() {
        let back = Charge { kind: ChargeKind::Refund.into(), amount_minor: 5, ..Charge::default() };
        assert_eq!(signed(&back), -5);
    }
}
