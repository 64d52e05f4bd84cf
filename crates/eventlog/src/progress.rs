//! How far a service has come in the logs it listens to, and waiting for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kernel::Shard;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;
use wire::{Freshness, Mark};

use crate::Behind;

/// No path leads from where a token was made to this service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing that {origin} writes is heard by {service}")]
pub struct Unreachable {
    /// Where the token was made.
    pub origin: String,
    /// The service that was asked.
    pub service: &'static str,
}

/// What is reflected of one partition of one log, by the producer through whom it came: the log's own service, or one
/// that hears it. An event may come by several paths, and is not here before it has come by all.
#[derive(Debug, Default)]
struct Reflected {
    places: BTreeMap<(&'static str, String, Shard), (Uuid, i64)>,
    /// What each producer heard here hears itself; nothing, until it has said so.
    paths: BTreeMap<&'static str, Option<BTreeSet<String>>>,
    /// Everything that a producer heard here had committed by then is here.
    heard_out: BTreeMap<&'static str, Instant>,
    /// Since when a producer is not heard, and why.
    troubles: BTreeMap<&'static str, (Instant, String)>,
}

/// A position of a log that is reflected: whose log, where, and how far.
pub(crate) type Reflection = (String, Shard, Uuid, i64);

/// The positions that a service reflects, by producer and partition: those it applied itself, and those its producers
/// had applied when they wrote what it applied.
#[derive(Clone, Debug)]
pub struct Progress {
    service: &'static str,
    sources: Arc<[&'static str]>,
    reflected: Arc<watch::Sender<Reflected>>,
}

/// Whoever starts again is away for less.
const TROUBLE: Duration = Duration::from_secs(10);

impl Progress {
    /// Nothing applied yet; `sources` are all logs that reach this service, directly or through another.
    pub fn new(service: &'static str, sources: &[&'static str]) -> Self {
        Self { service, sources: sources.into(), reflected: Arc::new(watch::Sender::new(Reflected::default())) }
    }

    /// These are heard here; what they hear themselves they will say.
    pub(crate) fn hears(&self, producers: impl Iterator<Item = &'static str>) {
        self.reflected.send_modify(|reflected| reflected.paths.extend(producers.map(|producer| (producer, None))));
    }

    /// A producer has said what it hears itself.
    pub(crate) fn learns(&self, producer: &'static str, hears: impl Iterator<Item = String>) {
        self.reflected.send_if_modified(|reflected| {
            let known = reflected.paths.entry(producer).or_default();
            let before = known.as_ref().map(BTreeSet::len);
            let known = known.get_or_insert_default();
            known.extend(hears);
            before != Some(known.len())
        });
    }

    /// Notes what is reflected now through a producer. Positions only grow within an epoch.
    pub(crate) fn reached(&self, through: &'static str, news: impl IntoIterator<Item = Reflection>) {
        self.reflected.send_if_modified(|reflected| {
            let mut changed = false;
            for (source, shard, epoch, position) in news {
                let place = reflected.places.entry((through, source, shard)).or_insert((epoch, -1));
                if place.0 != epoch || place.1 < position {
                    *place = (epoch, position);
                    changed = true;
                }
            }
            changed
        });
    }

    /// Everything that a producer had committed by then is here.
    pub(crate) fn heard_out(&self, producer: &'static str, by: Instant) {
        self.reflected.send_if_modified(|reflected| {
            reflected.heard_out.insert(producer, by);
            reflected.troubles.remove(producer);
            // Nobody waits for this.
            false
        });
    }

    /// A producer cannot be heard.
    pub(crate) fn in_trouble(&self, producer: &'static str, why: String) {
        self.reflected.send_if_modified(|reflected| {
            let since = reflected.troubles.get(producer).map_or_else(Instant::now, |(since, _)| *since);
            reflected.troubles.insert(producer, (since, why));
            false
        });
    }

    /// Why a producer has not been heard for a while; none where it is, or was lately.
    #[must_use]
    pub fn trouble(&self, producer: &str) -> Option<String> {
        let reflected = self.reflected.borrow();
        let (_, why) = reflected.troubles.get(producer).filter(|(since, _)| since.elapsed() >= TROUBLE)?;
        Some(why.clone())
    }

    /// How far this service may be behind those it hears.
    #[must_use]
    pub fn behind(&self) -> Behind {
        let reflected = self.reflected.borrow();
        let each = reflected.paths.keys().map(|producer| {
            let heard_out = reflected.heard_out.get(producer);
            ((*producer).to_owned(), heard_out.map(|by| by.elapsed()))
        });
        Behind(each.collect())
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
        let mut reflected = self.reflected.subscribe();
        if marks.iter().all(|mark| reflected.borrow().holds(mark)) {
            return Ok(());
        }
        // The sender lives as long as `self`, so waiting ends only with the condition.
        let reached = reflected.wait_for(|reflected| marks.iter().all(|mark| reflected.holds(mark)));
        let _ = wire::waiting::aside(async { reached.await.map(drop) }).await;
        Ok(())
    }
}

impl Reflected {
    /// True where what a mark speaks of has come by every path that leads here.
    fn holds(&self, mark: &Mark) -> bool {
        let mut paths = 0;
        let all = self.paths.iter().all(|(through, hears)| {
            let leads_here =
                *through == mark.source || hears.as_ref().is_some_and(|hears| hears.contains(&mark.source));
            paths += usize::from(leads_here);
            // Whoever has not said yet what it hears may be on the way.
            hears.is_some() && (!leads_here || self.has_come(through, mark))
        });
        all && paths > 0
    }

    fn has_come(&self, through: &'static str, mark: &Mark) -> bool {
        self.places
            .get(&(through, mark.source.clone(), mark.partition))
            .is_some_and(|(epoch, position)| *epoch == mark.epoch && *position >= mark.position)
    }
}
