//! What happened because time passed: occurrences fall due, charges are tried again, memberships end.

use async_trait::async_trait;
use kernel::SubscriptionId;
use store::StoreError;
use timers::{Due, Ring};

use crate::subscription::StandingOrders;

/// Rings for subscriptions.
pub(crate) struct Bell {
    orders: StandingOrders,
}

impl Bell {
    pub(crate) const fn new(orders: StandingOrders) -> Self {
        Self { orders }
    }
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError> {
        for timer in due {
            self.orders.fall_due(timer.tenant, timer.shard, SubscriptionId::from(timer.subject)).await?;
        }
        Ok(())
    }
}
