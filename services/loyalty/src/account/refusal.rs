//! Why an account was not changed.

use jiff::Timestamp;
use kernel::{ClaimId, EntryId, HoldId, MemberId, Points};

use super::holdings::EntryKind;
use super::opening_asks::OpeningRefusal;
use super::tier_asks::TierRefusal;
use super::transfer_asks::TransferRefusal;
use super::wallet::WalletCode;

/// Why an account was not changed, or not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRefusal {
    /// Fewer points than asked for.
    InsufficientPoints {
        /// What was asked for.
        asked: Points,
        /// What can be spent.
        spendable: Points,
    },
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// No version of the programme names this wallet.
    WalletNotFound {
        /// Its code.
        wallet: WalletCode,
    },
    /// There is no programme, or none at that moment.
    ProgrammeNotFound {
        /// The moment.
        at: Timestamp,
    },
    /// No entry has this id.
    EntryNotFound {
        /// The id.
        entry: EntryId,
    },
    /// The entry is something else.
    NotARedemption {
        /// The entry.
        entry: EntryId,
        /// What it is.
        kind: EntryKind,
    },
    /// The entry is something else.
    NotAGrant {
        /// The entry.
        entry: EntryId,
        /// What it is.
        kind: EntryKind,
    },
    /// It paid for a claim, and comes back with that alone.
    SpentOnClaim {
        /// The redemption.
        entry: EntryId,
        /// What it paid for.
        claim: ClaimId,
    },
    /// It was reversed before.
    AlreadyReversed {
        /// The redemption or grant.
        entry: EntryId,
    },
    /// The member was given points for this before, under another request id.
    AlreadyGranted {
        /// What for.
        cause: String,
        /// The entry.
        entry: EntryId,
    },
    /// Nobody has this id.
    HoldNotFound {
        /// The id.
        hold: HoldId,
    },
    /// All of it was spent or let go before.
    HoldEnded {
        /// The hold.
        hold: HoldId,
    },
    /// It holds fewer points.
    HoldExceeded {
        /// The hold.
        hold: HoldId,
        /// What was to be spent.
        asked: Points,
        /// What it holds.
        held: Points,
    },
    /// Nothing was done about a tier.
    Tier(TierRefusal),
    /// Nothing was taken over from another system.
    Opening(OpeningRefusal),
    /// Nothing was passed on, or taken back.
    Transfer(TransferRefusal),
    /// A balance would leave its range.
    OutOfRange,
}

impl From<TransferRefusal> for AccountRefusal {
    fn from(refusal: TransferRefusal) -> Self {
        Self::Transfer(refusal)
    }
}
