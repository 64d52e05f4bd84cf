//! Failures: the third ring of the contract's errors, those that are ours and not the caller's.
//!
//! Each has one shape, made here and nowhere else. What went wrong inside travels as the status's *source*, which
//! never reaches the wire: the server's door logs it once, beside the call it spoilt. Refusals and violations are
//! made elsewhere.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// All a caller learns about an `INTERNAL` failure.
pub const INTERNAL_TEXT: &str = "something failed on our side; the request id finds it in our logs";

/// What may spoil a call from inside.
pub type Cause = Box<dyn Error + Send + Sync + 'static>;

/// Ours, unexpected, and not to be repeated blindly: a fixed text outside, the cause in the log.
#[must_use]
pub fn internal(cause: impl Into<Cause>) -> Status {
    caused(Status::internal(INTERNAL_TEXT), cause.into())
}

/// `INTERNAL` whose cause was logged by whoever saw it, as a panic is.
#[must_use]
pub fn internal_already_logged() -> Status {
    Status::internal(INTERNAL_TEXT)
}

/// Something we need is away for the moment: the same call may succeed after `retry_after`.
#[must_use]
pub fn unavailable(text: &str, retry_after: Duration) -> Status {
    Status::with_error_details(Code::Unavailable, text, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// As [`unavailable`], with the cause for the log.
#[must_use]
pub fn unavailable_because(text: &str, retry_after: Duration, cause: impl Into<Cause>) -> Status {
    caused(unavailable(text, retry_after), cause.into())
}

/// Too much at once: nothing was begun, and the same call may be made again after `retry_after`.
#[must_use]
pub fn shed(text: &str, retry_after: Duration) -> Status {
    Status::with_error_details(Code::ResourceExhausted, text, ErrorDetails::with_retry_info(Some(retry_after)))
}

/// The caller's time is up. A mutation that had begun goes on; its request id tells what became of it.
#[must_use]
pub fn deadline_exceeded() -> Status {
    Status::deadline_exceeded(
        "the deadline passed; a mutation that had begun goes on, and the same request id gives its answer",
    )
}

/// Who calls could not be established; `text` says why, without quoting the token.
#[must_use]
pub fn unauthenticated(text: &str) -> Status {
    Status::unauthenticated(text)
}

/// The caller is known and may not do this.
#[must_use]
pub fn permission_denied(text: &str) -> Status {
    Status::permission_denied(text)
}

/// The caller is known and its token lacks the scope the rpc declares.
#[must_use]
pub fn scope_missing(scope: &str) -> Status {
    Status::permission_denied(format!("this call needs the scope `{scope}`, which the token does not carry"))
}

fn caused(mut status: Status, cause: Cause) -> Status {
    status.set_source(Arc::from(cause));
    status
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_internal_failure_says_nothing_outside_and_everything_inside() {
        let status = internal("connection to 10.0.0.3 lost");
        assert_eq!((status.code(), status.message()), (Code::Internal, INTERNAL_TEXT));
        assert!(status.details().is_empty());
        assert_eq!(status.source().expect("the cause is kept").to_string(), "connection to 10.0.0.3 lost");
    }

    #[test]
    fn what_may_be_tried_again_says_when() {
        let wait = Duration::from_millis(250);
        for (status, code) in
            [(unavailable("away", wait), Code::Unavailable), (shed("full", wait), Code::ResourceExhausted)]
        {
            assert_eq!(status.code(), code);
            assert_eq!(status.get_details_retry_info().expect("it carries RetryInfo").retry_delay, Some(wait));
        }
    }
}
