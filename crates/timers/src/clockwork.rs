//! The loop that reads what is due and hands it on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use kernel::Clock;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::table::{self, Due};

/// What a service does when something is due.
#[async_trait]
pub trait Ring: Send + Sync + 'static {
    /// Does the work of some due timers, each as of its due instant, and sets their next instants.
    ///
    /// A timer that is not due any more when its shard is locked has been done by somebody else: nothing happens.
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError>;
}

/// One service's timers. Clones are handles to the same.
#[derive(Clone)]
pub struct Clockwork {
    store: Store,
    clock: Clock,
    ring: Arc<dyn Ring>,
}

const AT_ONCE: i64 = 500;
const LOOK: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Clockwork {
    /// Nothing happens until [`Clockwork::run`] or [`Clockwork::drain`].
    pub fn new(store: Store, clock: Clock, ring: Arc<dyn Ring>) -> Self {
        Self { store, clock, ring }
    }

    /// Rings what is due until `stop`, once a second or at the next due instant. With a manual clock the coordinator
    /// rings instead, and this only waits.
    pub async fn run(self, stop: CancellationToken) {
        if self.clock.is_manual() {
            stop.cancelled().await;
            return;
        }
        let mut pause = LOOK;
        loop {
            match self.drain(self.clock.now()).await {
                Ok(_) => pause = LOOK,
                Err(error) => {
                    tracing::warn!(
                        service = self.store.service(),
                        error = &error as &dyn std::error::Error,
                        "due work has to wait"
                    );
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(pause) => {} }
        }
    }

    /// Rings everything due at a moment, longest due first, until nothing is. Answers how many timers rang.
    pub async fn drain(&self, as_of: Timestamp) -> Result<u64, StoreError> {
        let mut rung = 0;
        loop {
            let due = table::due(&self.store, as_of, AT_ONCE).await?;
            if due.is_empty() {
                return Ok(rung);
            }
            rung += u64::try_from(due.len()).unwrap_or(u64::MAX);
            self.ring.ring(due).await?;
        }
    }

    /// The next due instant of all.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        table::next_due(&self.store).await
    }

    /// How many timers are due now.
    pub async fn count_due(&self) -> Result<i64, StoreError> {
        table::count_due(&self.store, self.clock.now()).await
    }
}
