//! What is open to whom, mostly without asking the database: the gate at the door.
//!
//! All that is, or was, open to a member is kept as one value. How it is kept true is the business of [`cache`]; this noun
//! gives it readings that say where the member's shard stood, and every change that the service's own log tells
//! ([`Hot::follow`]). Whether something is open is decided at the moment of the question, so time needs no change.
//!
//! 1. A look without a token is at most one second stale; one with a token sees what the token speaks of.
//! 2. A member to whom nothing is open is kept, too: the gate asks about strangers.
//!
//! Cost: a member at hand, one look-up in memory; otherwise one statement.

pub mod gate;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use cache::{Cache, Far, Key, Loaded, Version};
use eventlog::{Follower, Log, Seen};
use kernel::{Clock, MemberId, Shard, TenantId};
use store::{Head, Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wire::Freshness;

use self::gate::Gate;
use crate::SERVICE;
use crate::subscription::{Grants, StandingOrders};

/// A member of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct MemberKey(TenantId, MemberId);

impl fmt::Display for MemberKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.0, self.1)
    }
}

impl Key for MemberKey {
    fn partition(&self) -> Shard {
        Shard::of_member(self.1)
    }
}

/// The door. Clones are handles to the same.
#[derive(Clone)]
pub struct Hot {
    orders: StandingOrders,
    clock: Clock,
    grants: Cache<MemberKey>,
    log: Log,
}

impl Hot {
    /// Keeps what is open in this process and, where there is one, in Redis.
    pub(crate) fn new(store: &Store, clock: Clock, orders: StandingOrders, far: Option<Far>) -> Self {
        let grants = Cache::new(&cache::Settings::new("entitlement"), far);
        Self { orders, clock, grants, log: Log::new(store.clone()) }
    }

    /// Whether something is open to a member now. The token must have been waited for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn check(
        &self,
        tenant: TenantId,
        member: MemberId,
        entitlement: &str,
        fresh: &Freshness,
    ) -> Result<Gate, StoreError> {
        let key = MemberKey(tenant, member);
        let orders = self.orders.clone();
        let load = || {
            let orders = orders.clone();
            async move {
                let (head, grants) = orders.grants(key.0, key.1).await?;
                let value = serde_json::to_vec(&grants).map_err(StoreError::unreadable)?;
                Ok::<_, StoreError>(Loaded { version: version(head), value: Some(Bytes::from(value)) })
            }
        };
        let kept = self.grants.get(&key, least(fresh, member), load).await?.unwrap_or_default();
        let grants: Grants = serde_json::from_slice(&kept).map_err(StoreError::unreadable)?;
        Ok(gate::decide(&grants, entitlement, self.clock.now()))
    }

    /// The log that [`Hot::follow`] follows.
    pub(crate) fn log(&self) -> Log {
        self.log.clone()
    }

    /// Follows the service's own log until `stop`. While it does not, everything is read from the database.
    pub(crate) async fn follow(&self, stop: CancellationToken) {
        self.log.follow(self, stop).await;
    }
}

#[async_trait]
impl Follower for Hot {
    async fn hear(&self, seen: Seen) {
        for (shard, head) in seen.begun {
            self.grants.begin(shard, version(head));
        }
        let changed = seen.events.iter().filter_map(|event| {
            let member = MemberId::parse(&event.subject).ok()?;
            Some((MemberKey(event.tenant, member), event.position))
        });
        self.grants.changed(&changed.collect::<Vec<_>>()).await;
    }

    fn caught_up(&self, began: Instant) {
        self.grants.caught_up(began);
    }
}

/// What a token demands of one member: everything about it lies in its own shard.
fn least(fresh: &Freshness, member: MemberId) -> Option<Version> {
    let mark = fresh.mark(SERVICE, Shard::of_member(member))?;
    Some(Version { epoch: mark.epoch, position: mark.position })
}

const fn version(head: Head) -> Version {
    Version { epoch: head.epoch, position: head.position }
}
