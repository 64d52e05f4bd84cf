//! Products: what the shop sells, by the shop's own codes.
//!
//! 1. A product lies in the shard of its code. Putting it again replaces it; there is no history, and an order keeps the
//!    category it was sold under.
//! 2. A call names each code once. Its codes are told in one event, in the tenant's partition: whoever follows it learns
//!    of all changes of a catalogue in their order.
//!
//! Cost: begin, recall, terms, one statement that reads and one that writes, one event, remember, commit.

mod events;
mod store;

use std::collections::{BTreeSet, HashMap};

use ::store::{Head, RequestKey, Store, StoreError, Tx};
use eventlog::{Progress, Unreachable};
use jiff::Timestamp;
use kernel::{Clock, Shard, TenantId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Freshness, Stop, known, patiently};

/// Something the shop sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The shop's code.
    pub code: String,
    /// What people read.
    pub display_name: String,
    /// Path from the widest to the narrowest.
    pub category: String,
    /// Usual cost of one, as decimal text; may be empty.
    pub unit_cost: String,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Products to keep.
#[derive(Clone, Debug)]
pub struct Upsert {
    /// Whose.
    pub tenant: TenantId,
    /// What makes the call repeat-safe.
    pub key: RequestKey,
    /// Each code once.
    pub products: Vec<Product>,
    /// Count and write nothing.
    pub validate_only: bool,
}

/// They are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// New ones.
    pub added: i32,
    /// Replaced ones.
    pub replaced: i32,
    /// Where the tenant's partition of the log stood after it: epoch and position; none where nothing was written.
    #[serde(default)]
    mark: Option<(Uuid, i64)>,
}

impl Kept {
    /// What a read of this tenant has to wait for that must see the products.
    pub fn freshness(&self, tenant: TenantId) -> Freshness {
        let head = self.mark.map(|(epoch, position)| (Shard::of_tenant(tenant), Head { epoch, position }));
        Freshness::of(crate::SERVICE, head.as_slice())
    }
}

/// Why a product is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoProduct {
    /// No product has the code.
    #[error("no product has the code {0}")]
    NotFound(String),
    /// No path leads from the token's source to here.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

/// The shop's products.
#[derive(Clone, Debug)]
pub struct Products {
    store: Store,
    clock: Clock,
    progress: Progress,
}

impl Products {
    /// On the service's database.
    pub const fn new(store: Store, clock: Clock, progress: Progress) -> Self {
        Self { store, clock, progress }
    }

    /// Adds or replaces products.
    pub async fn upsert(&self, ask: &Upsert) -> Result<Kept, Stop<NoProduct>> {
        patiently(|| self.try_upsert(ask)).await
    }

    async fn try_upsert(&self, ask: &Upsert) -> Result<Kept, Stop<NoProduct>> {
        let home = crate::home_of(ask.tenant, &ask.key);
        let mut shards: BTreeSet<Shard> =
            ask.products.iter().map(|product| Shard::of_text(ask.tenant, &[&product.code])).collect();
        let catalogue = Shard::of_tenant(ask.tenant);
        shards.extend([home, catalogue]);
        let mut tx = self.store.begin(ask.tenant, shards).await?;
        let now = self.clock.now();
        if let Some(kept) = known(tx.recall(ask.tenant, home, &ask.key, now).await?)? {
            return Ok(kept);
        }
        if terms::of(&mut tx, ask.tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let there = store::count(tx.connection(), ask.tenant, &ask.products).await?;
        let all = i32::try_from(ask.products.len()).map_err(StoreError::unreadable)?;
        let added = all.saturating_sub(there);
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Kept { added, replaced: there, mark: None });
        }
        store::write(tx.connection(), ask.tenant, &ask.products, now).await?;
        eventlog::append(&mut tx, [events::upserted(ask.tenant, &ask.products, now)], now)?;
        let mark = tx.heads().get(&catalogue).map(|head| (head.epoch, head.position));
        let kept = Kept { added, replaced: there, mark };
        tx.remember(ask.tenant, home, &ask.key, &kept, now)?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Reads one product.
    pub async fn get(&self, tenant: TenantId, code: &str, fresh: &Freshness) -> Result<Product, Stop<NoProduct>> {
        self.progress.wait_for(fresh).await.map_err(|wrong| Stop::Refused(wrong.into()))?;
        let mut reading = self.store.read(tenant).await?;
        let found = store::read(reading.connection(), tenant, code).await?;
        found.ok_or_else(|| Stop::Refused(NoProduct::NotFound(code.to_owned())))
    }
}

/// The categories of some products, by code, read inside a transaction.
pub async fn categories(
    tx: &mut Tx,
    tenant: TenantId,
    codes: &BTreeSet<&str>,
) -> Result<HashMap<String, String>, StoreError> {
    if codes.is_empty() {
        return Ok(HashMap::new());
    }
    store::categories(tx.connection(), tenant, codes).await
}
