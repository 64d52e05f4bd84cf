//! Readers, writers and followers in any order, against the truth.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache::Cache;
use tokio::time::Instant;
use uuid::Uuid;

use crate::truth::{Row, Truth, far, number, row};

/// A small random number; the order of things is what matters.
fn any(below: u64) -> u64 {
    Uuid::new_v4().as_u64_pair().0 % below
}

/// Longer than a reading may be joined after it began, and takes.
const SETTLED: Duration = Duration::from_millis(600);

#[derive(Clone)]
struct Replica {
    truth: Truth,
    cache: Cache<Row>,
    rows: [Row; 4],
    /// What this replica was told, and when it had been told.
    heard: Arc<Mutex<Vec<(usize, i64, Instant)>>>,
    done: Arc<AtomicBool>,
}

impl Replica {
    /// What this replica had been told long before a moment.
    fn settled(&self, place: usize, now: Instant) -> i64 {
        let heard = self.heard.lock().expect("unpoisoned");
        let settled = heard.iter().filter(|(at, _, when)| *at == place && *when + SETTLED <= now);
        settled.map(|(_, position, _)| *position).max().unwrap_or(1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_told_what_is_older_than_they_may_be_told() {
    let (truth, rows) = (Truth::new(), [row(1), row(1), row(2), row(3)]);
    let ((far, _), done) = (far(), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let cache = truth.replica(Some(&far));
        let replica = Replica { truth: truth.clone(), cache, rows, heard: Arc::default(), done: Arc::clone(&done) };
        tasks.push(tokio::spawn(follow(replica.clone())));
        tasks.extend((0..8).map(|_| tokio::spawn(read(replica.clone()))));
    }
    for _ in 0..3 {
        let end = Instant::now() + Duration::from_millis(200);
        while Instant::now() < end {
            truth.write(rows[usize::try_from(any(4)).expect("small")]);
            tokio::time::sleep(Duration::from_micros(any(4_000))).await;
        }
        // Long enough for an old value that came back to be told.
        tokio::time::sleep(2 * SETTLED).await;
    }
    done.store(true, Ordering::SeqCst);
    for task in tasks {
        task.await.expect("nobody was told anything old");
    }
    assert!(truth.loads() > 20, "the truth was asked now and then");
}

async fn follow(replica: Replica) {
    let mut known = [1; 4];
    while !replica.done.load(Ordering::SeqCst) {
        let (began, mut changes, mut told) = (Instant::now(), Vec::new(), Vec::new());
        for (place, row) in replica.rows.iter().enumerate() {
            let position = replica.truth.position(*row);
            if position > known[place] {
                known[place] = position;
                changes.push((*row, position));
                told.push((place, position));
            }
        }
        replica.cache.changed(&changes).await;
        replica.cache.caught_up(began);
        let now = Instant::now();
        let told = told.into_iter().map(|(place, position)| (place, position, now));
        replica.heard.lock().expect("unpoisoned").extend(told);
        tokio::time::sleep(Duration::from_millis(any(30))).await;
    }
}

async fn read(replica: Replica) {
    while !replica.done.load(Ordering::SeqCst) {
        let place = usize::try_from(any(4)).expect("small");
        let (row, now) = (replica.rows[place], Instant::now());
        let committed = replica.truth.position(row);
        let settled = replica.settled(place, now);
        // A token demands what was committed; without one it is at least what this replica was told a while ago.
        let (at_least, expected) = if any(3) == 0 { (Some(committed), committed) } else { (None, settled) };
        let slow = Duration::from_millis(if any(10) == 0 { any(80) } else { 0 });
        let load = || stale(replica.truth.clone(), row, slow);
        let at_least = at_least.map(|position| replica.truth.at(position));
        let value = replica.cache.get(&row, at_least, load).await.expect("the truth answers").expect("a row");
        assert!(number(&value) >= expected, "told {} and not {expected}, {at_least:?}", number(&value));
        tokio::time::sleep(Duration::from_micros(any(500))).await;
    }
}

/// The worst a database may do: the row as it was when the reading began, told late.
async fn stale(truth: Truth, row: Row, slow: Duration) -> Result<cache::Loaded, std::convert::Infallible> {
    let loaded = truth.load(row, Duration::ZERO).await;
    tokio::time::sleep(slow).await;
    loaded
}
