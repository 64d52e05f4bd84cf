//! What others hear of members: ids, codes and keyed digests. No name, number or address leaves registry this way.

use jiff::Timestamp;
use kernel::{Shard, TenantId};
use proto::registry::events::v1::{MemberEnrolled, MemberUpdated};
use wire::Keys;

use eventlog::NewEvent;

use super::change::Changed;
use super::identity::Name;
use super::record::Member;

/// A person became a member.
pub(super) fn enrolled(keys: &Keys, tenant: TenantId, member: &Member) -> NewEvent {
    let payload = MemberEnrolled {
        member: member.id.to_string(),
        join_time: Some(proto::timestamp(member.joined_at)),
        acquisition_source: member.acquisition_source.clone(),
        identity_keys: member.identities.iter().map(|identity| identity_key(keys, tenant, &identity.name)).collect(),
    };
    NewEvent::new(tenant, Shard::of_member(member.id), member.id, member.joined_at, &payload)
}

/// A record changed.
pub(super) fn updated(keys: &Keys, tenant: TenantId, changed: &Changed, at: Timestamp) -> NewEvent {
    let member = changed.member.id;
    let payload = MemberUpdated {
        member: member.to_string(),
        fields: changed.fields.iter().map(|field| (*field).to_owned()).collect(),
        identity_keys: changed.added.iter().map(|name| identity_key(keys, tenant, name)).collect(),
    };
    NewEvent::new(tenant, Shard::of_member(member), member, at, &payload)
}

/// What a name is recognised by without being told: half of its keyed digest, in hexadecimal digits. The parts are the
/// tenant's id as text, the kind's word, the issuer and the value in its one form.
pub(super) fn identity_key(keys: &Keys, tenant: TenantId, name: &Name) -> String {
    let tenant = tenant.to_string();
    let parts = [tenant.as_str(), name.kind.word(), &name.issuer, &name.value].map(str::as_bytes);
    let digest = keys.digest("identity", &parts);
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
