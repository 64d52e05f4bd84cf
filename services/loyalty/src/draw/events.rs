//! What the outside hears of draws.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use proto::loyalty::events::v1::PrizeWon;

pub(super) fn won(
    (tenant, member): (TenantId, MemberId),
    (draw, number, prize): (&str, i64, &str),
    at: Timestamp,
) -> NewEvent {
    let payload = PrizeWon {
        ticket: super::ticket_id(tenant, draw, number).to_string(),
        member: member.to_string(),
        draw: draw.to_owned(),
        prize: prize.to_owned(),
        occur_time: Some(proto::timestamp(at)),
    };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}
