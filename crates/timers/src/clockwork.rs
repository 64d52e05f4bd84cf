//! The loop that reads what is due and hands it on.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
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
/// So many timers that cannot ring are not each a timer's fault.
const TOO_MANY: usize = 20;
const LOOK: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What could not ring, and why the last of it could not.
#[derive(Default)]
struct Left {
    due: BTreeSet<Due>,
    why: Option<StoreError>,
}

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
    ///
    /// One that cannot ring stays due and is tried again by the next call; the others ring, and then this fails.
    pub async fn drain(&self, as_of: Timestamp) -> Result<u64, StoreError> {
        let (mut rung, mut left) = (0, Left::default());
        loop {
            let limit = AT_ONCE + i64::try_from(left.due.len()).unwrap_or(AT_ONCE);
            let mut due = table::due(&self.store, as_of, limit).await?;
            due.retain(|one| !left.due.contains(one));
            if due.is_empty() {
                return left.why.map_or(Ok(rung), Err);
            }
            rung += self.ring_apart(due, &mut left).await?;
        }
    }

    /// Rings some timers, halving where one of them cannot, until it stands alone.
    async fn ring_apart(&self, due: Vec<Due>, left: &mut Left) -> Result<u64, StoreError> {
        let (mut rung, mut pieces) = (0, vec![due]);
        while let Some(mut piece) = pieces.pop() {
            // A panic is one timer's: the clockwork must go on for all the others.
            let ringing = AssertUnwindSafe(self.ring.ring(piece.clone())).catch_unwind();
            match ringing.await.unwrap_or_else(|_| Err(StoreError::unreadable("the rules panicked over it"))) {
                Ok(()) => rung += u64::try_from(piece.len()).unwrap_or(u64::MAX),
                Err(error) if is_anybodys(&error) => return Err(error),
                Err(error) if piece.len() == 1 => {
                    tracing::error!(
                        service = self.store.service(),
                        kind = piece.first().map_or("", |one| &one.kind),
                        error = &error as &dyn std::error::Error,
                        "a timer cannot ring"
                    );
                    left.due.extend(piece);
                    if left.due.len() >= TOO_MANY {
                        return Err(error);
                    }
                    left.why = Some(error);
                }
                Err(_) => {
                    let second = piece.split_off(piece.len() / 2);
                    pieces.push(second);
                    pieces.push(piece);
                }
            }
        }
        Ok(rung)
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

/// True where whatever is due would fail the same way.
fn is_anybodys(error: &StoreError) -> bool {
    error.may_retry() || matches!(error, StoreError::Full | StoreError::Stopping | StoreError::CursorMoved)
}
