//! Moving a manual clock so that everything that falls due on the way happens, in the order of its due instant.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, ClockError};
use store::StoreError;
use tokio::sync::Mutex;

/// A service as the coordinator sees it.
#[async_trait]
pub trait Moved: Send + Sync + 'static {
    /// The next due instant, if there is one.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Does everything due at a moment; answers how many timers rang.
    async fn drain(&self, as_of: Timestamp) -> Result<u64, StoreError>;

    /// True while something heard is not applied yet, or something decided is not carried out.
    async fn is_behind(&self) -> Result<bool, StoreError>;
}

/// What happened while the clock was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advanced {
    /// Timers that rang.
    pub timers: u64,
    /// Steps the clock was moved in.
    pub steps: u64,
}

/// Why the clock could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum CannotAdvance {
    /// It is not manual, or would go back.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// The database failed on the way; the clock stands where it had got to.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves the clock of some services. Clones share one turn: two callers never move it at once.
#[derive(Clone)]
pub struct Coordinator {
    clock: Clock,
    services: Arc<[Arc<dyn Moved>]>,
    turn: Arc<Mutex<()>>,
}

const LOOK: Duration = Duration::from_millis(2);
/// Quiet is believed when it is seen this often in a row: an event may be on its way between two services.
const QUIET_ROUNDS: u32 = 2;

impl Coordinator {
    /// For all services that share this clock.
    pub fn new(clock: Clock, services: Vec<Arc<dyn Moved>>) -> Self {
        Self { clock, services: services.into(), turn: Arc::new(Mutex::new(())) }
    }

    /// The clock that is moved.
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Moves the clock to `target`, in steps of at most `window` wherever something is due.
    pub async fn advance(&self, target: Timestamp, window: SignedDuration) -> Result<Advanced, CannotAdvance> {
        let _turn = self.turn.lock().await;
        if !self.clock.is_manual() {
            return Err(ClockError::NotManual.into());
        }
        if target < self.clock.now() {
            return Err(ClockError::MovesForward.into());
        }
        let mut done = Advanced::default();
        done.timers += self.settle(self.clock.now()).await?;
        loop {
            let next = match self.next_due().await? {
                Some(due) if due <= target => due.max(self.clock.now()),
                Some(_) | None => break,
            };
            // A window may hold several due instants; one second at a time is exact.
            let step = next.checked_add(window - SignedDuration::from_secs(1)).unwrap_or(target).max(next).min(target);
            self.clock.move_to(step)?;
            done.steps += 1;
            done.timers += self.settle(step).await?;
        }
        // The last window may have ended there.
        if self.clock.now() < target {
            self.clock.move_to(target)?;
            done.steps += 1;
            done.timers += self.settle(target).await?;
        }
        Ok(done)
    }

    /// Waits until nothing is due and nothing is on its way.
    pub async fn quiet(&self) -> Result<u64, CannotAdvance> {
        let _turn = self.turn.lock().await;
        Ok(self.settle(self.clock.now()).await?)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut next: Option<Timestamp> = None;
        for service in self.services.iter() {
            if let Some(due) = service.next_due().await? {
                next = Some(next.map_or(due, |known| known.min(due)));
            }
        }
        Ok(next)
    }

    /// Rings what is due, one service after the other, each when all have heard what was said before: what comes of a
    /// window does not depend on who is quicker.
    async fn settle(&self, as_of: Timestamp) -> Result<u64, StoreError> {
        let mut rung = 0;
        loop {
            let mut now = 0;
            self.heard().await?;
            for service in self.services.iter() {
                let some = service.drain(as_of).await?;
                if some > 0 {
                    self.heard().await?;
                }
                now += some;
            }
            if now == 0 {
                return Ok(rung);
            }
            rung += now;
        }
    }

    /// Waits until nothing is on its way.
    async fn heard(&self) -> Result<(), StoreError> {
        let mut quiet = 0;
        while quiet < QUIET_ROUNDS {
            let mut busy = false;
            for service in self.services.iter() {
                busy = busy || service.is_behind().await?;
            }
            if busy {
                quiet = 0;
                tokio::time::sleep(LOOK).await;
            } else {
                quiet += 1;
            }
        }
        Ok(())
    }
}
