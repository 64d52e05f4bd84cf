//! What draws say no to, as the wire tells it.

use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use crate::draw::{DrawRefusal, Limit, Shut};

pub(super) fn draw(stop: Stop<DrawRefusal>) -> Status {
    stopped(stop, refusal)
}

fn refusal(refusal: DrawRefusal) -> Refusal {
    match refusal {
        DrawRefusal::MemberNotFound { member } => Refusal {
            reason: "MEMBER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: "no member has this id".to_owned(),
            facts: vec![("member", member.to_string())],
        },
        DrawRefusal::NotFound { draw } => Refusal {
            reason: "DRAW_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no draw {draw}"),
            facts: vec![("draw", draw)],
        },
        DrawRefusal::Fixed { draw } => Refusal {
            reason: "DRAW_FIXED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("there is a draw {draw}, and what it promises does not change"),
            facts: vec![("draw", draw)],
        },
        DrawRefusal::CampaignNotFound { campaign } => Refusal {
            reason: "CAMPAIGN_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no campaign {campaign}"),
            facts: vec![("campaign", campaign)],
        },
        DrawRefusal::NotOpen { draw, why } => Refusal {
            reason: "DRAW_NOT_OPEN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("no ticket of {draw} is drawn now: {}", shut(why)),
            facts: vec![("draw", draw), ("why", shut(why).to_owned())],
        },
        DrawRefusal::LimitReached { draw, limit, most } => Refusal {
            reason: "DRAW_LIMIT_REACHED",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{} of {draw} is {most}, and as many tickets were drawn", named(limit)),
            facts: vec![("draw", draw), ("limit", named(limit).to_owned()), ("most", most.to_string())],
        },
    }
}

const fn shut(why: Shut) -> &'static str {
    match why {
        Shut::NotYet => "NOT_YET",
        Shut::Over => "OVER",
        Shut::Closed => "CLOSED",
        Shut::NothingLeft => "NOTHING_LEFT",
    }
}

const fn named(limit: Limit) -> &'static str {
    match limit {
        Limit::Member => "MEMBER",
        Limit::MemberDay => "MEMBER_DAY",
        Limit::Day => "DAY",
    }
}
