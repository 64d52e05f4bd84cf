//! What a caller is told where a peer did not answer the question behind its own.

use std::time::Duration;

use tonic::{Code, Status};
use wire::status;

const SOON: Duration = Duration::from_millis(200);

/// A peer that is away makes the call one to repeat; anything else it says is our defect, not the caller's.
pub fn unanswered(peer: &str, refused: Status) -> Status {
    match refused.code() {
        Code::DeadlineExceeded => status::deadline_exceeded(),
        Code::Unavailable | Code::ResourceExhausted | Code::Cancelled => {
            let text = format!("{peer} is not available for the moment; repeat the call");
            status::unavailable_because(&text, SOON, refused)
        }
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => status::internal(refused),
    }
}
