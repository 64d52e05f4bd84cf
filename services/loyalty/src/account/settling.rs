//! What happened because time passed: lots lapse, tiers are reviewed, each as of its own instant and in their order.

use jiff::Timestamp;

use super::decision::Decision;
use super::holdings::{Draw, EntryKind, Holdings, OutOfRange};
use super::reviewing;
use crate::programme::terms::Versions;

/// Up to where to settle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// What is due at the moment itself happens too: a point is gone at its lapse instant.
    Including(Timestamp),
    /// What happens at the moment itself comes first: at one instant, earning goes before lapsing.
    Before(Timestamp),
}

impl Until {
    const fn moment(self) -> Timestamp {
        match self {
            Self::Including(moment) | Self::Before(moment) => moment,
        }
    }

    fn reaches(self, due: Timestamp) -> bool {
        match self {
            Self::Including(moment) => due <= moment,
            Self::Before(moment) => due < moment,
        }
    }
}

/// Posts everything that has fallen due. At one instant, tiers are reviewed before points lapse.
pub fn settle(holdings: &mut Holdings, versions: &Versions, until: Until) -> Result<(), OutOfRange> {
    while let Some(due) = holdings.next_due().filter(|due| until.reaches(*due)) {
        let review = holdings.standing.as_ref().and_then(|standing| standing.review_at);
        if review == Some(due) {
            reviewing::review(holdings, versions, due)?;
        } else {
            lapse(holdings, due)?;
        }
    }
    holdings.settled_until = holdings.settled_until.max(until.moment());
    Ok(())
}

fn lapse(holdings: &mut Holdings, due: Timestamp) -> Result<(), OutOfRange> {
    let mut draws = Vec::new();
    let mut total = 0_i64;
    for lot in holdings.lots.iter_mut().filter(|lot| lot.left > 0 && lot.lapses_at == Some(due)) {
        draws.push(Draw { lot: lot.id, points: lot.left.checked_neg().ok_or(OutOfRange)? });
        total = total.checked_add(lot.left).ok_or(OutOfRange)?;
        lot.lapsed = lot.lapsed.checked_add(lot.left).ok_or(OutOfRange)?;
        lot.left = 0;
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
