//! What the outside hears of schemes.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::segmentation::events::v1::TermsPut;
use terms::Version;

use super::terms::Scheme;

pub(super) fn put(tenant: TenantId, version: &Version<Scheme>, now: Timestamp) -> NewEvent {
    let payload = TermsPut {
        tenant: tenant.to_string(),
        version: version.number,
        effective_time: Some(proto::timestamp(version.effective_at)),
    };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, now, &payload)
}
