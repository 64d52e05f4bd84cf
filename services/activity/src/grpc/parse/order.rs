//! Reading an order.

use std::collections::HashSet;

use proto::activity::v1::{self as wire_activity, new_order};
use proto::registry::v1 as wire_registry;
use rust_decimal::Decimal;

use super::fields::{At, Fields};
use crate::journal::{Buyer, NewLine, NewOrder, Payment};

/// The most units of a line, and the most minor units of a payment.
pub(super) const MOST_UNITS: i64 = 1_000_000_000;
pub(super) const MOST_MINOR: i64 = 1_000_000_000_000_000;
pub(super) const MOST_ORDER_LINES: usize = 5_000;

/// An order, and the identity by which its buyer is to be looked for.
pub(super) fn order(
    fields: &mut Fields,
    at: At<'_>,
    said: wire_activity::NewOrder,
) -> (NewOrder, Option<wire_registry::Identity>) {
    let (source, external_id) = key(fields, at, said.source, said.external_id);
    let (buyer, identity) = buyer(fields, at, said.buyer);
    let order = NewOrder {
        source,
        external_id,
        buyer,
        channel: fields.text(at.field("channel"), said.channel, 1..=40),
        touchpoint: fields.text(at.field("touchpoint"), said.touchpoint, 0..=100),
        staff: fields.text(at.field("staff"), said.staff, 0..=100),
        invoice_number: fields.text(at.field("invoice_number"), said.invoice_number, 0..=40),
        currency: fields.currency(at.field("currency_code"), &said.currency_code),
        lines: lines(fields, at, said.lines),
        payments: payments(fields, at, said.payments),
        coupons: coupons(fields, at, said.coupons),
        occurred_at: fields.occurred(at.field("occur_time"), said.occur_time.as_ref()),
        received_at: fields.instant(at.field("receive_time"), said.receive_time.as_ref()),
    };
    if order.received_at.is_some_and(|received_at| received_at < order.occurred_at) {
        let what = format!("must not lie before occur_time, {}", order.occurred_at);
        fields.bad.add(at.field("receive_time").to_string(), what);
    }
    (order, identity)
}

/// What names an entry for ever. Orders are also asked for as "source/external_id", so a source has no slash.
pub(super) fn key(fields: &mut Fields, at: At<'_>, source: String, external_id: String) -> (String, String) {
    if source.contains('/') {
        fields.bad.add(at.field("source").to_string(), "must not contain a slash");
    }
    (fields.text(at.field("source"), source, 1..=40), fields.text(at.field("external_id"), external_id, 1..=100))
}

fn buyer(fields: &mut Fields, at: At<'_>, said: Option<new_order::Buyer>) -> (Buyer, Option<wire_registry::Identity>) {
    let nobody = Buyer::Guest { key: None };
    match said {
        None => {
            fields.bad.add(at.field("buyer").to_string(), "is required: a member, an identity or a guest");
            (nobody, None)
        }
        Some(new_order::Buyer::Guest(_)) => (nobody, None),
        Some(new_order::Buyer::Member(member)) => {
            (fields.member(at.field("member"), &member).map_or(nobody, Buyer::Member), None)
        }
        Some(new_order::Buyer::Identity(identity)) => {
            let here = at.field("identity");
            match wire_registry::IdentityKind::try_from(identity.kind) {
                Ok(wire_registry::IdentityKind::Unspecified) | Err(_) => {
                    fields.bad.add(here.field("kind").to_string(), "must be a known kind of identity");
                }
                Ok(_) => {}
            }
            let issuer = fields.text(here.field("issuer"), identity.issuer, 0..=100);
            let value = fields.text(here.field("value"), identity.value, 1..=320);
            (nobody, Some(wire_registry::Identity { kind: identity.kind, issuer, value, verified: false }))
        }
    }
}

fn lines(fields: &mut Fields, at: At<'_>, said: Vec<wire_activity::OrderLine>) -> Vec<NewLine> {
    if !fields.count(at.field("lines"), said.len(), 1..=MOST_ORDER_LINES) {
        return Vec::new();
    }
    let mut lines: Vec<NewLine> = Vec::with_capacity(said.len());
    for (line, place) in said.into_iter().zip(0..) {
        lines.push(one_line(fields, at.item("lines", place), line));
    }
    if !lines.is_sorted_by(|one, next| one.number < next.number) {
        let mut seen = HashSet::new();
        for (line, place) in lines.iter().zip(0..) {
            if !seen.insert(line.number) {
                let what = format!("must be unique in the order, and {} is there twice", line.number);
                fields.bad.add(at.item("lines", place).field("number").to_string(), what);
            }
        }
    }
    lines
}

fn one_line(fields: &mut Fields, at: At<'_>, said: wire_activity::OrderLine) -> NewLine {
    let price = fields.decimal(at.field("unit_price"), &said.unit_price);
    if said.unit_price.is_empty() {
        fields.bad.add(at.field("unit_price").to_string(), "is required");
    }
    fields.number(at.field("number"), i64::from(said.number), 1..=1_000_000);
    NewLine {
        number: said.number,
        product: fields.text(at.field("product"), said.product, 1..=100),
        category: fields.text(at.field("category"), said.category, 0..=200),
        quantity: fields.number(at.field("quantity"), said.quantity, 1..=MOST_UNITS),
        price: price.unwrap_or(Decimal::ZERO),
        unit_price: said.unit_price,
        discount_minor: fields.number(at.field("discount_minor"), said.discount_minor, 0..=MOST_MINOR),
        tax_minor: fields.number(at.field("tax_minor"), said.tax_minor, 0..=MOST_MINOR),
        cost: fields.decimal(at.field("unit_cost"), &said.unit_cost),
        unit_cost: said.unit_cost,
    }
}

fn payments(fields: &mut Fields, at: At<'_>, said: Vec<wire_activity::Payment>) -> Vec<Payment> {
    if !fields.count(at.field("payments"), said.len(), 0..=20) {
        return Vec::new();
    }
    let mut payments = Vec::with_capacity(said.len());
    for (payment, place) in said.into_iter().zip(0..) {
        let here = at.item("payments", place);
        payments.push(Payment {
            kind: fields.text(here.field("kind"), payment.kind, 1..=40),
            amount_minor: fields.number(here.field("amount_minor"), payment.amount_minor, 0..=MOST_MINOR),
        });
    }
    payments
}

fn coupons(fields: &mut Fields, at: At<'_>, said: Vec<String>) -> Vec<String> {
    if !fields.count(at.field("coupons"), said.len(), 0..=20) {
        return Vec::new();
    }
    said.into_iter().zip(0..).map(|(code, place)| fields.text(at.item("coupons", place), code, 1..=100)).collect()
}
