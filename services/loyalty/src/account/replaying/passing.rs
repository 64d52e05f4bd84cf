//! Transfers lived once more, on one member's side: the other is not there, so what came is laid down as it came, whatever
//! terms are rehearsed.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::account::decision::Decision;
use crate::account::holding::split;
use crate::account::holdings::{Draw, EntryKind, Holdings, Lot, OutOfRange};
use crate::account::reversing::{back_until, put_back};
use crate::account::settling::{Until, settle};
use crate::programme::terms::Versions;

/// What was passed on, by its transfer: positive draws, in the order they were drawn.
#[derive(Debug, Default)]
pub(super) struct Passing {
    gone: HashMap<String, Vec<Draw>>,
}

impl Passing {
    /// Passes on as many as there are, or gives back what there is of what had come. Answers how many were not there.
    pub(super) fn pass_on(
        &mut self,
        holdings: &mut Holdings,
        versions: &Versions,
        (transfer, points): (&str, i64),
        at: Timestamp,
    ) -> Result<i64, OutOfRange> {
        settle(holdings, versions, Until::Including(at.max(holdings.settled_until)))?;
        let came = holdings.lots.iter().any(|lot| lot.origin == transfer);
        let (draws, missing) = holdings.draw(points, |lot| !lot.waits() && (!came || lot.origin == transfer));
        let gone = points.saturating_sub(missing);
        let taken = draws.iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..*draw }).collect();
        self.gone.insert(transfer.to_owned(), taken);
        let grounds = Decision::new("transfer", 0, at);
        holdings.post(EntryKind::TransferOut, gone.saturating_neg(), transfer, draws, grounds, at)?;
        Ok(missing)
    }

    /// Lays down what came, or puts back what had gone.
    pub(super) fn receive(
        &mut self,
        holdings: &mut Holdings,
        versions: &Versions,
        (transfer, points, lots): (&str, i64, &[Lot]),
        at: Timestamp,
    ) -> Result<(), OutOfRange> {
        settle(holdings, versions, Until::Including(at.max(holdings.settled_until)))?;
        let (points, draws) = match self.gone.remove(transfer) {
            Some(gone) => {
                let back: Vec<Draw> = split(gone, points).0;
                let drawn: Vec<Draw> =
                    back.iter().map(|draw| Draw { points: draw.points.saturating_neg(), ..*draw }).collect();
                let returned = put_back(holdings, versions, (transfer, &drawn), back_until(versions, at)?, at)?;
                (returned.total, returned.draws)
            }
            None => {
                let came = lots.iter().map(|lot| holdings.credit(lot.clone()));
                (points, came.collect::<Result<_, _>>()?)
            }
        };
        let grounds = Decision::new("receive", 0, at);
        holdings.post(EntryKind::TransferIn, points, transfer, draws, grounds, at).map(|_| ())
    }
}
