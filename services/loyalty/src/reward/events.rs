//! What the outside hears of rewards and claims.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::loyalty::events::v1::{RewardCancelled, RewardClaimed, RewardFulfilled, RewardPut};

use super::life::Claim;

pub(super) fn put(tenant: TenantId, reward: &str, version: i32, at: Timestamp) -> NewEvent {
    let payload = RewardPut { reward: reward.to_owned(), version };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}

fn id(claim: &Claim) -> String {
    claim.id.map(|id| id.to_string()).unwrap_or_default()
}

pub(super) fn claimed(tenant: TenantId, claim: &Claim, left: Option<i64>) -> NewEvent {
    let payload = RewardClaimed {
        claim: id(claim),
        member: claim.member.to_string(),
        reward: claim.reward.clone(),
        version: claim.version,
        points: claim.points,
        coupon: claim.coupon.map(|coupon| coupon.to_string()).unwrap_or_default(),
        left,
    };
    NewEvent::new(tenant, Shard::of_member(claim.member), claim.member, claim.claimed_at, &payload)
}

pub(super) fn fulfilled(tenant: TenantId, claim: &Claim) -> NewEvent {
    let (member, reward) = (claim.member.to_string(), claim.reward.clone());
    let payload = RewardFulfilled { claim: id(claim), member, reward };
    NewEvent::new(tenant, Shard::of_member(claim.member), claim.member, claim.state_at, &payload)
}

pub(super) fn cancelled(tenant: TenantId, claim: &Claim) -> NewEvent {
    let (member, reward) = (claim.member.to_string(), claim.reward.clone());
    let payload = RewardCancelled { claim: id(claim), member, reward, points: claim.points };
    NewEvent::new(tenant, Shard::of_member(claim.member), claim.member, claim.state_at, &payload)
}
