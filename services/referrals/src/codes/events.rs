//! What the outside hears of codes.

use eventlog::NewEvent;
use jiff::Timestamp;
use kernel::{MemberId, Shard, TenantId};
use proto::referrals::events::v1::{CodeIssued, CodeRetired};

use super::alphabet::Code;

pub(super) fn issued(tenant: TenantId, member: MemberId, code: &Code, at: Timestamp) -> NewEvent {
    let payload = CodeIssued { member: member.to_string(), code: code.to_string() };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}

pub(super) fn retired(tenant: TenantId, member: MemberId, code: &Code, at: Timestamp) -> NewEvent {
    let payload = CodeRetired { member: member.to_string(), code: code.to_string() };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}
