//! What subscriptions says no to, as the wire tells it.

use tonic::Status;
use wire::{RefusalKind, Stop, stopped};

use super::present::state_name;
use crate::plan::PlanRefusal;
use crate::subscription::Refusal;

pub(super) fn subscription(stop: Stop<Refusal>) -> Status {
    stopped(stop, subscription_refusal)
}

pub(super) fn plan(stop: Stop<PlanRefusal>) -> Status {
    stopped(stop, plan_refusal)
}

fn told(
    reason: &'static str,
    kind: RefusalKind,
    text: impl Into<String>,
    facts: Vec<(&'static str, String)>,
) -> wire::Refusal {
    wire::Refusal { reason, kind, text: text.into(), facts }
}

fn subscription_refusal(refusal: Refusal) -> wire::Refusal {
    use RefusalKind::{AlreadyExists, FailedPrecondition, NotFound};
    match refusal {
        Refusal::MemberNotFound { member } => {
            told("MEMBER_NOT_FOUND", NotFound, "no member has this id", vec![("member", member.to_string())])
        }
        Refusal::PlanNotFound { plan } => no_plan(plan, 0),
        Refusal::AlreadySubscribed { plan, subscription } => told(
            "ALREADY_SUBSCRIBED",
            AlreadyExists,
            format!("{subscription} of {plan} is live"),
            vec![("plan", plan), ("subscription", subscription.to_string())],
        ),
        Refusal::SubscriptionNotFound { subscription } => told(
            "SUBSCRIPTION_NOT_FOUND",
            NotFound,
            format!("there is no subscription {subscription}"),
            vec![("subscription", subscription.to_string())],
        ),
        Refusal::SubscriptionOver { subscription, state } => {
            let state = state_name(state);
            told(
                "SUBSCRIPTION_OVER",
                FailedPrecondition,
                format!("{subscription} is over: {state}"),
                vec![("subscription", subscription.to_string()), ("state", state)],
            )
        }
        Refusal::OccurrenceNotAhead { subscription, number, next } => told(
            "OCCURRENCE_NOT_AHEAD",
            FailedPrecondition,
            format!("occurrence {number} is not ahead; {next} is the next one"),
            vec![
                ("subscription", subscription.to_string()),
                ("number", number.to_string()),
                ("next", next.to_string()),
            ],
        ),
        Refusal::OccurrenceNotFound { what } => {
            told("OCCURRENCE_NOT_FOUND", NotFound, format!("no occurrence is meant by {what}"), vec![("what", what)])
        }
        Refusal::NothingToRefund { subscription } => told(
            "NOTHING_TO_REFUND",
            FailedPrecondition,
            "no term is paid that could be given back",
            vec![("subscription", subscription.to_string())],
        ),
        Refusal::CadenceFixed { plan } => told(
            "CADENCE_FIXED",
            FailedPrecondition,
            format!("{plan} is a membership: its rhythm is its term"),
            vec![("plan", plan)],
        ),
        Refusal::OrderNotRefused { subscription, number } => told(
            "ORDER_NOT_REFUSED",
            FailedPrecondition,
            format!("activity has not refused the order of occurrence {number}"),
            vec![("subscription", subscription.to_string()), ("number", number.to_string())],
        ),
    }
}

fn plan_refusal(refusal: PlanRefusal) -> wire::Refusal {
    match refusal {
        PlanRefusal::NotFound { plan, version } => no_plan(plan, version),
        PlanRefusal::KindFixed { plan, membership } => {
            let kind = if membership { "MEMBERSHIP" } else { "GOODS" };
            told(
                "PLAN_KIND_FIXED",
                RefusalKind::FailedPrecondition,
                format!("{plan} is a plan of the kind {kind}"),
                vec![("plan", plan), ("kind", kind.to_owned())],
            )
        }
    }
}

fn no_plan(plan: String, version: i32) -> wire::Refusal {
    told(
        "PLAN_NOT_FOUND",
        RefusalKind::NotFound,
        format!("there is no plan {plan}"),
        vec![("plan", plan), ("version", version.to_string())],
    )
}
