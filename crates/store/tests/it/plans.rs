//! Plans are kept while the tables are what they were when the database last looked at them.

use std::time::Duration;

use store::{Store, Tenants};
use testkit::Database;
use tokio::time::Instant;

use crate::ledger::{SERVICE, database};

const KEPT: &str = "force_generic_plan";
const EACH_PLANNED: &str = "force_custom_plan";
/// The server counts rows when whoever wrote them has had a rest.
const PATIENCE: Duration = Duration::from_secs(60);

async fn mode(store: &Store) -> String {
    let mut reading = store.read(Tenants::Every).await.expect("it reads");
    sqlx::query_scalar("SHOW plan_cache_mode").fetch_one(reading.connection()).await.expect("it is a setting")
}

/// Whoever opens the database finds it so: the first reader looks, the next one goes by it, as does who writes.
async fn is_found(database: &Database, expected: &str, why: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let store = database.store(SERVICE).await;
        assert_eq!(mode(&store).await, EACH_PLANNED, "nothing is kept before anybody has looked");
        let read = mode(&store).await;
        let mut tx = store.begin(Tenants::Every, []).await.expect("it begins");
        let setting = sqlx::query_scalar::<_, String>("SHOW plan_cache_mode").fetch_one(tx.connection());
        assert_eq!(read, setting.await.expect("it is a setting"), "who reads and who writes goes by the same");
        if read == expected {
            return;
        }
        assert!(Instant::now() < end, "{why}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_plan_is_not_kept_while_its_table_outgrows_it() {
    let database = database().await;
    let mut server = database.look().await;
    is_found(&database, KEPT, "small tables have nothing to choose").await;

    let grown = sqlx::AssertSqlSafe(format!(
        "ALTER TABLE {SERVICE}.entry SET (autovacuum_enabled = off);
         INSERT INTO {SERVICE}.entry (tenant, shard, id, amount, batch, place)
         SELECT gen_random_uuid(), 0, gen_random_uuid(), 1, 0, 0 FROM generate_series(1, 5000)"
    ));
    sqlx::raw_sql(grown).execute(&mut server).await.expect("a superuser may");
    is_found(&database, EACH_PLANNED, "nobody has looked at what has come").await;

    let analyzed = sqlx::AssertSqlSafe(format!("ANALYZE {SERVICE}.entry"));
    sqlx::raw_sql(analyzed).execute(&mut server).await.expect("a superuser may");
    is_found(&database, KEPT, "the database knows its tables again").await;
}
