//! What is recorded of members, for whoever looks back over all of them: statements, purchases, lots.
//!
//! Cost: each look reads some shards of one tenant, or sums over its lots, in one or two statements.

mod reading;
mod store;

use jiff::Timestamp;
use kernel::{Currency, EntryId, MemberId};

use super::granting::is_cause;
use super::holdings::{EntryKind, Lot};
use super::replaying::Happened;

/// What is booked of an order, as it is compared with what activity told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// In which currency.
    pub currency: Currency,
    /// Its net amount.
    pub net_minor: i64,
    /// What came back of it.
    pub returned_minor: i64,
    /// When it was bought.
    pub occurred_at: Timestamp,
}

/// Lots that end in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LotsOfMonth {
    /// "2026-12", of the last day they are good for; none for those that never end.
    pub month: Option<String>,
    /// Lots that have ended.
    pub ended: i64,
    /// What those began with.
    pub ended_issued: i64,
    /// What of it lapsed, written or not.
    pub ended_lapsed: i64,
    /// What lots that go on began with.
    pub issued: i64,
    /// What is left of them.
    pub left: i64,
    /// How many of them have something left.
    pub open: i64,
}

/// A line of a statement.
struct Line {
    member: MemberId,
    entry: EntryId,
    kind: EntryKind,
    points: i64,
    cause: String,
    /// Of points that came from another member, the lots they came in.
    lots: Vec<Lot>,
    recorded_at: Timestamp,
}

/// What a line says that follows from nothing else; what orders earn and returns take, and what lapses, does.
fn happened(line: &Line) -> Option<Happened> {
    let entry = line.entry;
    match line.kind {
        EntryKind::Redemption => Some(Happened::Spent { entry, points: line.points.saturating_neg() }),
        EntryKind::RedemptionReversal => Some(Happened::GivenBack { redemption: EntryId::parse(&line.cause).ok()? }),
        EntryKind::Adjustment => Some(Happened::ByHand { points: line.points }),
        EntryKind::Earn if is_cause(&line.cause) => {
            Some(Happened::Given { entry, cause: line.cause.clone(), points: line.points })
        }
        EntryKind::EarnReversal => Some(Happened::TakenBack { grant: EntryId::parse(&line.cause).ok()? }),
        EntryKind::TransferOut => {
            Some(Happened::PassedOn { transfer: line.cause.clone(), points: line.points.saturating_neg() })
        }
        EntryKind::TransferIn => {
            let (transfer, lots) = (line.cause.clone(), line.lots.clone());
            Some(Happened::Received { transfer, points: line.points, lots })
        }
        EntryKind::Earn | EntryKind::Lapse => None,
    }
}
