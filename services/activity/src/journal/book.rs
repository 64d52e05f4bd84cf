//! The journal open on the desk: what is there already, and one entry after the other written below it.
//!
//! Everything is decided here, in memory and in the order given; an entry sees what the entries before it did. A refused
//! entry leaves nothing behind. What was written is taken away as [`Written`], to be stored at once.

use std::collections::HashMap;

use jiff::Timestamp;
use kernel::{AdjustmentId, MemberId, OrderId, Shard, TenantId};

use super::entry::Buyer;
use super::held::{HeldLine, HeldOrder, State};
use super::outcome::Outcome;
use super::refusal::Refusal;
use super::valuation::{Valued, ValuedAdjustment, ValuedLine, ValuedOrder};
use super::written::{Fact, Written, WrittenAdjustment, WrittenOrder};

/// The kinds of entries; each has numbers of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// An order.
    Order,
    /// A return.
    Return,
    /// An adjustment.
    Adjustment,
}

/// What is in the journal already, as far as a call touches it.
#[derive(Debug, Default)]
pub struct Known {
    /// Entries with a key of the call: kind, source, number, and their id as text.
    pub keys: Vec<(Kind, String, String, String)>,
    /// Orders it names, and orders that its returns may be matched to.
    pub orders: Vec<HeldOrder>,
    /// The newest order of each invoice number it names.
    pub invoices: Vec<(String, OrderId)>,
}

/// Makes an order's id for the shard it lies in.
pub type MakeId = fn(Timestamp, Shard) -> OrderId;

/// The journal under one call.
pub struct Book<'a> {
    tenant: TenantId,
    pub(super) now: Timestamp,
    make_id: MakeId,
    keys: HashMap<(Kind, String, String), String>,
    pub(super) orders: Vec<HeldOrder>,
    fresh_from: usize,
    pub(super) changed: Vec<bool>,
    pub(super) by_id: HashMap<OrderId, usize>,
    pub(super) by_invoice: HashMap<String, usize>,
    pub(super) by_member: HashMap<MemberId, Vec<usize>>,
    pub(super) written: Written<'a>,
}

impl<'a> Book<'a> {
    /// Opens the journal at what is known.
    pub fn open(tenant: TenantId, now: Timestamp, known: Known, make_id: MakeId) -> Self {
        let keys = known.keys.into_iter().map(|(kind, source, number, id)| ((kind, source, number), id)).collect();
        let by_id: HashMap<_, _> = known.orders.iter().enumerate().map(|(place, held)| (held.order, place)).collect();
        let by_invoice =
            known.invoices.into_iter().filter_map(|(invoice, order)| Some((invoice, *by_id.get(&order)?))).collect();
        let mut by_member: HashMap<MemberId, Vec<usize>> = HashMap::new();
        for (place, held) in known.orders.iter().enumerate() {
            if let Some(member) = held.member {
                by_member.entry(member).or_default().push(place);
            }
        }
        Self {
            tenant,
            now,
            make_id,
            keys,
            fresh_from: known.orders.len(),
            changed: vec![false; known.orders.len()],
            orders: known.orders,
            by_id,
            by_invoice,
            by_member,
            written: Written::default(),
        }
    }

    /// Writes one entry, or says why not.
    pub fn record(&mut self, entry: &'a Valued<'a>) -> Result<Outcome, Refusal> {
        match entry {
            Valued::Order(order) => self.record_order(order),
            Valued::Return(goods) => self.record_return(goods),
            Valued::Adjustment(adjustment) => self.record_adjustment(adjustment),
        }
    }

    /// What was written, to be stored.
    pub fn close(mut self) -> Written<'a> {
        for (place, held) in self.orders.into_iter().enumerate() {
            if place >= self.fresh_from {
                let fresh = &mut self.written.orders[place - self.fresh_from];
                fresh.state = held.state;
                fresh.state_at = held.state_at;
                fresh.returned_units = held.returned_units;
                fresh.returned_minor = held.returned_minor;
            } else if self.changed[place] {
                self.written.changed.push(held);
            }
        }
        self.written
    }

    fn record_order(&mut self, valued: &'a ValuedOrder<'a>) -> Result<Outcome, Refusal> {
        let told = valued.order;
        let shard = self.claim(Kind::Order, "order", &told.source, &told.external_id)?;
        let (member, guest_key) = match &told.buyer {
            Buyer::Member(member) => (Some(*member), None),
            Buyer::Guest { key } => (None, key.as_deref()),
        };
        let order = (self.make_id)(self.now, shard);
        let subject = member.map_or(shard, Shard::of_member);
        let place = self.orders.len();
        self.orders.push(HeldOrder {
            order,
            shard,
            subject,
            member,
            currency: valued.currency,
            state: State::Recorded,
            state_at: told.occurred_at,
            occurred_at: told.occurred_at,
            units: valued.units,
            returned_units: 0,
            net_minor: valued.net_minor,
            returned_minor: 0,
            lines: valued.lines.iter().map(held_line).collect(),
        });
        self.changed.push(false);
        self.by_id.insert(order, place);
        if let Some(member) = member {
            self.by_member.entry(member).or_default().push(place);
        }
        if !told.invoice_number.is_empty() {
            let newest = self.by_invoice.get(&told.invoice_number).map(|known| self.orders[*known].occurred_at);
            if newest.is_none_or(|newest| newest <= told.occurred_at) {
                self.by_invoice.insert(told.invoice_number.clone(), place);
            }
        }
        self.remember(Kind::Order, &told.source, &told.external_id, order.to_string());
        self.written.orders.push(WrittenOrder {
            order,
            shard,
            subject,
            member,
            guest_key,
            valued,
            state: State::Recorded,
            state_at: told.occurred_at,
            returned_units: 0,
            returned_minor: 0,
        });
        self.written.facts.push(Fact::Recorded { order, subject, member, valued });
        Ok(Outcome::Order { order, member })
    }

    fn record_adjustment(&mut self, valued: &'a ValuedAdjustment<'a>) -> Result<Outcome, Refusal> {
        let told = valued.adjustment;
        let shard = self.claim(Kind::Adjustment, "adjustment", &told.source, &told.external_id)?;
        let adjustment = AdjustmentId::new_at(self.now);
        let subject = told.member.map_or(shard, Shard::of_member);
        self.remember(Kind::Adjustment, &told.source, &told.external_id, adjustment.to_string());
        self.written.adjustments.push(WrittenAdjustment { adjustment, shard, valued });
        self.written.facts.push(Fact::Adjusted { adjustment, subject, valued });
        Ok(Outcome::Adjustment { adjustment })
    }

    pub(super) fn claim(&self, kind: Kind, name: &str, source: &str, external_id: &str) -> Result<Shard, Refusal> {
        match self.keys.get(&(kind, source.to_owned(), external_id.to_owned())) {
            Some(id) => Err(Refusal::AlreadyApplied { what: format!("{name} {source}/{external_id}"), id: id.clone() }),
            None => Ok(Shard::of_text(self.tenant, &[source, external_id])),
        }
    }

    pub(super) fn remember(&mut self, kind: Kind, source: &str, external_id: &str, id: String) {
        self.keys.insert((kind, source.to_owned(), external_id.to_owned()), id);
    }

    pub(super) fn named(&self, order: OrderId) -> Result<usize, Refusal> {
        self.by_id.get(&order).copied().ok_or_else(|| not_found(&order.to_string()))
    }

    /// Nothing happens to an order before it was bought.
    pub(super) fn not_before(&self, place: usize, occurred_at: Timestamp) -> Result<(), Refusal> {
        let HeldOrder { order, occurred_at: bought_at, .. } = self.orders[place];
        if occurred_at < bought_at { Err(Refusal::BeforeOrder { order, bought_at, occurred_at }) } else { Ok(()) }
    }

    pub(super) fn open_or_closed(&self, place: usize) -> Result<(), Refusal> {
        let HeldOrder { order, state, .. } = self.orders[place];
        if state == State::Recorded { Ok(()) } else { Err(Refusal::OrderClosed { order, state }) }
    }
}

pub(super) fn not_found(order: &str) -> Refusal {
    Refusal::OrderNotFound { order: order.to_owned() }
}

fn held_line(valued: &ValuedLine<'_>) -> HeldLine {
    HeldLine {
        number: valued.line.number,
        product: valued.line.product.clone(),
        quantity: valued.line.quantity,
        net_minor: valued.net_minor,
        back_units: 0,
        back_with_units: 0,
        back_alone: 0,
    }
}
