//! What the outside hears of an offer.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::referrals::events::v1::TermsPut;
use terms::Version;

use super::Offer;

/// New terms were put in force.
pub(super) fn put(tenant: TenantId, version: &Version<Offer>, at: Timestamp) -> NewEvent {
    let payload = TermsPut {
        tenant: tenant.to_string(),
        version: version.number,
        effective_time: Some(proto::timestamp(version.effective_at)),
    };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}
