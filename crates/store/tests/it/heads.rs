//! Transactions over overlapping shards wait for each other and never against each other, and what one reads after its
//! locks is what it writes upon.

use std::collections::BTreeSet;

use kernel::{Shard, TenantId};
use store::{Store, StoreError, Tx};

use crate::ledger::{Dice, SERVICE, database, tenant};

const WRITERS: usize = 24;
const EACH: usize = 25;
const SHARDS: u8 = 12;

async fn points(tx: &mut Tx, tenant: TenantId, shard: Shard) -> Result<i64, StoreError> {
    let points: Option<i64> = sqlx::query_scalar("SELECT points FROM balance WHERE tenant = $1 AND shard = $2")
        .bind(tenant.uuid())
        .bind(shard.number())
        .fetch_optional(tx.connection())
        .await?;
    Ok(points.unwrap_or_default())
}

async fn put(tx: &mut Tx, tenant: TenantId, shard: Shard, points: i64) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO balance (tenant, shard, points) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, shard) DO UPDATE SET points = excluded.points",
    )
    .bind(tenant.uuid())
    .bind(shard.number())
    .bind(points)
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Adds one point in each of some shards, many times over; answers how many in all.
async fn add(store: Store, tenant: TenantId, seed: usize) -> Result<i64, StoreError> {
    let (mut dice, mut added) = (Dice::new(seed), 0);
    for _ in 0..EACH {
        // In whatever order the dice fall, and some twice.
        let shards: Vec<Shard> = (0..=dice.below(6)).map(|_| dice.shard(SHARDS)).collect();
        let mut tx = store.begin(tenant, shards.iter().copied()).await?;
        for shard in shards.iter().collect::<BTreeSet<_>>() {
            let before = points(&mut tx, tenant, *shard).await?;
            tokio::task::yield_now().await;
            put(&mut tx, tenant, *shard, before + 1).await?;
            added += 1;
        }
        tx.commit().await?;
    }
    Ok(added)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_transactions_never_deadlock_and_lose_no_update() {
    let (database, tenant) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(add(store.clone(), tenant, seed))).collect();
    let mut added = 0;
    for writer in writers {
        added += writer.await.expect("it runs").expect("nobody waits against another");
    }
    let mut look = database.look().await;
    let there: i64 = sqlx::query_scalar("SELECT sum(points)::bigint FROM ledger.balance")
        .fetch_one(&mut look)
        .await
        .expect("it can be read");
    assert_eq!(there, added);
}

#[tokio::test]
async fn a_head_is_read_after_its_lock() {
    let (database, tenant) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let shard = Shard::from(7);
    let mut first = store.begin(tenant, [shard]).await.expect("it begins");
    let second = tokio::spawn({
        let store = store.clone();
        async move { store.begin(tenant, [shard, Shard::from(9)]).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!second.is_finished(), "two hold one head");
    sqlx::query("UPDATE head SET position = position + 1 WHERE shard = $1")
        .bind(shard.number())
        .execute(first.connection())
        .await
        .expect("it moves");
    first.commit().await.expect("it commits");
    let second = second.await.expect("it runs").expect("it begins");
    assert_eq!(second.heads().get(&shard).map(|head| head.position), Some(1));
    assert_eq!(second.heads().get(&Shard::from(9)).map(|head| head.position), Some(0));
    assert!(second.moved().is_empty());
}
