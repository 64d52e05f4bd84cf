//! What is asked of draws, what the callers keep, and why something is not done.

use ::store::RequestKey;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use serde::{Deserialize, Serialize};

use super::rolling::Seed;
use super::terms::Terms;
use super::{Reached, Ticket};

/// A draw to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Its code.
    pub draw: String,
    /// What it promises.
    pub terms: Terms,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `put` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReceipt {
    /// What was committed to; empty where nothing was written.
    pub commitment: Vec<u8>,
    /// Where the draw's log stood.
    pub reached: Reached,
}

/// A ticket to draw.
#[derive(Clone, Debug)]
pub struct Take {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who draws.
    pub member: MemberId,
    /// Of which draw.
    pub draw: String,
    /// What the member's device adds.
    pub client_seed: String,
    /// Registry knows the member.
    pub known: bool,
    /// Decide whether it may be drawn.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `take` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeReceipt {
    /// The ticket; none where none was drawn.
    pub ticket: Option<Ticket>,
    /// What was committed to.
    pub commitment: Vec<u8>,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// A draw to close.
#[derive(Clone, Debug)]
pub struct Close {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Which.
    pub draw: String,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the request log keeps of a closing: the seed itself is told from its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    pub(super) at: Timestamp,
    pub(super) reached: Reached,
}

/// What a closing tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revealed {
    /// The seed; none where nothing was written.
    pub seed: Option<Seed>,
    /// When it was closed.
    pub at: Timestamp,
    /// Where the draw's log stood.
    pub reached: Reached,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrawRefusal {
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// None has this code.
    NotFound {
        /// The code.
        draw: String,
    },
    /// There is one of this code.
    Fixed {
        /// The code.
        draw: String,
    },
    /// No campaign has this code.
    CampaignNotFound {
        /// The code.
        campaign: String,
    },
    /// No ticket is drawn now.
    NotOpen {
        /// The draw.
        draw: String,
        /// Why.
        why: Shut,
    },
    /// As many tickets were drawn as may be.
    LimitReached {
        /// The draw.
        draw: String,
        /// Which limit.
        limit: Limit,
        /// How many.
        most: i64,
    },
}

/// Why no ticket is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shut {
    /// Its time has not come.
    NotYet,
    /// Its time is over.
    Over,
    /// It is closed.
    Closed,
    /// All prizes are gone.
    NothingLeft,
}

/// A limit of tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of a member.
    Member,
    /// Of a member on one day.
    MemberDay,
    /// Of all members on one day.
    Day,
}
