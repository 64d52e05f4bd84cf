//! What is asked of missions, what the callers keep, and why something is not done.

use ::store::RequestKey;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use serde::{Deserialize, Serialize};

use super::Reached;
use super::terms::Terms;

/// A mission to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Its code.
    pub mission: String,
    /// The whole of it.
    pub terms: Terms,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `put` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReceipt {
    /// The version it has become.
    pub version: i32,
    /// Where the tenant's log stood.
    pub reached: Reached,
}

/// A mission to take on.
#[derive(Clone, Debug)]
pub struct Accept {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// Which.
    pub mission: String,
    /// Registry knows the member.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `accept` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptReceipt {
    /// The window that runs.
    pub window: String,
    /// The version whose terms hold.
    pub version: i32,
    /// Since when.
    pub accepted_at: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// Something a member did that is no order.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// What.
    pub name: String,
    /// What the shop calls this one.
    pub external_id: String,
    /// When; now if none.
    pub at: Option<Timestamp>,
    /// Registry knows the member.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `record` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HappenedReceipt {
    /// Missions that ask for it.
    pub missions: Vec<String>,
    /// It had been recorded before.
    pub repeated: bool,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissionRefusal {
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// None has this code, or not this version.
    NotFound {
        /// The code.
        mission: String,
    },
    /// No campaign has this code.
    CampaignNotFound {
        /// The code.
        campaign: String,
    },
    /// There are as many as there may be.
    TooMany {
        /// So many.
        most: i64,
    },
    /// It cannot be accepted.
    NotOpen {
        /// The mission.
        mission: String,
        /// Why.
        why: Closed,
    },
}

/// Why a mission cannot be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// What happens counts without.
    Automatic,
    /// Its time has not come.
    NotYet,
    /// Its time is over.
    Over,
    /// The member is none of whom it is for.
    NotForMember,
    /// The member was given all they can be.
    Completed,
}
