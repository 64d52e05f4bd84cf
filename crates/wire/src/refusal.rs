//! What the domain says no to, and how it is told.

use std::collections::HashMap;
use std::time::Duration;

use proto::common::v1::LocalizedMessage;
use store::{Recall, StoreError};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::messages::{Language, localized};
use crate::status;

/// `ErrorInfo.domain` of every refusal.
pub const DOMAIN: &str = "rapport";

/// What sort of no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The state of things forbids it.
    FailedPrecondition,
    /// What it is about does not exist.
    NotFound,
    /// It is there already.
    AlreadyExists,
    /// Somebody else was first; read again and retry.
    Aborted,
    /// The call contradicts an earlier one.
    InvalidArgument,
}

impl RefusalKind {
    const fn code(self) -> Code {
        match self {
            Self::FailedPrecondition => Code::FailedPrecondition,
            Self::NotFound => Code::NotFound,
            Self::AlreadyExists => Code::AlreadyExists,
            Self::Aborted => Code::Aborted,
            Self::InvalidArgument => Code::InvalidArgument,
        }
    }
}

/// A refusal as the wire tells it: one reason, the facts behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// As in `error_reason.proto`, without the prefix.
    pub reason: &'static str,
    /// What sort of no.
    pub kind: RefusalKind,
    /// One sentence in English.
    pub text: String,
    /// The facts, as documented beside the reason.
    pub facts: Vec<(&'static str, String)>,
}

impl Refusal {
    /// What it says to a person: an entry of a batch carries it in its outcome.
    pub fn localized(&self, language: Language) -> Option<LocalizedMessage> {
        localized(self.reason, language, self.facts.iter().map(|(name, value)| (*name, value.clone())))
    }
}

/// The status of a refusal.
pub fn refuse(refusal: Refusal) -> Status {
    let facts: HashMap<String, String> =
        refusal.facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let details = ErrorDetails::with_error_info(refusal.reason, DOMAIN, facts);
    Status::with_error_details(refusal.kind.code(), refusal.text, details)
}

/// Why an operation of a service did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Stop<R> {
    /// The domain says no.
    #[error("refused")]
    Refused(R),
    /// The request id was used for something else.
    #[error("the request id was used before with another {field}")]
    RequestIdReused {
        /// The field that differs.
        field: String,
    },
    /// The request id is older than what the request log remembers.
    #[error("the request id was made more than {kept_days} days ago")]
    RequestIdTooOld {
        /// How long the log remembers.
        kept_days: u16,
    },
    /// The tenant is suspended.
    #[error("the tenant is suspended")]
    TenantSuspended,
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// The receipt of a request that was carried out before; none where it is to be carried out now.
pub fn known<T, R>(recalled: Recall<T>) -> Result<Option<T>, Stop<R>> {
    match recalled {
        Recall::New => Ok(None),
        Recall::Done(receipt) => Ok(Some(receipt)),
        Recall::Reused { field } => Err(Stop::RequestIdReused { field }),
        Recall::TooOld { kept_days } => Err(Stop::RequestIdTooOld { kept_days }),
    }
}

/// What a caller is told of a request id that is older than what the request log remembers.
fn too_old(kept_days: u16) -> Refusal {
    Refusal {
        reason: "REQUEST_ID_TOO_OLD",
        kind: RefusalKind::FailedPrecondition,
        text: format!(
            "this request_id was made more than {kept_days} days ago; whether it was carried out is not known any more"
        ),
        facts: vec![("kept_days", kept_days.to_string())],
    }
}

/// The status of whatever stopped an operation; the domain's part is told by `refused`.
pub fn stopped<R>(stop: Stop<R>, refused: impl FnOnce(R) -> Refusal) -> Status {
    refusal(stop, refused).map_or_else(failure, refuse)
}

/// The refusal that stopped an operation, where it was one; the domain's part is told by `refused`.
///
/// # Errors
/// The database failed, and nothing was decided.
pub fn refusal<R>(stop: Stop<R>, refused: impl FnOnce(R) -> Refusal) -> Result<Refusal, StoreError> {
    match stop {
        Stop::Refused(refusal) => Ok(refused(refusal)),
        Stop::RequestIdReused { field } => Ok(Refusal {
            reason: "REQUEST_ID_REUSED",
            kind: RefusalKind::InvalidArgument,
            text: format!("this request_id was used before with another {field}"),
            facts: vec![("field", field)],
        }),
        Stop::RequestIdTooOld { kept_days } => Ok(too_old(kept_days)),
        Stop::TenantSuspended => Ok(Refusal {
            reason: "TENANT_SUSPENDED",
            kind: RefusalKind::FailedPrecondition,
            text: "the tenant is suspended: reads go on, nothing is written".to_owned(),
            facts: Vec::new(),
        }),
        Stop::Failed(error) => Err(error),
    }
}

/// The status of a failure of the database.
pub fn failure(error: StoreError) -> Status {
    const SOON: Duration = Duration::from_millis(200);
    match error {
        StoreError::Full => status::shed("too many writes at once; nothing was begun", SOON),
        StoreError::Retry(_)
        | StoreError::Unavailable(_)
        | StoreError::CursorMoved
        | StoreError::Presumed
        | StoreError::Stopping => {
            status::unavailable_because("not available for the moment; repeat with the same request_id", SOON, error)
        }
        StoreError::OutcomeUnknown(_) => status::unavailable_because(
            "the outcome is not known; repeat with the same request_id to learn it",
            SOON,
            error,
        ),
        StoreError::Constraint { .. } | StoreError::Unreadable(_) | StoreError::Failed(_) => status::internal(error),
    }
}
