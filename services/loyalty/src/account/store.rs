//! The rows of accounts: read once for a batch, written once for a batch.

mod chaining;
mod coming_back;
mod done;
mod holds;
mod loading;
mod openings;
mod purchases;
pub(super) mod recalling;
mod tiers;
pub(super) mod transfers;
mod writing;

pub(super) use loading::{Found, Loaded, load, read_for_review, read_member, wallet};
pub(super) use writing::write;

use super::holdings::EntryKind;
use ::store::StoreError;

/// Numbers of kinds in the database. They never change their meaning.
pub(super) const fn entry_kind(kind: EntryKind) -> i16 {
    match kind {
        EntryKind::Earn => 1,
        EntryKind::EarnReversal => 2,
        EntryKind::Redemption => 3,
        EntryKind::RedemptionReversal => 4,
        EntryKind::Lapse => 5,
        EntryKind::Adjustment => 6,
        EntryKind::TransferOut => 7,
        EntryKind::TransferIn => 8,
    }
}

pub(super) fn read_entry_kind(number: i16) -> Result<EntryKind, StoreError> {
    [
        EntryKind::Earn,
        EntryKind::EarnReversal,
        EntryKind::Redemption,
        EntryKind::RedemptionReversal,
        EntryKind::Lapse,
        EntryKind::Adjustment,
        EntryKind::TransferOut,
        EntryKind::TransferIn,
    ]
    .into_iter()
    .find(|kind| entry_kind(*kind) == number)
    .ok_or_else(|| StoreError::unreadable("a kind of entry"))
}
