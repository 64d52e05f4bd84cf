//! What a caller is told where a peer did not answer the question behind its own.

use std::error::Error as _;
use std::time::Duration;

use tonic::{Code, Status};
use wire::status;

const SOON: Duration = Duration::from_millis(200);

/// A peer that is away makes the call one to repeat; anything else it says is our defect, not the caller's.
pub fn unanswered(peer: &str, refused: Status) -> Status {
    // A status with a source was made on this side: the connection broke under the call, as it does where the peer was
    // killed. Its code is whatever the transport makes of that, `UNKNOWN` or `INTERNAL` too.
    if refused.source().is_some() {
        return away(peer, refused);
    }
    match refused.code() {
        Code::DeadlineExceeded => status::deadline_exceeded(),
        Code::Unavailable | Code::ResourceExhausted | Code::Cancelled => away(peer, refused),
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

fn away(peer: &str, refused: Status) -> Status {
    let text = format!("{peer} is not available for the moment; repeat the call");
    status::unavailable_because(&text, SOON, refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_broke_is_a_call_to_repeat_and_a_defect_is_none() {
        let broken = Status::from_error(Box::new(std::io::Error::other("h2 protocol error: broken pipe")));
        assert_eq!(broken.code(), Code::Unknown, "as the transport tells it");
        assert_eq!(unanswered("registry", broken).code(), Code::Unavailable);
        assert_eq!(unanswered("registry", Status::unknown("said by the peer")).code(), Code::Internal);
        assert_eq!(unanswered("registry", Status::unavailable("stopping")).code(), Code::Unavailable);
        assert_eq!(unanswered("registry", Status::deadline_exceeded("too late")).code(), Code::DeadlineExceeded);
    }
}
