//! Whether the database keeps the plans of our statements.
//!
//! Statements are few and run often, and planning one costs more than looking a few rows up. But PostgreSQL chooses an
//! index by what it knows of a table, and a plan that was made when the table was small is kept when it has grown: every
//! index looked as good as any other then. So plans are kept while each table holds about as many rows as when the
//! database last looked at it (`ANALYZE`, which makes all plans of the table anew); while one outgrows that, as in the
//! first minute of an import, each call is planned by itself.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

/// How often it is looked.
const LATELY: Duration = Duration::from_secs(5);

/// Counted by the statistics, which takes no lock: nobody shall wait here for whoever rewrites a table. A small table has
/// nothing to choose.
const OUTGROWN: &str = "SELECT EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
          AND pg_stat_get_live_tuples(oid) > 2 * greatest(reltuples, 0) + 1000
    )";

/// The answer of the last look, and when that was; none before the first.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    kept: AtomicBool,
    looked: Mutex<Option<Instant>>,
}

impl Plans {
    /// The setting of `plan_cache_mode`.
    pub(crate) fn mode(&self) -> &'static str {
        if self.kept.load(Ordering::Relaxed) { "force_generic_plan" } else { "force_custom_plan" }
    }

    /// Looks again where nobody did lately. Every log is read several times a second, so somebody always comes by.
    pub(crate) async fn look(&self, connection: &mut PgConnection) {
        if !self.is_due() {
            return;
        }
        let outgrown = sqlx::query_scalar::<_, bool>(OUTGROWN).fetch_one(connection).await;
        // A database that is away is noticed by the reader whose connection this is.
        self.kept.store(outgrown.is_ok_and(|outgrown| !outgrown), Ordering::Relaxed);
    }

    fn is_due(&self) -> bool {
        let Ok(mut looked) = self.looked.lock() else { return false };
        let due = looked.is_none_or(|at| at.elapsed() >= LATELY);
        if due {
            *looked = Some(Instant::now());
        }
        due
    }
}
