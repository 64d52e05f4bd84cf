//! What is recorded of members, for whoever looks back over all of them: statements, purchases, lots.
//!
//! Cost: each look reads some shards of one tenant, or sums over its lots, in one or two statements.

mod reading;
mod store;

use jiff::Timestamp;
use kernel::{Currency, EntryId, MemberId, OccasionId};

use super::decision::Decision;
use super::granting::is_cause;
use super::holdings::{EntryKind, Lot};
use super::occasion::{OccasionFacts, OccasionView};
use super::opening::Opening;
use super::replaying::{Happened, Recorded};
use crate::programme::occasions::On;

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
    /// Why, of what was brought along.
    grounds: Option<Decision>,
    /// Of points that came from another member, the lots they came in.
    lots: Vec<Lot>,
    recorded_at: Timestamp,
}

/// What a line says that follows from nothing else; what orders earn and returns take, and what lapses, does.
fn happened(line: &Line) -> Option<Happened> {
    let entry = line.entry;
    if let Some(grounds) = &line.grounds {
        let opening = Opening::told(&line.cause, line.points, grounds)?;
        return Some(Happened::Brought { entry, opening });
    }
    match line.kind {
        EntryKind::Redemption => Some(Happened::Spent { entry, points: line.points.saturating_neg() }),
        EntryKind::RedemptionReversal => Some(Happened::GivenBack { redemption: EntryId::parse(&line.cause).ok()? }),
        EntryKind::Adjustment => Some(Happened::ByHand { points: line.points }),
        // What an occasion brings follows from it.
        EntryKind::Earn if OccasionId::parse(&line.cause).is_ok() => None,
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

/// The same of an occasion. An enrolment is booked as of its own time, whenever it was recorded.
fn occurred(view: OccasionView) -> Recorded {
    let facts = view.occasion.facts;
    let known_at = if facts.on == On::Enrolment { facts.occurred_at } else { view.recorded_at };
    let of_points = view.occasion.gifts.iter().find(|gift| gift.wallet.is_empty());
    let entry = of_points.and_then(|gift| gift.entry);
    Recorded { known_at, what: Happened::Occurred { occasion: facts, entry } }
}

/// That of a member of whom none is kept: they joined before occasions were.
fn enrolment_of(member: MemberId, joined_at: Timestamp) -> Recorded {
    let occasion = OccasionFacts::enrolment(member, "", joined_at, false);
    Recorded { known_at: joined_at, what: Happened::Occurred { occasion, entry: None } }
}
