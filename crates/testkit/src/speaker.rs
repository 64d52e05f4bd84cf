//! A producer without its service: what a test of a listener needs to be told.

use eventlog::{Log, NewEvent};
use jiff::Timestamp;
use kernel::{Clock, MemberId, Shard, TenantId};
use prost::{Message, Name};
use store::Store;
use wire::Freshness;

use crate::Database;

/// Plays a service: it has a log and says what a test tells it to.
///
/// Its database holds at least [`house_tables`](crate::house_tables) under the service's schema; its log is mounted
/// with [`House::event_logs`](crate::House::event_logs), where the service under test watches it as ever.
#[derive(Clone, Debug)]
pub struct Speaker {
    store: Store,
    clock: Clock,
}

impl Speaker {
    /// In the role of `service`.
    pub async fn open(database: &Database, service: &'static str, clock: Clock) -> Self {
        Self { store: database.store(service).await, clock }
    }

    /// Its log, to be mounted.
    #[must_use]
    pub fn log(&self) -> Log {
        Log::new(self.store.clone())
    }

    /// Says something about a member, now. Answers what a reader waits for that must have heard it; seal it with the
    /// house's keys.
    pub async fn say<P: Message + Name>(&self, tenant: TenantId, member: MemberId, event: &P) -> Freshness {
        self.say_at(tenant, Shard::of_member(member), member, self.clock.now(), event).await
    }

    /// Says something about anything, that happened at any time.
    ///
    /// # Panics
    /// Where the database fails.
    pub async fn say_at<P: Message + Name>(
        &self,
        tenant: TenantId,
        shard: Shard,
        subject: impl ToString,
        occurred_at: Timestamp,
        event: &P,
    ) -> Freshness {
        self.say_all(tenant, &[NewEvent::new(tenant, shard, subject, occurred_at, event)], &[shard]).await
    }

    /// Says several things in one transaction, whose shards are given.
    ///
    /// # Panics
    /// Where the database fails, or an event's shard is not among those given.
    pub async fn say_all(&self, tenant: TenantId, events: &[NewEvent], shards: &[Shard]) -> Freshness {
        let mut tx = self.store.begin(tenant, shards.iter().copied()).await.expect("a transaction begins");
        eventlog::append(&mut tx, events.to_vec(), self.clock.now()).expect("events can be appended");
        let moved = tx.moved();
        tx.commit().await.expect("it commits");
        Freshness::of(self.store.service(), &moved)
    }
}
