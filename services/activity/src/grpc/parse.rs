//! Reading calls: everything wrong with a call is told at once, each with the path of its field.

mod back;
mod fields;
mod order;
mod reads;

use std::collections::{BTreeSet, HashSet};

use kernel::{Clock, MemberId, OrderId};
use proto::activity::v1::{self as wire_activity, new_entry};
use proto::registry::v1 as wire_registry;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Envelope, Keys, Violations, digests};

use crate::guests::Joining;
use crate::journal::{Cancelling, Goods, MOST_LINES, NewEntry, Recording, State};
use crate::products::{Product, Upsert};
use fields::{At, Fields};
pub(super) use reads::{invoice, listing, order_name, overview, product_code, selection};

/// Entries to record, some of them by people who are to be looked for.
pub(crate) struct Asked {
    pub(super) recording: Recording,
    pub(super) identities: Vec<Named>,
}

/// An order's buyer as they named themselves.
#[derive(Clone)]
pub(super) struct Named {
    /// Place of the order among the entries.
    pub(super) entry: usize,
    /// Where in the request the identity lies.
    pub(super) field: String,
    pub(super) identity: wire_registry::Identity,
}

const MOST_ENTRIES: usize = 1_000;
const MOST_PRODUCTS: usize = 1_000;
const MOST_JOINED: usize = 100;

pub(super) fn order(
    keys: &Keys,
    clock: &Clock,
    call: Request<wire_activity::RecordOrderRequest>,
) -> Result<Asked, Status> {
    let (envelope, ask) = wire::open(call)?;
    let said = digests(keys, &ask);
    let mut fields = Fields::new(clock.now());
    let id = fields.bad.request_id(&ask.request_id);
    if ask.order.is_none() {
        fields.bad.add("order", "is required");
    }
    let (order, identity) = order::order(&mut fields, At::top("order"), ask.order.unwrap_or_default());
    let key = RequestKey { rpc: "RecordOrder", id: fields.bad.settle(id)?, digests: said };
    let field = "order.identity".to_owned();
    let identities = identity.map(|identity| Named { entry: 0, field, identity }).into_iter().collect();
    let recording = single(&envelope, key, NewEntry::Order(order), (ask.historic, ask.validate_only));
    Ok(Asked { recording, identities })
}

pub(super) fn goods(
    keys: &Keys,
    clock: &Clock,
    call: Request<wire_activity::RecordReturnRequest>,
) -> Result<Recording, Status> {
    let (envelope, ask) = wire::open(call)?;
    let said = digests(keys, &ask);
    let mut fields = Fields::new(clock.now());
    let id = fields.bad.request_id(&ask.request_id);
    if ask.goods.is_none() {
        fields.bad.add("goods", "is required");
    }
    let goods = back::goods(&mut fields, At::top("goods"), ask.goods.unwrap_or_default());
    let key = RequestKey { rpc: "RecordReturn", id: fields.bad.settle(id)?, digests: said };
    Ok(single(&envelope, key, NewEntry::Return(goods), (ask.historic, ask.validate_only)))
}

pub(super) fn adjustment(
    keys: &Keys,
    clock: &Clock,
    call: Request<wire_activity::RecordAdjustmentRequest>,
) -> Result<Recording, Status> {
    let (envelope, ask) = wire::open(call)?;
    let said = digests(keys, &ask);
    let mut fields = Fields::new(clock.now());
    let id = fields.bad.request_id(&ask.request_id);
    if ask.adjustment.is_none() {
        fields.bad.add("adjustment", "is required");
    }
    let adjustment = back::adjustment(&mut fields, At::top("adjustment"), ask.adjustment.unwrap_or_default());
    let key = RequestKey { rpc: "RecordAdjustment", id: fields.bad.settle(id)?, digests: said };
    Ok(single(&envelope, key, NewEntry::Adjustment(adjustment), (ask.historic, ask.validate_only)))
}

/// A call that brings one entry.
fn single(
    envelope: &wire::Envelope,
    key: RequestKey,
    entry: NewEntry,
    (historic, validate_only): (bool, bool),
) -> Recording {
    let (tenant, entries) = (envelope.tenant, vec![entry]);
    Recording { tenant, key, entries, historic, validate_only, single: true, strangers: BTreeSet::new() }
}

pub(super) fn entries(
    keys: &Keys,
    clock: &Clock,
    call: Request<wire_activity::RecordEntriesRequest>,
) -> Result<Asked, Status> {
    let (envelope, ask) = wire::open(call)?;
    batch(&envelope, keys, clock, "RecordEntries", ask)
}

/// A message of the stream: a batch of its own.
pub(super) fn streamed(
    envelope: &Envelope,
    keys: &Keys,
    clock: &Clock,
    said: wire_activity::StreamEntriesRequest,
) -> Result<Asked, Status> {
    let wire_activity::StreamEntriesRequest { request_id, entries, historic, validate_only } = said;
    let ask = wire_activity::RecordEntriesRequest { request_id, entries, historic, validate_only };
    batch(envelope, keys, clock, "StreamEntries", ask)
}

fn batch(
    envelope: &Envelope,
    keys: &Keys,
    clock: &Clock,
    rpc: &'static str,
    ask: wire_activity::RecordEntriesRequest,
) -> Result<Asked, Status> {
    let said = digests(keys, &ask);
    let mut fields = Fields::new(clock.now());
    let id = fields.bad.request_id(&ask.request_id);
    let (mut entries, mut identities) = (Vec::with_capacity(ask.entries.len()), Vec::new());
    if fields.count(At::top("entries"), ask.entries.len(), 1..=MOST_ENTRIES) {
        for (entry, place) in ask.entries.into_iter().zip(0..) {
            let (entry, identity) = one_entry(&mut fields, At::top_item("entries", place), entry);
            entries.extend(entry);
            let field = || format!("entries[{place}].order.identity");
            identities.extend(identity.map(|identity| Named { entry: place, field: field(), identity }));
        }
        let lines: usize = entries.iter().map(count_lines).sum();
        if lines > MOST_LINES {
            fields.bad.add("entries", format!("must bring at most {MOST_LINES} lines together, not {lines}"));
        }
    }
    let key = RequestKey { rpc, id: fields.bad.settle(id)?, digests: said };
    let (tenant, historic, validate_only) = (envelope.tenant, ask.historic, ask.validate_only);
    let recording =
        Recording { tenant, key, entries, historic, validate_only, single: false, strangers: BTreeSet::new() };
    Ok(Asked { recording, identities })
}

fn one_entry(
    fields: &mut Fields,
    at: At<'_>,
    said: wire_activity::NewEntry,
) -> (Option<NewEntry>, Option<wire_registry::Identity>) {
    match said.entry {
        None => {
            fields.bad.add(at.field("entry").to_string(), "is required: an order, goods or an adjustment");
            (None, None)
        }
        Some(new_entry::Entry::Order(said)) => {
            let (order, identity) = order::order(fields, at.field("order"), said);
            (Some(NewEntry::Order(order)), identity)
        }
        Some(new_entry::Entry::Goods(said)) => {
            (Some(NewEntry::Return(back::goods(fields, at.field("goods"), said))), None)
        }
        Some(new_entry::Entry::Adjustment(said)) => {
            (Some(NewEntry::Adjustment(back::adjustment(fields, at.field("adjustment"), said))), None)
        }
    }
}

fn count_lines(entry: &NewEntry) -> usize {
    match entry {
        NewEntry::Order(order) => order.lines.len(),
        NewEntry::Return(goods) => match &goods.goods {
            Goods::Lines(lines) => lines.len(),
            Goods::Amount(_) => 0,
        },
        NewEntry::Adjustment(_) => 0,
    }
}

pub(super) fn cancelling(
    keys: &Keys,
    clock: &Clock,
    call: Request<wire_activity::CancelOrderRequest>,
) -> Result<Cancelling, Status> {
    let (envelope, ask) = wire::open(call)?;
    let said = digests(keys, &ask);
    let mut fields = Fields::new(clock.now());
    let id = fields.bad.request_id(&ask.request_id);
    let order = fields.bad.take("order", OrderId::parse(&ask.order));
    let as_state = match wire_activity::CancelKind::try_from(ask.kind) {
        Ok(wire_activity::CancelKind::Cancelled) => Some(State::Cancelled),
        Ok(wire_activity::CancelKind::Uncollected) => Some(State::Uncollected),
        Ok(wire_activity::CancelKind::Unspecified) | Err(_) => {
            fields.bad.add("kind", "must be CANCELLED or UNCOLLECTED");
            None
        }
    };
    let occurred_at = fields.past(At::top("occur_time"), ask.occur_time.as_ref());
    let ((id, order), as_state) = fields.bad.settle(id.zip(order).zip(as_state))?;
    let key = RequestKey { rpc: "CancelOrder", id, digests: said };
    let validate_only = ask.validate_only;
    Ok(Cancelling { tenant: envelope.tenant, key, order, as_state, occurred_at, validate_only })
}

pub(super) fn joining(keys: &Keys, call: Request<wire_activity::JoinGuestOrdersRequest>) -> Result<Joining, Status> {
    let (envelope, ask) = wire::open(call)?;
    let said = digests(keys, &ask);
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let (mut orders, mut invoices) = (BTreeSet::new(), BTreeSet::new());
    let named = ask.orders.len().saturating_add(ask.invoice_numbers.len());
    let list = if ask.orders.is_empty() { "invoice_numbers" } else { "orders" };
    if bad.count(list, named, 1..=MOST_JOINED) {
        for (order, place) in ask.orders.iter().zip(0..) {
            orders.extend(bad.take(&format!("orders[{place}]"), OrderId::parse(order)));
        }
        for (invoice, place) in ask.invoice_numbers.iter().zip(0..) {
            invoices.extend(bad.text(&format!("invoice_numbers[{place}]"), invoice, 1..=40));
        }
    }
    let (id, member) = bad.settle(id.zip(member))?;
    let key = RequestKey { rpc: "JoinGuestOrders", id, digests: said };
    let validate_only = ask.validate_only;
    Ok(Joining { tenant: envelope.tenant, key, member, orders, invoices, validate_only })
}

pub(super) fn products(
    keys: &Keys,
    clock: &Clock,
    call: Request<wire_activity::UpsertProductsRequest>,
) -> Result<Upsert, Status> {
    let (envelope, ask) = wire::open(call)?;
    let said = digests(keys, &ask);
    let now = clock.now();
    let mut fields = Fields::new(now);
    let id = fields.bad.request_id(&ask.request_id);
    let (mut products, mut seen) = (Vec::with_capacity(ask.products.len()), HashSet::new());
    if fields.count(At::top("products"), ask.products.len(), 1..=MOST_PRODUCTS) {
        for (product, place) in ask.products.into_iter().zip(0..) {
            let at = At::top_item("products", place);
            fields.decimal(at.field("unit_cost"), &product.unit_cost);
            if !seen.insert(product.code.clone()) {
                fields.bad.add(at.field("code").to_string(), "must be there once");
            }
            products.push(Product {
                code: fields.text(at.field("code"), product.code, 1..=100),
                display_name: fields.text(at.field("display_name"), product.display_name, 0..=300),
                category: fields.text(at.field("category"), product.category, 0..=200),
                unit_cost: product.unit_cost,
                updated_at: now,
            });
        }
    }
    let key = RequestKey { rpc: "UpsertProducts", id: fields.bad.settle(id)?, digests: said };
    Ok(Upsert { tenant: envelope.tenant, key, products, validate_only: ask.validate_only })
}
