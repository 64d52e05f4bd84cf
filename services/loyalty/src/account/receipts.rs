//! What a caller keeps of what was done.

use jiff::Timestamp;
use kernel::{EntryId, HoldId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::decision::Explanation;
use super::holdings::Draw;
use super::{OccasionReceipt, TierReceipt, TransferReceipt};

/// Where a partition of the log stood: shard, epoch, position.
pub type Mark = (i16, Uuid, i64);

/// What a caller keeps: ids and amounts, nothing personal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The entry; none where nothing was to be written.
    pub entry: Option<EntryId>,
    /// What can be spent after it.
    pub spendable: i64,
    /// What it did to which lots.
    pub draws: Vec<Draw>,
    /// When points that were given lapse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapses_at: Option<Timestamp>,
    /// What the entry says, signed.
    #[serde(default)]
    pub points: i64,
    /// The hold it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<HoldReceipt>,
    /// What became of the tier it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Box<TierReceipt>>,
    /// What an occasion brought, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occasion: Option<Box<OccasionReceipt>>,
    /// What became of the transfer it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Box<TransferReceipt>>,
    /// Where the member's partition of the log stood after it: shard, epoch, position.
    pub mark: Option<Mark>,
    /// The same of other members whose accounts it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks_beside: Vec<Mark>,
    /// Why. Not kept with the receipt: the entry has it, and whoever asks again is told from there.
    #[serde(skip)]
    pub why: Option<Box<Explanation>>,
}

/// What a caller keeps of a hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldReceipt {
    /// Its id; none where nothing was to be written.
    pub hold: Option<HoldId>,
    /// What it still holds.
    pub held: i64,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::decision::Decision;
    use crate::account::holdings::EntryKind;

    #[test]
    fn a_kept_receipt_holds_no_reasons() {
        let grounds = Decision::new("redeem", 0, Timestamp::UNIX_EPOCH);
        let why = Explanation { kind: EntryKind::Redemption, points: -20, cause: "coffee".to_owned(), grounds };
        let receipt = Receipt { spendable: 30, why: Some(Box::new(why)), ..Receipt::default() };
        let kept = serde_json::to_value(&receipt).expect("a receipt can be written");
        let fields: Vec<&str> = kept.as_object().expect("it has fields").keys().map(String::as_str).collect();
        assert_eq!(fields, ["draws", "entry", "mark", "points", "spendable"]);
        let read: Receipt = serde_json::from_value(kept).expect("it can be read");
        assert_eq!(read, Receipt { why: None, ..receipt });
    }
}
