//! What belongs to one tenant does not exist for another, and what is written once stays.

use kernel::{Shard, TenantId};
use sqlx::PgConnection;
use store::{Store, Tenants};

use crate::ledger::{SERVICE, database, enter, tenant};

const SHARD: u8 = 7;

async fn write(store: &Store, tenant: TenantId, points: i64) {
    let mut tx = store.begin(tenant, [Shard::from(SHARD)]).await.expect("it begins");
    enter(tx.connection(), tenant, Shard::from(SHARD), points).await.expect("its own entry");
    put(tx.connection(), tenant, points).await.expect("its own balance");
    tx.commit().await.expect("it commits");
}

async fn put(to: &mut PgConnection, tenant: TenantId, points: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO balance (tenant, shard, points) VALUES ($1, $2, $3)")
        .bind(tenant.uuid())
        .bind(i16::from(SHARD))
        .bind(points)
        .execute(to)
        .await?;
    Ok(())
}

/// The points that a connection sees, of all balances there are.
async fn seen(by: &mut PgConnection) -> Vec<i64> {
    sqlx::query_scalar("SELECT points FROM balance ORDER BY points").fetch_all(by).await.expect("it reads")
}

/// How many rows a statement that names no tenant changes.
async fn changed(by: &mut PgConnection, statement: &'static str) -> u64 {
    sqlx::query(statement).execute(by).await.expect("it is allowed").rows_affected()
}

#[tokio::test]
async fn a_tenant_sees_and_changes_its_own_rows_only() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    let (ours, theirs) = (tenant(), tenant());
    write(&store, ours, 10).await;
    write(&store, theirs, 20).await;

    let mut tx = store.begin(ours, [Shard::from(SHARD)]).await.expect("it begins");
    assert_eq!(seen(tx.connection()).await, [10]);
    assert_eq!(changed(tx.connection(), "UPDATE balance SET points = points + 1").await, 1);
    assert_eq!(changed(tx.connection(), "DELETE FROM balance WHERE points = 20").await, 0);
    tx.commit().await.expect("it commits");
    let mut tx = store.begin(ours, [Shard::from(SHARD)]).await.expect("it begins");
    assert!(put(tx.connection(), theirs, 30).await.is_err(), "a row was written for somebody else");
    tx.roll_back().await.expect("it rolls back");
    let mut tx = store.begin(ours, [Shard::from(SHARD)]).await.expect("it begins");
    let given_away = sqlx::query("UPDATE balance SET tenant = $1").bind(theirs.uuid()).execute(tx.connection()).await;
    assert!(given_away.is_err(), "a row was given to somebody else");
    drop(tx);

    assert_eq!(seen(store.read(theirs).await.expect("it reads").connection()).await, [20]);
    let both: Tenants = [theirs, ours].into_iter().collect();
    assert_eq!(seen(store.read(both.clone()).await.expect("it reads").connection()).await, [11, 20]);
    // Locks of no shard are a way to begin too, and see no more.
    let mut tx = store.begin(both, []).await.expect("it begins");
    assert_eq!(seen(tx.connection()).await, [11, 20]);
    drop(tx);
    // Everybody's rows are shown by the suite's own tables only.
    assert!(seen(store.read(Tenants::Every).await.expect("it reads").connection()).await.is_empty());
    assert!(seen(store.read(Tenants::These(vec![])).await.expect("it reads").connection()).await.is_empty());
}

#[tokio::test]
async fn a_connection_forgets_whom_it_served_before() {
    let database = database().await;
    // One connection, so that everybody gets it.
    let settings = store::Settings { connections: 1, ..store::Settings::new(database.url(), SERVICE) };
    let store = Store::open(&settings).await.expect("it opens");
    let tenants: Vec<TenantId> = (0..4).map(|_| tenant()).collect();
    for (points, tenant) in (1..).zip(&tenants) {
        write(&store, *tenant, points).await;
    }
    for round in 0..3_usize {
        for (points, tenant) in (1..).zip(&tenants) {
            let other = tenants[(points as usize + round) % tenants.len()];
            drop(store.read(other).await.expect("it reads"));
            assert_eq!(seen(store.read(*tenant).await.expect("it reads").connection()).await, [points]);
            drop(store.read(Tenants::Every).await.expect("it reads"));
            let mut tx = store.begin(*tenant, [Shard::from(SHARD)]).await.expect("it begins");
            assert_eq!(seen(tx.connection()).await, [points]);
        }
    }
}

#[tokio::test]
async fn without_a_tenant_nothing_is_there() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    let ours = tenant();
    write(&store, ours, 10).await;
    let mut look = database.look().await;
    sqlx::raw_sql("SET ROLE rapport_ledger; SET search_path = ledger").execute(&mut look).await.expect("it is a role");
    assert!(seen(&mut look).await.is_empty());
    assert_eq!(changed(&mut look, "UPDATE balance SET points = 0").await, 0);
    assert!(put(&mut look, tenant(), 10).await.is_err());
    // As it is left after a transaction that had one.
    sqlx::raw_sql("SET rapport.tenants = ''").execute(&mut look).await.expect("it is a setting");
    assert!(seen(&mut look).await.is_empty());
}

#[tokio::test]
async fn what_is_written_once_can_only_be_read() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    let ours = tenant();
    write(&store, ours, 10).await;
    for statement in ["UPDATE entry SET amount = 1", "DELETE FROM entry", "TRUNCATE entry"] {
        let mut tx = store.begin(ours, [Shard::from(SHARD)]).await.expect("it begins");
        let refused = sqlx::query(statement).execute(tx.connection()).await.expect_err("it is refused");
        let code = refused.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{statement}");
    }
}

#[tokio::test]
async fn a_service_works_as_a_role_without_rights_of_its_own() {
    let database = database().await;
    let store = database.store(SERVICE).await;
    let mut reading = store.read(tenant()).await.expect("it reads");
    let (role, may_everything): (String, bool) = sqlx::query_as(
        "SELECT rolname::text, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolcanlogin
         FROM pg_roles WHERE rolname = current_user",
    )
    .fetch_one(reading.connection())
    .await
    .expect("it is a role");
    assert_eq!((role.as_str(), may_everything), ("rapport_ledger", false));
    let owned: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'ledger'::regnamespace
         AND pg_has_role(current_user, relowner, 'USAGE')",
    )
    .fetch_one(reading.connection())
    .await
    .expect("it reads");
    assert_eq!(owned, 0, "row-level security does not bind an owner");
    for statement in ["CREATE TABLE mine ()", "DELETE FROM _sqlx_migrations", "DROP TABLE request"] {
        assert!(sqlx::query(statement).execute(reading.connection()).await.is_err(), "{statement} is allowed");
    }
}
