//! What the outside hears of members and snapshots.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use proto::segmentation::events::v1::{GroupChanged, LifecycleChanged, SnapshotTaken};

use super::desk::People;
use super::person::{Change, Moved};

/// Everything a batch has decided, member by member in the order it happened.
pub(super) fn said(people: &People) -> Vec<NewEvent> {
    people
        .iter()
        .flat_map(|((tenant, member), person)| person.fresh.iter().map(|change| changed(*tenant, *member, change)))
        .collect()
}

fn changed(tenant: TenantId, member: MemberId, change: &Change) -> NewEvent {
    let (shard, at) = (Shard::of_member(member), change.occurred_at);
    let occur_time = Some(proto::timestamp(at));
    match change.moved {
        Moved::Lifecycle(from, to) => {
            let payload = LifecycleChanged {
                member: member.to_string(),
                from: from.name().to_owned(),
                to: to.name().to_owned(),
                labels: change.standing.labels.all().map(|label| label.name().to_owned()).collect(),
                occur_time,
                cause: change.cause.clone(),
                historic: change.historic,
            };
            NewEvent::new(tenant, shard, member, at, &payload)
        }
        Moved::Group(from, to) => {
            let payload = GroupChanged {
                member: member.to_string(),
                from: from.name().to_owned(),
                to: to.name().to_owned(),
                snapshot: change.snapshot,
                occur_time,
                cause: change.cause.clone(),
                historic: change.historic,
            };
            NewEvent::new(tenant, shard, member, at, &payload)
        }
    }
}

pub(super) fn taken(tenant: TenantId, number: i64, taken_at: Timestamp) -> NewEvent {
    let payload = SnapshotTaken { tenant: tenant.to_string(), number, take_time: Some(proto::timestamp(taken_at)) };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, taken_at, &payload)
}
