//! How points are spent: lots nearest to lapsing first.

use jiff::Timestamp;
use kernel::{EntryId, Points};

use super::decision::Decision;
use super::holdings::{EntryKind, Holdings, Lot, OutOfRange};
use super::settling::{Until, settle};
use crate::programme::expiry::lapse_instant;
use crate::programme::terms::{Terms, Versions};

/// Why points were not spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSpend {
    /// There are fewer.
    #[error("asked for {asked}, {spendable} can be spent")]
    Insufficient {
        /// What was asked for.
        asked: Points,
        /// What there is.
        spendable: Points,
    },
    /// A sum does not fit.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

/// Spends points at a moment. What has lapsed by then cannot be spent.
pub fn redeem(
    holdings: &mut Holdings,
    versions: &Versions,
    points: Points,
    spent_on: &str,
    now: Timestamp,
) -> Result<EntryId, CannotSpend> {
    take(holdings, versions, EntryKind::Redemption, points, spent_on, now)
}

/// Takes points by hand.
pub fn take_by_hand(
    holdings: &mut Holdings,
    versions: &Versions,
    points: Points,
    reason: &str,
    now: Timestamp,
) -> Result<EntryId, CannotSpend> {
    take(holdings, versions, EntryKind::Adjustment, points, reason, now)
}

/// Adds points by hand; they keep as long as points earned now.
pub fn add_by_hand(
    holdings: &mut Holdings,
    versions: &Versions,
    terms: &Terms,
    points: Points,
    reason: &str,
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Before(now))?;
    let lot = Lot {
        id: holdings.next_lot_id(0),
        origin: String::new(),
        amount: points.0,
        left: points.0,
        lapsed: 0,
        earned_at: now,
        lapses_at: lapse_instant(terms, now)?,
        touched: true,
    };
    let draw = holdings.credit(lot)?;
    let grounds = Decision::new("adjust", terms.number, now).step("by hand", reason, points.0);
    holdings.post(EntryKind::Adjustment, points.0, reason, vec![draw], grounds, now)
}

fn take(
    holdings: &mut Holdings,
    versions: &Versions,
    kind: EntryKind,
    points: Points,
    cause: &str,
    now: Timestamp,
) -> Result<EntryId, CannotSpend> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Including(now))?;
    let spendable = Points(holdings.spendable());
    if spendable < points {
        return Err(CannotSpend::Insufficient { asked: points, spendable });
    }
    let (draws, _) = holdings.draw(points.0);
    let outcome = if kind == EntryKind::Adjustment { "adjust" } else { "redeem" };
    let mut grounds = Decision::new(outcome, 0, now).fact("spendable", spendable).fact("asked", points);
    for draw in &draws {
        let lapse = holdings.lot_mut(draw.lot).and_then(|lot| lot.lapses_at);
        let detail = if lapse.is_some() { "lapses first" } else { "never lapses" };
        grounds = grounds.step(&draw.lot.to_string(), detail, draw.points);
        if let Some(lapse) = lapse {
            grounds = grounds.figure("lapse_time", lapse);
        }
    }
    Ok(holdings.post(kind, points.negated().0, cause, draws, grounds, now)?)
}
