//! What happened because time passed: points that wait can be spent, holds end, tiers are reviewed, lots lapse, each as of
//! its own instant and in their order.

use jiff::Timestamp;

use super::decision::Decision;
use super::holding;
use super::holdings::{Activation, Draw, EntryKind, Holdings, Lot, OutOfRange};
use super::reviewing::{assigning, term_end};
use crate::programme::terms::Versions;

/// Up to where to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// What is due at the moment itself happens too: a point is gone at its lapse instant.
    Including(Timestamp),
    /// Points that have waited until the moment can be spent; the rest of it comes after what is earned at it.
    Earning(Timestamp),
    /// What happens at the moment itself comes first: at one instant, points are taken back before anything else.
    Before(Timestamp),
}

impl Until {
    const fn moment(self) -> Timestamp {
        match self {
            Self::Including(moment) | Self::Earning(moment) | Self::Before(moment) => moment,
        }
    }

    fn reaches(self, due: Timestamp, what: Due) -> bool {
        match self {
            Self::Including(moment) => due <= moment,
            Self::Earning(moment) => due < moment || (due == moment && what == Due::Activation),
            Self::Before(moment) => due < moment,
        }
    }
}

/// What happens by itself, in the order in which it happens at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Activation,
    Release,
    Notice,
    Review,
    AssignmentEnd,
    Lapse,
}

/// Posts everything that has fallen due. At one instant, points that have waited can be spent and held ones are let go
/// before tiers are reviewed, and tiers are reviewed before points lapse.
pub fn settle(holdings: &mut Holdings, versions: &Versions, until: Until) -> Result<(), OutOfRange> {
    while let Some((due, what)) = next(holdings).filter(|(due, what)| until.reaches(*due, *what)) {
        match what {
            Due::Activation => activate(holdings, due),
            Due::Release => holding::expire(holdings, versions, due)?,
            Due::Notice => term_end::notice(holdings, versions, due)?,
            Due::Review => term_end::review(holdings, versions, due)?,
            Due::AssignmentEnd => assigning::expire(holdings, versions, due)?,
            Due::Lapse => lapse(holdings, due)?,
        }
    }
    holdings.settled_until = holdings.settled_until.max(until.moment());
    Ok(())
}

fn next(holdings: &Holdings) -> Option<(Timestamp, Due)> {
    let of_tiers = holdings.standings.values().flat_map(|standing| {
        let until = standing.assigned.as_ref().and_then(|assigned| assigned.until);
        let due = [(standing.notice_at, Due::Notice), (standing.review_at, Due::Review), (until, Due::AssignmentEnd)];
        due.into_iter().filter_map(|(due, what)| Some((due?, what)))
    });
    let of_lots = holdings.lots.iter().filter_map(|lot| {
        let what = if lot.waits() { Due::Activation } else { Due::Lapse };
        Some((lot.due_at()?, what))
    });
    let ends = holdings.holds.iter().filter(|hold| hold.held() > 0).map(|hold| (hold.expires_at, Due::Release));
    // Lots and tiers that were not read rest beyond every moment that is settled without them.
    of_lots.chain(ends).chain(of_tiers).min()
}

fn activate(holdings: &mut Holdings, due: Timestamp) {
    let (entries, historic) = (holdings.entries, holdings.loading);
    for lot in holdings.lots.iter_mut().filter(|lot| lot.left > 0 && lot.usable_from == Some(due)) {
        lot.usable_from = None;
        lot.touched = true;
        let (origin, points) = (lot.origin.clone(), lot.left);
        holdings.activations.push(Activation { lot: lot.id, origin, points, occurred_at: due, entries, historic });
    }
    holdings.touched = true;
}

fn lapse(holdings: &mut Holdings, due: Timestamp) -> Result<(), OutOfRange> {
    let mut draws = Vec::new();
    let mut total = 0_i64;
    let due_now = |lot: &&mut Lot| lot.free() > 0 && !lot.waits() && lot.lapses_at == Some(due);
    for lot in holdings.lots.iter_mut().filter(due_now) {
        let lapsed = lot.free();
        draws.push(Draw { lot: lot.id, points: lapsed.checked_neg().ok_or(OutOfRange)? });
        total = total.checked_add(lapsed).ok_or(OutOfRange)?;
        lot.lapsed = lot.lapsed.checked_add(lapsed).ok_or(OutOfRange)?;
        lot.left = lot.held;
        lot.touched = true;
    }
    let grounds = Decision::new("lapse", 0, due).fact("lapse_time", due).fact("lots", draws.len()).step(
        "lapse",
        "points that were not spent by the last day they were promised for",
        total.saturating_neg(),
    );
    holdings.post(EntryKind::Lapse, total.saturating_neg(), "", draws, grounds, due)?;
    Ok(())
}
