//! The pool of one service.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::Shard;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool, Postgres, Row as _};
use tokio::sync::watch;
use uuid::Uuid;

use crate::plans::Plans;
use crate::{Retention, StoreError, Tenants, Tx, identity, role_of};

/// How a service reaches its database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://…`
    pub url: String,
    /// The service: its schema, and what its role is named after.
    pub service: &'static str,
    /// Connections at most; all services together must stay below the server's `max_connections`.
    pub connections: u32,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long the request log remembers.
    pub retention: Retention,
}

impl Settings {
    /// Ten connections, five seconds, and requests are remembered for 400 days.
    pub fn new(url: impl Into<String>, service: &'static str) -> Self {
        let (acquire_timeout, retention) = (Duration::from_secs(5), Retention::default());
        Self { url: url.into(), service, connections: 10, acquire_timeout, retention }
    }
}

/// One service's database. Clones share the pool.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    service: &'static str,
    committed: Arc<watch::Sender<u64>>,
    retention: Retention,
    plans: Arc<Plans>,
}

impl Store {
    /// Connects as the service's own role, in its own schema.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let options: PgConnectOptions = settings.url.parse().map_err(StoreError::Failed)?;
        let options = options.application_name(settings.service).options([
            ("search_path", settings.service.to_owned()),
            ("role", role_of(settings.service)),
            ("idle_in_transaction_session_timeout", "30s".to_owned()),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(settings.acquire_timeout)
            .after_connect(|connection, _| Box::pin(identity::prove(connection)))
            .after_release(|connection, _| Box::pin(is_outside_a_transaction(connection)))
            .connect_with(options)
            .await?;
        let committed = Arc::new(watch::Sender::new(0));
        Ok(Self { pool, service: settings.service, committed, retention: settings.retention, plans: Arc::default() })
    }

    /// The service whose database this is.
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// How long its request log remembers.
    pub const fn retention(&self) -> Retention {
        self.retention
    }

    /// Opens a writing transaction over some shards of some tenants. The heads are locked when it returns.
    ///
    /// Safe to drop at any moment: a transaction that was begun for nobody is rolled back.
    pub async fn begin(
        &self,
        tenants: impl Into<Tenants>,
        shards: impl IntoIterator<Item = Shard>,
    ) -> Result<Tx, StoreError> {
        let tenants = tenants.into();
        let shards: BTreeSet<Shard> = shards.into_iter().collect();
        let (pool, committed, retention) = (self.pool.clone(), Arc::clone(&self.committed), self.retention);
        let plans = self.plans.mode();
        // A BEGIN whose future is dropped in flight would leave its connection inside a transaction that the pool does
        // not know of, and acknowledged writes of its next user would be lost. So the begin is a task of its own.
        let begun = tokio::spawn(async move {
            if let Some(tx) =
                Tx::begin(&pool, &tenants, plans, shards.clone(), Arc::clone(&committed), retention).await?
            {
                return Ok(tx);
            }
            identity::prove(&mut *pool.acquire().await?).await?;
            let begun = Tx::begin(&pool, &tenants, plans, shards, committed, retention).await?;
            begun.ok_or_else(|| StoreError::unreadable("the heads: they are being restored"))
        });
        begun.await.map_err(|_| StoreError::Stopping)?
    }

    /// Ends an epoch because a reader stands where this log has nothing, so it was restored and nobody noticed; all
    /// shards begin another. False where that epoch had ended before.
    ///
    /// Where the restored part ends is not known then: events may have been appended since. It is known where the place
    /// differs as well and nobody has written here yet.
    pub async fn end_epoch(&self, shard: Shard, epoch: Uuid) -> Result<bool, StoreError> {
        let pool = self.pool.clone();
        let ended = tokio::spawn(async move { identity::end_epoch(&mut *pool.acquire().await?, shard, epoch).await });
        ended.await.map_err(|_| StoreError::Stopping)?
    }

    /// A connection to read with, that sees the given tenants only.
    pub async fn read(&self, tenants: impl Into<Tenants>) -> Result<Reading, StoreError> {
        let mut connection = self.pool.acquire().await?;
        sqlx::query("SELECT set_config('rapport.tenants', $1, false), set_config('plan_cache_mode', $2, false)")
            .bind(tenants.into().setting())
            .bind(self.plans.mode())
            .execute(&mut *connection)
            .await?;
        self.plans.look(&mut connection).await;
        Ok(Reading { connection })
    }

    /// Changes whenever this process has committed something, so that readers of the log need not wait for their next poll.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.committed.subscribe()
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A connection that only reads.
#[derive(Debug)]
pub struct Reading {
    connection: PoolConnection<Postgres>,
}

impl Reading {
    /// Where the statements go.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

/// Within a transaction `now()` stands still, so a connection that comes back inside one is told by its clock. It is
/// closed rather than handed on.
///
/// A prepared statement is bound and executed by two messages, which alone moves the clock: this must be one simple query.
async fn is_outside_a_transaction(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::raw_sql("SELECT now() = statement_timestamp()").fetch_one(connection).await?.try_get(0)
}
