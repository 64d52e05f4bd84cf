//! The two levels together.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use telemetry::metrics::{self, IntCounter, IntCounterVec};
use tokio::time::Instant;

use crate::changes::Changes;
use crate::flights::{Flights, Landed};
use crate::near::Near;
use crate::{Far, Key, Loaded, Version};

/// How much is kept in this process, and for how long.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the cache is called in Redis and in metrics.
    pub name: &'static str,
    /// Bytes of values in this process, at most.
    pub bytes: u64,
    /// How long a value that never changes is kept in this process.
    pub lifetime: Duration,
    /// Changes that are remembered; see law 3.
    pub changes: usize,
}

impl Settings {
    /// 64 MiB, ten minutes, the last 100,000 changes.
    pub const fn new(name: &'static str) -> Self {
        Self { name, bytes: 64 << 20, lifetime: Duration::from_secs(600), changes: 100_000 }
    }
}

/// How long this process may not have heard the log and still trust what it keeps.
const LONGEST_SILENCE: Duration = Duration::from_secs(1);
/// A reading that took longer is answered and not kept.
const LONGEST_READING: Duration = Duration::from_secs(10);

static READS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    metrics::counter("rapport_cache_reads_total", "Reads of hot values, by where they were found.", &["cache", "found"])
});

struct Counts {
    near: IntCounter,
    far: IntCounter,
    truth: IntCounter,
    around: IntCounter,
}

struct Inner<K: Key> {
    name: &'static str,
    near: Near<K>,
    far: Option<Far>,
    changes: Changes<K>,
    flights: Flights<K>,
    base: Instant,
    /// One more than the microseconds from `base`; zero for never.
    heard_at_us: AtomicU64,
    counts: Counts,
}

/// Hot values by their keys. Clones are the same cache.
pub struct Cache<K: Key>(Arc<Inner<K>>);

impl<K: Key> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Key> std::fmt::Debug for Cache<K> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Cache").field("name", &self.0.name).finish_non_exhaustive()
    }
}

impl<K: Key> Cache<K> {
    /// Keeps nothing until the log is followed ([`Cache::begin`], [`Cache::caught_up`]).
    pub fn new(settings: &Settings, far: Option<Far>) -> Self {
        let count = |found: &str| READS.with_label_values(&[settings.name, found]);
        Self(Arc::new(Inner {
            name: settings.name,
            near: Near::new(settings.bytes, settings.lifetime),
            far,
            changes: Changes::new(settings.changes),
            flights: Flights::new(),
            base: Instant::now(),
            heard_at_us: AtomicU64::new(0),
            counts: Counts { near: count("near"), far: count("far"), truth: count("truth"), around: count("around") },
        }))
    }

    /// The value under a key: from here where that satisfies `at_least`, else by `load`, which may be called twice.
    pub async fn get<E, F>(&self, key: &K, at_least: Option<Version>, load: impl Fn() -> F) -> Result<Option<Bytes>, E>
    where
        E: Send + 'static,
        F: Future<Output = Result<Loaded, E>> + Send + 'static,
    {
        match self.at_hand(key, at_least).await {
            Some(value) => Ok(Some(value)),
            // In a box of its own: what a miss needs must not be carried about by every hit.
            None => Box::pin(self.fetched(key, at_least, load)).await,
        }
    }

    async fn fetched<E, F>(&self, key: &K, at_least: Option<Version>, load: impl Fn() -> F) -> Result<Option<Bytes>, E>
    where
        E: Send + 'static,
        F: Future<Output = Result<Loaded, E>> + Send + 'static,
    {
        if self.is_current() && at_least.is_none() {
            let (inner, started) = (Arc::clone(&self.0), Started::now(&self.0.changes));
            let flown = self.0.flights.join(key, || {
                let (key, reading) = (key.clone(), load());
                async move { inner.fetch(key, started, reading).await }
            });
            if let Landed::With(value) = flown.await {
                return Ok(value);
            }
        }
        self.0.counts.around.inc();
        let started = Started::now(&self.0.changes);
        let loaded = load().await?;
        self.0.keep(key, started, &loaded).await;
        Ok(loaded.value)
    }

    /// The value under a key, where this process has it and it satisfies `at_least`.
    pub async fn at_hand(&self, key: &K, at_least: Option<Version>) -> Option<Bytes> {
        if !self.is_current() {
            return None;
        }
        let held = self.0.near.get(key, &self.0.changes).await?;
        let satisfies = at_least.is_none_or(|least| held.version.reflects(least));
        satisfies.then(|| {
            self.0.counts.near.inc();
            held.value
        })
    }

    /// Reads several keys that are not at hand in one go, and keeps what was found. Answers in the order found.
    pub async fn load_all<E, F>(&self, load: F) -> Result<Vec<(K, Loaded)>, E>
    where
        F: Future<Output = Result<Vec<(K, Loaded)>, E>>,
    {
        let started = Started::now(&self.0.changes);
        let found = load.await?;
        for (key, loaded) in &found {
            self.0.counts.truth.inc();
            self.0.keep(key, started, loaded).await;
        }
        Ok(found)
    }

    /// Says from where on the changes of a partition will be told. Called again when the log is followed anew.
    pub fn begin(&self, partition: kernel::Shard, from: Version) {
        self.0.changes.begin(partition, from);
    }

    /// Says that the values under these keys changed at these positions of their partitions. When it returns, no older
    /// value is given out by this process; Redis is told, too, if it answers in time.
    pub async fn changed(&self, changes: &[(K, i64)]) {
        // All are written down before anything is waited for: see `Near::keep`.
        for (key, position) in changes {
            self.0.changes.note(key, *position);
        }
        for (key, position) in changes {
            self.0.near.void(key, *position).await;
        }
        if let Some(far) = &self.0.far {
            let buried = changes.iter().filter_map(|(key, position)| {
                let epoch = self.0.changes.epoch(key.partition())?;
                Some((Version { epoch, position: *position }, key))
            });
            far.bury(self.0.name, buried).await;
        }
    }

    /// Says that at `moment` the log held nothing that was not told here.
    pub fn caught_up(&self, moment: Instant) {
        let since = moment.saturating_duration_since(self.0.base).as_micros();
        let mark = u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1);
        self.0.heard_at_us.fetch_max(mark, Ordering::AcqRel);
    }

    fn is_current(&self) -> bool {
        match self.0.heard_at_us.load(Ordering::Acquire).checked_sub(1).map(Duration::from_micros) {
            None => false,
            Some(heard_at) => self.0.base.elapsed().saturating_sub(heard_at) <= LONGEST_SILENCE,
        }
    }
}

/// What was known when a reading began.
#[derive(Clone, Copy)]
struct Started {
    at: Instant,
    generation: u64,
}

impl Started {
    fn now<K: Key>(changes: &Changes<K>) -> Self {
        Self { at: Instant::now(), generation: changes.generation() }
    }
}

impl<K: Key> Inner<K> {
    /// Redis, then the truth; whoever waits is answered before Redis is told.
    async fn fetch<E>(
        self: Arc<Self>,
        key: K,
        started: Started,
        reading: impl Future<Output = Result<Loaded, E>>,
    ) -> Landed {
        if let Some((version, value)) = self.proved_far(&key).await {
            self.counts.far.inc();
            self.near.keep(&key, version, value.clone(), started.generation, &self.changes).await;
            return Landed::With(Some(value));
        }
        let Ok(loaded) = reading.await else { return Landed::Failed };
        self.counts.truth.inc();
        self.keep(&key, started, &loaded).await;
        if let (Loaded { version, value: Some(value) }, Some(far)) = (&loaded, self.far.clone()) {
            let (version, value, name) = (*version, value.clone(), self.name);
            if started.at.elapsed() < LONGEST_READING {
                tokio::spawn(async move { far.put(name, version, &key, &value).await });
            }
        }
        Landed::With(loaded.value)
    }

    async fn proved_far(&self, key: &K) -> Option<(Version, Bytes)> {
        let (far, epoch) = (self.far.as_ref()?, self.changes.epoch(key.partition())?);
        let (version, value) = far.get(self.name, epoch, key).await?;
        self.changes.allow(key, version).then_some((version, value))
    }

    async fn keep(&self, key: &K, started: Started, loaded: &Loaded) {
        if let Loaded { version, value: Some(value) } = loaded
            && started.at.elapsed() < LONGEST_READING
        {
            self.near.keep(key, *version, value.clone(), started.generation, &self.changes).await;
        }
    }
}
