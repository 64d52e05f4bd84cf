//! A database for each test.
//!
//! Migrating takes most of a second and cloning a tenth of one. So what a test needs is migrated once for each server
//! and set of migrations, into a template, and every test gets a clone.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use backing::postgres::Programs;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use store::{Settings, Store};
use uuid::Uuid;

use crate::servers;

/// Set to anything, databases stay after their test, to be looked at.
const KEEP: &str = "RAPPORT_TEST_KEEP";
/// One template is made at a time on a server: roles belong to all of its databases. Any number nobody else uses.
const TURN: i64 = 7_274_698;
/// Few, so that many tests at once stay below the server's limit.
const CONNECTIONS: u32 = 8;

/// The tables every service has, for a database in which a [`Speaker`](crate::Speaker) plays a service.
#[must_use]
pub fn house_tables() -> Vec<&'static Migrator> {
    vec![&store::MIGRATIONS, &eventlog::MIGRATIONS, &timers::MIGRATIONS, &outbox::MIGRATIONS]
}

/// A database nobody else uses; dropped with this value.
#[derive(Debug)]
pub struct Database {
    name: String,
    server: String,
    url: String,
}

impl Database {
    /// With the schema of one service.
    pub async fn create(service: &'static str, migrations: &[&'static Migrator]) -> Self {
        Self::for_suite(&[(service, migrations.to_vec())]).await
    }

    /// With the schemas of several services.
    ///
    /// # Panics
    /// Where the server cannot be used or a migration fails.
    pub async fn for_suite(services: &[(&'static str, Vec<&'static Migrator>)]) -> Self {
        Self::on(servers::postgres_url(), services).await
    }

    /// The same on a server of the test's own, whose superuser's URL this is.
    ///
    /// # Panics
    /// Where the server cannot be used or a migration fails.
    pub async fn on(server: String, services: &[(&'static str, Vec<&'static Migrator>)]) -> Self {
        let template = template(&server, services).await;
        let name = format!("rapport_test_{}", Uuid::new_v4().simple());
        let mut connection = connect(&server).await;
        run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        drop(connection.close().await);
        let url = url_of(&server, &name);
        Self { name, server, url }
    }

    /// Its URL, as a superuser.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A service's store in it.
    ///
    /// # Panics
    /// Where it cannot be opened.
    pub async fn store(&self, service: &'static str) -> Store {
        let settings = Settings { connections: CONNECTIONS, ..Settings::new(self.url.clone(), service) };
        Store::open(&settings).await.unwrap_or_else(|error| panic!("the store of {service} cannot be opened: {error}"))
    }

    /// A superuser's connection that sees every row, to look at what was written. Tables are named with their schema.
    pub async fn look(&self) -> PgConnection {
        connect(&self.url).await
    }

    /// A backup of one service's schema, as an operator makes it.
    ///
    /// # Panics
    /// Where `pg_dump` is missing or fails.
    pub fn dump(&self, service: &str) -> PathBuf {
        let file = std::env::temp_dir().join(format!("{}.{service}.dump", self.name));
        let file_name = file.to_str().expect("a temporary folder with a name");
        client("pg_dump", &["--format=custom", "--schema", service, "--file", file_name, &self.url]);
        file
    }

    /// Puts a backup in the place of what a service's schema is now, under the feet of whoever uses it.
    ///
    /// # Panics
    /// Where `pg_restore` is missing or fails.
    pub async fn restore(&self, service: &str, file: &Path) {
        let mut connection = self.look().await;
        run(&mut connection, format!("DROP SCHEMA {service} CASCADE")).await;
        drop(connection.close().await);
        let file_name = file.to_str().expect("a temporary folder with a name");
        client("pg_restore", &["--dbname", &self.url, file_name]);
        drop(std::fs::remove_file(file));
    }

    /// How many events a service has written, and how many rows all of its own tables have: what tells one effect from
    /// two, also where the second is told to nobody.
    ///
    /// Cursors and what is parked are left out: they move with what is heard, whenever that is.
    ///
    /// # Panics
    /// Where the service has no schema in this database.
    pub async fn effects_of(&self, service: &str) -> i64 {
        let mut rows = self.rows_of(service).await;
        rows.retain(|table, _| table != "cursor" && table != "parked");
        rows.into_values().sum::<i64>() + self.events_of(service).await
    }

    /// How many rows each of a service's tables has.
    ///
    /// # Panics
    /// Where the service has no schema in this database.
    pub async fn rows_of(&self, service: &str) -> BTreeMap<String, i64> {
        let mut connection = self.look().await;
        let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = $1")
            .bind(service)
            .fetch_all(&mut connection)
            .await
            .expect("the server lists its tables");
        assert!(!tables.is_empty(), "{service} has no tables here");
        let counts = tables.iter().map(|table| format!("(SELECT count(*) FROM {service}.{table})"));
        let statement = format!("SELECT ARRAY[{}]", counts.collect::<Vec<_>>().join(", "));
        let rows: Result<Vec<i64>, _> = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut connection).await;
        drop(connection.close().await);
        let rows = rows.unwrap_or_else(|error| panic!("the rows of {service} cannot be counted: {error}"));
        tables.into_iter().zip(rows).collect()
    }

    /// How many events a service has written.
    ///
    /// # Panics
    /// Where the service has no log in this database.
    pub async fn events_of(&self, service: &str) -> i64 {
        let mut connection = self.look().await;
        let statement = format!("SELECT coalesce(sum(position), 0)::bigint FROM {service}.head");
        let count = sqlx::query_scalar(AssertSqlSafe(statement)).fetch_one(&mut connection).await;
        drop(connection.close().await);
        count.unwrap_or_else(|error| panic!("the events of {service} cannot be counted: {error}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::env::var_os(KEEP).is_some() {
            return;
        }
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // A thread of its own, for a value may be dropped inside a runtime; waited for, for the process may end next.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await.ok()?;
                sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.ok()
            })
        });
        // What is left over is thrown away with the server.
        drop(dropped.join());
    }
}

fn client(program: &str, words: &[&str]) {
    let found = Programs::all();
    let newest = found.first().unwrap_or_else(|| panic!("{program} is not on this machine"));
    let done = newest.command(program).args(words).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
}

/// The name of a database that holds these schemas and is never written to.
async fn template(server: &str, services: &[(&'static str, Vec<&'static Migrator>)]) -> String {
    let name = format!("rapport_template_{:016x}", digest(services));
    let mut connection = connect(server).await;
    if exists(&mut connection, &name).await {
        drop(connection.close().await);
        return name;
    }
    sqlx::query("SELECT pg_advisory_lock($1)").bind(TURN).execute(&mut connection).await.expect("a lock can be taken");
    if !exists(&mut connection, &name).await {
        let draft = format!("{name}_draft");
        run(&mut connection, format!("DROP DATABASE IF EXISTS {draft} WITH (FORCE)")).await;
        run(&mut connection, format!("CREATE DATABASE {draft}")).await;
        let url = url_of(server, &draft);
        for (service, migrations) in services {
            store::migrate(&url, service, migrations)
                .await
                .unwrap_or_else(|error| panic!("the migrations of {service} fail: {error:?}"));
        }
        // Whoever is connected to a template keeps others from cloning it.
        run(&mut connection, format!("ALTER DATABASE {draft} ALLOW_CONNECTIONS false")).await;
        run(&mut connection, format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
    }
    // Closing lets go of the lock.
    drop(connection.close().await);
    name
}

fn digest(services: &[(&'static str, Vec<&'static Migrator>)]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (service, migrations) in services {
        service.hash(&mut hasher);
        for migration in migrations.iter().flat_map(|part| part.iter()) {
            (migration.version, &migration.checksum).hash(&mut hasher);
        }
    }
    hasher.finish()
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .expect("the server lists its databases")
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap_or_else(|error| panic!("the tests' PostgreSQL does not answer: {error}"))
}

async fn run(connection: &mut PgConnection, statement: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(connection).await;
    if let Err(error) = done {
        panic!("{statement}: {error}");
    }
}

/// The URL of another database of the same server.
fn url_of(server: &str, database: &str) -> String {
    let (place, settings) = server.split_once('?').map_or((server, None), |(place, settings)| (place, Some(settings)));
    let begin = place.find("://").map_or(0, |at| at + 3);
    let host = place[begin..].find('/').map_or(place, |at| &place[..begin + at]);
    settings.map_or_else(|| format!("{host}/{database}"), |settings| format!("{host}/{database}?{settings}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_of_the_same_server() {
        assert_eq!(url_of("postgres://me:secret@host:5432/postgres", "x"), "postgres://me:secret@host:5432/x");
        assert_eq!(url_of("postgres://me@host", "x"), "postgres://me@host/x");
        assert_eq!(url_of("postgres://host/a?sslmode=require", "x"), "postgres://host/x?sslmode=require");
    }
}
