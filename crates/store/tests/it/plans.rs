//! Plans are kept while the tables are what they were when the database last looked at them.

use std::time::Duration;

use store::{Store, Tenants};
use testkit::Database;

use crate::ledger::{SERVICE, database};

const KEPT: &str = "force_generic_plan";
/// The first use of a store looks, and nobody waits for it.
const MOMENT: Duration = Duration::from_millis(400);

async fn mode(store: &Store) -> String {
    let mut reading = store.read(Tenants::Every).await.expect("it reads");
    sqlx::query_scalar("SHOW plan_cache_mode").fetch_one(reading.connection()).await.expect("it is a setting")
}

async fn found_by_a_newcomer(database: &Database) -> String {
    let store = database.store(SERVICE).await;
    mode(&store).await;
    tokio::time::sleep(MOMENT).await;
    let read = mode(&store).await;
    let mut tx = store.begin(Tenants::Every, []).await.expect("it begins");
    let written: String =
        sqlx::query_scalar("SHOW plan_cache_mode").fetch_one(tx.connection()).await.expect("it is a setting");
    assert_eq!(read, written, "who reads and who writes goes by the same");
    read
}

#[tokio::test]
async fn a_plan_is_not_kept_while_its_table_outgrows_it() {
    let database = database().await;
    let mut server = database.look().await;
    assert_eq!(found_by_a_newcomer(&database).await, KEPT, "small tables have nothing to choose");

    let grown = sqlx::AssertSqlSafe(format!(
        "ALTER TABLE {SERVICE}.entry SET (autovacuum_enabled = off);
         INSERT INTO {SERVICE}.entry (tenant, shard, id, amount, batch, place)
         SELECT gen_random_uuid(), 0, gen_random_uuid(), 1, 0, 0 FROM generate_series(1, 5000)"
    ));
    sqlx::raw_sql(grown).execute(&mut server).await.expect("a superuser may");
    assert_ne!(found_by_a_newcomer(&database).await, KEPT, "nobody has looked at what has come");

    let analyzed = sqlx::AssertSqlSafe(format!("ANALYZE {SERVICE}.entry"));
    sqlx::raw_sql(analyzed).execute(&mut server).await.expect("a superuser may");
    assert_eq!(found_by_a_newcomer(&database).await, KEPT, "the database knows its tables again");
}
