//! Why something was not taken over from another system, as the wire tells it.

use wire::{Refusal, RefusalKind};

use crate::account::OpeningRefusal;

pub(super) fn opening(refusal: OpeningRefusal) -> Refusal {
    match refusal {
        OpeningRefusal::AlreadyOpened { reference, entry } => Refusal {
            reason: "ALREADY_APPLIED",
            kind: RefusalKind::AlreadyExists,
            text: format!("{reference} was taken over before"),
            facts: vec![("what", format!("opening {reference}")), ("id", entry.to_string())],
        },
        OpeningRefusal::Differs { reference, field, entry } => Refusal {
            reason: "OPENING_DIFFERS",
            kind: RefusalKind::AlreadyExists,
            text: format!("{reference} was taken over before with another {field}"),
            facts: vec![("reference", reference), ("field", field.to_owned()), ("id", entry.to_string())],
        },
        OpeningRefusal::Over { field, at } => Refusal {
            reason: "OPENING_OVER",
            kind: RefusalKind::FailedPrecondition,
            text: format!("its {field} has passed: {at}"),
            facts: vec![("field", field.to_owned()), ("time", at.to_string())],
        },
        OpeningRefusal::NotBegun { field, at } => Refusal {
            reason: "OPENING_NOT_BEGUN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("its {field} is yet to come: {at}"),
            facts: vec![("field", field.to_owned()), ("time", at.to_string())],
        },
    }
}

/// A tier of a member and ladder is taken over once.
pub(super) fn tier_known(ladder: &str) -> Refusal {
    Refusal {
        reason: "ALREADY_APPLIED",
        kind: RefusalKind::AlreadyExists,
        text: format!("a tier of {ladder} was taken over before"),
        facts: vec![("what", format!("opening tier {ladder}")), ("id", String::new())],
    }
}

pub(super) fn tier_differs(ladder: String, field: &'static str) -> Refusal {
    Refusal {
        reason: "OPENING_DIFFERS",
        kind: RefusalKind::AlreadyExists,
        text: format!("a tier of {ladder} was taken over before with another {field}"),
        facts: vec![("reference", ladder), ("field", field.to_owned()), ("id", String::new())],
    }
}
