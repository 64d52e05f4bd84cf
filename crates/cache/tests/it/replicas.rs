//! Old data never come back, whoever is slow.

use std::time::Duration;

use futures::FutureExt as _;
use redis::AsyncCommands as _;

use crate::truth::{Truth, far, number, row, text};

#[tokio::test]
async fn a_slow_fill_does_not_replace_a_fresh_write() {
    let (far, _) = far();
    let (truth, row) = (Truth::new(), row(1));
    let (here, there) = (truth.replica(Some(&far)), truth.replica(Some(&far)));

    // It read the old position and the old row, and now hangs.
    let version = truth.at(truth.position(row));
    let (go_on, gate) = tokio::sync::oneshot::channel::<()>();
    let gate = gate.shared();
    let reader = {
        let here = here.clone();
        let slow = move || {
            let gate = gate.clone();
            async move {
                gate.await.expect("it is told to go on");
                Ok::<_, &str>(cache::Loaded { version, value: Some(text(1)) })
            }
        };
        tokio::spawn(async move { here.get(&row, None, slow).await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;

    let position = truth.write(row);
    for replica in [&here, &there] {
        replica.changed(&[(row, position)]).await;
    }
    assert_eq!(truth.read_at_least(&here, row, Some(position)).await, position);
    go_on.send(()).expect("it waits");
    let late = reader.await.expect("no panic").expect("it was read").expect("a row");
    assert_eq!(number(&late), 1, "the slow reader began before the write");
    tokio::time::sleep(Duration::from_millis(100)).await;
    for replica in [&here, &there, &truth.replica(Some(&far))] {
        assert_eq!(truth.read(replica, row).await, position);
    }
}

#[tokio::test]
async fn a_tombstone_keeps_a_slow_fill_out_of_redis() {
    let (far, _) = far();
    let (truth, row) = (Truth::new(), row(1));
    let old = truth.at(truth.position(row));
    let position = truth.write(row);
    truth.replica(Some(&far)).changed(&[(row, position)]).await;
    // A replica that was told nothing yet fills Redis with what it read before the write.
    let slow = truth.replica(Some(&far));
    let fill = || async move { Ok::<_, &str>(cache::Loaded { version: old, value: Some(text(1)) }) };
    slow.get(&row, None, fill).await.expect("it was read");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other = truth.replica(Some(&far));
    assert_eq!(truth.read(&other, row).await, position);
    assert_eq!(truth.loads(), 1, "Redis had nothing to offer");
}

#[tokio::test]
async fn replicas_share_what_one_has_read() {
    let (far, _) = far();
    let (truth, row) = (Truth::new(), row(1));
    truth.read(&truth.replica(Some(&far)), row).await;
    let mut loads = truth.loads();
    testkit::until("Redis has been told", || {
        let (truth, replica) = (truth.clone(), truth.replica(Some(&far)));
        async move {
            let before = truth.loads();
            truth.read(&replica, row).await;
            truth.loads() == before
        }
    })
    .await;
    // The new version takes the old one's place.
    loads = truth.loads().max(loads);
    let position = truth.write(row);
    let (here, there) = (truth.replica(Some(&far)), truth.replica(Some(&far)));
    here.changed(&[(row, position)]).await;
    there.changed(&[(row, position)]).await;
    assert_eq!(truth.read(&here, row).await, position);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(truth.read(&there, row).await, position);
    assert_eq!(truth.loads(), loads + 1);
}

#[tokio::test]
async fn what_redis_revived_is_not_believed() {
    let (far, settings) = far();
    let (truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(Some(&far));
    let position = truth.write(row);
    cache.changed(&[(row, position)]).await;
    // A restored or failed-over Redis: the tombstone is gone, the old value is back.
    let name = format!("{}:rows:{}:{row}", settings.prefix, truth.epoch.simple());
    let client = redis::Client::open(settings.url.as_str()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let () = connection.set(&name, "00000000000000000011old").await.expect("Redis writes");
    assert_eq!(truth.read(&cache, row).await, position);
    // Nor is what somebody else wrote there.
    let () = connection.set(&name, "rubbish").await.expect("Redis writes");
    assert_eq!(truth.read(&truth.replica(Some(&far)), row).await, position);
}

#[tokio::test]
async fn a_restored_database_voids_what_was_kept() {
    let (far, _) = far();
    let (mut truth, row) = (Truth::new(), row(1));
    let cache = truth.replica(Some(&far));
    for _ in 0..5 {
        truth.write(row);
    }
    truth.read(&cache, row).await;
    // Restored to an earlier moment, under a new epoch: positions begin further back.
    truth.epoch = uuid::Uuid::new_v4();
    truth.rows.lock().expect("unpoisoned").insert(row, 3);
    cache.begin(kernel::Shard::from(1), truth.at(3));
    assert_eq!(truth.read(&cache, row).await, 3);
    assert_eq!(truth.read(&truth.replica(Some(&far)), row).await, 3);
}
