//! The rows of members and snapshots: read once for a batch, written once for a batch.

mod loading;
mod snapshots;
mod streaming;
mod writing;

use ::store::StoreError;
use kernel::{MemberId, Shard, TenantId};
use uuid::Uuid;

pub(super) use self::loading::{load, read_purchase};
pub(super) use self::snapshots::{insert, latest, numbered, snapshots_since, unlooked};
pub(super) use self::streaming::{Passing, Still, each_member, stand_still};
pub(super) use self::writing::{GROUP_CHANGED, MEMBER, SNAPSHOT, SWEEP, bring_snapshots_forward, write};
use super::desk::Whose;
use super::{CycleSource, Group, Lifecycle};

/// The keys of some members, as columns.
struct Keys {
    tenants: Vec<Uuid>,
    shards: Vec<i16>,
    members: Vec<Uuid>,
}

impl Keys {
    fn of<'a>(all: impl IntoIterator<Item = &'a Whose>) -> Self {
        let mut keys = Self { tenants: Vec::new(), shards: Vec::new(), members: Vec::new() };
        for (tenant, member) in all {
            keys.push(*tenant, *member);
        }
        keys
    }

    fn push(&mut self, tenant: TenantId, member: MemberId) {
        self.tenants.push(tenant.uuid());
        self.shards.push(Shard::of_member(member).number());
        self.members.push(member.uuid());
    }
}

/// Numbers in the database. They never change their meaning.
pub(super) const fn group(group: Group) -> i16 {
    match group {
        Group::Prospect => 1,
        Group::Vip => 2,
        Group::Watched => 3,
        Group::Promising => 4,
        Group::Developing => 5,
        Group::Keep => 6,
        Group::Maintain => 7,
        Group::WinBack => 8,
        Group::Dormant => 9,
        Group::Unsorted => 10,
    }
}

pub(super) fn read_group(number: i16) -> Result<Group, StoreError> {
    let found = Group::ALL.into_iter().find(|one| group(*one) == number);
    found.ok_or_else(|| StoreError::unreadable("a group"))
}

pub(super) const fn lifecycle(lifecycle: Lifecycle) -> i16 {
    match lifecycle {
        Lifecycle::Prospect => 1,
        Lifecycle::New => 2,
        Lifecycle::Active => 3,
        Lifecycle::Sleeping => 4,
        Lifecycle::Lost => 5,
        Lifecycle::Deep => 6,
    }
}

pub(super) fn read_lifecycle(number: i16) -> Result<Lifecycle, StoreError> {
    let found = Lifecycle::ALL.into_iter().find(|one| lifecycle(*one) == number);
    found.ok_or_else(|| StoreError::unreadable("a lifecycle"))
}

const fn cycle_source(source: CycleSource) -> i16 {
    match source {
        CycleSource::Own => 1,
        CycleSource::Category => 2,
        CycleSource::Shop => 3,
        CycleSource::Default => 4,
    }
}
