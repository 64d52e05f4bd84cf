//! A panic in a handler answers `INTERNAL` instead of tearing the connection, with every other call on it, down.
//!
//! It is not logged here: the panic hook has seen it, with its place.

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;

use futures::FutureExt as _;
use telemetry::metrics::{self, IntCounterVec};
use tonic::Status;

static PANICS: LazyLock<IntCounterVec> =
    LazyLock::new(|| metrics::counter("rapport_panics_total", "Calls whose handler panicked.", &["rpc"]));

/// What the handler was holding is dropped with it; what calls share is behind locks and transactions of its own.
pub(crate) async fn caught<T>(rpc: &str, answer: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| Err(answer_to(rpc)))
}

/// The same for one step of a stream.
pub(crate) fn caught_step<T>(rpc: &str, step: impl FnOnce() -> T) -> Result<T, Status> {
    std::panic::catch_unwind(AssertUnwindSafe(step)).map_err(|_| answer_to(rpc))
}

fn answer_to(rpc: &str) -> Status {
    PANICS.with_label_values(&[rpc]).inc();
    wire::status::internal_already_logged()
}
