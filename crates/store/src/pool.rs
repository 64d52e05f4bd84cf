//! The pool of one service.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::Shard;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool, Postgres, Row as _};
use tokio::sync::watch;
use uuid::Uuid;

use crate::plans::Plans;
use crate::tx::Open;
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

/// After so long a connection may be gone without anybody having noticed.
const RESTED: Duration = Duration::from_millis(500);

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
            .test_before_acquire(false)
            .before_acquire(|connection, meta| Box::pin(is_alive(connection, meta.idle_for)))
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
        let (store, tenants, shards) = (self.clone(), tenants.into(), shards.into_iter().collect());
        // A BEGIN whose future is dropped in flight would leave its connection inside a transaction that nobody knows of.
        // So the begin is a task of its own.
        let begun = tokio::spawn(async move { store.begin_on(None, &tenants, shards).await });
        begun.await.map_err(|_| StoreError::Stopping)?
    }

    /// The same for whoever cannot be dropped meanwhile, in a transaction that is open already if there is one.
    pub(crate) async fn begin_on(
        &self,
        open: Option<Open>,
        tenants: &Tenants,
        shards: BTreeSet<Shard>,
    ) -> Result<Tx, StoreError> {
        let (committed, retention, plans) = (&self.committed, self.retention, self.plans.mode());
        let open = match open {
            Some(open) => open,
            None => Open::on(self.pool.acquire().await?).await?,
        };
        let begun = Tx::begin(open, tenants, plans, shards.clone(), Arc::clone(committed), retention).await?;
        if let Some(tx) = begun {
            return Ok(tx);
        }
        identity::prove(&mut *self.pool.acquire().await?).await?;
        let open = Open::on(self.pool.acquire().await?).await?;
        let begun = Tx::begin(open, tenants, plans, shards, Arc::clone(committed), retention).await?;
        begun.ok_or_else(|| StoreError::unreadable("the heads: they are being restored"))
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

    /// Done when the store begins to close.
    pub(crate) async fn closing(&self) {
        self.pool.close_event().await;
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.pool.is_closed()
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

/// A connection that nobody used for a while is asked before it is handed out; one that was used just now has answered just
/// now.
async fn is_alive(connection: &mut PgConnection, idle_for: Duration) -> Result<bool, sqlx::Error> {
    if idle_for > RESTED {
        connection.ping().await?;
    }
    Ok(true)
}

/// Within a transaction `now()` stands still, so a connection that comes back inside one is told by its clock. It is
/// closed rather than handed on.
///
/// A prepared statement is bound and executed by two messages, which alone moves the clock: this must be one simple query.
async fn is_outside_a_transaction(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::raw_sql("SELECT now() = statement_timestamp()").fetch_one(connection).await?.try_get(0)
}
