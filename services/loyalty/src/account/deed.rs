//! What is heard of a member, as the desk applies it.

use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use terms::Settled;

use super::earning::OrderFacts;
use super::reversing::ReturnFacts;

/// Something that happened to a member, as heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// In which tenant.
    pub tenant: TenantId,
    /// To whom; to the tenant itself where none is named.
    pub member: Option<MemberId>,
    /// What.
    pub kind: DeedKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedKind {
    /// They joined.
    Joined {
        /// When.
        at: Timestamp,
        /// How they came; empty where not told.
        channel: String,
        /// Part of a history that is being loaded.
        historic: bool,
    },
    /// They bought; a guest's order that joins brings what had come back of it before.
    Bought {
        /// What.
        order: OrderFacts,
        /// What had come back already.
        back: Option<ReturnFacts>,
    },
    /// Something came back.
    Returned(ReturnFacts),
    /// Registry settled something for the tenant.
    TenantSettled(Settled),
}
