//! Following a service's own log in its own process, for what lives in memory only and needs no cursor.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::Shard;
use store::{Head, StoreError, Tenants};
use tokio::sync::watch;

use crate::log::Places;
use crate::{HeardEvent, Log};

/// A reader of a log that keeps its place in memory.
#[derive(Debug)]
pub struct Tail {
    log: Log,
    places: Places,
    back: i64,
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
    /// Follows this log from `back` positions before the present end of each partition.
    pub fn tail(&self, back: u32) -> Tail {
        Tail { log: self.clone(), places: Places::new(), back: i64::from(back), committed: self.committed() }
    }
}

impl Tail {
    /// Looks at the log once.
    pub async fn look(&mut self) -> Result<Seen, StoreError> {
        self.committed.mark_unchanged();
        let (heads, _) = self.log.heads().await?;
        let mut begun = BTreeMap::new();
        for (shard, head) in &heads {
            let known = self.places.get(shard);
            let goes_on = known.is_some_and(|(epoch, place)| *epoch == Some(head.epoch) && *place <= head.position);
            if !goes_on {
                let from = head.position.saturating_sub(self.back).max(0);
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
    pub async fn wait(&mut self, poll: Duration) {
        tokio::select! {
            // The sender lives in the log's store, which this holds.
            _ = self.committed.changed() => {}
            () = tokio::time::sleep(poll) => {}
        }
    }
}
