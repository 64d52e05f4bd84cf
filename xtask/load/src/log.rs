//! Events through the log: written by many at once, heard by three consumers over a socket, until all have heard all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use eventlog::{CannotApply, Consumer, EventLogs, Heard, Listener, Listening, Log, NewEvent, Progress};
use futures::future::try_join_all;
use kernel::{Clock, MemberId, Shard, TenantId};
use proto::eventlog::v1::event_log_service_server::EventLogServiceServer;
use proto::registry::events::v1::MemberUpdated;
use server::{Entrances, InternalKey, Options, Peers, Readiness, Services, Verifier};
use store::{Settings, Store, StoreError, Tenants};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use wire::Keys;

use crate::Failed;

const PRODUCER: &str = "producer";
const CONSUMERS: [&str; 3] = ["hearer_a", "hearer_b", "hearer_c"];
const WRITERS: usize = 64;
const CONNECTIONS: u32 = 20;
/// An order of two lines comes to about so many bytes as an event; the peer writes as many.
const PAYLOAD_BYTES: usize = 300;

/// Applies nothing: moves its cursor, and counts.
struct Counter {
    store: Store,
    clock: Clock,
    heard: Arc<AtomicU64>,
}

#[async_trait]
impl Listener for Counter {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let place = heard.place();
        let mut tx = self.store.begin(place.tenants.into_iter().collect::<Tenants>(), place.shards).await?;
        heard.settle(&mut tx, self.clock.now()).await?;
        tx.commit().await?;
        self.heard.fetch_add(heard.events.len() as u64, Ordering::SeqCst);
        Ok(())
    }
}

/// Prints how many events there were, and the seconds until they were written and until all had heard them.
pub async fn run(url: &str, per: &str, seconds: &str) -> Result<(), Failed> {
    let (per, time) = (per.parse()?, Duration::from_secs(seconds.parse()?));
    let producer = opened(url, PRODUCER).await?;
    let (key, stop) = (InternalKey::random()?, CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let logs = EventLogs::new(Keys::new(b"a bench")).with_log(Log::new(producer.clone()));
    let services = Services::new().with(server::compressed!(EventLogServiceServer::new(logs)));
    let options = Options::new(Arc::new(Verifier::new(&key)), Readiness::new());
    let entrances = Entrances { tcp: Some(listener), memory: None };
    let serving = tokio::spawn(server::serve(services, entrances, stop.clone(), options));
    let peers = Peers::new(key).at(PRODUCER, &format!("http://{address}"))?;
    let counts = try_join_all(CONSUMERS.map(|name| hearing(url, name, &peers, &stop))).await?;

    let began = Instant::now();
    let written = write(&producer, per, time).await?;
    let wrote = began.elapsed();
    while counts.iter().any(|count| count.load(Ordering::SeqCst) < written) {
        sleep(Duration::from_millis(1)).await;
    }
    let heard = began.elapsed();
    let all: Vec<u64> = counts.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    if all.iter().any(|heard| *heard != written) {
        return Err(format!("{written} events were written, and heard were {all:?}").into());
    }
    println!("events {written} {:.4} {:.4}", wrote.as_secs_f64(), heard.as_secs_f64());
    stop.cancel();
    serving.await??;
    Ok(())
}

async fn opened(url: &str, name: &'static str) -> Result<Store, Failed> {
    store::migrate(url, name, &[&store::MIGRATIONS, &eventlog::MIGRATIONS]).await?;
    Ok(Store::open(&Settings { connections: CONNECTIONS, ..Settings::new(url, name) }).await?)
}

async fn hearing(
    url: &str,
    name: &'static str,
    peers: &Peers,
    stop: &CancellationToken,
) -> Result<Arc<AtomicU64>, Failed> {
    let (store, clock, heard) = (opened(url, name).await?, Clock::system(), Arc::new(AtomicU64::new(0)));
    let listener = Counter { store: store.clone(), clock: clock.clone(), heard: Arc::clone(&heard) };
    let producer = Arc::new(server::watch(peers, name, PRODUCER)?);
    let listening = Listening { source: PRODUCER, producer, listener: Arc::new(listener) };
    let consumer = Consumer::new(store, clock, Progress::new(name, &[PRODUCER]), vec![listening]);
    tokio::spawn(consumer.run(stop.clone()));
    Ok(heard)
}

/// Writers that each commit so many events of one member as soon as their last commit is done.
async fn write(producer: &Store, per: usize, time: Duration) -> Result<u64, Failed> {
    let (began, clock, mut writers) = (Instant::now(), Clock::system(), JoinSet::new());
    let tenant = TenantId::new_at(clock.now());
    for _ in 0..WRITERS {
        let (producer, clock) = (producer.clone(), clock.clone());
        writers.spawn(async move {
            let mut written = 0;
            while began.elapsed() < time {
                let member = MemberId::new_at(clock.now());
                let shard = Shard::of_member(member);
                let said = MemberUpdated { fields: vec!["x".repeat(PAYLOAD_BYTES)], ..MemberUpdated::default() };
                let events = vec![NewEvent::new(tenant, shard, member, clock.now(), &said); per];
                let mut tx = producer.begin(tenant, [shard]).await?;
                eventlog::append(&mut tx, events, clock.now())?;
                tx.commit().await?;
                written += per as u64;
            }
            Ok::<_, StoreError>(written)
        });
    }
    let mut written = 0;
    while let Some(done) = writers.join_next().await {
        written += done??;
    }
    Ok(written)
}
