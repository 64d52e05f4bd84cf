//! What the outside hears of plans.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::subscriptions::events::v1::PlanPut;

use super::terms::Plan;

/// A version can be subscribed to.
pub(super) fn put(tenant: TenantId, plan: &Plan, at: Timestamp) -> NewEvent {
    let payload = PlanPut { tenant: tenant.to_string(), plan: plan.code.clone(), version: plan.version };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}
