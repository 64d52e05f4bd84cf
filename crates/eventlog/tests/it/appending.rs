//! Events are written under the lock of their shard or not at all, and positions have no gaps.

use eventlog::NewEvent;
use kernel::Shard;
use testkit::Database;

use crate::suite::{FIRST, clock, database, logged, said, tenant};

fn event(shard: u8) -> NewEvent {
    NewEvent::new(tenant(), Shard::from(shard), "somebody", clock().now(), &said("something"))
}

async fn heads(database: &Database) -> Vec<(i16, i64)> {
    sqlx::query_as("SELECT shard, position FROM registry.head WHERE position > 0 ORDER BY shard")
        .fetch_all(&mut database.look().await)
        .await
        .expect("it reads")
}

#[tokio::test]
async fn a_shard_that_is_not_locked_is_refused() {
    let database = database().await;
    let store = database.store(FIRST).await;
    for all in [vec![event(9)], vec![event(7), event(7), event(9)], vec![event(9), event(7)]] {
        let mut tx = store.begin(tenant(), [Shard::from(7)]).await.expect("it begins");
        eventlog::append(&mut tx, all, clock().now()).expect_err("it is not locked");
        assert!(tx.moved().is_empty(), "a token would promise what was not written");
        tx.commit().await.expect("it commits");
        assert!(logged(&database, FIRST).await.is_empty() && heads(&database).await.is_empty());
    }
}

#[tokio::test]
async fn positions_have_no_gaps_whatever_went_wrong() {
    let database = database().await;
    let store = database.store(FIRST).await;
    let both = || [Shard::from(7), Shard::from(9)];
    let ours = tenant();
    let own = |shard| NewEvent::new(ours, Shard::from(shard), "somebody", clock().now(), &said("something"));

    let mut tx = store.begin(ours, both()).await.expect("it begins");
    eventlog::append(&mut tx, [own(7), own(9), own(7)], clock().now()).expect("it is written");
    eventlog::append(&mut tx, [own(7)], clock().now()).expect("it is written");
    tx.commit().await.expect("it commits");

    let mut tx = store.begin(ours, both()).await.expect("it begins");
    eventlog::append(&mut tx, [own(7), own(9)], clock().now()).expect("it is written");
    tx.roll_back().await.expect("it rolls back");

    let mut tx = store.begin(ours, both()).await.expect("it begins");
    let refused = eventlog::append(&mut tx, [own(7), own(8)], clock().now());
    refused.expect_err("one is not locked");
    eventlog::append(&mut tx, [own(7)], clock().now()).expect("it is written");
    let moved: Vec<_> = tx.moved().into_iter().map(|(shard, head)| (shard.number(), head.position)).collect();
    tx.commit().await.expect("it commits");

    assert_eq!(moved, [(7, 4)]);
    assert_eq!(logged(&database, FIRST).await, [(7, 1), (7, 2), (7, 3), (7, 4), (9, 1)]);
    assert_eq!(heads(&database).await, [(7, 4), (9, 1)]);
}
