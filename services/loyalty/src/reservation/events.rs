//! What the outside hears of a reservation.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use proto::loyalty::events::v1::{CouponRedeemed, CouponReturned};

use super::life::{Part, Reservation};

fn coupon(part: &Part) -> String {
    part.what.coupon().map(|coupon| coupon.to_string()).unwrap_or_default()
}

pub(super) fn redeemed(
    (tenant, member): (TenantId, MemberId),
    reservation: &Reservation,
    part: &Part,
    at: Timestamp,
) -> NewEvent {
    let payload = CouponRedeemed {
        reservation: reservation.id.to_string(),
        coupon: coupon(part),
        member: member.to_string(),
        campaign: part.campaign.clone(),
        order_source: reservation.order.source.clone(),
        order_external_id: reservation.order.number.clone(),
        currency_code: reservation.currency.to_string(),
        saved_minor: part.saved_minor,
        occur_time: Some(proto::timestamp(at)),
    };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}

pub(super) fn returned(
    (tenant, member): (TenantId, MemberId),
    reservation: &Reservation,
    part: &Part,
    at: Timestamp,
) -> NewEvent {
    let payload = CouponReturned {
        reservation: reservation.id.to_string(),
        coupon: coupon(part),
        member: member.to_string(),
        campaign: part.campaign.clone(),
        currency_code: reservation.currency.to_string(),
        saved_minor: part.saved_minor,
        occur_time: Some(proto::timestamp(at)),
    };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}
