//! What is asked of points that are spent, or given back.

use ::store::RequestKey;
use kernel::{ClaimId, EntryId, MemberId, Points, TenantId};

use crate::account::wallet::WalletCode;

/// Points to spend.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// In which of their wallets.
    pub wallet: WalletCode,
    /// How many.
    pub points: Points,
    /// On what.
    pub spent_on: String,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// A redemption to reverse.
#[derive(Clone, Debug)]
pub struct Reversal {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// The redemption's entry.
    pub entry: EntryId,
    /// The claim whose points they are: they come back with it alone.
    pub claim: Option<ClaimId>,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}
