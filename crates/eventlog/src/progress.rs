//! How far a service has come in the logs it listens to, and waiting for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Shard;
use tokio::sync::watch;
use uuid::Uuid;
use wire::{Freshness, Mark};

/// No path leads from where a token was made to this service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing that {origin} writes is heard by {service}")]
pub struct Unreachable {
    /// Where the token was made.
    pub origin: String,
    /// The service that was asked.
    pub service: &'static str,
}

type Places = BTreeMap<(String, Shard), (Uuid, i64)>;

/// The positions that a service reflects, by producer and partition: those it applied itself, and those its producers
/// had applied when they wrote what it applied.
#[derive(Clone, Debug)]
pub struct Progress {
    service: &'static str,
    sources: Arc<[&'static str]>,
    places: Arc<watch::Sender<Places>>,
}

impl Progress {
    /// Nothing applied yet; `sources` are all logs that reach this service, directly or through another.
    pub fn new(service: &'static str, sources: &[&'static str]) -> Self {
        Self { service, sources: sources.into(), places: Arc::new(watch::Sender::new(Places::new())) }
    }

    /// Notes what is reflected now. Positions only grow within an epoch.
    pub(crate) fn reached(&self, news: impl IntoIterator<Item = (String, Shard, Uuid, i64)>) {
        self.places.send_if_modified(|places| {
            let mut changed = false;
            for (source, shard, epoch, position) in news {
                let place = places.entry((source, shard)).or_insert((epoch, -1));
                if place.0 != epoch || place.1 < position {
                    *place = (epoch, position);
                    changed = true;
                }
            }
            changed
        });
    }

    /// Waits until everything the token speaks of is reflected here. Bounded by the caller's deadline, which drops this
    /// future; holds no connection, and gives the call's place to another meanwhile.
    pub async fn wait_for(&self, token: &Freshness) -> Result<(), Unreachable> {
        let marks: Vec<Mark> = token.marks().filter(|mark| mark.source != self.service).collect();
        if let Some(mark) = marks.iter().find(|mark| !self.sources.contains(&mark.source.as_str())) {
            return Err(Unreachable { origin: mark.source.clone(), service: self.service });
        }
        if marks.is_empty() {
            return Ok(());
        }
        let mut places = self.places.subscribe();
        if marks.iter().all(|mark| reflects(&places.borrow(), mark)) {
            return Ok(());
        }
        // The sender lives as long as `self`, so waiting ends only with the condition.
        let reached = places.wait_for(|places| marks.iter().all(|mark| reflects(places, mark)));
        let _ = wire::waiting::aside(async { reached.await.map(drop) }).await;
        Ok(())
    }
}

fn reflects(places: &Places, mark: &Mark) -> bool {
    places
        .get(&(mark.source.clone(), mark.partition))
        .is_some_and(|(epoch, position)| *epoch == mark.epoch && *position >= mark.position)
}
