//! A caller may go away at any moment; what others were told is written stays written.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use kernel::{Shard, TenantId};
use sqlx::PgConnection;
use store::{Store, StoreError};
use testkit::{Database, Promise, count, until};
use uuid::Uuid;

use crate::ledger::{Dice, SERVICE, database, enter, entries, tenant};

const WRITERS: usize = 6;
const DROPPERS: usize = 10;
/// What each writer writes at least.
const ENOUGH: usize = 20;
/// As many connections as a test's store may have.
const CONNECTIONS: usize = 8;

/// Server processes that serve this database's service.
async fn backends(database: &Database) -> BTreeSet<i32> {
    let mut look = database.look().await;
    let pids: Vec<i32> = sqlx::query_scalar(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1",
    )
    .bind(SERVICE)
    .fetch_all(&mut look)
    .await
    .expect("the server lists its processes");
    pids.into_iter().collect()
}

async fn inside_a_transaction(database: &Database) -> i64 {
    let mut look = database.look().await;
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = $1 AND state LIKE 'idle in transaction%'",
    )
    .bind(SERVICE)
    .fetch_one(&mut look)
    .await
    .expect("the server lists its processes")
}

/// Writes in transactions and by statements of their own, in turn, until told to stop. Answers what it was told is written.
async fn write(store: Store, tenant: TenantId, stop: Arc<AtomicBool>, seed: usize) -> Result<Vec<Uuid>, StoreError> {
    let (mut dice, mut written) = (Dice::new(seed), Vec::new());
    while !stop.load(Ordering::Relaxed) || written.len() < ENOUGH {
        let shard = dice.shard(8);
        let mut tx = store.begin(tenant, [shard]).await?;
        let id = enter(tx.connection(), tenant, shard, 1).await?;
        tx.commit().await?;
        written.push(id);
        // Whoever gets a connection that is still inside somebody else's transaction loses this.
        let mut alone = store.read(tenant).await?;
        written.push(enter(alone.connection(), tenant, shard, 1).await?);
    }
    Ok(written)
}

/// Begins transactions and goes away at some point of the way.
async fn drop_begins(store: Store, tenant: TenantId, how_many: usize, seed: usize) {
    let mut dice = Dice::new(seed);
    for _ in 0..how_many {
        let patience = dice.below(60);
        let gone = async {
            for _ in 0..patience {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            begun = store.begin(tenant, [dice.shard(8)]) => drop(begun.expect("nothing fails")),
            () = gone => {}
        }
        // Others want connections too.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn no_connection_is_inside_a_transaction(database: &Database) {
    let none = until("no connection is inside a transaction", || async { inside_a_transaction(database).await == 0 });
    // The server itself ends such transactions after half a minute.
    tokio::time::timeout(Duration::from_secs(5), none).await.expect("a transaction was left open");
}

/// Opens all connections that the store may have.
async fn open_all(store: &Store, tenant: TenantId) {
    let all: Vec<_> = join_all((0..CONNECTIONS).map(|_| store.read(tenant))).await;
    assert!(all.iter().all(Result::is_ok), "nothing fails");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_begins_lose_no_acknowledged_write() {
    let (database, tenant) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    open_all(&store, tenant).await;
    let connections = backends(&database).await;
    let stop = Arc::new(AtomicBool::new(false));
    let write = |seed| write(store.clone(), tenant, Arc::clone(&stop), seed);
    let writers: Vec<_> = (0..WRITERS).map(|seed| tokio::spawn(write(seed))).collect();
    let each = (count(Promise::DroppedBegins) as usize).div_ceil(DROPPERS);
    let droppers = (0..DROPPERS).map(|seed| tokio::spawn(drop_begins(store.clone(), tenant, each, 100 + seed)));
    for dropper in join_all(droppers).await {
        dropper.expect("it begins and goes away");
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = BTreeSet::new();
    for writer in join_all(writers).await {
        acknowledged.extend(writer.expect("it writes").expect("nothing fails"));
    }
    no_connection_is_inside_a_transaction(&database).await;
    let there: BTreeSet<Uuid> = entries(&database).await.into_iter().collect();
    assert_eq!(acknowledged.difference(&there).count(), 0, "of {} writes", acknowledged.len());
    assert_eq!(backends(&database).await, connections, "connections had to be thrown away");
}

#[tokio::test]
async fn a_connection_that_comes_back_inside_a_transaction_is_not_handed_on() {
    let (database, tenant) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    for _ in 0..20 {
        let mut reading = store.read(tenant).await.expect("it reads");
        sqlx::raw_sql("BEGIN").execute(reading.connection()).await.expect("a transaction nobody knows of");
        drop(reading);
    }
    no_connection_is_inside_a_transaction(&database).await;
    let mut next = store.read(tenant).await.expect("it reads");
    let id = enter(next.connection(), tenant, Shard::from(7), 1).await.expect("it writes");
    assert_eq!(entries(&database).await, [id]);
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (database, tenant) = (database().await, tenant());
    let store = database.store(SERVICE).await;
    let mut used = BTreeSet::new();
    let mut note = async |connection: &mut PgConnection| {
        let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await.expect("a number");
        used.insert(pid);
    };
    for _ in 0..40 {
        note(store.read(tenant).await.expect("it reads").connection()).await;
        let mut tx = store.begin(tenant, [Shard::from(7)]).await.expect("it begins");
        note(tx.connection()).await;
        tx.commit().await.expect("it commits");
    }
    assert!(used.len() <= CONNECTIONS, "{} connections were opened for 80 uses in turn", used.len());
}
