//! What the event log says no to.

use proto::eventlog::v1 as wire_log;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use crate::Lost;

pub(super) fn rewound(source: &str, lost: &Lost) -> Refusal {
    Refusal {
        reason: "LOG_REWOUND",
        kind: RefusalKind::FailedPrecondition,
        text: format!("the log of {source} was restored, or the reader is ahead of it"),
        facts: vec![
            ("source", source.to_owned()),
            ("partition", lost.partition.number().to_string()),
            ("position", lost.position.to_string()),
            ("head", lost.head.to_string()),
        ],
    }
}

pub(super) fn not_parked(asked: &wire_log::DropParkedEventRequest) -> Refusal {
    Refusal {
        reason: "EVENT_NOT_PARKED",
        kind: RefusalKind::NotFound,
        text: "this event is not parked".to_owned(),
        facts: vec![("event", format!("{}/{}/{}", asked.source, asked.partition, asked.position))],
    }
}

impl From<crate::Unreachable> for Refusal {
    fn from(unreachable: crate::Unreachable) -> Self {
        Self {
            reason: "FRESHNESS_UNREACHABLE",
            kind: RefusalKind::FailedPrecondition,
            text: unreachable.to_string(),
            facts: vec![("source", unreachable.origin), ("service", unreachable.service.to_owned())],
        }
    }
}

/// Why no cursor was repaired; a producer that does not answer says it itself.
pub(super) fn repair(stop: Stop<Status>) -> Status {
    match stop {
        Stop::Refused(status) => status,
        Stop::RequestIdReused { field } => stopped(Stop::RequestIdReused { field }, |refusal| refusal),
        Stop::RequestIdTooOld { kept_days } => stopped(Stop::RequestIdTooOld { kept_days }, |refusal| refusal),
        Stop::TenantSuspended => stopped(Stop::TenantSuspended, |refusal| refusal),
        Stop::Failed(error) => stopped(Stop::Failed(error), |refusal| refusal),
    }
}
