//! Old requests are forgotten, a little at a time, in every service's own database.
//!
//! It has no timer of its own in the database: when it happens decides nothing, for an id is refused by its age whether
//! or not its request is still remembered. So it goes by the machine's time, and what is old by the clock.

use std::time::Duration;

use kernel::Clock;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// Requests forgotten in one transaction: it holds no shard, and is over in some hundredths of a second.
const AT_ONCE: i64 = 1_000;
/// Between two transactions while there is more to forget, so that a backlog leaves the disk to the callers.
const BREATH: Duration = Duration::from_millis(100);
/// Between two rounds: what fell due in an hour is a small round.
const ROUND: Duration = Duration::from_secs(3_600);

/// Forgets, round after round, until `stop`.
pub(super) async fn run(store: &Store, clock: &Clock, stop: &CancellationToken) {
    if store.retention().days().is_none() {
        return;
    }
    loop {
        let pause = tokio::select! {
            () = stop.cancelled() => return,
            forgotten = store.forget_requests(clock.now(), AT_ONCE) => pause_after(store, forgotten),
        };
        tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(pause) => {} }
    }
}

fn pause_after(store: &Store, forgotten: Result<u64, StoreError>) -> Duration {
    match forgotten {
        Ok(0) => ROUND,
        Ok(count) => {
            tracing::debug!(service = store.service(), count, "old requests were forgotten");
            if i64::try_from(count).is_ok_and(|count| count < AT_ONCE) { ROUND } else { BREATH }
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(service = store.service(), error, "old requests cannot be forgotten now; tried again later");
            ROUND
        }
    }
}
