//! What an order earns: so many points for so much money, multiplied by the tier, as one lot that lapses together.

use jiff::Timestamp;
use kernel::rounding::{share, spread};
use kernel::{Currency, OrderId};

use super::decision::Decision;
use super::holdings::{EntryKind, Holdings, Lot, OutOfRange, Purchase};
use super::reversing::{self, CannotReturn, ReturnFacts};
use super::reviewing;
use super::settling::{Until, settle};
use crate::programme::expiry::{grace_instant, lapse_instant, usable_instant};
use crate::programme::terms::{EarnBasis, EarnRate, Terms, Tier, Versions};

/// An order as loyalty needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// Its id.
    pub order: OrderId,
    /// In which currency.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<LineFacts>,
    /// The part paid with points.
    pub points_paid_minor: i64,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// When the buyer had it, where that is told.
    pub received_at: Option<Timestamp>,
    /// Part of a history that is being loaded.
    pub historic: bool,
}

/// One line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFacts {
    /// Before discounts.
    pub gross_minor: i64,
    /// Taken off.
    pub discount_minor: i64,
    /// Tax contained.
    pub tax_minor: i64,
}

impl OrderFacts {
    fn net_minor(&self) -> Option<i64> {
        self.lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(line.gross_minor.checked_sub(line.discount_minor)?))
    }
}

/// Books an order: what fell due before it, its points, its weight for the tier. An order booked before changes nothing.
///
/// `now` is the clock; a historic order is booked as if it were reported when it happened. A guest's order that joins a
/// member brings what had come back of it before: that never counts for a tier.
pub fn earn(
    holdings: &mut Holdings,
    versions: &Versions,
    order: &OrderFacts,
    back: Option<&ReturnFacts>,
    now: Timestamp,
) -> Result<(), CannotReturn> {
    if holdings.purchases.contains_key(&order.order) {
        return Ok(());
    }
    let moment = moment_of(holdings, order.occurred_at, order.historic, now);
    settle(holdings, versions, Until::Earning(moment))?;

    let net_minor = order.net_minor().ok_or(OutOfRange)?;
    let terms = versions.at(order.occurred_at);
    let earned = match terms {
        Some(terms) => post_earned(holdings, terms, order, now)?,
        None => None,
    };
    let (points, lot) = earned.map_or((0, None), |(points, lot)| (points, Some(lot)));
    holdings.touched = true;
    holdings.purchases.insert(
        order.order,
        Purchase {
            order: order.order,
            currency: order.currency,
            net_minor,
            returned_minor: 0,
            earned: points,
            reversed: 0,
            lot,
            // A till whose clock runs ahead: what is booked counts.
            occurred_at: order.occurred_at.min(moment),
            touched: true,
        },
    );
    if let Some(back) = back {
        reversing::take_points_back(holdings, versions, back, now)?;
    }
    if let Some(terms) = versions.at(moment) {
        reviewing::promote_if_reached(holdings, terms, moment, &order.order.to_string())?;
    }
    Ok(())
}

/// The moment something counts as known: when it happened for a history being loaded, else now; never before what is
/// decided already.
pub fn moment_of(holdings: &Holdings, occurred_at: Timestamp, historic: bool, now: Timestamp) -> Timestamp {
    if historic { occurred_at.max(holdings.settled_until) } else { now.max(holdings.settled_until) }
}

fn post_earned(
    holdings: &mut Holdings,
    terms: &Terms,
    order: &OrderFacts,
    now: Timestamp,
) -> Result<Option<(i64, kernel::LotId)>, OutOfRange> {
    reviewing::begin(holdings, terms, holdings.settled_until)?;
    let Some(rate) = terms.rate(order.currency) else { return Ok(None) };
    let basis = basis(order, rate.basis).ok_or(OutOfRange)?;
    let tier = holdings.tier_at(order.occurred_at).map(str::to_owned);
    let multiplier = tier.as_deref().and_then(|code| rung(terms, code)).map_or(100, |rung| rung.multiplier_percent);
    let points = points_for(rate, multiplier, basis).ok_or(OutOfRange)?;
    if points <= 0 {
        return Ok(None);
    }

    let id = holdings.next_lot_id(0);
    let usable_from = usable_instant(terms, order.occurred_at, order.received_at)?;
    let promised = lapse_instant(terms, usable_from.unwrap_or(order.occurred_at))?;
    let lapses_at = match promised {
        // A late order's points are not born lapsed.
        Some(lapse) if lapse <= now && !order.historic => Some(grace_instant(terms, now)?),
        other => other,
    };
    let usable_from = usable_from.filter(|usable| *usable > holdings.settled_until);
    let lot = Lot::new(id, order.order.to_string(), points, order.occurred_at, lapses_at);
    let draw = holdings.credit(Lot { usable_from, ..lot })?;
    let grounds = grounds(terms, rate, order, basis, tier.as_deref(), multiplier, points, lapses_at);
    let grounds = match usable_from {
        Some(usable) => grounds.fact("usable_time", usable),
        None => grounds,
    };
    holdings.post(EntryKind::Earn, points, order.order.to_string(), vec![draw], grounds, order.occurred_at)?;
    Ok(Some((points, id)))
}

/// What of the order's money counts. The part paid with points is spread over the lines by what they cost.
fn basis(order: &OrderFacts, basis: EarnBasis) -> Option<i64> {
    let net: Vec<i64> =
        order.lines.iter().map(|line| line.gross_minor.checked_sub(line.discount_minor)).collect::<Option<_>>()?;
    let weights: Vec<i64> = net.iter().map(|amount| (*amount).max(0)).collect();
    let paid = order.points_paid_minor.min(weights.iter().try_fold(0_i64, |sum, weight| sum.checked_add(*weight))?);
    let paid = spread(paid.max(0), &weights)?;
    let mut sum = 0_i64;
    for ((line, net), paid) in order.lines.iter().zip(net).zip(paid) {
        let counts = match basis {
            EarnBasis::Gross => line.gross_minor,
            EarnBasis::Net => net,
            EarnBasis::NetOfPoints => net.checked_sub(paid)?,
            EarnBasis::NetWithoutTax => net.checked_sub(paid)?.checked_sub(line.tax_minor)?,
        };
        sum = sum.checked_add(counts.max(0))?;
    }
    Some(sum)
}

fn rung<'terms>(terms: &'terms Terms, code: &str) -> Option<&'terms Tier> {
    terms.ladder.as_ref()?.tiers.iter().find(|known| known.code == code)
}

fn points_for(rate: &EarnRate, multiplier_percent: i64, basis_minor: i64) -> Option<i64> {
    let numerator = rate.points.checked_mul(multiplier_percent)?;
    let denominator = rate.per_minor.checked_mul(100)?;
    share(basis_minor, numerator, denominator, rate.rounding)
}

#[expect(clippy::too_many_arguments, reason = "the facts of one decision, each used once")]
fn grounds(
    terms: &Terms,
    rate: &EarnRate,
    order: &OrderFacts,
    basis: i64,
    tier: Option<&str>,
    multiplier: i64,
    points: i64,
    lapses_at: Option<Timestamp>,
) -> Decision {
    let base = points_for(rate, 100, basis).unwrap_or(points);
    let mut grounds = Decision::new("earn", terms.number, order.occurred_at)
        .fact("basis_minor", basis)
        .fact("currency", rate.currency)
        .fact("tier", tier.unwrap_or("none"))
        .fact("multiplier_percent", multiplier)
        .step("base", "so many points for so much money", base)
        .figure("points", rate.points)
        .figure("per_minor", rate.per_minor);
    if let (Some(rung), true) = (tier.and_then(|code| rung(terms, code)), multiplier != 100) {
        let detail = format!("x {}", hundredths(multiplier));
        grounds = grounds.step(&rung.display_name, detail, points.saturating_sub(base));
    }
    if let Some(lapse) = lapses_at {
        grounds = grounds.fact("lapse_time", lapse);
    }
    match one_more(rate, multiplier, basis, points) {
        Some(change) => grounds.unless("basis_minor", change, points.saturating_add(1).to_string()),
        None => grounds,
    }
}

/// `150` as people say it: `1.5`.
fn hundredths(percent: i64) -> String {
    let text = format!("{}.{:02}", percent / 100, percent % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How much more would have earned one point more: found by halving, since more money never earns less.
fn one_more(rate: &EarnRate, multiplier: i64, basis: i64, points: i64) -> Option<i64> {
    let earns_more = |extra: i64| Some(points_for(rate, multiplier, basis.checked_add(extra)?)? > points);
    let mut enough = rate.per_minor.checked_mul(200)?;
    if !earns_more(enough)? {
        return None;
    }
    let mut short = 0_i64;
    while enough.checked_sub(short)? > 1 {
        let middle = short.checked_add(enough.checked_sub(short)?.checked_div(2)?)?;
        if earns_more(middle)? { enough = middle } else { short = middle }
    }
    Some(enough)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiplier_is_told_as_people_say_it() {
        for (percent, told) in [(100, "1"), (120, "1.2"), (150, "1.5"), (125, "1.25"), (105, "1.05"), (1_000, "10")] {
            assert_eq!(hundredths(percent), told);
        }
    }
}
