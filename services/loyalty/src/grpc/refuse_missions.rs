//! What missions say no to, as the wire tells it.

use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use crate::mission::{Closed, MissionRefusal};

pub(super) fn mission(stop: Stop<MissionRefusal>) -> Status {
    stopped(stop, refusal)
}

fn refusal(refusal: MissionRefusal) -> Refusal {
    match refusal {
        MissionRefusal::MemberNotFound { member } => Refusal {
            reason: "MEMBER_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: "no member has this id".to_owned(),
            facts: vec![("member", member.to_string())],
        },
        MissionRefusal::NotFound { mission } => Refusal {
            reason: "MISSION_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no mission {mission}, or not this version of it"),
            facts: vec![("mission", mission)],
        },
        MissionRefusal::CampaignNotFound { campaign } => Refusal {
            reason: "CAMPAIGN_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no campaign {campaign}"),
            facts: vec![("campaign", campaign)],
        },
        MissionRefusal::TooMany { most } => Refusal {
            reason: "TOO_MANY_MISSIONS",
            kind: RefusalKind::FailedPrecondition,
            text: format!("there are {most} missions that are not over, and that is the most"),
            facts: vec![("most", most.to_string())],
        },
        MissionRefusal::NotOpen { mission, why } => Refusal {
            reason: "MISSION_NOT_OPEN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("{mission} cannot be accepted: {}", named(why)),
            facts: vec![("mission", mission), ("why", named(why).to_owned())],
        },
    }
}

const fn named(why: Closed) -> &'static str {
    match why {
        Closed::Automatic => "NOT_OPT_IN",
        Closed::NotYet => "NOT_YET",
        Closed::Over => "OVER",
        Closed::NotForMember => "NOT_FOR_MEMBER",
        Closed::Completed => "COMPLETED",
    }
}
