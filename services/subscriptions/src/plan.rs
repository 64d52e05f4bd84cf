//! Plans: what can be subscribed to, version after version.
//!
//! 1. A version is written once. Who has subscribed keeps the version they were promised; a new one is for those who come
//!    after it.
//! 2. What a plan is about, goods or a membership, is settled by its first version.
//! 3. A new version is told in the tenant's partition, so that a read can wait for it.
//!
//! Cost: a version that was read is kept in memory for ever, as it never changes; the last one of a plan is read by index.

pub mod cadence;
mod events;
mod store;
pub mod terms;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::store::{Head, RequestKey, Store, StoreError, Tx};
use kernel::{Clock, Shard, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Freshness, Stop, known, patiently};

use self::terms::Plan;

/// A plan to put.
#[derive(Clone, Debug)]
pub struct NewPlan {
    /// Whose.
    pub tenant: TenantId,
    /// What makes it repeat-safe.
    pub key: RequestKey,
    /// The plan; its version is given when it is put.
    pub plan: Plan,
    /// Check and write nothing.
    pub validate_only: bool,
}

/// It can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPut {
    /// Its version.
    pub version: i32,
    /// Where the tenant's partition of the log stood after it; none where nothing was written.
    mark: Option<(Uuid, i64)>,
}

impl PlanPut {
    /// What a read of this tenant has to wait for that must see the plan.
    #[must_use]
    pub fn freshness(&self, tenant: TenantId) -> Freshness {
        let head = self.mark.map(|(epoch, position)| (Shard::of_tenant(tenant), Head { epoch, position }));
        Freshness::of(crate::SERVICE, head.as_slice())
    }
}

/// Why a plan was not put, or not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanRefusal {
    /// There is none of this code, or none of this version.
    NotFound {
        /// The code.
        plan: String,
        /// The version; 0 for the last one.
        version: i32,
    },
    /// Another version is of the other kind.
    KindFixed {
        /// The code.
        plan: String,
        /// It is a membership.
        membership: bool,
    },
}

/// Versions remembered before all are forgotten.
const MOST: usize = 10_000;

type Known = HashMap<(TenantId, String, i32), Arc<Plan>>;

/// The plans of all tenants. Clones are handles to the same.
#[derive(Clone)]
pub struct Plans {
    store: Store,
    clock: Clock,
    known: Arc<Mutex<Known>>,
}

impl Plans {
    pub(crate) fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, known: Arc::default() }
    }

    /// Puts a plan, or a new version of one.
    ///
    /// # Errors
    /// Another version is of the other kind, the tenant may not write, the request id was used for something else, or the
    /// database fails.
    pub async fn put(&self, ask: NewPlan) -> Result<PlanPut, Stop<PlanRefusal>> {
        patiently(|| self.try_put(&ask)).await
    }

    async fn try_put(&self, ask: &NewPlan) -> Result<PlanPut, Stop<PlanRefusal>> {
        let (tenant, shard) = (ask.tenant, Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall::<PlanPut>(tenant, shard, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let last = store::find(tx.connection(), tenant, &ask.plan.code, None).await?;
        if let Some(last) = last.as_ref().filter(|last| last.is_membership() != ask.plan.is_membership()) {
            let membership = last.is_membership();
            return Err(Stop::Refused(PlanRefusal::KindFixed { plan: last.code.clone(), membership }));
        }
        let version = last.map_or(0, |last| last.version).saturating_add(1);
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(PlanPut { version, mark: None });
        }
        let plan = Plan { version, recorded_at: now, ..ask.plan.clone() };
        store::insert(&mut tx, tenant, &plan).await?;
        eventlog::append(&mut tx, [events::put(tenant, &plan, now)], now)?;
        let mark = tx.heads().get(&shard).map(|head| (head.epoch, head.position));
        let receipt = PlanPut { version, mark };
        tx.remember(tenant, shard, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// A version of a plan; the last one where none is named.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn get(
        &self,
        tenant: TenantId,
        code: &str,
        version: Option<i32>,
    ) -> Result<Arc<Plan>, Stop<PlanRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::find(reading.connection(), tenant, code, version).await?;
        let (plan, version) = (code.to_owned(), version.unwrap_or_default());
        found.map(|plan| self.remember(tenant, plan)).ok_or(Stop::Refused(PlanRefusal::NotFound { plan, version }))
    }

    /// The last versions of plans by code, behind one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn page(&self, tenant: TenantId, after: &str, limit: i64) -> Result<Vec<Plan>, Stop<PlanRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(store::page(reading.connection(), tenant, after, limit).await?)
    }

    /// A version of a plan as a transaction sees it; the last one where none is named.
    pub(crate) async fn within(
        &self,
        tx: &mut Tx,
        tenant: TenantId,
        code: &str,
        version: Option<i32>,
    ) -> Result<Option<Arc<Plan>>, StoreError> {
        if let Some(known) = version.and_then(|version| self.recall(tenant, code, version)) {
            return Ok(Some(known));
        }
        let found = store::find(tx.connection(), tenant, code, version).await?;
        Ok(found.map(|plan| self.remember(tenant, plan)))
    }

    /// A version that a row names, and that is therefore there.
    pub(crate) async fn named(&self, tenant: TenantId, code: &str, version: i32) -> Result<Arc<Plan>, StoreError> {
        if let Some(known) = self.recall(tenant, code, version) {
            return Ok(known);
        }
        let mut reading = self.store.read(tenant).await?;
        let found = store::find(reading.connection(), tenant, code, Some(version)).await?;
        let found = found.ok_or_else(|| StoreError::unreadable("a plan that is subscribed to"))?;
        Ok(self.remember(tenant, found))
    }

    fn recall(&self, tenant: TenantId, code: &str, version: i32) -> Option<Arc<Plan>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(tenant, code.to_owned(), version)).map(Arc::clone)
    }

    fn remember(&self, tenant: TenantId, plan: Plan) -> Arc<Plan> {
        let plan = Arc::new(plan);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert((tenant, plan.code.clone(), plan.version), Arc::clone(&plan));
        plan
    }
}
