//! Asking a process how its services are, and what is known of one that does not tell.
//!
//! A process may be away, frozen, or up and unable to tell: whoever looks after a suite does something else about each,
//! so they are told apart here. What keeps one of them waiting must not keep others from being told.

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use proto::operations::v1::operations_service_client::OperationsServiceClient;
use proto::operations::v1::{GetStatusRequest, GetStatusResponse};
use tonic::{Code, Request, Status, TimeoutExpired};

use super::Line;
use crate::suite::Service;

/// A process that did not say how it is within this is told as silent.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A process that was asked how it is and did not tell.
#[derive(Debug)]
pub struct Silent {
    /// Its address, and who said it.
    pub place: String,
    /// The services that are asked there.
    pub services: Vec<Service>,
    /// Why it did not tell. With a source where no answer came: that status was made on this side.
    pub why: Status,
}

impl Silent {
    /// Whether the process is there: an answer came, and it was no.
    pub fn has_answered(&self) -> bool {
        self.why.source().is_none()
    }
}

/// Asks one process, which may need the deadline for what it asks itself.
pub(super) async fn asked(line: Line, ask: &GetStatusRequest) -> Result<GetStatusResponse, Status> {
    let mut ask = Request::new(ask.clone());
    ask.set_timeout(ANSWER_WITHIN);
    // A frozen process keeps no deadline: its machine takes the connection, and nobody ever reads from it.
    match tokio::time::timeout(ANSWER_WITHIN, OperationsServiceClient::new(line).get_status(ask)).await {
        Ok(Ok(told)) => Ok(told.into_inner()),
        Ok(Err(status)) => Err(told_as_late(status)),
        Err(passed) => Err(late(Arc::new(passed))),
    }
}

fn told_as_late(status: Status) -> Status {
    if successors(status.source(), |error| (*error).source()).any(|error| error.is::<TimeoutExpired>()) {
        // tonic's own timer was first, and calls it `CANCELLED`.
        return late(Arc::new(TimeoutExpired(())));
    }
    if status.code() == Code::DeadlineExceeded && status.source().is_none() {
        // In its own words a process speaks of mutations, of which this is none.
        return Status::deadline_exceeded(format!("it did not find out in {} s", ANSWER_WITHIN.as_secs()));
    }
    status
}

fn late(timer: Arc<dyn Error + Send + Sync>) -> Status {
    let mut status = Status::deadline_exceeded(format!("it did not answer in {} s", ANSWER_WITHIN.as_secs()));
    status.set_source(timer);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent(why: Status) -> Silent {
        Silent { place: "there".to_owned(), services: vec![Service::Loyalty], why: told_as_late(why) }
    }

    #[test]
    fn a_process_that_says_that_it_was_too_slow_is_there() {
        let silent = silent(Status::deadline_exceeded("a mutation that had begun goes on"));
        assert!(silent.has_answered());
        assert_eq!(silent.why.message(), "it did not find out in 5 s");
    }

    #[test]
    fn a_timer_of_this_side_says_that_nobody_answered() {
        let silent = silent(Status::from_error(Box::new(TimeoutExpired(()))));
        assert!(!silent.has_answered());
        assert_eq!((silent.why.code(), silent.why.message()), (Code::DeadlineExceeded, "it did not answer in 5 s"));
    }

    #[test]
    fn other_failures_stay_what_they_are() {
        let silent = silent(Status::permission_denied("not you"));
        assert!(silent.has_answered());
        assert_eq!((silent.why.code(), silent.why.message()), (Code::PermissionDenied, "not you"));
    }
}
