//! A service in miniature: what is due is written down, and may be due again, or lead to something elsewhere.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use kernel::{Clock, Shard, TenantId};
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use store::{SqlTimestamp, Store, StoreError, Tenants};
use testkit::{Database, house_tables, instant};
use timers::{Clockwork, Due, Moved, Ring, Timer};
use uuid::Uuid;

/// Two services that share a clock.
pub const LEFT: &str = "activity";
pub const RIGHT: &str = "loyalty";

/// What the tests' timers are for.
pub const LAPSE: &str = "lapse";
pub const REVIEW: &str = "review";

static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

pub async fn database() -> Database {
    let tables: Vec<_> = house_tables().into_iter().chain([&MIGRATIONS]).collect();
    Database::for_suite(&[LEFT, RIGHT].map(|service| (service, tables.clone()))).await
}

pub fn clock() -> Clock {
    testkit::clock_at("2011-12-01T00:00:00Z")
}

/// A timer of somebody new.
pub fn timer(kind: &'static str, due_at: &str) -> Timer {
    let subject = Uuid::new_v4();
    let shard = Shard::from(subject.as_bytes()[0]);
    Timer { tenant: TenantId::new_at(clock().now()), shard, subject, kind, due_at: Some(instant(due_at)) }
}

/// Sets timers in a transaction of their own.
pub async fn set(store: &Store, timers: &[Timer]) {
    let tenants: Tenants = timers.iter().map(|timer| timer.tenant).collect();
    let mut tx = store.begin(tenants, timers.iter().map(|timer| timer.shard)).await.expect("it begins");
    timers::set(&mut tx, timers).await.expect("they are set");
    tx.commit().await.expect("it commits");
}

/// What follows when something has rung.
#[derive(Clone)]
pub enum Then {
    Nothing,
    /// The same again, a month later.
    Monthly,
    /// Another service hears of it after a while, and something is due there so much later.
    Heard {
        by: Arc<Service>,
        later: SignedDuration,
    },
}

/// A service as the coordinator sees it.
pub struct Service {
    pub store: Store,
    pub clockwork: Clockwork,
    pub bell: Arc<Bell>,
    /// How much it has to hear yet.
    pub behind: AtomicU32,
}

/// Rings one service's timers.
pub struct Bell {
    store: Store,
    clock: Clock,
    then: Then,
    wrong: Mutex<Vec<(Uuid, Wrong, u32)>>,
    /// Everything that rang in this process, of all services that share it, in the order it did.
    pub rung: Arc<Mutex<Vec<(&'static str, Timestamp)>>>,
}

/// Why something cannot ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The database is away.
    Away,
    /// It breaks a law of the schema.
    Law,
    /// The rules panic.
    Panic,
}

impl Service {
    pub async fn open(database: &Database, service: &'static str, clock: &Clock, then: Then) -> Arc<Self> {
        let store = database.store(service).await;
        let rung = match &then {
            Then::Nothing | Then::Monthly => Arc::default(),
            Then::Heard { by, .. } => Arc::clone(&by.bell.rung),
        };
        let (wrong, clock) = (Mutex::default(), clock.clone());
        let bell = Arc::new(Bell { store: store.clone(), clock: clock.clone(), then, wrong, rung });
        let clockwork = Clockwork::new(store.clone(), clock, bell.clone());
        Arc::new(Self { store, clockwork, bell, behind: AtomicU32::new(0) })
    }
}

#[async_trait]
impl Moved for Service {
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.clockwork.next_due().await
    }

    async fn drain(&self, as_of: Timestamp) -> Result<u64, StoreError> {
        self.clockwork.drain(as_of).await
    }

    async fn is_behind(&self) -> Result<bool, StoreError> {
        Ok(self.behind.load(Ordering::SeqCst) > 0)
    }
}

impl Bell {
    /// From now on this one's timers cannot ring, so many times.
    pub fn cannot_ring(&self, subject: Uuid, wrong: Wrong, times: u32) {
        self.wrong.lock().expect("whole").push((subject, wrong, times));
    }

    /// How often something could still fail to ring.
    pub fn tries_left(&self) -> u32 {
        self.wrong.lock().expect("whole").iter().map(|(.., left)| left).sum()
    }

    fn wrong_with(&self, subject: Uuid) -> Option<Wrong> {
        let mut wrong = self.wrong.lock().expect("whole");
        let (_, wrong, left) = wrong.iter_mut().find(|(refused, _, left)| *refused == subject && *left > 0)?;
        *left -= 1;
        Some(*wrong)
    }

    async fn ring_one(&self, due: &Due) -> Result<(), StoreError> {
        let mut tx = self.store.begin(due.tenant, [due.shard]).await?;
        if !is_still_due(&mut tx, due).await? {
            return Ok(());
        }
        let wrong = self.wrong_with(due.subject);
        let kind = if wrong == Some(Wrong::Law) { None } else { Some(&due.kind) };
        sqlx::query("INSERT INTO rung (subject, kind, due_at, told_at) VALUES ($1, $2, $3, $4)")
            .bind(due.subject)
            .bind(kind)
            .bind(SqlTimestamp::from(due.due_at))
            .bind(SqlTimestamp::from(self.clock.now()))
            .execute(tx.connection())
            .await?;
        let due_at = match self.then {
            Then::Nothing | Then::Heard { .. } => None,
            Then::Monthly => Some(a_month_after(due.due_at)),
        };
        timers::set(&mut tx, &[Timer { due_at, ..timer_of(due) }]).await?;
        assert!(wrong != Some(Wrong::Panic), "a rule is wrong");
        if wrong == Some(Wrong::Away) {
            return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut));
        }
        tx.commit().await?;
        self.rung.lock().expect("whole").push((self.store.service(), due.due_at));
        if let Then::Heard { by, later } = &self.then {
            by.behind.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(hear(Arc::clone(by), timer_of(due), due.due_at + *later));
        }
        Ok(())
    }
}

async fn hear(service: Arc<Service>, timer: Timer, due_at: Timestamp) {
    tokio::time::sleep(Duration::from_millis(15)).await;
    set(&service.store, &[Timer { kind: REVIEW, due_at: Some(due_at), ..timer }]).await;
    service.behind.fetch_sub(1, Ordering::SeqCst);
}

async fn is_still_due(tx: &mut store::Tx, due: &Due) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM timer
         WHERE tenant = $1 AND shard = $2 AND subject = $3 AND kind = $4 AND due_at = $5)",
    )
    .bind(due.tenant.uuid())
    .bind(due.shard.number())
    .bind(due.subject)
    .bind(&due.kind)
    .bind(SqlTimestamp::from(due.due_at))
    .fetch_one(tx.connection())
    .await?)
}

/// The timer, that was due and is not any more.
fn timer_of(due: &Due) -> Timer {
    let kind = if due.kind == LAPSE { LAPSE } else { REVIEW };
    Timer { tenant: due.tenant, shard: due.shard, subject: due.subject, kind, due_at: None }
}

fn a_month_after(moment: Timestamp) -> Timestamp {
    moment.to_zoned(TimeZone::UTC).checked_add(1.month()).expect("in range").timestamp()
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError> {
        for one in &due {
            self.ring_one(one).await?;
        }
        Ok(())
    }
}

/// What rang, in the order it did: whose, since when it was due, and what the time was then.
pub async fn rung(database: &Database, service: &str) -> Vec<(Uuid, Timestamp, Timestamp)> {
    let statement = format!("SELECT subject, due_at, told_at FROM {service}.rung ORDER BY place");
    let rows: Vec<(Uuid, SqlTimestamp, SqlTimestamp)> =
        sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut database.look().await).await.expect("it reads");
    rows.into_iter().map(|(subject, due_at, told_at)| (subject, due_at.into(), told_at.into())).collect()
}

/// Checks that nothing rang twice.
pub fn each_once(rung: &[(Uuid, Timestamp, Timestamp)]) {
    let mut each: Vec<_> = rung.iter().map(|(subject, due_at, _)| (*subject, *due_at)).collect();
    each.sort_unstable();
    each.dedup();
    assert_eq!(each.len(), rung.len(), "something rang twice");
}
