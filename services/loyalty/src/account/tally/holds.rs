//! What requests about holds do.

use jiff::Timestamp;
use kernel::HoldId;

use super::receipt;
use crate::account::holding::{self, CannotEnd, Hold};
use crate::account::holdings::Holdings;
use crate::account::receipts::{HoldReceipt, Receipt};
use crate::account::{AccountRefusal, Capture, NewHold, Release};
use crate::programme::terms::Versions;

pub(super) fn hold(
    holdings: &mut Holdings,
    versions: &Versions,
    ask: &NewHold,
    now: Timestamp,
) -> Result<Receipt, AccountRefusal> {
    let what = (ask.points, ask.spent_on.as_str());
    let expires_at = holding::hold(holdings, versions, ask.hold, what, ask.lifetime, now)?;
    // Who only asks is given no id.
    let hold = Some(ask.hold).filter(|_| !ask.validate_only);
    let hold = HoldReceipt { hold, held: ask.points.0, expires_at: Some(expires_at) };
    Ok(Receipt { spendable: holdings.spendable(), hold: Some(hold), ..Receipt::default() })
}

pub(super) fn capture(
    holdings: &mut Holdings,
    versions: &Versions,
    ask: &Capture,
    now: Timestamp,
) -> Result<Receipt, AccountRefusal> {
    let entry = holding::capture(holdings, versions, ask.hold, (ask.points, ask.keep_rest), now)
        .map_err(|cannot| refused(ask.hold, cannot))?;
    let held = holdings.holds.iter().find(|hold| hold.id == ask.hold).map_or(0, Hold::held);
    let hold = HoldReceipt { hold: Some(ask.hold), held, expires_at: None };
    Ok(Receipt { hold: Some(hold), ..receipt(holdings, entry) })
}

pub(super) fn release(
    holdings: &mut Holdings,
    versions: &Versions,
    ask: &Release,
    now: Timestamp,
) -> Result<Receipt, AccountRefusal> {
    let points = holding::release(holdings, versions, ask.hold, now).map_err(|cannot| refused(ask.hold, cannot))?;
    let hold = HoldReceipt { hold: Some(ask.hold), ..HoldReceipt::default() };
    Ok(Receipt { points, spendable: holdings.spendable(), hold: Some(hold), ..Receipt::default() })
}

fn refused(hold: HoldId, cannot: CannotEnd) -> AccountRefusal {
    match cannot {
        CannotEnd::Unknown => AccountRefusal::HoldNotFound { hold },
        CannotEnd::Ended => AccountRefusal::HoldEnded { hold },
        CannotEnd::Exceeded { asked, held } => AccountRefusal::HoldExceeded { hold, asked, held },
        CannotEnd::OutOfRange(_) => AccountRefusal::OutOfRange,
    }
}
