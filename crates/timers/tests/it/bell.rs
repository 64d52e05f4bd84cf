//! A service in miniature: what is due is written down, and may be due again later.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};
use kernel::{Clock, Shard, TenantId};
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use store::{SqlTimestamp, Store, StoreError};
use testkit::{Database, house_tables, instant};
use timers::{Clockwork, Due, Moved, Ring, Timer};
use uuid::Uuid;

/// Two services that share a clock.
pub const LEFT: &str = "loyalty";
pub const RIGHT: &str = "activity";

static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

pub async fn database() -> Database {
    let tables: Vec<_> = house_tables().into_iter().chain([&MIGRATIONS]).collect();
    Database::for_suite(&[LEFT, RIGHT].map(|service| (service, tables.clone()))).await
}

/// The first of December 2011.
pub fn clock() -> Clock {
    testkit::clock_at("2011-12-01T00:00:00Z")
}

pub fn tenant() -> TenantId {
    TenantId::new_at(clock().now())
}

/// A timer of somebody new.
pub fn timer(kind: &'static str, due_at: &str) -> Timer {
    let subject = Uuid::new_v4();
    let shard = Shard::from(subject.as_bytes()[0]);
    Timer { tenant: tenant(), shard, subject, kind, due_at: Some(instant(due_at)) }
}

pub async fn set(store: &Store, timers: &[Timer]) {
    let tenants: store::Tenants = timers.iter().map(|timer| timer.tenant).collect();
    let mut tx = store.begin(tenants, timers.iter().map(|timer| timer.shard)).await.expect("it begins");
    timers::set(&mut tx, timers).await.expect("they are set");
    tx.commit().await.expect("it commits");
}

/// What follows from a timer.
#[derive(Clone)]
pub enum Then {
    /// Nothing more.
    Nothing,
    /// The same again, a month later.
    Monthly,
    /// Somebody else's timer, so much later, as by an event.
    Elsewhere(Store, SignedDuration),
}

/// Rings one service's timers.
pub struct Bell {
    store: Store,
    clock: Clock,
    then: Then,
    pub failures: AtomicU32,
    pub handed: Mutex<Vec<Vec<Due>>>,
}

impl Bell {
    pub fn new(store: Store, clock: &Clock, then: Then) -> Arc<Self> {
        let (failures, handed) = (AtomicU32::new(0), Mutex::default());
        Arc::new(Self { store, clock: clock.clone(), then, failures, handed })
    }

    async fn ring_one(&self, due: &Due) -> Result<(), StoreError> {
        let mut tx = self.store.begin(due.tenant, [due.shard]).await?;
        let still: Option<SqlTimestamp> = sqlx::query_scalar(
            "SELECT due_at FROM timer WHERE tenant = $1 AND shard = $2 AND subject = $3 AND kind = $4 AND due_at = $5",
        )
        .bind(due.tenant.uuid())
        .bind(due.shard.number())
        .bind(due.subject)
        .bind(&due.kind)
        .bind(SqlTimestamp::from(due.due_at))
        .fetch_optional(tx.connection())
        .await?;
        if still.is_none() {
            // Somebody else was first.
            return Ok(());
        }
        sqlx::query("INSERT INTO rung (subject, kind, due_at, told_at) VALUES ($1, $2, $3, $4)")
            .bind(due.subject)
            .bind(&due.kind)
            .bind(SqlTimestamp::from(due.due_at))
            .bind(SqlTimestamp::from(self.clock.now()))
            .execute(tx.connection())
            .await?;
        let due_at = match self.then {
            Then::Nothing | Then::Elsewhere(..) => None,
            Then::Monthly => Some(a_month_after(due.due_at)),
        };
        timers::set(&mut tx, &[Timer { due_at, ..again(due) }]).await?;
        let fails = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if fails.is_ok() {
            return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut));
        }
        tx.commit().await?;
        if let Then::Elsewhere(store, later) = &self.then {
            let due_at = due.due_at.checked_add(*later).expect("in range");
            set(store, &[Timer { due_at: Some(due_at), ..again(due) }]).await;
        }
        Ok(())
    }
}

fn again(due: &Due) -> Timer {
    Timer { tenant: due.tenant, shard: due.shard, subject: due.subject, kind: "again", due_at: None }
}

fn a_month_after(moment: Timestamp) -> Timestamp {
    moment.to_zoned(TimeZone::UTC).checked_add(1.month()).expect("in range").timestamp()
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError> {
        self.handed.lock().expect("whole").push(due.clone());
        for one in &due {
            self.ring_one(one).await?;
        }
        Ok(())
    }
}
