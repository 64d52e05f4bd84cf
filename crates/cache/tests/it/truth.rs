//! A database in miniature: one row for each key, and a log of one partition for each.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cache::{Cache, Far, FarSettings, Key, Loaded, Settings, Version};
use kernel::Shard;
use tokio::time::Instant;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row(pub u8, pub Uuid);

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.0, self.1)
    }
}

impl Key for Row {
    fn partition(&self) -> Shard {
        Shard::from(self.0)
    }
}

/// The truth. Values are their own positions as text, so that an old one is told at once.
#[derive(Clone)]
pub struct Truth {
    pub epoch: Uuid,
    pub rows: Arc<Mutex<HashMap<Row, i64>>>,
    pub loads: Arc<AtomicUsize>,
}

impl Truth {
    pub fn new() -> Self {
        Self { epoch: Uuid::new_v4(), rows: Arc::default(), loads: Arc::default() }
    }

    pub fn at(&self, position: i64) -> Version {
        Version { epoch: self.epoch, position }
    }

    pub fn position(&self, row: Row) -> i64 {
        self.rows.lock().expect("unpoisoned").get(&row).copied().unwrap_or(1)
    }

    /// Commits a change; nobody is told yet.
    pub fn write(&self, row: Row) -> i64 {
        let mut rows = self.rows.lock().expect("unpoisoned");
        let position = rows.entry(row).or_insert(1);
        *position += 1;
        *position
    }

    /// Reads the position, takes so long, reads the row.
    pub async fn load(self, row: Row, slow: Duration) -> Result<Loaded, std::convert::Infallible> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let version = self.at(self.position(row));
        if slow > Duration::ZERO {
            tokio::time::sleep(slow).await;
        }
        Ok(Loaded { version, value: Some(text(self.position(row))) })
    }

    pub fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    /// A replica that follows the log from its beginning and has heard it to the end.
    pub fn replica(&self, far: Option<&Far>) -> Cache<Row> {
        let cache = Cache::new(&Settings::new("rows"), far.cloned());
        for shard in Shard::all() {
            cache.begin(shard, self.at(1));
        }
        cache.caught_up(Instant::now());
        cache
    }

    /// What a reader without a token is told.
    pub async fn read(&self, cache: &Cache<Row>, row: Row) -> i64 {
        self.read_at_least(cache, row, None).await
    }

    pub async fn read_at_least(&self, cache: &Cache<Row>, row: Row, at_least: Option<i64>) -> i64 {
        let at_least = at_least.map(|position| self.at(position));
        let value = cache.get(&row, at_least, || self.clone().load(row, Duration::ZERO)).await;
        number(&value.expect("the truth answers").expect("there is a row"))
    }
}

pub fn text(position: i64) -> Bytes {
    Bytes::from(position.to_string())
}

pub fn number(bytes: &Bytes) -> i64 {
    std::str::from_utf8(bytes).expect("digits").parse().expect("digits")
}

pub fn row(partition: u8) -> Row {
    Row(partition, Uuid::new_v4())
}

/// What to do where a test that is about Redis finds none. It fails then: a promise nobody tried is not kept.
pub const NO_REDIS: &str = "Redis, installed here or named in RAPPORT_TEST_REDIS_URL: this test is about it";

/// The tests' Redis, under names of its own.
pub fn far() -> (Far, FarSettings) {
    let url = testkit::redis_url().expect(NO_REDIS);
    let settings = FarSettings::new(url, format!("cache-tests-{}", Uuid::new_v4().simple()));
    (Far::prepare(settings.clone()).expect("the URL can be used"), settings)
}
