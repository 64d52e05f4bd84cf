//! The programme: what members are promised, version after version.
//!
//! 1. A version is written once. A change is a new version with a later effective time; an older one keeps ruling its
//!    own time, and every decision names the version that made it.
//! 2. The first programme of a tenant may be effective in the past, so that a history can be loaded under it. Later ones
//!    rule from now on at the earliest.
//! 3. New terms are told in the tenant's partition, so that a read can wait for them.
//!
//! Cost: terms are kept in memory; a batch of the desk asks in one statement whether they are still the last, for all of
//! its tenants.

mod events;
pub mod expiry;
mod store;
pub mod terms;

#[cfg(test)]
pub(crate) mod example;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use ::store::{Head, RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, Shard, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Freshness, Stop, patiently};

pub use self::terms::{TenantTerms, Terms, Versions};

/// New terms to put in force.
#[derive(Clone, Debug)]
pub struct NewTerms {
    /// Whose.
    pub tenant: TenantId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// The terms; their version is given when they are put.
    pub terms: Terms,
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
    pub fn freshness(&self, tenant: TenantId) -> Freshness {
        let head = self.mark.map(|(epoch, position)| (Shard::of_tenant(tenant), Head { epoch, position }));
        Freshness::of(crate::SERVICE, head.as_slice())
    }
}

/// Why terms were not put, or not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermsRefusal {
    /// There is no programme, or none at that moment.
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

/// Tenants whose terms are remembered before all are forgotten.
const MOST: usize = 10_000;

/// The programmes of all tenants.
#[derive(Clone)]
pub struct Programmes {
    store: Store,
    clock: Clock,
    memory: Memory,
}

impl Programmes {
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, memory: Memory::default() }
    }

    /// Puts new terms in force.
    pub async fn put(&self, ask: NewTerms) -> Result<TermsPut, Stop<TermsRefusal>> {
        patiently(|| self.try_put(&ask)).await
    }

    async fn try_put(&self, ask: &NewTerms) -> Result<TermsPut, Stop<TermsRefusal>> {
        let (tenant, shard) = (ask.tenant, Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        if let Some(receipt) = wire::known(tx.recall(tenant, shard, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let known = self.within(&mut tx, BTreeSet::from([tenant])).await?.remove(&tenant).unwrap_or_default();
        if known.suspended {
            return Err(Stop::TenantSuspended);
        }
        let version = next_version(&known.versions, ask.terms.effective_at, now).map_err(Stop::Refused)?;
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(TermsPut { version, mark: None });
        }
        let terms = Terms { version, ..ask.terms.clone() };
        store::insert(&mut tx, tenant, shard, &terms, now).await?;
        eventlog::append(&mut tx, &[events::put(tenant, &terms, now)], now).await?;
        let receipt = TermsPut { version, mark: tx.heads().get(&shard).map(|head| (head.epoch, head.position)) };
        tx.remember(tenant, shard, &ask.key, &receipt, now).await?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// The terms of a version, or those that rule at a moment (now, if none is named), as they are committed.
    pub async fn get(
        &self,
        tenant: TenantId,
        version: Option<i32>,
        at: Option<Timestamp>,
    ) -> Result<Terms, Stop<TermsRefusal>> {
        let at = at.unwrap_or_else(|| self.clock.now());
        let known = self.of(tenant).await?;
        let found = match version {
            Some(version) => known.versions.version(version),
            None => known.versions.at(at),
        };
        found.cloned().ok_or(Stop::Refused(TermsRefusal::NotFound { at }))
    }

    /// Everything a tenant has put.
    pub async fn of(&self, tenant: TenantId) -> Result<TenantTerms, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let known = store::current(reading.connection(), &self.memory, &BTreeSet::from([tenant])).await?;
        Ok(known.into_values().next().unwrap_or_default())
    }

    /// The same within a transaction, for several tenants. Terms that were put before it look at them are seen: what is
    /// remembered is only used where the database says that nothing came after it.
    pub(crate) async fn within(
        &self,
        tx: &mut Tx,
        tenants: BTreeSet<TenantId>,
    ) -> Result<HashMap<TenantId, TenantTerms>, StoreError> {
        store::current(tx.connection(), &self.memory, &tenants).await
    }

    /// Keeps what registry said about a tenant.
    pub(crate) async fn hear_tenant(&self, tx: &mut Tx, tenant: TenantId, suspended: bool) -> Result<(), StoreError> {
        store::keep_tenant(tx, tenant, suspended).await
    }
}

/// The last version of a programme, and when it was recorded; none where there is no programme. A restored database may
/// give the same number to other terms, and not at the same moment.
type Last = Option<(i32, Timestamp)>;
type Known = HashMap<TenantId, (Last, Arc<Versions>)>;

/// Terms that were read before. A version is written once: whoever knows the last one knows all.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Known>>);

impl Memory {
    fn recall(&self, tenant: TenantId, last: Last) -> Option<Arc<Versions>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).filter(|(known, _)| *known == last).map(|(_, versions)| Arc::clone(versions))
    }

    fn remember(&self, tenant: TenantId, last: Last, versions: Versions) -> Arc<Versions> {
        let versions = Arc::new(versions);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(tenant, (last, Arc::clone(&versions)));
        versions
    }
}

/// Versions count up, and each rules from later than the one before. Only the first may rule the past.
fn next_version(versions: &Versions, effective_at: Timestamp, now: Timestamp) -> Result<i32, TermsRefusal> {
    match versions.last() {
        None => Ok(1),
        Some(last) if effective_at <= last.effective_at => {
            Err(TermsRefusal::VersionTaken { effective_at, version: last.version })
        }
        Some(last) if effective_at < now => Err(TermsRefusal::InThePast { effective_at, version: last.version }),
        Some(last) => Ok(last.version.saturating_add(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_version_comes_next() {
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        let first = Versions::new(vec![example::signature()]);
        let now = at("2026-06-01T00:00:00Z");
        let table = [
            (Versions::default(), "2010-01-01T00:00:00Z", Ok(1)),
            (first.clone(), "2026-06-01T00:00:00Z", Ok(2)),
            (first.clone(), "2026-05-31T23:59:59Z", Err("past")),
            (first, "2020-01-01T00:00:00Z", Err("taken")),
        ];
        for (versions, effective, expected) in table {
            let told = match next_version(&versions, at(effective), now) {
                Ok(version) => Ok(version),
                Err(TermsRefusal::VersionTaken { .. }) => Err("taken"),
                Err(TermsRefusal::InThePast { .. }) => Err("past"),
                Err(TermsRefusal::NotFound { .. }) => Err("not found"),
            };
            assert_eq!(told, expected, "effective {effective}");
        }
    }
}
