//! Points that keep as long as their member comes by: what they earn or spend renews them all.

use jiff::Timestamp;

use super::holdings::{Holdings, OutOfRange};
use super::lot::Lot;
use crate::programme::expiry::slide_instant;
use crate::programme::terms::Versions;

/// Renews what is open as of a moment; what had lapsed while it was held is not. A promise is never shortened. Answers until when at least one of them keeps now;
/// nothing where none keeps longer than before.
pub fn renew(holdings: &mut Holdings, versions: &Versions, moment: Timestamp) -> Result<Option<Timestamp>, OutOfRange> {
    let mut renewed = None;
    let settled = holdings.settled_until;
    let keeps = |lot: &&mut Lot| lot.left > 0 && lot.lapses_at.is_none_or(|lapse| lapse > settled);
    for lot in holdings.lots.iter_mut().filter(keeps) {
        if extend(lot, versions, moment)? {
            renewed = renewed.max(lot.lapses_at);
        }
    }
    Ok(renewed)
}

/// The same of one lot: whether it keeps longer than before.
pub fn extend(lot: &mut Lot, versions: &Versions, moment: Timestamp) -> Result<bool, OutOfRange> {
    let (Some(slide), Some(terms)) = (lot.slide, versions.at(moment)) else { return Ok(false) };
    let until = slide_instant(slide, terms, moment)?;
    if lot.lapses_at.is_none_or(|lapse| lapse >= until) {
        return Ok(false);
    }
    lot.lapses_at = Some(until);
    lot.touched = true;
    Ok(true)
}
