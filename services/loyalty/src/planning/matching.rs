//! What activity told of orders against what is booked of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId};

use super::Told;
use crate::account::earning::OrderFacts;
use crate::account::recorded::Booked;
use crate::account::replaying::Happened;

/// Differences named of one part; the others are counted.
pub const NAMED: usize = 1_000;

/// In which way an order differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Told and not booked.
    NotBooked,
    /// Booked and not told.
    Unknown,
    /// Another net amount.
    Amount,
    /// Another currency.
    Currency,
    /// More or less came back.
    Return,
    /// Another moment.
    Moment,
}

/// One order that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// In which way.
    pub kind: Kind,
    /// Whose.
    pub member: MemberId,
    /// Which.
    pub order: OrderId,
    /// As it was told.
    pub told_minor: i64,
    /// As it is booked.
    pub booked_minor: i64,
    /// Of the one, or else of the other.
    pub currency: Currency,
}

/// Sums over orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub orders: i64,
    /// Their net amounts.
    pub net_minor: i64,
    /// What came back of them.
    pub returned_minor: i64,
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matched {
    /// The first of what differs.
    pub named: Vec<Mismatch>,
    /// How much does.
    pub mismatched: i64,
    /// Orders that are the same.
    pub same: i64,
    /// As told.
    pub told: BTreeMap<Currency, Sum>,
    /// As booked.
    pub booked: BTreeMap<Currency, Sum>,
}

/// An order as it was told, all returns included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    currency: Currency,
    net_minor: i64,
    returned_minor: i64,
    occurred_at: Timestamp,
    known_at: Timestamp,
}

/// Compares them, order by order.
pub fn match_orders(told: Vec<Told>, booked: &BTreeMap<(MemberId, OrderId), Booked>) -> Matched {
    let orders = orders(told);
    let mut matched = Matched::default();
    for ((member, order), known) in &orders {
        count(&mut matched.told, known.currency, known.net_minor, known.returned_minor);
        let differs = |kind, told_minor, booked_minor| Mismatch {
            kind,
            member: *member,
            order: *order,
            told_minor,
            booked_minor,
            currency: known.currency,
        };
        let found = match booked.get(&(*member, *order)) {
            None => vec![differs(Kind::NotBooked, known.net_minor, 0)],
            Some(is) => compared(known, is).into_iter().map(|(kind, told, is)| differs(kind, told, is)).collect(),
        };
        matched.add(found);
    }
    for ((member, order), is) in booked {
        count(&mut matched.booked, is.currency, is.net_minor, is.returned_minor);
        if !orders.contains_key(&(*member, *order)) {
            let (kind, currency) = (Kind::Unknown, is.currency);
            let (member, order, booked_minor) = (*member, *order, is.net_minor);
            matched.add(vec![Mismatch { kind, member, order, told_minor: 0, booked_minor, currency }]);
        }
    }
    matched
}

impl Matched {
    /// What was found of one order: nothing, or in which ways it differs.
    fn add(&mut self, found: Vec<Mismatch>) {
        if found.is_empty() {
            self.same = self.same.saturating_add(1);
            return;
        }
        self.mismatched = self.mismatched.saturating_add(1);
        let room = NAMED.saturating_sub(self.named.len());
        self.named.extend(found.into_iter().take(room));
    }
}

fn compared(known: &Known, is: &Booked) -> Vec<(Kind, i64, i64)> {
    if known.currency != is.currency {
        return vec![(Kind::Currency, known.net_minor, is.net_minor)];
    }
    let mut found = Vec::new();
    if known.net_minor != is.net_minor {
        found.push((Kind::Amount, known.net_minor, is.net_minor));
    }
    if known.returned_minor != is.returned_minor {
        found.push((Kind::Return, known.returned_minor, is.returned_minor));
    }
    // Of a till whose clock ran ahead, the moment it was booked at counts.
    if known.occurred_at != is.occurred_at && known.occurred_at <= known.known_at {
        found.push((Kind::Moment, 0, 0));
    }
    found
}

fn orders(told: Vec<Told>) -> BTreeMap<(MemberId, OrderId), Known> {
    let mut orders: BTreeMap<(MemberId, OrderId), Known> = BTreeMap::new();
    for Told { member, recorded } in told {
        let back = match recorded.what {
            Happened::Bought { order, back } => {
                if let Some(fresh) = known(&order, recorded.known_at) {
                    orders.entry((member, order.order)).or_insert(fresh);
                }
                back
            }
            Happened::Returned(back) => Some(back),
            Happened::Spent { .. }
            | Happened::GivenBack { .. }
            | Happened::ByHand { .. }
            | Happened::Given { .. }
            | Happened::Brought { .. }
            | Happened::Occurred { .. }
            | Happened::TakenBack { .. }
            | Happened::PassedOn { .. }
            | Happened::Received { .. } => None,
        };
        // Each return says what came back of the order so far.
        if let Some(back) = back
            && let Some(known) = orders.get_mut(&(member, back.order))
        {
            known.returned_minor = known.returned_minor.max(back.returned_minor.min(known.net_minor));
        }
    }
    orders
}

fn known(order: &OrderFacts, known_at: Timestamp) -> Option<Known> {
    let (currency, net_minor, occurred_at) = (order.currency, order.net_minor()?, order.occurred_at);
    Some(Known { currency, net_minor, returned_minor: 0, occurred_at, known_at })
}

fn count(sums: &mut BTreeMap<Currency, Sum>, currency: Currency, net_minor: i64, returned_minor: i64) {
    let sum = sums.entry(currency).or_default();
    sum.orders = sum.orders.saturating_add(1);
    sum.net_minor = sum.net_minor.saturating_add(net_minor);
    sum.returned_minor = sum.returned_minor.saturating_add(returned_minor);
}
