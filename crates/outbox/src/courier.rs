//! The loop that sends what is open.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{FutureExt as _, StreamExt as _};
use kernel::RequestId;
use store::{Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::table::{self, Open};

/// What a service does with a call: say it to whom it is meant for, and write the answer down.
#[async_trait]
pub trait Carry: Send + Sync + 'static {
    /// Makes the call with its id as request id, then writes the answer in one transaction with [`settle`](crate::settle).
    async fn carry(&self, call: Open) -> Result<(), NotCarried>;
}

/// Why a call is still open. It is made again, whatever the cause.
#[derive(Debug, thiserror::Error)]
pub enum NotCarried {
    /// Whoever is called did not answer.
    #[error("{0}")]
    Unanswered(String),
    /// They answered something that is neither done nor refused: a defect on one of the two sides.
    #[error("{0}")]
    Misunderstood(String),
    /// The answer could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One service's outgoing calls. Clones are handles to the same.
#[derive(Clone)]
pub struct Courier {
    store: Store,
    carrier: Arc<dyn Carry>,
    setbacks: Arc<Mutex<HashMap<RequestId, Setback>>>,
}

/// A call that was made in vain.
#[derive(Clone, Copy, Debug)]
struct Setback {
    tries: u32,
    again_at: Instant,
}

const AT_ONCE: i64 = 500;
const ABREAST: usize = 16;
const LOOK: Duration = Duration::from_secs(1);
/// Many commits are heard of in one look.
const BREATH: Duration = Duration::from_millis(10);
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// After so many tries a call is stuck: whoever waits for quiet does not wait for it.
const STUCK: u32 = 5;

impl Courier {
    /// Nothing is sent until [`Courier::run`].
    pub fn new(store: Store, carrier: Arc<dyn Carry>) -> Self {
        Self { store, carrier, setbacks: Arc::default() }
    }

    /// Sends what is open until `stop`; what is under way then is finished.
    pub async fn run(self, stop: CancellationToken) {
        let mut committed = self.store.committed();
        while !stop.is_cancelled() {
            committed.mark_unchanged();
            if let Err(error) = self.send(&stop).await {
                tracing::warn!(
                    service = self.store.service(),
                    error = &error as &dyn std::error::Error,
                    "calls have to wait"
                );
            }
            let pause = self.until_next();
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                // The sender lives in the store, which this holds.
                _ = committed.changed() => tokio::time::sleep(BREATH).await,
            }
        }
    }

    /// Sends everything that is open and need not wait, until nothing is.
    async fn send(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            let open = table::open(&self.store, &self.resting(), AT_ONCE).await?;
            if open.is_empty() {
                self.forget_settled();
                break;
            }
            futures::stream::iter(open).for_each_concurrent(ABREAST, |call| self.carry(call, stop)).await;
        }
        Ok(())
    }

    async fn carry(&self, call: Open, stop: &CancellationToken) {
        if stop.is_cancelled() {
            return;
        }
        let (id, kind) = (call.id, call.kind.clone());
        // A panic is one call's: the courier must go on for all the others.
        let carried = AssertUnwindSafe(self.carrier.carry(call)).catch_unwind().await;
        let carried =
            carried.unwrap_or_else(|_| Err(NotCarried::Misunderstood("the rules panicked over it".to_owned())));
        match carried {
            Ok(()) => drop(self.setbacks().remove(&id)),
            Err(error) => {
                let tries = self.set_back(id);
                let service = self.store.service();
                let error: &dyn std::error::Error = &error;
                if tries == STUCK {
                    tracing::error!(service, kind, call = %id, error, "a call is stuck");
                } else {
                    tracing::warn!(service, kind, call = %id, tries, error, "a call has to be made again");
                }
            }
        }
    }

    /// How many calls are open, in all processes.
    ///
    /// # Errors
    /// The database fails.
    pub async fn count_open(&self) -> Result<i64, StoreError> {
        table::count(&self.store).await
    }

    /// How many open calls this process has tried so often that somebody should look.
    #[must_use]
    pub fn count_stuck(&self) -> usize {
        self.setbacks().values().filter(|setback| setback.tries >= STUCK).count()
    }

    /// True while calls are open that may be answered soon.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_behind(&self) -> Result<bool, StoreError> {
        let stuck = i64::try_from(self.count_stuck()).unwrap_or(i64::MAX);
        Ok(self.count_open().await? > stuck)
    }

    fn set_back(&self, id: RequestId) -> u32 {
        let mut setbacks = self.setbacks();
        let tries = setbacks.get(&id).map_or(0, |setback| setback.tries).saturating_add(1);
        let pause = PAUSE.saturating_mul(1_u32 << tries.min(16)).min(LONGEST_PAUSE);
        setbacks.insert(id, Setback { tries, again_at: Instant::now() + pause });
        tries
    }

    /// What might be made again and is not open any more was settled by another process.
    fn forget_settled(&self) {
        let now = Instant::now();
        self.setbacks().retain(|_, setback| setback.again_at > now);
    }

    /// The calls whose pause is not over.
    fn resting(&self) -> Vec<Uuid> {
        let now = Instant::now();
        self.setbacks().iter().filter(|(_, setback)| setback.again_at > now).map(|(id, _)| id.uuid()).collect()
    }

    fn until_next(&self) -> Duration {
        let now = Instant::now();
        let next = self.setbacks().values().map(|setback| setback.again_at.saturating_duration_since(now)).min();
        next.map_or(LOOK, |next| next.clamp(BREATH, LOOK))
    }

    fn setbacks(&self) -> MutexGuard<'_, HashMap<RequestId, Setback>> {
        self.setbacks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Courier").field("service", &self.store.service()).finish_non_exhaustive()
    }
}
