//! Trying again what somebody else was in the way of.

use std::time::Duration;

use crate::Stop;

const ATTEMPTS: u32 = 6;

/// Does the work, and does it again where only the moment was wrong. The request log keeps it from being done twice,
/// even where the outcome of a commit was unknown.
pub async fn patiently<T, R, F>(mut work: impl FnMut() -> F) -> Result<T, Stop<R>>
where
    F: Future<Output = Result<T, Stop<R>>>,
{
    let mut attempt = 1;
    loop {
        match work().await {
            Err(Stop::Failed(error)) if error.may_retry_at_once() && attempt < ATTEMPTS => {
                tracing::debug!(error = &error as &dyn std::error::Error, attempt, "tried again");
                tokio::time::sleep(Duration::from_millis(5_u64 << attempt)).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}
