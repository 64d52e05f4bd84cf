//! Writers that commit in another order than they began in, and a reader at their heels that misses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eventlog::{Log, NewEvent};
use kernel::Shard;
use prost::Message as _;
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::eventlog::v1::{Cursor, Event, WatchRequest};
use proto::registry::events::v1::MemberUpdated;
use server::{Outbound, Services};
use store::Store;
use testkit::{House, Promise, count};
use uuid::Uuid;

use crate::suite::{FIRST, clock, database, logged, said, tenant, watcher};

const SHARDS: u64 = 6;

fn below(end: u64) -> u64 {
    Uuid::new_v4().as_u64_pair().0 % end
}

fn shard() -> Shard {
    Shard::from_number(below(SHARDS) as i64).expect("fewer than 256")
}

/// One writer: several transactions, each slow, each in some shards, each event numbered.
async fn write(store: Store, writer: u32) {
    let (mut number, tenant) = (0, tenant());
    while number < count(Promise::InterleavedEvents) {
        let shards: BTreeSet<Shard> = (0..=below(3)).map(|_| shard()).collect();
        let mut tx = store.begin(tenant, shards.clone()).await.expect("it begins");
        for shard in &shards {
            let event = NewEvent::new(tenant, *shard, writer, clock().now(), &said(format!("{writer}/{number:06}")));
            eventlog::append(&mut tx, [event], clock().now()).expect("it is written");
            tokio::time::sleep(Duration::from_millis(below(3))).await;
            number += 1;
        }
        match below(10) {
            0 => tx.roll_back().await.expect("it rolls back"),
            1.. => tx.commit().await.expect("it commits"),
        }
    }
}

/// Reads all partitions from its cursors on, and comes back now and then as after a broken line.
struct Reader {
    client: EventLogServiceClient<Outbound>,
    places: BTreeMap<u32, (String, i64)>,
    events: Vec<Event>,
}

impl Reader {
    async fn read_on(&mut self, messages: u64) {
        let cursors = (0..SHARDS as u32).map(|partition| {
            let (epoch, position) = self.places.get(&partition).cloned().unwrap_or_default();
            Cursor { partition, epoch, position, ..Cursor::default() }
        });
        let request = WatchRequest { source: FIRST.to_owned(), cursors: cursors.collect(), ..WatchRequest::default() };
        let mut stream = self.client.watch(request).await.expect("it is served").into_inner();
        for _ in 0..messages {
            let Ok(message) = tokio::time::timeout(Duration::from_millis(500), stream.message()).await else { return };
            let message = message.expect("it goes on").expect("it does not end");
            self.events.extend(message.events);
            for reached in message.reached {
                self.places.insert(reached.partition, (reached.epoch, reached.position));
            }
        }
    }

    /// The events read, by partition and in the order they came.
    fn in_order(&self) -> impl Iterator<Item = &Event> {
        (0..SHARDS as u32).flat_map(|partition| self.events.iter().filter(move |event| event.partition == partition))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_at_the_heels_of_slow_writers_skips_nothing() {
    let (database, house) = (database().await, House::new());
    let store = database.store(FIRST).await;
    let logs = house.event_logs([Log::new(database.store(FIRST).await)], []);
    let mut reader = Reader { client: watcher(&house.peers(&[FIRST])), places: BTreeMap::new(), events: Vec::new() };
    let _served = house.serve(Services::new().with(logs));
    let writers = (0..count(Promise::InterleavedWriters)).map(|number| tokio::spawn(write(store.clone(), number)));
    let writing = tokio::spawn(futures::future::join_all(writers.collect::<Vec<_>>()));
    while !writing.is_finished() {
        reader.read_on(1 + below(20)).await;
    }
    assert!(writing.await.expect("they ran").iter().all(Result::is_ok), "a writer failed");
    let seen_during = reader.events.len();
    reader.read_on(u64::MAX).await;

    let logged = logged(&database, FIRST).await;
    let read: Vec<(i16, i64)> = reader.in_order().map(|event| (event.partition as i16, event.position)).collect();
    assert_eq!(read, logged, "of {} events, {seen_during} were read while they were written", logged.len());
    assert!(seen_during > logged.len() / 4, "the reader came late");
    let mut next: BTreeMap<u32, i64> = BTreeMap::new();
    let mut said: BTreeMap<(u32, String), String> = BTreeMap::new();
    for event in reader.in_order() {
        let position = next.entry(event.partition).or_insert(1);
        assert_eq!(event.position, *position, "positions are dense");
        *position += 1;
        let text = MemberUpdated::decode(event.payload.as_slice()).expect("whole").fields.concat();
        let before = said.insert((event.partition, event.subject.clone()), text.clone());
        assert!(before.is_none_or(|before| before < text), "what one writer said is heard in its order");
    }
}

/// Why positions are not drawn from a sequence: it is drawn before the commit, so a reader overtakes a slow writer and
/// never comes back. The log makes the second writer of a shard wait instead.
#[tokio::test]
async fn a_log_by_sequence_would_lose_the_slow_writer() {
    let (database, ours, shard) = (database().await, tenant(), Shard::from(7));
    let (mut slow, mut fast, mut reader) = (database.look().await, database.look().await, database.look().await);
    sqlx::raw_sql("CREATE TABLE by_sequence (position bigserial)").execute(&mut reader).await.expect("it is made");
    sqlx::raw_sql("BEGIN; INSERT INTO by_sequence DEFAULT VALUES").execute(&mut slow).await.expect("it is written");
    sqlx::raw_sql("INSERT INTO by_sequence DEFAULT VALUES").execute(&mut fast).await.expect("it is written");
    let after = "SELECT position FROM by_sequence WHERE position > $1 ORDER BY position";
    let first: Vec<i64> = sqlx::query_scalar(after).bind(0_i64).fetch_all(&mut reader).await.expect("it reads");
    sqlx::raw_sql("COMMIT").execute(&mut slow).await.expect("it commits");
    let later: Vec<i64> = sqlx::query_scalar(after).bind(first[0]).fetch_all(&mut reader).await.expect("it reads");
    assert_eq!((first, later), (vec![2], vec![]), "event 1 was read after all");

    let store = database.store(FIRST).await;
    let mut slow = store.begin(ours, [shard]).await.expect("it begins");
    let event = NewEvent::new(ours, shard, "somebody", clock().now(), &said("slow"));
    eventlog::append(&mut slow, [event], clock().now()).expect("it is written");
    let fast = store.begin(ours, [shard]);
    let waited = tokio::time::timeout(Duration::from_millis(100), fast).await;
    assert!(waited.is_err(), "a second writer overtakes the first");
    assert!(logged(&database, FIRST).await.is_empty());
}
