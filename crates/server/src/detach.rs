//! Mutations outlive the caller that asked for them.
//!
//! When a client resets its stream or its deadline passes, the server drops the handler at whatever await it stands:
//! between a commit and the answer, or in the middle of a transaction. A mutation therefore runs in a task of its own
//! that is tracked and waited for when the process stops; the caller's side only awaits the task's answer.

use std::panic;

use tokio_util::task::TaskTracker;
use tonic::Status;
use tracing::Instrument as _;

/// The mutations under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Detached(TaskTracker);

impl Detached {
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Status> {
        self.0.spawn(work.in_current_span()).await.map_err(|ended| match ended.try_into_panic() {
            // Goes on to the one place that answers panics.
            Ok(panicked) => panic::resume_unwind(panicked),
            Err(aborted) => wire::status::internal(aborted),
        })
    }

    /// Ends when the last one has ended.
    pub(crate) async fn all_done(&self) {
        self.0.close();
        self.0.wait().await;
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}
