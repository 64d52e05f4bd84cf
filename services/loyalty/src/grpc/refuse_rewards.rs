//! What rewards and claims say no to, as the wire tells it.

use kernel::Points;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use super::refuse::account_refusal;
use super::refuse_coupons::coupon_refusal;
use super::wording_rewards::in_words;
use crate::account::AccountRefusal;
use crate::reward::RewardRefusal;
use crate::reward::judging::Obstacle;

pub(super) fn reward(stop: Stop<RewardRefusal>) -> Status {
    stopped(stop, reward_refusal)
}

fn failed(reason: &'static str, text: String, facts: Vec<(&'static str, String)>) -> Refusal {
    Refusal { reason, kind: RefusalKind::FailedPrecondition, text, facts }
}

fn reward_refusal(refusal: RewardRefusal) -> Refusal {
    match refusal {
        RewardRefusal::NotFound { reward } => Refusal {
            reason: "REWARD_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no reward {reward}, or not this version of it"),
            facts: vec![("reward", reward)],
        },
        RewardRefusal::Fixed { reward, field } => failed(
            "REWARD_FIXED",
            format!("{field} of the reward {reward} does not change"),
            vec![("reward", reward), ("field", field.to_owned())],
        ),
        RewardRefusal::Changed { reward, told, points } => failed(
            "REWARD_CHANGED",
            format!("the reward {reward} costs {points} points, and not {told}"),
            vec![("reward", reward), ("told", told.to_string()), ("points", points.to_string())],
        ),
        RewardRefusal::Kept { reward, obstacle } => kept(reward, obstacle),
        RewardRefusal::Account(refusal) => account_refusal(refusal),
        RewardRefusal::Coupon(refusal) => coupon_refusal(refusal),
        RewardRefusal::NoClaim { claim } => Refusal {
            reason: "CLAIM_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("the member has no claim {claim}"),
            facts: vec![("claim", claim.to_string())],
        },
        RewardRefusal::Over { claim, ended } => {
            let state = ended.name();
            failed("CLAIM_OVER", format!("{claim} is {state}"), vec![("claim", claim.to_string()), ("state", state)])
        }
    }
}

fn kept(reward: String, obstacle: Obstacle) -> Refusal {
    match obstacle {
        Obstacle::NotYet { from } => not_available(reward, format!("from {from}")),
        Obstacle::Over { until } => not_available(reward, format!("until {until}")),
        Obstacle::LimitReached { claimed, most } => failed(
            "REWARD_LIMIT_REACHED",
            format!("the member has {claimed} of {reward}, and {most} is the most"),
            vec![("reward", reward), ("claimed", claimed.to_string()), ("most", most.to_string())],
        ),
        Obstacle::NotForMember { needed } => {
            let needed = in_words(&needed);
            failed(
                "REWARD_NOT_FOR_MEMBER",
                format!("{reward} is for other members: {needed}"),
                vec![("reward", reward), ("needed", needed)],
            )
        }
        Obstacle::OutOfStock { stock } => failed(
            "REWARD_OUT_OF_STOCK",
            format!("none of {reward} is left of {stock}"),
            vec![("reward", reward), ("stock", stock.to_string())],
        ),
        Obstacle::PointsMissing { asked, spendable, .. } => {
            let (asked, spendable) = (Points(asked), Points(spendable));
            account_refusal(AccountRefusal::InsufficientPoints { asked, spendable })
        }
    }
}

fn not_available(reward: String, window: String) -> Refusal {
    failed(
        "REWARD_NOT_AVAILABLE",
        format!("the reward {reward} can be had {window}"),
        vec![("reward", reward), ("window", window)],
    )
}
