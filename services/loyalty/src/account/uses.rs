//! What orders and occasions earned by rules that count: what is left of their limits, and what a return gives back.

pub(super) mod desk;
pub(super) mod store;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::rounding::share;
use uuid::Uuid;

use super::holdings::Holdings;
use super::reversing::ReturnFacts;
use crate::programme::rules::{Counted, Limit, LimitPeriod};
use kernel::Rounding;

/// What one order or occasion earned by one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleUse {
    /// The id of the order or the occasion.
    pub of: Uuid,
    /// The rule's code.
    pub rule: String,
    /// Points it gave; none of a rule that gives a coupon alone.
    pub points: i64,
    /// Points of these that returns have given back to the limits.
    pub back: i64,
    /// When the order was bought, or the occasion was.
    pub used_at: Timestamp,
    /// Changed since it was read.
    pub touched: bool,
}

/// What a limit leaves for an order or an occasion of a moment: of points, or of orders and occasions.
pub fn left(uses: &[RuleUse], code: &str, limit: &Limit, at: Timestamp, zone: &TimeZone) -> i64 {
    let counts = |known: &&RuleUse| known.rule == code && limit.per.same(known.used_at, at, zone);
    let weight = |known: &RuleUse| match limit.of {
        Counted::Points => known.points.saturating_sub(known.back),
        Counted::Orders => i64::from(known.points == 0 || known.back < known.points),
    };
    let used = match limit.per {
        LimitPeriod::Order => 0,
        LimitPeriod::Day | LimitPeriod::Week | LimitPeriod::Month | LimitPeriod::Year | LimitPeriod::Ever => {
            uses.iter().filter(counts).fold(0_i64, |sum, known| sum.saturating_add(weight(known)))
        }
    };
    limit.most.saturating_sub(used).max(0)
}

/// Gives back to the limits what came back of an order: the same share as of its money. Worked out from all that came back
/// so far, so that the order of the returns does not matter.
pub fn give_back(holdings: &mut Holdings, back: &ReturnFacts, net_minor: i64) {
    for known in holdings.uses.iter_mut().filter(|known| known.of == back.order.uuid()) {
        let due = if back.whole {
            known.points
        } else {
            share(known.points, back.returned_minor, net_minor, Rounding::Floor).unwrap_or(0)
        };
        let due = due.clamp(known.back, known.points);
        known.touched |= due != known.back;
        known.back = due;
    }
}

/// Gives back to the limits all that an occasion took of them.
pub fn give_all_back(holdings: &mut Holdings, occasion: Uuid) {
    for known in holdings.uses.iter_mut().filter(|known| known.of == occasion) {
        known.touched |= known.back != known.points;
        known.back = known.points;
    }
}
