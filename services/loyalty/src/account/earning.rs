//! What an order earns: so many points for so much money, multiplied by the tier, and what earn rules add, as one lot
//! that lapses together.

pub(super) mod grounds;

use jiff::Timestamp;
use kernel::{Currency, LotId, OrderId};

use super::assessing::{Assessed, assess};
use super::facing::Buyer;
use super::holdings::{EntryKind, Holdings, Lot, OutOfRange, Purchase};
use super::reversing::{self, CannotReturn, ReturnFacts};
use super::reviewing;
use super::settling::{Until, settle};
use super::sliding::renew;
use super::uses::RuleUse;
use crate::programme::expiry::{grace_instant, lapse_instant, usable_instant};
use crate::programme::terms::{Terms, Versions};
use grounds::grounds;

/// An order as loyalty needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// Its id.
    pub order: OrderId,
    /// In which currency.
    pub currency: Currency,
    /// Where it was sold; empty where not told.
    pub channel: String,
    /// Store, page or device; empty where not told.
    pub touchpoint: String,
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFacts {
    /// The shop's product code; empty where not told.
    pub product: String,
    /// Category at the time of sale; empty where not told.
    pub category: String,
    /// Units.
    pub quantity: i64,
    /// Before discounts.
    pub gross_minor: i64,
    /// Taken off.
    pub discount_minor: i64,
    /// Tax contained.
    pub tax_minor: i64,
}

impl OrderFacts {
    pub(crate) fn net_minor(&self) -> Option<i64> {
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
    if let Some(terms) = terms {
        reviewing::begin(holdings, terms, holdings.settled_until)?;
    }
    let buyer = Buyer::of(holdings, order, terms.map(|terms| &terms.terms));
    let earned = match terms {
        Some(terms) => post_earned(holdings, versions, terms, (order, &buyer), now)?,
        None => None,
    };
    holdings.faced.insert(order.order, buyer);
    book(holdings, order, net_minor, earned, moment);
    if let Some(back) = back {
        reversing::take_points_back(holdings, versions, back, now)?;
    }
    if let Some(terms) = versions.at(moment) {
        reviewing::reach(holdings, terms, moment, &order.order.to_string())?;
    }
    Ok(())
}

/// Who buys, as the rules of every wallet are told: as they stand when the order comes, before it is booked anywhere.
pub fn buyer(
    holdings: &mut Holdings,
    versions: &Versions,
    order: &OrderFacts,
    now: Timestamp,
) -> Result<Buyer, OutOfRange> {
    let moment = moment_of(holdings, order.occurred_at, order.historic, now);
    settle(holdings, versions, Until::Earning(moment))?;
    let terms = versions.at(order.occurred_at);
    if let Some(terms) = terms {
        reviewing::begin(holdings, terms, holdings.settled_until)?;
    }
    Ok(Buyer::of(holdings, order, terms.map(|terms| &terms.terms)))
}

/// Books an order in a wallet beside points. Whether it was booked before is known there; an order that earns nothing here
/// leaves no trace.
pub fn earn_beside(
    holdings: &mut Holdings,
    versions: &Versions,
    (order, back): (&OrderFacts, Option<&ReturnFacts>),
    buyer: &Buyer,
    now: Timestamp,
) -> Result<(), CannotReturn> {
    let Some(terms) = versions.at(order.occurred_at) else { return Ok(()) };
    let moment = moment_of(holdings, order.occurred_at, order.historic, now);
    settle(holdings, versions, Until::Earning(moment))?;
    let net_minor = order.net_minor().ok_or(OutOfRange)?;
    if let Some(earned) = post_earned(holdings, versions, terms, (order, buyer), now)? {
        book(holdings, order, net_minor, Some(earned), moment);
        if let Some(back) = back {
            reversing::take_points_back(holdings, versions, back, now)?;
        }
    }
    Ok(())
}

fn book(holdings: &mut Holdings, order: &OrderFacts, net_minor: i64, earned: Option<(i64, LotId)>, moment: Timestamp) {
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
}

/// The moment something counts as known: when it happened for a history being loaded, else now; never before what is
/// decided already.
pub fn moment_of(holdings: &Holdings, occurred_at: Timestamp, historic: bool, now: Timestamp) -> Timestamp {
    if historic { occurred_at.max(holdings.settled_until) } else { now.max(holdings.settled_until) }
}

fn post_earned(
    holdings: &mut Holdings,
    versions: &Versions,
    terms: &Terms,
    (order, buyer): (&OrderFacts, &Buyer),
    now: Timestamp,
) -> Result<Option<(i64, LotId)>, OutOfRange> {
    let Some(rate) = terms.rate(order.currency) else { return Ok(None) };
    let assessed = assess(terms, rate, order, Some(buyer), &holdings.uses)?;
    let points = assessed.points;
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
    let renewed = renew(holdings, versions, order.occurred_at)?;
    let lot = Lot::earned(id, order.order.to_string(), points, order.occurred_at, (lapses_at, terms));
    let draw = holdings.credit(Lot { usable_from, ..lot })?;
    let grounds = grounds(terms, rate, order, buyer, &assessed, lapses_at);
    let grounds = grounds.fact_of("usable_time", usable_from).fact_of("renewed_until_time", renewed);
    holdings.post(EntryKind::Earn, points, order.order.to_string(), vec![draw], grounds, order.occurred_at)?;
    use_rules(holdings, order, &assessed);
    Ok(Some((points, id)))
}

/// Remembers what limited rules gave.
fn use_rules(holdings: &mut Holdings, order: &OrderFacts, assessed: &Assessed) {
    let used = assessed.judged.iter().filter(|rule| rule.counts && rule.points() > 0).map(|rule| RuleUse {
        of: order.order.uuid(),
        rule: rule.code.clone(),
        points: rule.points(),
        back: 0,
        used_at: order.occurred_at,
        touched: true,
    });
    holdings.uses.extend(used);
}
