//! What the outside hears of missions.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use proto::loyalty::events::v1::{MissionCompleted, MissionPut, MissionReopened};

use super::judging::Change;

pub(super) fn put(tenant: TenantId, mission: &str, version: i32, at: Timestamp) -> NewEvent {
    let payload = MissionPut { mission: mission.to_owned(), version };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}

pub(super) fn changed(tenant: TenantId, member: MemberId, change: &Change, now: Timestamp) -> NewEvent {
    let shard = Shard::of_member(member);
    match change {
        Change::Completed(reward) => {
            let payload = MissionCompleted {
                reward: reward.id(member).to_string(),
                member: member.to_string(),
                mission: reward.mission.clone(),
                version: reward.version,
                window: reward.window.clone(),
                occur_time: Some(proto::timestamp(reward.completed_at)),
            };
            NewEvent::new(tenant, shard, member, now, &payload)
        }
        Change::Reopened(reward) => {
            let payload = MissionReopened {
                reward: reward.id(member).to_string(),
                member: member.to_string(),
                mission: reward.mission.clone(),
                window: reward.window.clone(),
            };
            NewEvent::new(tenant, shard, member, now, &payload)
        }
    }
}
