//! The servers that tests lean on: those the environment names, or private ones.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use backing::Trouble;
use backing::postgres::{self, Durability, Postgres};
use backing::redis::{self, Redis};

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
/// It is shared by all tests: keep keys apart by tenant, as the product does. To kill one, take [`own_redis`].
#[must_use]
pub fn redis_url() -> Option<String> {
    static PRIVATE: OnceLock<Option<Redis>> = OnceLock::new();
    named(REDIS).or_else(|| PRIVATE.get_or_init(|| started(&folder("redis"))).as_ref().map(Redis::url))
}

/// A Redis for one test alone, to be killed and started again: `stop` or `crash` ends it, and calling this with the same
/// name starts it anew. `None` on a machine that has none.
#[must_use]
pub fn own_redis(name: &str) -> Option<Redis> {
    started(&std::env::temp_dir().join(format!("rapport-testkit-redis-{name}-{}", std::process::id())))
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
