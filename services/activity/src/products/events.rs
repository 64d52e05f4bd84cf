//! What the outside hears of products.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::activity::events::v1::ProductsUpserted;

use super::Product;

/// Products were added or replaced.
pub(super) fn upserted(tenant: TenantId, products: &[Product], at: Timestamp) -> NewEvent {
    let payload = ProductsUpserted { codes: products.iter().map(|product| product.code.clone()).collect() };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}
