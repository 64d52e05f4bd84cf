//! What others hear of tenants.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::Shard;
use proto::registry::events::v1::TenantSettled;

use super::{Standing, Tenant};

/// A tenant was opened or changed.
pub(super) fn settled(tenant: &Tenant, at: Timestamp) -> NewEvent {
    let payload = TenantSettled {
        tenant: tenant.id.to_string(),
        zone: tenant.settings.zone.clone(),
        currency_code: tenant.settings.currency.to_string(),
        minor_digits: i32::from(tenant.settings.minor_digits),
        suspended: tenant.standing == Standing::Suspended,
    };
    NewEvent::new(tenant.id, Shard::of_tenant(tenant.id), tenant.id, at, &payload)
}
