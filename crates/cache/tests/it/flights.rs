//! Many readers of one key cost one read, and nobody takes the others along.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::Instant;

use crate::truth::{Truth, row, text};

#[tokio::test]
async fn a_hundred_readers_are_one_read() {
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(None);
    let slow = || truth.clone().load(row, Duration::from_millis(50));
    let read = join_all((0..100).map(|_| cache.get(&row, None, slow))).await;
    assert!(read.into_iter().all(|value| value.is_ok_and(|value| value.is_some())));
    assert_eq!(truth.loads(), 1);
    truth.read(&cache, row).await;
    assert_eq!(truth.loads(), 1, "and it is kept");
}

#[tokio::test]
async fn a_reader_that_goes_away_leaves_the_others_their_answer() {
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(None);
    let slow = || truth.clone().load(row, Duration::from_millis(100));
    let first = cache.get(&row, None, slow);
    assert!(tokio::time::timeout(Duration::from_millis(20), first).await.is_err(), "it gives up");
    assert!(cache.get(&row, None, slow).await.expect("the truth answers").is_some());
    assert_eq!(truth.loads(), 1);
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_kept_after_it() {
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(None);
    let version = truth.at(truth.position(row));
    let slow = || async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, &str>(cache::Loaded { version, value: Some(text(1)) })
    };
    let change = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let position = truth.write(row);
        cache.changed(&[(row, position)]).await;
        position
    };
    let (read, position) = tokio::join!(cache.get(&row, None, slow), change);
    assert_eq!(read.expect("it was read"), Some(text(1)), "this reader began before the change");
    assert_eq!(truth.read(&cache, row).await, position);
}

#[tokio::test]
async fn a_failure_is_everybodys_own() {
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(None);
    let fails = || async { Err::<cache::Loaded, &str>("the database is away") };
    for answer in join_all((0..8).map(|_| cache.get(&row, None, fails))).await {
        assert_eq!(answer, Err("the database is away"));
    }
    assert_eq!(truth.read(&cache, row).await, 1, "and is not kept");
}

#[tokio::test]
async fn what_is_not_there_is_asked_for_again() {
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(None);
    let nothing = || {
        let version = truth.at(1);
        async move { Ok::<_, &str>(cache::Loaded { version, value: None }) }
    };
    assert_eq!(cache.get(&row, None, nothing).await, Ok(None));
    assert_eq!(truth.read(&cache, row).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_hears_nothing_for_a_second_reads_the_truth() {
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(None);
    truth.read(&cache, row).await;
    let position = truth.write(row);
    assert_eq!(truth.read(&cache, row).await, position - 1, "it was not told yet, and may be a second behind");
    tokio::time::advance(Duration::from_millis(1_001)).await;
    assert_eq!(truth.read(&cache, row).await, position);
    assert_eq!(truth.read(&cache, row).await, position);
    assert_eq!(truth.loads(), 3, "nothing is taken from memory");
    cache.caught_up(Instant::now());
    cache.changed(&[(row, position)]).await;
    truth.read(&cache, row).await;
    truth.read(&cache, row).await;
    assert_eq!(truth.loads(), 3, "what was read meanwhile was kept, and is good");
}
