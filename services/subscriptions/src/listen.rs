//! What subscriptions hears of registry: who joined, and what was settled for a tenant.

use std::sync::Arc;

use async_trait::async_trait;
use eventlog::{CannotApply, Heard, HeardEvent, Listener};
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use proto::registry::events::v1::MemberEnrolled;
use terms::Settled;

use crate::subscription::{Deeds, StandingOrders};

/// Listens for subscriptions.
pub(crate) struct Ear {
    orders: StandingOrders,
}

impl Ear {
    pub(crate) const fn new(orders: StandingOrders) -> Self {
        Self { orders }
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
        let joined = heard.events.iter().filter_map(joined).collect::<Result<Vec<_>, CannotApply>>()?;
        self.orders.hear(&heard, &Deeds { joined, settled }).await
    }
}

fn joined(event: &HeardEvent) -> Option<Result<(TenantId, MemberId, Timestamp), CannotApply>> {
    let enrolled = event.payload::<MemberEnrolled>()?;
    Some(enrolled.and_then(|enrolled| {
        let member = MemberId::parse(&enrolled.member)
            .map_err(|error| CannotApply::Event(format!("the event cannot be read: {error}")))?;
        Ok((event.tenant, member, event.occurred_at))
    }))
}
