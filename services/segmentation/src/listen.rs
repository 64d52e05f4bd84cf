//! What segmentation hears.

use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{CannotApply, Heard, Listener};
use kernel::{Clock, Shard, TenantId};
use store::{Store, Tenants};
use terms::Settled;

/// Listens for segmentation.
pub(crate) struct Ear {
    store: Store,
    clock: Clock,
}

impl Ear {
    pub(crate) const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

#[async_trait]
impl Listener for Ear {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let settled = heard
            .events
            .iter()
            .filter_map(|event| Some(terms::heard(event)?.map(|settled| (event.tenant, settled))))
            .collect::<Result<Vec<(TenantId, Settled)>, CannotApply>>()?;
        let mut place = heard.place();
        place.shards.extend(settled.iter().map(|(tenant, _)| Shard::of_tenant(*tenant)));
        let mut tx = self.store.begin(place.tenants.into_iter().collect::<Tenants>(), place.shards).await?;
        let now = self.clock.now();
        heard.settle(&mut tx, now).await?;
        for (tenant, settled) in &settled {
            terms::keep(&mut tx, *tenant, settled, now).await?;
        }
        Ok(tx.commit().await?)
    }
}
