//! The versions of a service's own terms: putting them, and knowing which rule.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Clock, Shard, TenantId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use store::{Head, RequestKey, Store, StoreError, Tx};
use timers::Timer;
use uuid::Uuid;
use wire::{Freshness, Stop, patiently};

use crate::statements::{self, Kept, Last};
use crate::versions::next_number;
use crate::{Settled, Version, Versions};

/// New terms to put in force.
#[derive(Clone, Debug)]
pub struct NewTerms<T> {
    /// Whose.
    pub tenant: TenantId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// From when on they rule.
    pub effective_at: Timestamp,
    /// What they say.
    pub terms: T,
    /// Check and write nothing.
    pub validate_only: bool,
}

/// The terms are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsPut {
    /// Their version.
    pub version: i32,
    /// Where the tenant's partition of the log stood after it: epoch and position; none where nothing was written.
    #[serde(default)]
    mark: Option<(Uuid, i64)>,
}

impl TermsPut {
    /// What a read of this tenant has to wait for that must see the terms.
    #[must_use]
    pub fn freshness(&self, service: &str, tenant: TenantId) -> Freshness {
        let head = self.mark.map(|(epoch, position)| (Shard::of_tenant(tenant), Head { epoch, position }));
        Freshness::of(service, head.as_slice())
    }
}

/// Why terms were not put, or not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermsRefusal {
    /// There are none, or none at that moment.
    NotFound {
        /// The moment.
        at: Timestamp,
    },
    /// Another version rules from that instant already, or a later one does.
    VersionTaken {
        /// The instant asked for.
        effective_at: Timestamp,
        /// The version that rules.
        version: i32,
    },
    /// A change would rule the past.
    InThePast {
        /// The instant asked for.
        effective_at: Timestamp,
        /// The version that ruled then.
        version: i32,
    },
}

/// What holds for a tenant.
#[derive(Clone, Debug)]
pub struct Held<T> {
    /// All versions of the service's own terms.
    pub versions: Arc<Versions<T>>,
    /// What registry settled.
    pub settled: Settled,
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self { versions: Arc::default(), settled: Settled::default() }
    }
}

/// How a service tells that terms were put.
pub type Say<T> = fn(TenantId, &Version<T>, Timestamp) -> NewEvent;

/// What has to be woken by terms that were put: a timer of the tenant, where there is one. It is brought forward, never put off.
pub type Wake<T> = fn(TenantId, &Version<T>) -> Option<Timer>;

/// The terms of all tenants. Clones are handles to the same.
pub struct Book<T> {
    store: Store,
    clock: Clock,
    say: Say<T>,
    wake: Wake<T>,
    memory: Memory<T>,
}

impl<T> Clone for Book<T> {
    fn clone(&self) -> Self {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        Self { store, clock, say: self.say, wake: self.wake, memory: Memory(Arc::clone(&self.memory.0)) }
    }
}

impl<T> std::fmt::Debug for Book<T> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Book").field("service", &self.store.service()).finish_non_exhaustive()
    }
}

/// Tenants whose terms are remembered before all are forgotten.
const MOST: usize = 10_000;

type Known<T> = HashMap<TenantId, (Last, Arc<Versions<T>>)>;

/// Terms that were read before. A version is written once: whoever knows the last one knows all.
struct Memory<T>(Arc<Mutex<Known<T>>>);

impl<T> Memory<T> {
    fn recall(&self, tenant: TenantId, last: Last) -> Option<Arc<Versions<T>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).filter(|(known, _)| *known == last).map(|(_, versions)| Arc::clone(versions))
    }

    fn remember(&self, tenant: TenantId, last: Last, versions: Versions<T>) -> Arc<Versions<T>> {
        let versions = Arc::new(versions);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(tenant, (last, Arc::clone(&versions)));
        versions
    }
}

impl<T: Clone + Serialize + DeserializeOwned> Book<T> {
    /// On the service's database.
    pub fn new(store: Store, clock: Clock, say: Say<T>) -> Self {
        Self { store, clock, say, wake: |_, _| None, memory: Memory(Arc::default()) }
    }

    /// One that wakes something with the terms.
    #[must_use]
    pub fn waking(self, wake: Wake<T>) -> Self {
        Self { wake, ..self }
    }

    /// Puts new terms in force.
    ///
    /// # Errors
    /// A version rules from then on or later, they would rule the past, the tenant may not write, the request id was used
    /// for something else, or the database fails.
    pub async fn put(&self, ask: NewTerms<T>) -> Result<TermsPut, Stop<TermsRefusal>> {
        patiently(|| self.try_put(&ask)).await
    }

    async fn try_put(&self, ask: &NewTerms<T>) -> Result<TermsPut, Stop<TermsRefusal>> {
        let (tenant, shard) = (ask.tenant, Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        if let Some(receipt) = wire::known(tx.recall(tenant, shard, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let held = self.within(&mut tx, &BTreeSet::from([tenant])).await?.remove(&tenant).unwrap_or_default();
        if held.settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        let number = next_number(&held.versions, ask.effective_at, now).map_err(Stop::Refused)?;
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(TermsPut { version: number, mark: None });
        }
        let version = Version { number, effective_at: ask.effective_at, terms: ask.terms.clone() };
        let terms = serde_json::to_value(&version.terms).map_err(StoreError::unreadable)?;
        statements::insert(tx.connection(), tenant, &Kept { number, effective_at: ask.effective_at, terms }, now)
            .await?;
        eventlog::append(&mut tx, [(self.say)(tenant, &version, now)], now)?;
        timers::bring_forward(&mut tx, (self.wake)(tenant, &version).as_slice()).await?;
        let receipt =
            TermsPut { version: number, mark: tx.heads().get(&shard).map(|head| (head.epoch, head.position)) };
        tx.remember(tenant, shard, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// The terms of a version, or those that rule at a moment (now, if none is named), as they are committed.
    ///
    /// # Errors
    /// There are none, or the database fails.
    pub async fn get(
        &self,
        tenant: TenantId,
        number: Option<i32>,
        at: Option<Timestamp>,
    ) -> Result<Version<T>, Stop<TermsRefusal>> {
        let at = at.unwrap_or_else(|| self.clock.now());
        let held = self.of(tenant).await?;
        let found = match number {
            Some(number) => held.versions.version(number),
            None => held.versions.at(at),
        };
        found.cloned().ok_or(Stop::Refused(TermsRefusal::NotFound { at }))
    }

    /// Everything that holds for a tenant.
    ///
    /// # Errors
    /// The database fails.
    pub async fn of(&self, tenant: TenantId) -> Result<Held<T>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let held = self.current(reading.connection(), &BTreeSet::from([tenant])).await?;
        Ok(held.into_values().next().unwrap_or_default())
    }

    /// The same within a transaction, for several tenants. Terms that were put before it looks are seen: what is
    /// remembered is only used where the database says that nothing came after it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn within(
        &self,
        tx: &mut Tx,
        tenants: &BTreeSet<TenantId>,
    ) -> Result<HashMap<TenantId, Held<T>>, StoreError> {
        self.current(tx.connection(), tenants).await
    }

    async fn current(
        &self,
        connection: &mut PgConnection,
        tenants: &BTreeSet<TenantId>,
    ) -> Result<HashMap<TenantId, Held<T>>, StoreError> {
        let mut all = HashMap::new();
        for (tenant, settled, last) in statements::settled_and_last(connection, tenants).await? {
            let versions = match self.memory.recall(tenant, last) {
                Some(versions) => versions,
                None => self.memory.remember(tenant, last, read(statements::versions(connection, tenant).await?)?),
            };
            all.insert(tenant, Held { versions, settled });
        }
        Ok(all)
    }
}

fn read<T: DeserializeOwned>(kept: Vec<Kept>) -> Result<Versions<T>, StoreError> {
    let all = kept.into_iter().map(|kept| {
        let terms = serde_json::from_value(kept.terms).map_err(StoreError::unreadable)?;
        Ok(Version { number: kept.number, effective_at: kept.effective_at, terms })
    });
    Ok(Versions::new(all.collect::<Result<_, StoreError>>()?))
}
