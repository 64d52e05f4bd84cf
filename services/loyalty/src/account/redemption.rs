//! How points are spent: lots nearest to lapsing first.

use jiff::Timestamp;
use kernel::{EntryId, Points};

use super::decision::Decision;
use super::holdings::{EntryKind, Holdings, Lot, OutOfRange};
use super::settling::{Until, settle};
use super::sliding::renew;
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
    let grounds = Decision::new("redeem", 0, now);
    take(holdings, versions, (EntryKind::Redemption, grounds), points, spent_on, now)
}

/// Why points are changed by hand, and whose hand it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByHand<'a> {
    /// Why.
    pub reason: &'a str,
    /// Who is answerable: the actor of the caller's token.
    pub actor: &'a str,
}

impl ByHand<'_> {
    fn grounds(self, programme_version: i32, now: Timestamp) -> Decision {
        Decision::new("adjust", programme_version, now).fact("actor", named(self.actor))
    }
}

/// An actor is told where it is the name of an account. What may be a person's address or number is not kept: a statement
/// is never forgotten, and holds no personal data.
pub(super) fn named(actor: &str) -> &str {
    let letters = |text: &str| text.chars().any(char::is_alphabetic);
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.:/|".contains(character);
    if actor.chars().all(plain) && letters(actor) { actor } else { "withheld" }
}

/// Takes points by hand.
pub fn take_by_hand(
    holdings: &mut Holdings,
    versions: &Versions,
    points: Points,
    by: ByHand<'_>,
    now: Timestamp,
) -> Result<EntryId, CannotSpend> {
    take(holdings, versions, (EntryKind::Adjustment, by.grounds(0, now)), points, by.reason, now)
}

/// Adds points by hand; they keep as long as points earned now.
pub fn add_by_hand(
    holdings: &mut Holdings,
    versions: &Versions,
    terms: &Terms,
    points: Points,
    by: ByHand<'_>,
    now: Timestamp,
) -> Result<EntryId, OutOfRange> {
    let now = now.max(holdings.settled_until);
    settle(holdings, versions, Until::Earning(now))?;
    let lot = Lot::earned(holdings.next_lot_id(0), "", points.0, now, (lapse_instant(terms, now)?, terms));
    let draw = holdings.credit(lot)?;
    let grounds = by.grounds(terms.number, now).step("by hand", by.reason, points.0);
    holdings.post(EntryKind::Adjustment, points.0, by.reason, vec![draw], grounds, now)
}

fn take(
    holdings: &mut Holdings,
    versions: &Versions,
    (kind, grounds): (EntryKind, Decision),
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
    let (draws, _) = holdings.draw(points.0, |lot| !lot.waits());
    let mut grounds = Decision { decided_for: now, ..grounds }.fact("spendable", spendable).fact("asked", points);
    for draw in &draws {
        let lapse = holdings.lot_mut(draw.lot).and_then(|lot| lot.lapses_at);
        let detail = if lapse.is_some() { "lapses first" } else { "never lapses" };
        grounds = grounds.step(&draw.lot.to_string(), detail, draw.points);
        if let Some(lapse) = lapse {
            grounds = grounds.figure("lapse_time", lapse);
        }
    }
    // What a clerk takes is not the member coming by.
    let renewed = if kind == EntryKind::Redemption { renew(holdings, versions, now)? } else { None };
    let grounds = grounds.fact_of("renewed_until_time", renewed);
    Ok(holdings.post(kind, points.negated().0, cause, draws, grounds, now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_did_it_is_told_and_no_person_is() {
        for account in ["clerk-7", "auth0|5f7c8ec7c33c6c004bbafe82", "svc.pos/till_3"] {
            assert_eq!(named(account), account);
        }
        for person in ["lee@example.com", "+886912345678", "0912345678", "王小明", "Lee Ming", ""] {
            assert_eq!(named(person), "withheld");
        }
    }
}
