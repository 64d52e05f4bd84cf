//! What a decision says to a person: its reason, whose sentence is filled in with the decision's own facts.
//!
//! The sentences themselves stand beside those of refusals, one for each reason and language.

use proto::common::v1::DecisionReason;

use crate::members::{Group, Lifecycle};

/// Why a member has the group they have.
pub(super) const fn of_group(group: Group) -> DecisionReason {
    match group {
        Group::Prospect => DecisionReason::GroupProspect,
        Group::Vip => DecisionReason::GroupVip,
        Group::Watched => DecisionReason::GroupWatched,
        Group::Promising => DecisionReason::GroupPromising,
        Group::Developing => DecisionReason::GroupDeveloping,
        Group::Keep => DecisionReason::GroupKeep,
        Group::Maintain => DecisionReason::GroupMaintain,
        Group::WinBack => DecisionReason::GroupWinBack,
        Group::Dormant => DecisionReason::GroupDormant,
        Group::Unsorted => DecisionReason::GroupUnsorted,
    }
}

/// Why a member has the lifecycle they have.
pub(super) const fn of_lifecycle(lifecycle: Lifecycle) -> DecisionReason {
    match lifecycle {
        Lifecycle::Prospect => DecisionReason::LifecycleProspect,
        Lifecycle::New => DecisionReason::LifecycleNew,
        Lifecycle::Active => DecisionReason::LifecycleActive,
        Lifecycle::Sleeping => DecisionReason::LifecycleSleeping,
        Lifecycle::Lost => DecisionReason::LifecycleLost,
        Lifecycle::Deep => DecisionReason::LifecycleDeep,
    }
}
