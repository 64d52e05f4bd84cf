//! Reading returns and adjustments.

use proto::activity::v1::{self as wire_activity, new_return};
use rust_decimal::Decimal;

use super::fields::{At, Fields};
use super::order::{MOST_MINOR, MOST_ORDER_LINES, MOST_UNITS, key};
use crate::journal::{BackLine, Goods, NewAdjustment, NewReturn, Origin};

pub(super) fn goods(fields: &mut Fields, at: At<'_>, said: wire_activity::NewReturn) -> NewReturn {
    let (source, external_id) = key(fields, at, said.source, said.external_id);
    let origin = origin(fields, at, said.origin);
    let named = is_named(&origin);
    let channel = fields.text(at.field("channel"), said.channel, if named { 0..=40 } else { 1..=40 });
    NewReturn {
        source,
        external_id,
        goods: what(fields, at, named, said.lines, said.amount_minor),
        origin,
        occurred_at: fields.occurred(at.field("occur_time"), said.occur_time.as_ref()),
        reason: fields.text(at.field("reason"), said.reason, 0..=200),
        currency: fields.currency(at.field("currency_code"), &said.currency_code),
        channel,
    }
}

fn is_named(origin: &Origin) -> bool {
    match origin {
        Origin::Order(_) | Origin::Invoice(_) => true,
        Origin::Member(_) | Origin::Guest => false,
    }
}

fn origin(fields: &mut Fields, at: At<'_>, said: Option<new_return::Origin>) -> Origin {
    match said {
        None => {
            let what = "is required: an order, an invoice number, a member or a guest";
            fields.bad.add(at.field("origin").to_string(), what);
            Origin::Guest
        }
        Some(new_return::Origin::Guest(_)) => Origin::Guest,
        Some(new_return::Origin::Member(member)) => {
            fields.member(at.field("member"), &member).map_or(Origin::Guest, Origin::Member)
        }
        Some(new_return::Origin::InvoiceNumber(invoice)) => {
            Origin::Invoice(fields.text(at.field("invoice_number"), invoice, 1..=40))
        }
        Some(new_return::Origin::Order(order)) => match order.parse() {
            Ok(order) => Origin::Order(order),
            Err(wrong) => {
                fields.bad.add(at.field("order").to_string(), wrong);
                Origin::Guest
            }
        },
    }
}

fn what(
    fields: &mut Fields,
    at: At<'_>,
    named: bool,
    said: Vec<wire_activity::ReturnLine>,
    amount_minor: i64,
) -> Goods {
    if said.is_empty() {
        return Goods::Amount(fields.number(at.field("amount_minor"), amount_minor, 1..=MOST_MINOR));
    }
    if amount_minor != 0 {
        fields.bad.add(at.field("amount_minor").to_string(), "must be 0 where lines are named");
    }
    if !fields.count(at.field("lines"), said.len(), 1..=MOST_ORDER_LINES) {
        return Goods::Lines(Vec::new());
    }
    let mut lines = Vec::with_capacity(said.len());
    for (line, place) in said.into_iter().zip(0..) {
        lines.push(one_line(fields, at.item("lines", place), named, line));
    }
    Goods::Lines(lines)
}

fn one_line(fields: &mut Fields, at: At<'_>, named: bool, said: wire_activity::ReturnLine) -> BackLine {
    let price = fields.decimal(at.field("unit_price"), &said.unit_price);
    if named {
        fields.number(at.field("order_line"), i64::from(said.order_line), 1..=1_000_000);
    } else {
        fields.number(at.field("order_line"), i64::from(said.order_line), 0..=0);
        if said.unit_price.is_empty() {
            fields.bad.add(at.field("unit_price").to_string(), "is required where no order is named");
        }
    }
    BackLine {
        order_line: said.order_line,
        product: fields.text(at.field("product"), said.product, if named { 0..=100 } else { 1..=100 }),
        quantity: fields.number(at.field("quantity"), said.quantity, 1..=MOST_UNITS),
        unit_price: said.unit_price,
        price: price.unwrap_or(Decimal::ZERO),
    }
}

pub(super) fn adjustment(fields: &mut Fields, at: At<'_>, said: wire_activity::NewAdjustment) -> NewAdjustment {
    let (source, external_id) = key(fields, at, said.source, said.external_id);
    let named = !said.member.is_empty();
    NewAdjustment {
        source,
        external_id,
        member: if named { fields.member(at.field("member"), &said.member) } else { None },
        amount_minor: fields.number(at.field("amount_minor"), said.amount_minor, -MOST_MINOR..=MOST_MINOR),
        currency: fields.currency(at.field("currency_code"), &said.currency_code),
        kind: fields.text(at.field("kind"), said.kind, 1..=40),
        product: fields.text(at.field("product"), said.product, 0..=100),
        quantity: fields.number(at.field("quantity"), said.quantity, -MOST_UNITS..=MOST_UNITS),
        occurred_at: fields.occurred(at.field("occur_time"), said.occur_time.as_ref()),
    }
}
