//! The servers that tests lean on: those the environment names, or private ones.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use backing::Trouble;
use backing::postgres::{self, Durability, Postgres};
use backing::redis::{self, Redis};
use sqlx::{Connection as _, PgConnection};

/// Names a PostgreSQL whose user may create databases and roles.
const POSTGRES: &str = "RAPPORT_TEST_DATABASE_URL";
const REDIS: &str = "RAPPORT_TEST_REDIS_URL";

fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.trim().is_empty())
}

/// The same folder as `cargo xtask test` uses, so that `cargo xtask stop` finds it.
fn folder(name: &str) -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/testkit lies two below");
    repository.join(".rapport/test").join(name)
}

/// The superuser's URL of the server for tests.
pub(crate) fn postgres_url() -> String {
    // A static is never dropped, so a server started here outlives the process and serves the next one too.
    static PRIVATE: OnceLock<Postgres> = OnceLock::new();
    named(POSTGRES).unwrap_or_else(|| {
        PRIVATE
            .get_or_init(|| {
                postgres::private(&folder("pg"), Durability::Thrown)
                    .unwrap_or_else(|trouble| panic!("tests need PostgreSQL ({POSTGRES} names one): {trouble}"))
            })
            .url()
    })
}

/// Where the tests' Redis answers; `None` on a machine that has none, where what needs it cannot be tested.
///
/// It is shared by all tests: keep keys apart by tenant, as the product does. To kill one, take [`OwnRedis`].
#[must_use]
pub fn redis_url() -> Option<String> {
    static PRIVATE: OnceLock<Option<Redis>> = OnceLock::new();
    named(REDIS).or_else(|| PRIVATE.get_or_init(|| started(&folder("redis"))).as_ref().map(Redis::url))
}

/// A Redis for one test alone, to be stopped or killed and started again; removed with this value.
#[derive(Debug)]
pub struct OwnRedis {
    folder: PathBuf,
    // None while it is stopped.
    server: Option<Redis>,
}

impl OwnRedis {
    /// Starts one; tests of one process that run at once give different names. `None` on a machine that has no Redis.
    #[must_use]
    pub fn start(name: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("rapport-testkit-redis-{name}-{}", std::process::id()));
        let server = started(&folder)?;
        Some(Self { folder, server: Some(server) })
    }

    /// Where clients connect: the same after it was started again, unless somebody took its port meanwhile.
    ///
    /// # Panics
    /// While it is stopped.
    #[must_use]
    pub fn url(&self) -> String {
        self.running().url()
    }

    /// How many keys it holds: whether somebody uses it.
    ///
    /// # Panics
    /// Where it does not answer.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.running().keys().unwrap_or_else(|trouble| panic!("Redis does not answer: {trouble}"))
    }

    /// Kills it under everybody who uses it.
    ///
    /// # Panics
    /// Where it cannot be killed.
    pub fn crash(&self) {
        self.running().crash().unwrap_or_else(|trouble| panic!("Redis cannot be killed: {trouble}"));
    }

    /// Stops it.
    ///
    /// # Panics
    /// Where it cannot be stopped.
    pub fn stop(&mut self) {
        let stopped = self.server.take().map(Redis::stop).transpose();
        stopped.unwrap_or_else(|trouble| panic!("Redis cannot be stopped: {trouble}"));
    }

    /// Starts it again, empty.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&mut self) {
        // The new one is held before the old one lets go, so nobody stops it.
        self.server = Some(started(&self.folder).expect("it was there a moment ago"));
    }

    fn running(&self) -> &Redis {
        self.server.as_ref().expect("it is not stopped")
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        drop(self.server.take());
        // What cannot be removed lies in the system's temporary folder.
        drop(redis::discard(&self.folder));
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A PostgreSQL for one test alone, to be crashed and started again. It keeps what it acknowledged, and is removed with
/// this value.
#[derive(Debug)]
pub struct OwnPostgres {
    folder: PathBuf,
    // Taken when it is dropped, before its folder goes.
    server: Option<Postgres>,
}

impl OwnPostgres {
    /// Starts one; tests of one process that run at once give different names.
    #[must_use]
    pub fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rapport-testkit-pg-{name}-{}", std::process::id()));
        Self { server: Some(opened(&folder)), folder }
    }

    /// The superuser's URL; the same before and after a crash.
    ///
    /// # Panics
    /// Never: the server is there until the value is dropped.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.as_ref().expect("it is there until it is dropped").url()
    }

    /// Stops it with `immediate`: connections are cut, nothing is written down that was not before.
    ///
    /// # Panics
    /// Where it cannot be stopped.
    pub fn crash(&self) {
        let server = self.server.as_ref().expect("it is there until it is dropped");
        server.crash().unwrap_or_else(|trouble| panic!("PostgreSQL cannot be stopped: {trouble}"));
    }

    /// Starts it again, where its clients look for it.
    ///
    /// # Panics
    /// Where it does not start, or somebody took its port meanwhile.
    pub fn start_again(&mut self) {
        let again = opened(&self.folder);
        assert_eq!(again.url(), self.url(), "somebody took the port of this test's PostgreSQL while it was down");
        // The new one is held before the old one lets go, so nobody stops it.
        self.server = Some(again);
    }

    /// Starts it again after a crash as a standby with nothing to follow: it can be looked at, and waits to be promoted.
    ///
    /// # Panics
    /// Where it does not start, or somebody took its port meanwhile.
    pub fn start_again_as_standby(&mut self) {
        let server = self.server.as_ref().expect("it is there until it is dropped");
        let told = std::fs::write(server.folder().join("data/standby.signal"), "");
        told.unwrap_or_else(|error| panic!("PostgreSQL cannot be told to be a standby: {error}"));
        self.start_again();
    }

    /// Promotes the standby: it is written to from now on, in a timeline of its own.
    ///
    /// # Panics
    /// Where it cannot be promoted.
    pub async fn promote(&self) {
        let promoted = async {
            let mut connection = PgConnection::connect(&self.url()).await?;
            sqlx::query_scalar::<_, bool>("SELECT pg_promote()").fetch_one(&mut connection).await
        };
        let promoted = promoted.await.unwrap_or_else(|error| panic!("PostgreSQL cannot be promoted: {error}"));
        assert!(promoted, "PostgreSQL was not promoted within a minute");
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        drop(self.server.take());
        // What cannot be removed lies in the system's temporary folder.
        drop(postgres::discard(&self.folder));
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

fn opened(folder: &Path) -> Postgres {
    postgres::private(folder, Durability::Kept)
        .unwrap_or_else(|trouble| panic!("this test needs a PostgreSQL of its own: {trouble}"))
}

fn started(folder: &Path) -> Option<Redis> {
    match redis::private(folder) {
        Ok(redis) => Some(redis),
        Err(Trouble::Missing { .. }) => None,
        Err(trouble) => panic!("Redis is here and does not start: {trouble}"),
    }
}
