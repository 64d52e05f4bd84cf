//! Why something was not taken over from another system, as the wire tells it.

use jiff::Timestamp;
use wire::{Refusal, RefusalKind};

use crate::account::OpeningRefusal;

pub(super) fn opening(refusal: OpeningRefusal) -> Refusal {
    match refusal {
        OpeningRefusal::AlreadyOpened { reference, entry } => known(&reference, entry.to_string()),
        OpeningRefusal::Differs { reference, field, entry } => differs(reference, field, entry.to_string()),
        OpeningRefusal::Over { field, at } => over(field, at),
        OpeningRefusal::NotBegun { field, at } => Refusal {
            reason: "OPENING_NOT_BEGUN",
            kind: RefusalKind::FailedPrecondition,
            text: format!("its {field} is yet to come: {at}"),
            facts: vec![("field", field.to_owned()), ("time", at.to_string())],
        },
    }
}

/// What one reference names is taken over once; of a tier, the ladder is its reference.
pub(super) fn known(reference: &str, id: String) -> Refusal {
    Refusal {
        reason: "ALREADY_APPLIED",
        kind: RefusalKind::AlreadyExists,
        text: format!("{reference} was taken over before"),
        facts: vec![("what", format!("opening {reference}")), ("id", id)],
    }
}

pub(super) fn differs(reference: String, field: &'static str, id: String) -> Refusal {
    Refusal {
        reason: "OPENING_DIFFERS",
        kind: RefusalKind::AlreadyExists,
        text: format!("{reference} was taken over before with another {field}"),
        facts: vec![("reference", reference), ("field", field.to_owned()), ("id", id)],
    }
}

pub(super) fn over(field: &'static str, at: Timestamp) -> Refusal {
    Refusal {
        reason: "OPENING_OVER",
        kind: RefusalKind::FailedPrecondition,
        text: format!("its {field} has passed: {at}"),
        facts: vec![("field", field.to_owned()), ("time", at.to_string())],
    }
}
