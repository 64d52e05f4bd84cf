//! Whether the database keeps the plans of our statements.
//!
//! Statements are few and run often, and planning one costs more than looking a few rows up: kept plans let the suite record
//! about half as many orders again. But PostgreSQL chooses an index by what it knows of a table, and a plan that was made
//! when the table was small is kept when it has grown: every index looked as good as any other then. So plans are kept
//! while each table is about as large as it was when the database last looked at it (`ANALYZE`, which autovacuum runs and
//! which makes all plans anew); while one outgrows that, as in the first minute of an import, each call is planned by
//! itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

/// How old the answer may be.
const LATELY: Duration = Duration::from_secs(5);

/// A table may be twice as large as when the database looked, and a small one has nothing to choose; heads are as many as
/// there are shards.
const OUTGROWN: &str = "SELECT EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname <> 'head'
          AND pg_relation_size(oid) / current_setting('block_size')::bigint > 2 * relpages + 8
    )";

/// What is known of it in this process.
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

    /// Looks again where it was not done lately, on a connection that nobody needs; nobody waits for it.
    pub(crate) fn look(self: &Arc<Self>, pool: &PgPool) {
        {
            let Ok(mut looked) = self.looked.lock() else { return };
            if looked.is_some_and(|at| at.elapsed() < LATELY) {
                return;
            }
            *looked = Some(Instant::now());
        }
        let Some(mut connection) = pool.try_acquire() else { return };
        let plans = Arc::clone(self);
        tokio::spawn(async move {
            let outgrown = sqlx::query_scalar::<_, bool>(OUTGROWN).fetch_one(&mut *connection).await;
            // Who cannot say has other things to tell soon: a database that is away is noticed by every call.
            plans.kept.store(outgrown.is_ok_and(|outgrown| !outgrown), Ordering::Relaxed);
        });
    }
}
