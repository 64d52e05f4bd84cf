//! What is asked of points that members pass on.

use ::store::RequestKey;
use kernel::{EntryId, LotId, MemberId, Points, TenantId, TransferId};
use serde::{Deserialize, Serialize};

use super::wallet::{Owner, WalletCode};

/// A request about a transfer. It is the giver's: two members are locked, and one of them remembers it.
#[derive(Clone, Debug)]
pub struct TransferAsk {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who gives, or gave.
    pub member: MemberId,
    /// The transfer's id.
    pub transfer: TransferId,
    /// Why.
    pub reason: String,
    /// What is to be done.
    pub what: TransferDeed,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Answer why, too.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What is to be done about a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferDeed {
    /// Make it.
    Make {
        /// Who gets the points.
        to: MemberId,
        /// In which wallet.
        wallet: WalletCode,
        /// How many.
        points: Points,
        /// Registry knows the one to get them, though nothing was heard of them yet.
        known: bool,
    },
    /// Take it back.
    Reverse {
        /// What never changes of it; none where there is no such transfer.
        made: Option<Made>,
    },
}

/// What never changes of a transfer once it is made: whom to lock, and which lots to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Who got the points.
    pub to: MemberId,
    /// In which wallet.
    pub wallet: WalletCode,
    /// Lots of the giver, and of the one who got them.
    pub lots: Vec<LotId>,
}

impl TransferAsk {
    /// The same, where registry knows the one to get the points.
    #[must_use]
    pub fn to_known(self) -> Self {
        let what = match self.what {
            TransferDeed::Make { to, wallet, points, .. } => TransferDeed::Make { to, wallet, points, known: true },
            TransferDeed::Reverse { made } => TransferDeed::Reverse { made },
        };
        Self { what, ..self }
    }

    /// Who gives, and who gets.
    pub(super) fn members(&self) -> Vec<(TenantId, MemberId)> {
        let to = self.accounts().map(|(_, to)| to.whose());
        [(self.tenant, self.member)].into_iter().chain(to).collect()
    }

    /// The two accounts, the giver's first; none where there is no such transfer.
    pub(super) fn accounts(&self) -> Option<(Owner, Owner)> {
        let (to, wallet) = match &self.what {
            TransferDeed::Make { to, wallet, .. } => (*to, *wallet),
            TransferDeed::Reverse { made } => made.as_ref().map(|made| (made.to, made.wallet))?,
        };
        let of = |member| Owner { tenant: self.tenant, member, wallet };
        Some((of(self.member), of(to)))
    }
}

/// What a caller keeps of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferReceipt {
    /// Its id; none where nothing was to be written.
    pub transfer: Option<TransferId>,
    /// The other member's entry; none where nothing was to be written.
    pub to_entry: Option<EntryId>,
    /// Points that went, or returned.
    pub points: i64,
    /// Points of them that stay with the other member, where it was taken back.
    pub kept: i64,
    /// Points of the fee that were taken, or returned.
    pub fee: i64,
}

/// Why points were not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferRefusal {
    /// The programme lets nobody.
    NobodyMay {
        /// Out of which wallet.
        wallet: WalletCode,
    },
    /// So many at once, or in that time, are too many or too few.
    LimitReached {
        /// Which limit.
        limit: TransferLimit,
        /// How many it allows, or asks for.
        most: i64,
        /// How many it leaves.
        left: i64,
        /// How many were to go.
        asked: i64,
    },
    /// The member has passed nothing on under this id.
    NotFound {
        /// The id.
        transfer: TransferId,
    },
}

/// What limits transfers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferLimit {
    /// How many go at once at least.
    Least,
    /// How many go at once at most.
    Most,
    /// How many a member passes on in a day.
    Day,
    /// In a month.
    Month,
    /// In a year.
    Year,
}

impl TransferLimit {
    /// In one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Least => "LEAST",
            Self::Most => "MOST",
            Self::Day => "DAY",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }
}
