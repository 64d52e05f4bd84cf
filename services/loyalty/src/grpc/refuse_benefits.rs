//! What benefits say no to, as the wire tells it.

use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use super::refuse_coupons::{no_member, of_order};
use super::wording_benefits::obstacle;
use super::wording_rewards::in_words;
use crate::benefit::BenefitRefusal;
use crate::benefit::checking::Obstacle;

pub(super) fn benefit(stop: Stop<BenefitRefusal>) -> Status {
    stopped(stop, refusal)
}

fn refusal(refusal: BenefitRefusal) -> Refusal {
    let (failed, missing) = (RefusalKind::FailedPrecondition, RefusalKind::NotFound);
    match refusal {
        BenefitRefusal::NotFound { benefit } => Refusal {
            reason: "BENEFIT_NOT_FOUND",
            kind: missing,
            text: format!("there is no benefit {benefit}"),
            facts: vec![("benefit", benefit)],
        },
        BenefitRefusal::Fixed { benefit, field } => Refusal {
            reason: "BENEFIT_FIXED",
            kind: failed,
            text: format!("{field} of the benefit {benefit} does not change"),
            facts: vec![("benefit", benefit), ("field", field.to_owned())],
        },
        BenefitRefusal::MemberNotFound { member } => no_member(member),
        BenefitRefusal::NotApplicable { benefit, obstacle: why } => {
            let kind = obstacle(&why).as_str_name().trim_start_matches("BENEFIT_OBSTACLE_KIND_").to_owned();
            Refusal {
                reason: "BENEFIT_NOT_APPLICABLE",
                kind: failed,
                text: format!("{benefit} does not apply: {kind}"),
                facts: vec![("benefit", benefit), ("obstacle", kind), ("needed", needed(&why))],
            }
        }
        BenefitRefusal::OrderHas { order, booked } => Refusal {
            reason: "ORDER_HAS_BENEFITS",
            kind: failed,
            text: format!("other benefits were booked for {order}"),
            facts: vec![of_order(&order), ("booked", booked.join(", "))],
        },
        BenefitRefusal::NotBooked { order } => Refusal {
            reason: "BENEFITS_NOT_BOOKED",
            kind: missing,
            text: format!("no benefits were booked for {order}"),
            facts: vec![of_order(&order)],
        },
    }
}

fn needed(why: &Obstacle) -> String {
    match why {
        Obstacle::NotMet { needed, .. } => in_words(needed),
        Obstacle::NotYet { from } => format!("from {from}"),
        Obstacle::Over { until } => format!("until {until}"),
        Obstacle::OtherCurrency
        | Obstacle::NothingCounts
        | Obstacle::SavesNothing
        | Obstacle::Outbid
        | Obstacle::UsedUp
        | Obstacle::MemberUsedUp => String::new(),
    }
}
