//! What the outside hears of a programme.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::loyalty::events::v1::ProgrammePut;

use super::Terms;

/// New terms were put in force.
pub(super) fn put(tenant: TenantId, terms: &Terms, at: Timestamp) -> NewEvent {
    let payload = ProgrammePut {
        tenant: tenant.to_string(),
        version: terms.number,
        effective_time: Some(proto::timestamp(terms.effective_at)),
    };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}
