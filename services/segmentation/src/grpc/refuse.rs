//! What segmentation says no to, as the wire tells it.

use terms::TermsRefusal;
use tonic::Status;
use wire::{Refusal, RefusalKind, Stop, stopped};

use crate::members::MemberRefusal;

pub(super) fn member(stop: Stop<MemberRefusal>) -> Status {
    stopped(stop, member_refusal)
}

pub(super) fn scheme(stop: Stop<TermsRefusal>) -> Status {
    stopped(stop, terms_refusal)
}

fn member_refusal(refusal: MemberRefusal) -> Refusal {
    match refusal {
        MemberRefusal::SnapshotNotFound { number } => Refusal {
            reason: "SNAPSHOT_NOT_FOUND",
            kind: RefusalKind::NotFound,
            text: format!("there is no snapshot {number}"),
            facts: vec![("number", number.to_string())],
        },
    }
}

fn terms_refusal(refusal: TermsRefusal) -> Refusal {
    match refusal {
        TermsRefusal::NotFound { at } => Refusal {
            reason: "TERMS_NOT_FOUND",
            kind: RefusalKind::FailedPrecondition,
            text: format!("no terms rule at {at}"),
            facts: vec![("at", at.to_string())],
        },
        TermsRefusal::VersionTaken { effective_at, version } => Refusal {
            reason: "TERMS_VERSION_TAKEN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("version {version} already rules from {effective_at} on or later"),
            facts: vec![("effective", effective_at.to_string()), ("version", version.to_string())],
        },
        TermsRefusal::InThePast { effective_at, version } => Refusal {
            reason: "TERMS_IN_THE_PAST",
            kind: RefusalKind::FailedPrecondition,
            text: format!("version {version} ruled at {effective_at}; what was promised is not changed afterwards"),
            facts: vec![("effective", effective_at.to_string()), ("version", version.to_string())],
        },
    }
}
