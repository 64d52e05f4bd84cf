//! Following a service's own log in its own process, for what lives in memory only and needs no cursor.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use kernel::Shard;
use store::{Head, StoreError, Tenants};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::log::Places;
use crate::{HeardEvent, Log};

/// Something in memory that a service's own log keeps true.
#[async_trait]
pub trait Follower: Send + Sync {
    /// Takes what one look at the log brought.
    async fn hear(&self, seen: Seen);

    /// Everything that was told before this instant has been heard.
    fn caught_up(&self, began: Instant);
}

/// How often the log is looked at when no commit of this process says so: well within the second that a cached answer may
/// be old.
const POLL: Duration = Duration::from_millis(200);
/// Many commits are heard of in one look.
const BREATH: Duration = Duration::from_millis(15);
/// A process that starts can use what others left in Redis if it knows what changed lately.
const BACK: i64 = 64;

/// A reader of a log that keeps its place in memory.
#[derive(Debug)]
struct Tail {
    log: Log,
    places: Places,
    committed: watch::Receiver<u64>,
}

/// What one look at the log brought.
#[derive(Debug)]
pub struct Seen {
    /// Partitions followed from this place on, for the first time or because the log there is another one than before.
    /// Whatever was known of them is void.
    pub begun: BTreeMap<Shard, Head>,
    /// The next events, in order within each partition.
    pub events: Vec<HeardEvent>,
    /// True where these were all there were when the look began.
    pub all: bool,
}

impl Log {
    /// Follows this log, from a little before the present end of each partition, until `stop`. While it cannot be read,
    /// the follower is not told that it has caught up.
    pub async fn follow(&self, follower: &impl Follower, stop: CancellationToken) {
        let mut tail = Tail { log: self.clone(), places: Places::new(), committed: self.committed() };
        while !stop.is_cancelled() {
            let began = Instant::now();
            match tail.look().await {
                Ok(seen) => {
                    let all = seen.all;
                    follower.hear(seen).await;
                    if !all {
                        continue;
                    }
                    follower.caught_up(began);
                }
                Err(error) => tracing::warn!(
                    source = self.source(),
                    error = &error as &dyn std::error::Error,
                    "the service's own log cannot be read: what it keeps in memory is not used meanwhile"
                ),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = async {
                    tokio::time::sleep(BREATH).await;
                    tail.wait(POLL).await;
                } => {}
            }
        }
    }
}

impl Tail {
    /// Looks at the log once.
    async fn look(&mut self) -> Result<Seen, StoreError> {
        self.committed.mark_unchanged();
        let (heads, _) = self.log.heads().await?;
        let mut begun = BTreeMap::new();
        for (shard, head) in &heads {
            let known = self.places.get(shard);
            let goes_on = known.is_some_and(|(epoch, place)| *epoch == Some(head.epoch) && *place <= head.position);
            if !goes_on {
                let from = head.position.saturating_sub(BACK).max(0);
                self.places.insert(*shard, (Some(head.epoch), from));
                begun.insert(*shard, Head { epoch: head.epoch, position: from });
            }
        }
        let read = self.log.read(&self.places, &heads, Tenants::Every).await?;
        let mut events = Vec::with_capacity(read.len());
        for event in read {
            let (partition, position) = (Shard::from_number(i64::from(event.partition)), event.position);
            if let Some(place) = partition.and_then(|shard| self.places.get_mut(&shard)) {
                place.1 = position;
            }
            events.extend(HeardEvent::read(event));
        }
        let all = heads.iter().all(|(shard, head)| self.places.get(shard).is_some_and(|(_, at)| *at >= head.position));
        Ok(Seen { begun, events, all })
    }

    /// Waits until this process has committed something, or as long as `poll`.
    async fn wait(&mut self, poll: Duration) {
        tokio::select! {
            // The sender lives in the log's store, which this holds.
            _ = self.committed.changed() => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
}
