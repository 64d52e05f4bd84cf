//! Clients that work until they are told to stop, and a story that waits for their work instead of for time to pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const LOOK: Duration = Duration::from_millis(10);
/// So long that only clients which do nothing at all are given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Some clients at work.
pub struct Labour {
    clients: JoinSet<()>,
    counts: Vec<Arc<AtomicU64>>,
    over: CancellationToken,
}

/// What one client knows of it.
#[derive(Clone)]
pub struct Worker {
    count: Arc<AtomicU64>,
    over: CancellationToken,
}

impl Labour {
    pub fn new() -> Self {
        Self { clients: JoinSet::new(), counts: Vec::new(), over: CancellationToken::new() }
    }

    /// Sets a client to work.
    pub fn employ<F>(&mut self, client: impl FnOnce(Worker) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let worker = Worker { count: Arc::default(), over: self.over.clone() };
        self.counts.push(Arc::clone(&worker.count));
        self.clients.spawn(client(worker));
    }

    /// Waits until each client has done so much more.
    ///
    /// # Panics
    /// With a client, as soon as one does.
    pub async fn goes_on(&mut self, more: u64, when: &str) {
        let now = || self.counts.iter().map(|count| count.load(Ordering::SeqCst)).collect::<Vec<_>>();
        let before = now();
        let enough = || now().iter().zip(&before).all(|(now, before)| now - before >= more);
        let end = Instant::now() + PATIENCE;
        while !enough() {
            let done = now();
            assert!(Instant::now() < end, "each client was to do {more} more, {when}, and did {before:?}, {done:?}");
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                Some(ended) = self.clients.join_next() => ended.expect("a client saw something wrong"),
            }
        }
    }

    /// Lets the clients finish what they are at.
    pub async fn end(mut self) {
        self.over.cancel();
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("a client saw something wrong");
        }
    }
}

impl Worker {
    /// Whether to begin another piece of work.
    pub fn goes_on(&self) -> bool {
        !self.over.is_cancelled()
    }

    /// A piece of work is done, and what came of it was right.
    pub fn done(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
    }
}
