//! What is asked of holds.

use ::store::RequestKey;
use jiff::SignedDuration;
use kernel::{HoldId, MemberId, Points, TenantId};

use crate::account::wallet::WalletCode;

/// Points to hold.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// In which of their wallets.
    pub wallet: WalletCode,
    /// The id it gets.
    pub hold: HoldId,
    /// How many.
    pub points: Points,
    /// For what.
    pub spent_on: String,
    /// How long, unless it is ended before.
    pub lifetime: SignedDuration,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// Held points to spend.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// The hold.
    pub hold: HoldId,
    /// How many; all that is held where none is said.
    pub points: Option<Points>,
    /// Go on holding the rest.
    pub keep_rest: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// A hold to end.
#[derive(Clone, Debug)]
pub struct Release {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose points.
    pub member: MemberId,
    /// The hold.
    pub hold: HoldId,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}
