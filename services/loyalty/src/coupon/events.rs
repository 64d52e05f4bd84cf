//! What the outside hears of a coupon.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::loyalty::events::v1::{CouponIssued, CouponLapsed};

use super::standing::Coupon;

pub(super) fn issued(tenant: TenantId, coupon: &Coupon) -> NewEvent {
    let payload = CouponIssued {
        coupon: coupon.id.to_string(),
        member: coupon.member.to_string(),
        campaign: coupon.campaign.clone(),
        version: coupon.version,
        valid_until_time: coupon.window.until.map(proto::timestamp),
    };
    NewEvent::new(tenant, Shard::of_member(coupon.member), coupon.member, coupon.issued_at, &payload)
}

pub(super) fn lapsed(tenant: TenantId, coupon: &Coupon, now: Timestamp) -> NewEvent {
    let (_, at) = coupon.at(now);
    let payload = CouponLapsed {
        coupon: coupon.id.to_string(),
        member: coupon.member.to_string(),
        campaign: coupon.campaign.clone(),
        occur_time: Some(proto::timestamp(at)),
    };
    NewEvent::new(tenant, Shard::of_member(coupon.member), coupon.member, at, &payload)
}
