//! Services in miniature: each has a log, and may hear others and tally what it hears.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use eventlog::{CannotApply, Consumer, Heard, HeardEvent, Listener, Listening, NewEvent, Progress};
use kernel::{Clock, MemberId, TenantId};
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::registry::events::v1::MemberUpdated;
use server::{Behalf, Outbound, Peers};
use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use store::{Store, StoreError, Tenants};
use testkit::{Database, house_tables};
use tokio::sync::watch;

/// The first in the line of services.
pub const FIRST: &str = "registry";
/// Hears the first.
pub const SECOND: &str = "activity";
/// Hears the second.
pub const THIRD: &str = "loyalty";

static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

/// All three services in one database.
pub async fn database() -> Database {
    Database::for_suite(&tables()).await
}

/// The same on a server of the test's own.
pub async fn database_on(server: String) -> Database {
    Database::on(server, &tables()).await
}

fn tables() -> [(&'static str, Vec<&'static Migrator>); 3] {
    let tables: Vec<_> = house_tables().into_iter().chain([&MIGRATIONS]).collect();
    [FIRST, SECOND, THIRD].map(|service| (service, tables.clone()))
}

pub fn clock() -> Clock {
    testkit::clock_at("2011-12-01T00:00:00Z")
}

pub fn tenant() -> TenantId {
    TenantId::new_at(clock().now())
}

pub fn member() -> MemberId {
    MemberId::new_at(clock().now())
}

/// An event that says one text.
pub fn said(text: impl ToString) -> MemberUpdated {
    MemberUpdated { fields: vec![text.to_string()], ..MemberUpdated::default() }
}

/// The text an event says.
pub fn text_of(event: &HeardEvent) -> String {
    event.payload::<MemberUpdated>().expect("its type").expect("whole").fields.concat()
}

/// A client for the suite's own watches of a service's log.
pub fn watcher(peers: &Peers) -> EventLogServiceClient<Outbound> {
    let behalf = Behalf::of_process("a test").needing(server::auth::WATCH_SCOPE);
    EventLogServiceClient::new(peers.reach(FIRST, behalf).expect("it is in the house"))
}

/// What a listener finds wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It makes no sense.
    Event,
    /// It makes the rules panic.
    Panic,
    /// It breaks a law of the schema.
    Law,
    /// Nothing: somebody else is in the way.
    Busy,
}

/// Which calls wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Nobody,
    /// Those with something to apply.
    Applying,
    /// Those with events only that wait behind a parked one.
    Parking,
    /// Those with something of this log to apply.
    From(&'static str),
}

/// Tallies what it hears; may pass it on as an event of its own.
pub struct Tally {
    pub store: Store,
    clock: Clock,
    passes_on: bool,
    wrong: Mutex<Vec<(String, Wrong, u32)>>,
    held_up: watch::Sender<Held>,
    calls: watch::Sender<u32>,
}

impl Tally {
    /// From now on it cannot apply the event that says this text, for so many attempts.
    pub fn refuses(&self, text: &str, wrong: Wrong, times: u32) {
        self.wrong.lock().expect("whole").push((text.to_owned(), wrong, times));
    }

    /// From now on it can apply everything.
    pub fn is_cured(&self) {
        self.wrong.lock().expect("whole").clear();
    }

    /// From now on such calls wait before they begin.
    pub fn hold_up(&self, held: Held) {
        self.held_up.send_replace(held);
    }

    /// Waits until it has been called once more than so many times.
    pub async fn called(&self, before: u32) {
        self.calls.subscribe().wait_for(|calls| *calls > before).await.expect("it lives");
    }

    pub fn calls(&self) -> u32 {
        *self.calls.borrow()
    }

    fn wrong_with(&self, event: &HeardEvent) -> Option<Wrong> {
        let text = text_of(event);
        let mut wrong = self.wrong.lock().expect("whole");
        let (_, wrong, left) = wrong.iter_mut().find(|(refused, _, left)| *refused == text && *left > 0)?;
        *left -= 1;
        Some(*wrong)
    }

    async fn apply(&self, tx: &mut store::Tx, source: &str, event: &HeardEvent) -> Result<(), CannotApply> {
        let shard = match self.wrong_with(event) {
            None => Some(event.shard.number()),
            // The law: a shard there must be.
            Some(Wrong::Law) => None,
            Some(Wrong::Event) => return Err(CannotApply::Event("it makes no sense".to_owned())),
            Some(Wrong::Busy) => return Err(StoreError::Retry(sqlx::Error::PoolTimedOut).into()),
            Some(Wrong::Panic) => panic!("a rule is wrong"),
        };
        sqlx::query("INSERT INTO tally (source, shard, position, subject, said) VALUES ($1, $2, $3, $4, $5)")
            .bind(source)
            .bind(shard)
            .bind(event.position)
            .bind(&event.subject)
            .bind(text_of(event))
            .execute(tx.connection())
            .await
            .map_err(StoreError::from)?;
        if self.passes_on {
            let on = NewEvent::new(event.tenant, event.shard, &event.subject, event.occurred_at, &said(text_of(event)));
            eventlog::append(tx, [on], self.clock.now())?;
        }
        Ok(())
    }
}

#[async_trait]
impl Listener for Tally {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        self.calls.send_modify(|calls| *calls += 1);
        let kind = if heard.events.is_empty() { Held::Parking } else { Held::Applying };
        let from = Held::From(heard.source);
        self.held_up.subscribe().wait_for(|held| *held != kind && *held != from).await.expect("it lives");
        let place = heard.place();
        let mut tx = self.store.begin(place.tenants.into_iter().collect::<Tenants>(), place.shards).await?;
        for event in &heard.events {
            self.apply(&mut tx, heard.source, event).await?;
        }
        heard.settle(&mut tx, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }
}

/// A service that hears others.
#[derive(Clone)]
pub struct Hearer {
    pub tally: Arc<Tally>,
    pub progress: Progress,
    pub consumer: Consumer,
}

impl Hearer {
    /// `service`, that hears the logs of `sources`, and of others through them.
    pub async fn open(
        database: &Database,
        peers: &Peers,
        (service, passes_on): (&'static str, bool),
        sources: &[&'static str],
        through_them: &[&'static str],
    ) -> Self {
        let store = database.store(service).await;
        let tally = Arc::new(Tally {
            store: store.clone(),
            clock: clock(),
            passes_on,
            wrong: Mutex::default(),
            held_up: watch::Sender::new(Held::Nobody),
            calls: watch::Sender::new(0),
        });
        let listening = sources.iter().map(|source| {
            let behalf = Behalf::of_process(service).needing(server::auth::WATCH_SCOPE);
            let producer = EventLogServiceClient::new(peers.reach(source, behalf).expect("it is in the house"));
            Listening { source, producer: Arc::new(producer), listener: tally.clone() }
        });
        let progress = Progress::new(service, &[sources, through_them].concat());
        let consumer = Consumer::new(store, clock(), progress.clone(), listening.collect());
        Self { tally, progress, consumer }
    }
}

/// One thing heard: shard, position, text.
pub type Line = (i16, i64, String);

/// Everything a service has tallied, in the order it was.
pub async fn tallied(database: &Database, service: &str) -> Vec<Line> {
    let statement = format!("SELECT shard, position, said FROM {service}.tally ORDER BY place");
    sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut database.look().await).await.expect("it reads")
}

/// The texts a service has tallied, in the order it did.
pub async fn texts(database: &Database, service: &str) -> Vec<String> {
    tallied(database, service).await.into_iter().map(|(.., text)| text).collect()
}

/// Everything in a service's log, by partition and position.
pub async fn logged(database: &Database, service: &str) -> Vec<(i16, i64)> {
    let statement = format!("SELECT shard, position FROM {service}.event ORDER BY shard, position");
    sqlx::query_as(AssertSqlSafe(statement)).fetch_all(&mut database.look().await).await.expect("it reads")
}

/// Checks that each event of one log was applied by another service once, and each partition in order.
pub async fn applied_once_in_order(database: &Database, by: &str, of: &str) {
    let lines = tallied(database, by).await;
    let mut sorted: Vec<(i16, i64)> = lines.iter().map(|(shard, position, _)| (*shard, *position)).collect();
    sorted.sort_by_key(|(shard, _)| *shard);
    let logged = logged(database, of).await;
    let distinct: BTreeSet<_> = sorted.iter().collect();
    assert_eq!(distinct.len(), sorted.len(), "something was applied twice");
    assert_eq!(distinct, logged.iter().collect(), "something was not applied");
    assert_eq!(sorted, logged, "something was applied out of order");
}
