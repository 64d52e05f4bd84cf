//! A service as the coordinator of a manual clock sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use eventlog::{Consumer, Log};
use jiff::Timestamp;
use kernel::Shard;
use outbox::Courier;
use store::StoreError;
use timers::{Clockwork, Moved};
use tokio::sync::Mutex;

use super::standing::Standing;

/// What another process may have written is looked for this often.
const FRESH: Duration = Duration::from_millis(50);

/// Rings one service's timers, and tells whether it has heard everything that is said in this process.
pub(super) struct Mover {
    desk: Arc<Desk>,
    desks: Arc<BTreeMap<&'static str, Arc<Desk>>>,
}

/// What is asked of one service, and what it last answered.
///
/// All of it lies in the service's own database, so an answer holds until somebody commits there.
struct Desk {
    log: Log,
    consumer: Option<Consumer>,
    clockwork: Option<Clockwork>,
    courier: Option<Courier>,
    last: Mutex<Option<Arc<Look>>>,
}

struct Look {
    commits: u64,
    taken: Instant,
    next_due: Option<Timestamp>,
    open_calls: i64,
    cursors: BTreeMap<&'static str, BTreeMap<Shard, i64>>,
    ends: BTreeMap<Shard, i64>,
}

impl Mover {
    /// One for each service.
    pub(super) fn of_all(services: &[Standing]) -> Vec<Arc<dyn Moved>> {
        let desks = services.iter().map(|standing| (standing.service.name(), Arc::new(Desk::of(standing))));
        let desks: Arc<BTreeMap<&'static str, Arc<Desk>>> = Arc::new(desks.collect());
        let movers = services.iter().filter_map(|standing| {
            let desk = Arc::clone(desks.get(standing.service.name())?);
            Some(Arc::new(Self { desk, desks: Arc::clone(&desks) }) as Arc<dyn Moved>)
        });
        movers.collect()
    }
}

impl Desk {
    fn of(standing: &Standing) -> Self {
        Self {
            log: standing.log.clone(),
            consumer: standing.consumer.clone(),
            clockwork: standing.clockwork.clone(),
            courier: standing.courier.clone(),
            last: Mutex::new(None),
        }
    }

    async fn look(&self) -> Result<Arc<Look>, StoreError> {
        let mut last = self.last.lock().await;
        // Read first: what is committed from here on makes the next look another one.
        let commits = self.log.commits();
        if let Some(known) = last.as_ref().filter(|known| known.commits == commits && known.taken.elapsed() < FRESH) {
            return Ok(Arc::clone(known));
        }
        let taken = Instant::now();
        let next_due = match &self.clockwork {
            Some(clockwork) => clockwork.next_due().await?,
            None => None,
        };
        let open_calls = match &self.courier {
            Some(courier) => courier.count_open().await?,
            None => 0,
        };
        let mut cursors = BTreeMap::new();
        if let Some(consumer) = &self.consumer {
            for source in consumer.sources() {
                cursors.insert(source, consumer.cursors(source).await?);
            }
        }
        // Last: what came of an event that is counted as heard is then counted as said.
        let ends = self.log.ends().await?;
        let look = Arc::new(Look { commits, taken, next_due, open_calls, cursors, ends });
        *last = Some(Arc::clone(&look));
        Ok(look)
    }
}

#[async_trait]
impl Moved for Mover {
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.desk.look().await?.next_due)
    }

    async fn drain(&self, as_of: Timestamp) -> Result<u64, StoreError> {
        let due = self.desk.look().await?.next_due.is_some_and(|next| next <= as_of);
        match &self.desk.clockwork {
            Some(clockwork) if due => clockwork.drain(as_of).await,
            Some(_) | None => Ok(0),
        }
    }

    async fn is_behind(&self) -> Result<bool, StoreError> {
        let look = self.desk.look().await?;
        let stuck = self.desk.courier.as_ref().map_or(0, Courier::count_stuck);
        if look.open_calls > i64::try_from(stuck).unwrap_or(i64::MAX) {
            return Ok(true);
        }
        for (source, cursors) in &look.cursors {
            let Some(heard) = self.desks.get(source) else { continue };
            if missing(&heard.look().await?.ends, cursors) > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How many events of a log a consumer has not applied or parked.
pub(super) async fn behind(consumer: &Consumer, log: &Log) -> Result<i64, StoreError> {
    let ends = log.ends().await?;
    Ok(missing(&ends, &consumer.cursors(log.source()).await?))
}

fn missing(ends: &BTreeMap<Shard, i64>, cursors: &BTreeMap<Shard, i64>) -> i64 {
    let missing = ends.iter().map(|(shard, end)| end - cursors.get(shard).copied().unwrap_or(0));
    missing.map(|events| events.max(0)).sum()
}
