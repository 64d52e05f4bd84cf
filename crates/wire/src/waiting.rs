//! Waiting without being in anybody's way: a call that waits for a position of a log gives its place among those
//! answered at once to another, and takes one again afterwards.
//!
//! The server says which place a call holds ([`within`]); whoever waits ([`aside`]) need not know of it.

use std::sync::Arc;

use futures::future::BoxFuture;

/// The place a call holds.
pub trait Place: Send + Sync {
    /// Gives it up.
    fn leave(&self);

    /// Takes one again, waiting until there is one.
    fn come_back(&self) -> BoxFuture<'static, ()>;
}

tokio::task_local! {
    static PLACE: Arc<dyn Place>;
}

/// Does the work of a call that holds a place.
pub async fn within<T>(place: Arc<dyn Place>, work: impl Future<Output = T>) -> T {
    PLACE.scope(place, work).await
}

/// Waits without the call's place, where the call holds one.
pub async fn aside<T>(waiting: impl Future<Output = T>) -> T {
    let Ok(place) = PLACE.try_with(Arc::clone) else { return waiting.await };
    place.leave();
    let waited = waiting.await;
    place.come_back().await;
    waited
}
