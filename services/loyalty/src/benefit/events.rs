//! What the outside hears of benefits.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use proto::loyalty::events::v1::{BenefitPut, BenefitReturned, BenefitUsed};

use super::Booked;
use crate::reservation::life::OrderKey;

pub(super) fn put(tenant: TenantId, benefit: &str, version: i32, at: Timestamp) -> NewEvent {
    let payload = BenefitPut { benefit: benefit.to_owned(), version };
    NewEvent::new(tenant, Shard::of_tenant(tenant), tenant, at, &payload)
}

pub(super) fn used(
    (tenant, member): (TenantId, MemberId),
    order: &OrderKey,
    booked: &Booked,
    at: Timestamp,
) -> NewEvent {
    let payload = BenefitUsed {
        benefit: booked.benefit.clone(),
        member: member.to_string(),
        order_source: order.source.clone(),
        order_external_id: order.number.clone(),
        currency_code: booked.currency.to_string(),
        saved_minor: booked.saved_minor,
        occur_time: Some(proto::timestamp(at)),
    };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}

pub(super) fn returned((tenant, member): (TenantId, MemberId), booked: &Booked, at: Timestamp) -> NewEvent {
    let payload = BenefitReturned {
        benefit: booked.benefit.clone(),
        member: member.to_string(),
        currency_code: booked.currency.to_string(),
        saved_minor: booked.saved_minor,
        occur_time: Some(proto::timestamp(at)),
    };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}
