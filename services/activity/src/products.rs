//! Products: what the shop sells, by the shop's own codes.
//!
//! 1. A product lies in the shard of its code. Putting it again replaces it; there is no history, and nobody is told:
//!    an order keeps the category it was sold under.
//! 2. A call names each code once.
//!
//! Cost: begin, recall, terms, one statement that reads and one that writes, remember, commit.

mod store;

use std::collections::{BTreeSet, HashMap};

use ::store::{Recall, RequestKey, Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, Shard, TenantId};
use serde::{Deserialize, Serialize};
use wire::Stop;

use crate::patience::patiently;
use crate::terms;

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
}

/// They are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// New ones.
    pub added: i32,
    /// Replaced ones.
    pub replaced: i32,
}

/// What products are not found by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no product has the code {code}")]
pub struct NoProduct {
    /// The code.
    pub code: String,
}

/// The shop's products.
#[derive(Clone, Debug)]
pub struct Products {
    store: Store,
    clock: Clock,
}

impl Products {
    /// On the service's database.
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Adds or replaces products.
    pub async fn upsert(&self, ask: &Upsert) -> Result<Kept, Stop<NoProduct>> {
        patiently(|| self.try_upsert(ask)).await
    }

    async fn try_upsert(&self, ask: &Upsert) -> Result<Kept, Stop<NoProduct>> {
        let home = crate::home_of(ask.tenant, &ask.key);
        let mut shards: BTreeSet<Shard> =
            ask.products.iter().map(|product| Shard::of_text(ask.tenant, &[&product.code])).collect();
        shards.insert(home);
        let mut tx = self.store.begin(ask.tenant, shards).await?;
        match tx.recall(ask.tenant, home, &ask.key).await? {
            Recall::Done(kept) => return Ok(kept),
            Recall::Reused { field } => return Err(Stop::RequestIdReused { field }),
            Recall::New => {}
        }
        if terms::within(&mut tx, ask.tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let now = self.clock.now();
        let there = store::count(tx.connection(), ask.tenant, &ask.products).await?;
        store::write(tx.connection(), ask.tenant, &ask.products, now).await?;
        let all = i32::try_from(ask.products.len()).map_err(StoreError::unreadable)?;
        let kept = Kept { added: all.saturating_sub(there), replaced: there };
        tx.remember(ask.tenant, home, &ask.key, &kept, now).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// Reads one product.
    pub async fn get(&self, tenant: TenantId, code: &str) -> Result<Product, Stop<NoProduct>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::read(reading.connection(), tenant, code).await?;
        found.ok_or_else(|| Stop::Refused(NoProduct { code: code.to_owned() }))
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
