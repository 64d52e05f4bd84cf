//! What the outside hears of a campaign.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::loyalty::events::v1::CampaignPut;

pub(super) fn put(tenant: TenantId, campaign: &str, version: i32, at: Timestamp) -> NewEvent {
    let payload = CampaignPut { campaign: campaign.to_owned(), version };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}
