//! A schema is brought up to date as often as one likes, by as many as like to.

use std::time::Duration;

use futures::future::join_all;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr as _};
use store::{Store, StoreError};
use testkit::Database;

use crate::ledger::{SERVICE, migrations, tenant};

/// What a later version of the service adds.
fn later() -> Migrator {
    let statement = "ALTER TABLE balance ADD COLUMN spent bigint NOT NULL DEFAULT 0".into_sql_str();
    Migrator::with_migrations(vec![Migration::new(101, "spent".into(), MigrationType::Simple, statement, false)])
}

fn how_many() -> usize {
    migrations().iter().map(|part| part.iter().count()).sum()
}

async fn works(database: &Database) -> Result<(), StoreError> {
    let store = Store::open(&store::Settings::new(database.url(), SERVICE)).await?;
    store.begin(tenant(), kernel::Shard::all()).await?.commit().await
}

#[tokio::test]
async fn twice_is_once_and_later_parts_are_added() {
    let database = Database::for_suite(&[]).await;
    assert!(works(&database).await.is_err(), "there is a schema before it was made");
    let migrate =
        async |parts: &[&Migrator]| store::migrate(database.url(), SERVICE, parts).await.expect("it migrates");
    assert_eq!(migrate(&migrations()).await, how_many());
    works(&database).await.expect("the service works");
    assert_eq!(migrate(&migrations()).await, 0);
    let (mut parts, later) = (migrations(), later());
    parts.push(&later);
    assert_eq!(migrate(&parts).await, 1);
    works(&database).await.expect("the service works");
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_once() {
    for _ in 0..3 {
        let database = Database::for_suite(&[]).await;
        let parts = migrations();
        let all = join_all((0..4).map(|_| store::migrate(database.url(), SERVICE, &parts))).await;
        let applied: usize = all.into_iter().map(|one| one.expect("it migrates")).sum();
        assert_eq!(applied, how_many(), "migrations are counted by those who did not apply them");
        works(&database).await.expect("the service works");
    }
}

#[tokio::test]
async fn a_role_that_another_database_makes_just_now_is_the_same() {
    // A role that no run before has left behind.
    let service: &'static str = format!("ledger_{}", uuid::Uuid::new_v4().simple()).leak();
    let role = store::role_of(service);
    let (database, parts) = (Database::for_suite(&[]).await, migrations());
    let mut elsewhere = database.look().await;
    run(&mut elsewhere, format!("BEGIN; CREATE ROLE {role} NOLOGIN")).await;
    let (migrated, ()) = tokio::join!(store::migrate(database.url(), service, &parts), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        run(&mut elsewhere, "COMMIT".to_owned()).await;
    });
    assert_eq!(migrated.expect("it migrates"), how_many());
    run(&mut elsewhere, format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

async fn run(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.expect("it is allowed");
}
