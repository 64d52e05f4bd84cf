//! A database that was restored is found out before anything is written in it.

use std::collections::BTreeSet;

use kernel::Shard;
use sqlx::AssertSqlSafe;
use testkit::Database;
use uuid::Uuid;

use crate::ledger::{SERVICE, database, tenant};

async fn epochs(database: &Database) -> BTreeSet<Uuid> {
    let asked = format!("SELECT epoch FROM {SERVICE}.head");
    let found: Vec<Uuid> =
        sqlx::query_scalar(AssertSqlSafe(asked)).fetch_all(&mut database.look().await).await.expect("it reads");
    found.into_iter().collect()
}

async fn tamper(database: &Database, statement: &str) {
    let mut look = database.look().await;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut look).await.expect("it is done");
}

async fn ended(database: &Database) -> Vec<(i16, i64, bool)> {
    let asked = format!("SELECT shard, position, certain FROM {SERVICE}.former_epoch WHERE position > 0");
    sqlx::query_as(AssertSqlSafe(asked)).fetch_all(&mut database.look().await).await.expect("it reads")
}

#[tokio::test]
async fn another_place_is_another_epoch_and_the_same_place_is_not() {
    let database = database().await;
    let before = epochs(&database).await;
    drop(database.store(SERVICE).await);
    drop(database.store(SERVICE).await);
    assert_eq!(epochs(&database).await, before, "it was only opened");
    for change in ["server = 1", "database = 1", "timeline = '000000FF'"] {
        let before = epochs(&database).await;
        tamper(&database, &format!("UPDATE {SERVICE}.head SET position = position + 1 WHERE shard = 7")).await;
        tamper(&database, &format!("UPDATE {SERVICE}.whereabouts SET {change}")).await;
        drop(database.store(SERVICE).await);
        let after = epochs(&database).await;
        assert!(after.is_disjoint(&before), "{change}");
        assert_eq!(after.len(), 256, "each shard has one of its own");
        drop(database.store(SERVICE).await);
        assert_eq!(epochs(&database).await, after, "{change}: once");
    }
    let mut ends = ended(&database).await;
    ends.sort_unstable();
    assert_eq!(ends, [(7, 1, true), (7, 2, true), (7, 3, true)]);
}

#[tokio::test]
async fn a_dump_loaded_under_a_running_service_is_found_out_by_its_next_transaction() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    let before = epochs(&database).await;
    let file = database.dump(SERVICE);
    database.restore(SERVICE, &file).await;
    assert_eq!(epochs(&database).await, before, "the rows came along");
    let shard = Shard::from_number(3).expect("a shard");
    let twins = [store.begin(tenant(), [shard]), store.begin(tenant(), [shard])];
    for begun in twins {
        let tx = begun.await.expect("it begins");
        let epoch = tx.heads().get(&shard).expect("it is locked").epoch;
        assert!(!before.contains(&epoch));
        tx.commit().await.expect("it commits");
    }
    assert_eq!(epochs(&database).await.len(), 256);
}

#[tokio::test]
async fn a_readers_word_ends_an_epoch_once_and_says_that_it_is_not_certain() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    tamper(&database, &format!("UPDATE {SERVICE}.head SET position = 5 WHERE shard = 3")).await;
    let shard = Shard::from_number(3).expect("a shard");
    let tx = store.begin(tenant(), [shard]).await.expect("it begins");
    let epoch = tx.heads().get(&shard).expect("it is locked").epoch;
    tx.roll_back().await.expect("undone");
    assert!(store.end_epoch(shard, epoch).await.expect("it ends"));
    let after = epochs(&database).await;
    assert!(!after.contains(&epoch));
    assert!(!store.end_epoch(shard, epoch).await.expect("it had ended"));
    assert_eq!(epochs(&database).await, after);
    assert_eq!(ended(&database).await, [(3, 5, false)]);
}

#[tokio::test]
async fn a_reader_who_is_first_to_see_a_loaded_dump_knows_where_it_ends() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    tamper(&database, &format!("UPDATE {SERVICE}.head SET position = 5 WHERE shard = 3")).await;
    let before = epochs(&database).await;
    let file = database.dump(SERVICE);
    database.restore(SERVICE, &file).await;
    let shard = Shard::from_number(3).expect("a shard");
    let asked = format!("SELECT epoch FROM {SERVICE}.head WHERE shard = 3");
    let epoch: Uuid =
        sqlx::query_scalar(AssertSqlSafe(asked)).fetch_one(&mut database.look().await).await.expect("one");
    assert!(store.end_epoch(shard, epoch).await.expect("it ends"));
    assert!(epochs(&database).await.is_disjoint(&before));
    assert_eq!(ended(&database).await, [(3, 5, true)], "nobody had written since");
}
