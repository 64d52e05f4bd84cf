//! A writing transaction: heads locked, tenants set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Shard;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Row as _};
use tokio::runtime::Handle;
use tokio::sync::watch;
use uuid::Uuid;

use crate::journal::Journal;
use crate::{Retention, StoreError, Tenants};

/// Where the log of one shard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Changed when the database is restored.
    pub epoch: Uuid,
    /// The last position given out.
    pub position: i64,
}

/// An open transaction that holds the locks of its shards.
#[derive(Debug)]
pub struct Tx {
    open: Open,
    heads: BTreeMap<Shard, Head>,
    moved: BTreeSet<Shard>,
    committed: Arc<watch::Sender<u64>>,
    retention: Retention,
    pub(crate) journal: Journal,
    /// Its requests are taken to be new until the database says otherwise.
    presumes_new: bool,
}

impl Tx {
    /// None where the heads are not in the table they speak of: the database was restored from a dump.
    pub(crate) async fn begin(
        mut open: Open,
        tenants: &Tenants,
        plans: &str,
        shards: BTreeSet<Shard>,
        committed: Arc<watch::Sender<u64>>,
        retention: Retention,
    ) -> Result<Option<Self>, StoreError> {
        let numbers: Vec<i16> = shards.iter().map(|shard| shard.number()).collect();
        // The sort comes before the lock, so two transactions over the same shards cannot deadlock.
        let rows = sqlx::query(
            "WITH scope AS MATERIALIZED (
                 SELECT set_config('rapport.tenants', $1, true), set_config('plan_cache_mode', $3, true)
             )
             SELECT head.shard, head.epoch, head.position, head.relation = head.tableoid FROM scope, head
             WHERE head.shard = ANY ($2) ORDER BY head.shard FOR UPDATE OF head",
        )
        .bind(tenants.setting())
        .bind(&numbers)
        .bind(plans)
        .fetch_all(open.connection())
        .await?;

        let mut heads = BTreeMap::new();
        for row in rows {
            if !row.try_get::<bool, _>(3)? {
                open.end("ROLLBACK").await?;
                return Ok(None);
            }
            let number: i16 = row.try_get(0)?;
            let shard = Shard::from_number(i64::from(number)).ok_or_else(|| StoreError::unreadable("a shard"))?;
            heads.insert(shard, Head { epoch: row.try_get(1)?, position: row.try_get(2)? });
        }
        if heads.len() != shards.len() {
            return Err(StoreError::unreadable("the heads: run `rapport migrate`"));
        }
        if heads.is_empty() {
            sqlx::query("SELECT set_config('rapport.tenants', $1, true), set_config('plan_cache_mode', $2, true)")
                .bind(tenants.setting())
                .bind(plans)
                .execute(open.connection())
                .await?;
        }
        let (moved, journal) = (BTreeSet::new(), Journal::default());
        Ok(Some(Self { open, heads, moved, committed, retention, journal, presumes_new: false }))
    }

    pub(crate) const fn retention(&self) -> Retention {
        self.retention
    }

    /// Whether requests of this transaction are taken to be new without a look: see [`crate::Desk::presumes_new`].
    pub const fn presumes_new(&self) -> bool {
        self.presumes_new
    }

    pub(crate) const fn presume_new(&mut self, presumes_new: bool) {
        self.presumes_new = presumes_new;
    }

    /// Where the statements go.
    pub fn connection(&mut self) -> &mut PgConnection {
        self.open.connection()
    }

    /// Gives out the next position of a shard's log; `None` where the shard was not locked by this transaction.
    pub(crate) fn next_position(&mut self, shard: Shard) -> Option<Head> {
        let head = self.heads.get_mut(&shard)?;
        head.position = head.position.checked_add(1)?;
        self.moved.insert(shard);
        Some(*head)
    }

    /// The heads that this transaction has moved: what a freshness token for it holds.
    pub fn moved(&self) -> Vec<(Shard, Head)> {
        self.moved.iter().filter_map(|shard| self.heads.get(shard).map(|head| (*shard, *head))).collect()
    }

    /// The heads of all shards locked, as they stand in this transaction.
    pub fn heads(&self) -> &BTreeMap<Shard, Head> {
        &self.heads
    }

    /// Makes it so.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.write_journal().await?;
        let Self { open, heads, committed, .. } = self;
        let done = tokio::spawn(open.end("COMMIT"));
        let done = done.await.map_err(|_| StoreError::Stopping)?;
        told(done.map(drop), &heads, &committed)
    }

    /// The same for whoever cannot be dropped meanwhile and writes again soon: the next transaction is open already.
    pub(crate) async fn commit_and_chain(mut self) -> Result<Open, StoreError> {
        self.write_journal().await?;
        let Self { mut open, heads, committed, .. } = self;
        let done = sqlx::raw_sql("COMMIT AND CHAIN").execute(open.connection()).await;
        if done.is_err() {
            open.give_up();
        }
        told(done.map(drop), &heads, &committed).map(|()| open)
    }

    /// Undoes it. Dropping does the same a little later.
    pub async fn roll_back(self) -> Result<(), StoreError> {
        Ok(self.open.end("ROLLBACK").await?)
    }
}

fn told(
    done: Result<(), sqlx::Error>,
    heads: &BTreeMap<Shard, Head>,
    committed: &watch::Sender<u64>,
) -> Result<(), StoreError> {
    match done {
        Ok(()) => {
            if !heads.is_empty() {
                committed.send_modify(|count| *count = count.wrapping_add(1));
            }
            Ok(())
        }
        Err(error @ sqlx::Error::Database(_)) => Err(error.into()),
        Err(error) => Err(StoreError::OutcomeUnknown(error)),
    }
}

/// A connection inside a transaction: it goes back to its pool outside of it, or not at all.
#[derive(Debug)]
pub(crate) struct Open(Option<PoolConnection<Postgres>>);

impl Open {
    pub(crate) async fn on(connection: PoolConnection<Postgres>) -> Result<Self, StoreError> {
        let mut open = Self(Some(connection));
        sqlx::raw_sql("BEGIN").execute(open.connection()).await?;
        Ok(open)
    }

    fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("it is taken out where the transaction ends, and by nobody else")
    }

    async fn end(mut self, word: &'static str) -> Result<(), sqlx::Error> {
        let ended = sqlx::raw_sql(word).execute(self.connection()).await;
        match ended {
            Ok(_) => drop(self.0.take()),
            Err(_) => self.give_up(),
        }
        ended.map(drop)
    }

    /// Nobody knows whether it is still inside.
    fn give_up(&mut self) {
        if let Some(mut connection) = self.0.take() {
            connection.close_on_drop();
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        // Without a runtime nothing can be said to the server: it notices that nobody is there.
        let Ok(runtime) = Handle::try_current() else { return drop(connection.detach()) };
        runtime.spawn(async move {
            if sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.is_err() {
                connection.close_on_drop();
            }
        });
    }
}
