//! Subscriptions as the wire tells them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use proto::common::v1::{self as common, DecisionReason};
use proto::subscriptions::v1;
use tonic::Response;
use wire::messages::localized;
use wire::{Keys, Language, PageToken};

use super::parse::{ChargesLook, PageLook};
use super::present_plan;
use crate::hot::gate::Gate;
use crate::subscription::charging::Decline;
use crate::subscription::paid::{Entitled, Membership};
use crate::subscription::standing::{Change, Occurrence, Stage, Standing, State};
use crate::subscription::{ChargeView, Forecast, Glimpse, Receipt};

pub(super) const fn wire_state(state: State) -> v1::SubscriptionState {
    match state {
        State::Active => v1::SubscriptionState::Active,
        State::Paused => v1::SubscriptionState::Paused,
        State::PastDue => v1::SubscriptionState::PastDue,
        State::Cancelled => v1::SubscriptionState::Cancelled,
        State::Ended => v1::SubscriptionState::Ended,
    }
}

pub(super) fn state_name(state: State) -> String {
    wire_state(state).as_str_name().trim_start_matches("SUBSCRIPTION_STATE_").to_owned()
}

const fn wire_stage(stage: Stage) -> v1::OccurrenceState {
    match stage {
        Stage::Planned => v1::OccurrenceState::Planned,
        Stage::Skipped => v1::OccurrenceState::Skipped,
        Stage::Due => v1::OccurrenceState::Due,
        Stage::Charging => v1::OccurrenceState::Charging,
        Stage::Paid => v1::OccurrenceState::Paid,
        Stage::Unpaid => v1::OccurrenceState::Unpaid,
        Stage::Passed => v1::OccurrenceState::Passed,
        Stage::Refunded => v1::OccurrenceState::Refunded,
    }
}

const fn wire_outcome(outcome: Result<(), Decline>) -> v1::ChargeOutcome {
    match outcome {
        Ok(()) => v1::ChargeOutcome::Succeeded,
        Err(Decline::Never) => v1::ChargeOutcome::DeclinedNever,
        Err(Decline::AfterCardUpdate) => v1::ChargeOutcome::DeclinedAfterCardUpdate,
        Err(Decline::Later) => v1::ChargeOutcome::DeclinedLater,
    }
}

fn local(wall: DateTime) -> v1::LocalTime {
    v1::LocalTime {
        year: i32::from(wall.year()),
        month: i32::from(wall.month()),
        day: i32::from(wall.day()),
        hour: i32::from(wall.hour()),
        minute: i32::from(wall.minute()),
    }
}

fn at(moment: Timestamp) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(moment))
}

fn subscription(ours: &Standing) -> v1::Subscription {
    let membership = |paid: &Membership| v1::Membership {
        start_time: at(paid.since),
        paid_from: at(paid.from),
        paid_until: at(paid.until),
        entitled_until: at(paid.entitled_until),
    };
    v1::Subscription {
        id: ours.id.to_string(),
        member: ours.member.to_string(),
        plan: ours.plan.code.clone(),
        plan_version: ours.plan.version,
        state: wire_state(ours.state).into(),
        state_time: at(ours.since),
        state_reason: ours.reason.clone(),
        cadence: Some(present_plan::cadence(ours.schedule.cadence)),
        anchor: Some(local(ours.schedule.anchor)),
        zone: ours.schedule.zone.name().to_owned(),
        next_occurrence: ours.next,
        amount_minor: ours.amount(),
        currency_code: ours.plan.currency.to_string(),
        start_time: at(ours.started_at),
        membership: ours.membership.as_ref().map(membership),
        charged_by_provider: ours.by_provider,
    }
}

pub(super) fn occurrence(one: &Occurrence, (amount_minor, currency): (i64, &str)) -> v1::Occurrence {
    v1::Occurrence {
        number: one.number,
        state: wire_stage(one.stage).into(),
        state_time: if one.stage == Stage::Planned { None } else { at(one.since) },
        state_reason: one.reason.clone(),
        due_time: at(one.due_at),
        charge_time: at(one.charge_at),
        amount_minor,
        currency_code: currency.to_owned(),
        attempts: one.attempts,
        order: one.order.map(|order| order.to_string()).unwrap_or_default(),
        order_refusal: one.order_refusal.clone(),
    }
}

fn occurrences(ours: &Standing, all: &[Occurrence]) -> Vec<v1::Occurrence> {
    let currency = ours.plan.currency.to_string();
    all.iter().map(|one| occurrence(one, (ours.amount(), &currency))).collect()
}

fn receipts_occurrences(receipt: &Receipt) -> Vec<v1::Occurrence> {
    receipt.occurrences.iter().map(|one| occurrence(one, (receipt.amount_minor, &receipt.currency))).collect()
}

fn charge(view: ChargeView) -> v1::Charge {
    let kind = if view.refund { v1::ChargeKind::Refund } else { v1::ChargeKind::Charge };
    v1::Charge {
        id: view.id.to_string(),
        occurrence: view.number,
        attempt: view.attempt,
        kind: kind.into(),
        amount_minor: view.amount_minor,
        currency_code: view.currency,
        outcome: view.outcome.map_or(v1::ChargeOutcome::Unspecified, wire_outcome).into(),
        code: view.code,
        reference: view.reference,
        place_time: at(view.placed_at),
        answer_time: view.answered_at.and_then(at),
    }
}

fn change(change: Change) -> v1::StateChange {
    v1::StateChange {
        from_state: change.from.map_or(v1::SubscriptionState::Unspecified, wire_state).into(),
        to_state: wire_state(change.to).into(),
        reason: change.reason,
        occur_time: at(change.at),
    }
}

pub(super) fn subscribed(keys: &Keys, receipt: &Receipt) -> Response<v1::SubscribeResponse> {
    Response::new(v1::SubscribeResponse {
        subscription: receipt.subscription.map(|id| id.to_string()).unwrap_or_default(),
        first_due_time: receipt.next_due.and_then(at),
        plan_version: receipt.plan_version,
        freshness: receipt.freshness().seal(keys),
    })
}

pub(super) fn glimpse(glimpse: Glimpse) -> Response<v1::GetSubscriptionResponse> {
    Response::new(v1::GetSubscriptionResponse {
        subscription: Some(subscription(&glimpse.ours)),
        next: occurrences(&glimpse.ours, &glimpse.next),
        recent: occurrences(&glimpse.ours, &glimpse.recent),
        charges: glimpse.charges.into_iter().map(charge).collect(),
        changes: glimpse.changes.into_iter().map(change).collect(),
    })
}

pub(super) fn page(keys: &Keys, ask: &PageLook, page: &[Standing]) -> Response<v1::ListSubscriptionsResponse> {
    let full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let next_page_token = page.last().filter(|_| full).map_or_else(String::new, |last| {
        let marks = PageToken(vec![last.started_at.to_string(), last.id.to_string()]);
        marks.seal(keys, &ask.selection().each_ref().map(String::as_str))
    });
    let subscriptions = page.iter().map(subscription).collect();
    Response::new(v1::ListSubscriptionsResponse { subscriptions, next_page_token })
}

pub(super) fn charges(keys: &Keys, ask: &ChargesLook, page: Vec<ChargeView>) -> Response<v1::ListChargesResponse> {
    let full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let next_page_token = page.last().filter(|_| full).map_or_else(String::new, |last| {
        let kind = if last.refund { 2 } else { 1 };
        let marks = PageToken(vec![last.number.to_string(), kind.to_string(), last.attempt.to_string()]);
        marks.seal(keys, &["charges", &ask.subscription.to_string()])
    });
    Response::new(v1::ListChargesResponse { charges: page.into_iter().map(charge).collect(), next_page_token })
}

pub(super) fn preview(ours: &Standing, ahead: &[Occurrence]) -> Response<v1::PreviewOccurrencesResponse> {
    Response::new(v1::PreviewOccurrencesResponse { occurrences: occurrences(ours, ahead) })
}

macro_rules! of_one_occurrence {
    ($($name:ident: $answer:ident,)*) => {$(
        pub(super) fn $name(keys: &Keys, receipt: &Receipt) -> Response<v1::$answer> {
            let occurrence = receipts_occurrences(receipt).into_iter().next();
            Response::new(v1::$answer { occurrence, freshness: receipt.freshness().seal(keys) })
        }
    )*};
}

of_one_occurrence! {
    skipped: SkipOccurrenceResponse,
    unskipped: UnskipOccurrenceResponse,
    ordered: RetryOrderResponse,
}

macro_rules! of_a_state {
    ($($name:ident: $answer:ident $({ $field:ident: $from:ident })?,)*) => {$(
        pub(super) fn $name(keys: &Keys, receipt: &Receipt) -> Response<v1::$answer> {
            let state = wire_state(receipt.state).into();
            Response::new(v1::$answer {
                state,
                $($field: receipt.$from.and_then(at),)?
                freshness: receipt.freshness().seal(keys),
            })
        }
    )*};
}

of_a_state! {
    paused: PauseSubscriptionResponse,
    resumed: ResumeSubscriptionResponse { next_due_time: next_due },
    cancelled: CancelSubscriptionResponse { entitled_until: entitled_until },
    renewed_token: UpdatePaymentTokenResponse,
}

pub(super) fn rhythm(keys: &Keys, receipt: &Receipt) -> Response<v1::ChangeCadenceResponse> {
    Response::new(v1::ChangeCadenceResponse {
        next_due_time: receipt.next_due.and_then(at),
        dropped_skips: receipts_occurrences(receipt),
        freshness: receipt.freshness().seal(keys),
    })
}

pub(super) fn refunded(keys: &Keys, receipt: &Receipt) -> Response<v1::RefundMembershipResponse> {
    let parts = receipt.parts.as_ref();
    Response::new(v1::RefundMembershipResponse {
        refund_minor: parts.map(|parts| parts.unused_minor).unwrap_or_default(),
        used_minor: parts.map(|parts| parts.used_minor).unwrap_or_default(),
        currency_code: receipt.currency.clone(),
        used_days: parts.map(|parts| parts.used_days).unwrap_or_default(),
        term_days: parts.map(|parts| parts.term_days).unwrap_or_default(),
        freshness: receipt.freshness().seal(keys),
    })
}

pub(super) fn reported(keys: &Keys, receipt: &Receipt) -> Response<v1::ReportChargeResponse> {
    Response::new(v1::ReportChargeResponse {
        subscription: receipt.subscription.map(|id| id.to_string()).unwrap_or_default(),
        occurrence: receipts_occurrences(receipt).into_iter().next(),
        freshness: receipt.freshness().seal(keys),
    })
}

pub(super) fn gate(
    language: Language,
    gate: &Gate,
    entitlement: &str,
    explain: bool,
) -> Response<v1::CheckEntitlementResponse> {
    let state = match gate.state {
        Entitled::Active => v1::EntitlementState::Active,
        Entitled::Grace => v1::EntitlementState::Grace,
        Entitled::No => v1::EntitlementState::No,
    };
    Response::new(v1::CheckEntitlementResponse {
        entitled: gate.state != Entitled::No,
        state: state.into(),
        until: gate.until.and_then(at),
        subscription: gate.subscription.map(|id| id.to_string()).unwrap_or_default(),
        decision: explain.then(|| decision(language, gate, entitlement)),
    })
}

fn decision(language: Language, gate: &Gate, entitlement: &str) -> common::Decision {
    let fact = |name: &str, value: String| common::Fact { name: name.to_owned(), value };
    let mut facts = vec![fact("entitlement", entitlement.to_owned())];
    facts.extend(gate.subscription.map(|id| fact("subscription", id.to_string())));
    facts.extend(gate.paid_until.map(|until| fact("paid_until", until.to_string())));
    facts.extend(gate.entitled_until.map(|until| fact("entitled_until", until.to_string())));
    let (outcome, detail, reason) = match (gate.state, gate.subscription) {
        (Entitled::Active, _) => ("active", "the present term is paid", DecisionReason::EntitlementActive),
        (Entitled::Grace, _) => {
            ("grace", "the term is over, the days of grace are not", DecisionReason::EntitlementGrace)
        }
        (Entitled::No, Some(_)) => {
            ("no", "the last paid term and its days of grace are over", DecisionReason::EntitlementOver)
        }
        (Entitled::No, None) => {
            ("no", "no paid membership has ever opened this to the member", DecisionReason::EntitlementNever)
        }
    };
    let step = common::Step { name: "gate".to_owned(), detail: detail.to_owned(), ..common::Step::default() };
    let nearest_flip = (gate.late_by() > 0).then(|| common::NearestFlip {
        fact: "late_seconds".to_owned(),
        change: gate.late_by().saturating_neg(),
        outcome: "grace".to_owned(),
    });
    common::Decision {
        outcome: outcome.to_owned(),
        rule_version: "entitlement/1".to_owned(),
        decided_for: at(gate.at),
        facts,
        steps: vec![step],
        nearest_flip,
        reason: reason.into(),
        message: localized(reason.as_str_name(), language, []),
    }
}

pub(super) fn forecast(forecast: Forecast) -> Response<v1::GetForecastResponse> {
    let months = forecast.into_iter().map(|((month, currency_code), (charges, amount_minor))| v1::ForecastMonth {
        month,
        currency_code,
        charges,
        amount_minor,
    });
    Response::new(v1::GetForecastResponse { months: months.collect() })
}
