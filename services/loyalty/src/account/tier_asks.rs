//! What is asked of tiers by hand.

use ::store::RequestKey;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use serde::{Deserialize, Serialize};

use super::reviewing::bringing::Brought;

/// A request about a member's tier on a ladder.
#[derive(Clone, Debug)]
pub struct TierAsk {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose tier.
    pub member: MemberId,
    /// On which ladder; the programme's first where none is said.
    pub ladder: Option<String>,
    /// Why.
    pub reason: String,
    /// Who does it, as their token names them.
    pub actor: String,
    /// What is to be done.
    pub what: TierDeed,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What is to be done about a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierDeed {
    /// Put the member into one.
    Assign {
        /// Its code.
        tier: String,
        /// Until when, where that is said.
        until: Option<Timestamp>,
    },
    /// Let it go.
    Release,
    /// Let them stand where they stood in another system.
    Bring(Brought),
    /// Let something count.
    Qualify {
        /// What for.
        cause: String,
        /// How much; negative takes off.
        units: i64,
        /// When it happened; now where not said.
        occurred_at: Option<Timestamp>,
    },
}

/// What a caller keeps of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierReceipt {
    /// Code of the ladder.
    pub ladder: String,
    /// Code of the tier that counted before.
    pub from: String,
    /// Code of the tier that counts now.
    pub to: String,
    /// What counts in the window then.
    pub progress_minor: i64,
    /// When it is reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_at: Option<Timestamp>,
}

/// Why nothing was done about a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierRefusal {
    /// The programme has no such ladder.
    LadderNotFound {
        /// The code; empty where the programme has none at all.
        ladder: String,
    },
    /// The ladder has no such tier.
    TierNotFound {
        /// The ladder.
        ladder: String,
        /// The code.
        tier: String,
    },
    /// Nobody was put into a tier of it.
    NotAssigned {
        /// The ladder.
        ladder: String,
    },
    /// Its time is over already.
    Over {
        /// Since when.
        until: Timestamp,
    },
    /// They stand in it already, or in a higher one, by what they reached themselves.
    Reached {
        /// The ladder.
        ladder: String,
        /// Where they stand.
        tier: String,
    },
    /// It was brought along before, under another request id.
    AlreadyBrought {
        /// The ladder.
        ladder: String,
    },
    /// Something else was brought along before.
    BroughtDiffers {
        /// The ladder.
        ladder: String,
        /// The first field that differs.
        field: &'static str,
    },
    /// It counts already.
    AlreadyCounts {
        /// What for.
        cause: String,
    },
}
