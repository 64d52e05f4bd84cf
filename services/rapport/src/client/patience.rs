//! Calling again while the suite is away for a moment.
//!
//! Only for calls that are safe to repeat: reads, and mutations that carry their request id.

use std::error::Error as _;
use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Makes a call until it is answered; gives up when it has not been for as long as `patience`.
pub async fn patiently<T, C, F>(patience: Duration, mut call: C) -> Result<T, Status>
where
    C: FnMut() -> F,
    F: Future<Output = Result<T, Status>>,
{
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let status = match call().await {
            Ok(answer) => return Ok(answer),
            Err(status) if passing(&status) => status,
            Err(status) => return Err(status),
        };
        let asked = status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or(Duration::ZERO);
        let wait = pause.max(asked).min(LONGEST_PAUSE);
        if began.elapsed() + wait > patience {
            return Err(status);
        }
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A failure that time may heal. One with a source was made on this side, by a connection that broke or was never made.
fn passing(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded)
        || status.source().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test(start_paused = true)]
    async fn a_suite_that_is_away_is_called_again() {
        let calls = Cell::new(0);
        let answer = patiently(Duration::from_secs(60), || {
            calls.set(calls.get() + 1);
            let answer = if calls.get() < 4 { Err(Status::unavailable("away")) } else { Ok(calls.get()) };
            async move { answer }
        });
        assert_eq!(answer.await.expect("answered in the end"), 4);
    }

    #[tokio::test]
    async fn a_refusal_is_an_answer() {
        let calls = Cell::new(0);
        let answer: Result<(), Status> = patiently(Duration::from_secs(60), || {
            calls.set(calls.get() + 1);
            async { Err(Status::failed_precondition("no")) }
        })
        .await;
        assert_eq!((answer.map_err(|status| status.code()), calls.get()), (Err(Code::FailedPrecondition), 1));
    }

    #[tokio::test]
    async fn patience_ends() {
        let answer: Result<(), Status> = patiently(Duration::ZERO, || async { Err(Status::unavailable("away")) }).await;
        assert_eq!(answer.map_err(|status| status.code()), Err(Code::Unavailable));
    }
}
