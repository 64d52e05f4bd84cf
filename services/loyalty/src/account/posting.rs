//! A line of the statement, before it is written.

use jiff::Timestamp;
use kernel::{EntryId, LotId};
use serde::{Deserialize, Serialize};

use super::decision::Decision;

/// What happened to points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryKind {
    /// Earned with an order.
    Earn,
    /// Taken back because the order was returned.
    EarnReversal,
    /// Spent.
    Redemption,
    /// Given back because the redemption was reversed.
    RedemptionReversal,
    /// Lapsed.
    Lapse,
    /// Changed by a person.
    Adjustment,
    /// Gone to another member.
    TransferOut,
    /// Come from another member.
    TransferIn,
}

/// What an entry did to one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The lot.
    pub lot: LotId,
    /// Signed.
    pub points: i64,
}

/// One line of the statement, before it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its id.
    pub id: EntryId,
    /// Its place on the statement.
    pub number: i64,
    /// What happened.
    pub kind: EntryKind,
    /// Signed.
    pub points: i64,
    /// The balance after it.
    pub balance_after: i64,
    /// What caused it; empty where time did.
    pub cause: String,
    /// Lots drawn from or added to.
    pub draws: Vec<Draw>,
    /// Why.
    pub grounds: Decision,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Part of a history that is being loaded: nobody is told.
    pub historic: bool,
}
