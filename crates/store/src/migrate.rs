//! Schemas, roles and migrations.

use std::collections::BTreeMap;

use sqlx::migrate::{Migrate as _, MigrateError, Migration, Migrator};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::{Store, StoreError, Tenants};

/// The tables every service has: heads and the request log. Versions 1 to 9.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The role a service works as. It owns nothing, and row-level security applies to it.
pub fn role_of(service: &str) -> String {
    format!("rapport_{service}")
}

/// Brings one service's schema up to date: the house's tables first, then the service's own. Answers how many
/// migrations were applied.
///
/// The url's user must be allowed to create schemas and roles; the service itself never uses that right.
pub async fn migrate(url: &str, service: &'static str, parts: &[&Migrator]) -> Result<usize, StoreError> {
    let mut connection = PgConnection::connect(url).await?;
    let role = role_of(service);
    // Whoever comes second waits here and finds everything done. Closing the connection lets go of the lock.
    connection.lock().await.map_err(|error| StoreError::Failed(error.into()))?;

    // Roles belong to the whole cluster and that lock to one database: somebody else may make the role just now.
    run(
        &mut connection,
        format!(
            "DO $$ BEGIN
                 CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS;
                 GRANT {role} TO CURRENT_USER;
             EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
             END $$"
        ),
    )
    .await?;
    run(&mut connection, format!("CREATE SCHEMA IF NOT EXISTS {service}")).await?;
    run(&mut connection, format!("GRANT USAGE ON SCHEMA {service} TO {role}")).await?;
    run(
        &mut connection,
        format!(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {service} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
        ),
    )
    .await?;

    run(&mut connection, format!("SET search_path = {service}")).await?;
    let all: Vec<Migration> = parts.iter().flat_map(|part| part.iter().cloned()).collect();
    let before = applied(&mut connection).await?;
    Migrator::with_migrations(all).run(&mut connection).await.map_err(not_migrated)?;
    let after = applied(&mut connection).await?;
    run(&mut connection, format!("REVOKE ALL ON _sqlx_migrations FROM {role}")).await?;
    // So that a service knows whether its schema is as old as it is itself.
    run(&mut connection, format!("GRANT SELECT ON _sqlx_migrations TO {role}")).await?;
    connection.close().await?;
    Ok(after.saturating_sub(before))
}

/// A schema that another build made is no failure of the database.
fn not_migrated(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMismatch(version) => {
            StoreError::unreadable(format!("migration {version} was applied with another text, by another build"))
        }
        MigrateError::VersionMissing(version) => {
            StoreError::unreadable(format!("migration {version} was applied by a newer build than this one"))
        }
        other => StoreError::Failed(other.into()),
    }
}

/// How a schema differs from what a binary expects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Versions not applied yet.
    pub pending: Vec<i64>,
    /// Versions applied that the binary does not have, or has with another text.
    pub foreign: Vec<i64>,
}

impl Store {
    /// Compares this schema with the migrations it should be made of.
    ///
    /// A schema that an older version migrated last shows nothing to the service's role: all is pending then.
    pub async fn drift(&self, parts: &[&Migrator]) -> Result<Drift, StoreError> {
        let expected: BTreeMap<i64, Vec<u8>> =
            parts.iter().flat_map(|part| part.iter()).map(|one| (one.version, one.checksum.to_vec())).collect();
        let mut reading = self.read(Tenants::Every).await?;
        let rows = sqlx::query("SELECT version, checksum FROM _sqlx_migrations WHERE success")
            .fetch_all(reading.connection())
            .await;
        let rows = match rows {
            Ok(rows) => rows,
            Err(sqlx::Error::Database(told)) if matches!(told.code().as_deref(), Some("42501" | "42P01")) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut applied: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
        for row in rows {
            applied.insert(row.try_get(0)?, row.try_get(1)?);
        }
        let pending = expected.keys().filter(|version| !applied.contains_key(version)).copied().collect();
        let foreign = applied.iter().filter(|(version, text)| expected.get(version) != Some(text));
        Ok(Drift { pending, foreign: foreign.map(|(version, _)| *version).collect() })
    }
}

async fn applied(connection: &mut PgConnection) -> Result<usize, StoreError> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !there {
        return Ok(0);
    }
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(connection).await?;
    usize::try_from(count).map_err(StoreError::unreadable)
}

/// Statements about schemas and roles cannot take parameters; every name here is one of our services'.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await?;
    Ok(())
}
