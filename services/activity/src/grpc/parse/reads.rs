//! Reading the questions.

use jiff::Timestamp;
use kernel::{MemberId, OrderId, TenantId};
use proto::activity::v1 as wire_activity;
use tonic::{Request, Status};
use wire::{Direction, Freshness, Keys, PageToken, Violations};

use crate::orders::{Listing, Name};
use crate::overview;

/// What selects and orders a list of orders.
pub(in crate::grpc) fn selection(member: MemberId, order: Direction) -> [String; 3] {
    ["orders".to_owned(), member.to_string(), order.word().to_owned()]
}

fn fresh(bad: &mut Violations, keys: &Keys, token: &str) -> Freshness {
    bad.take("at_least_as_fresh", Freshness::open(keys, token)).unwrap_or_default()
}

pub(in crate::grpc) fn order_name(
    keys: &Keys,
    call: Request<wire_activity::GetOrderRequest>,
) -> Result<(TenantId, Name, Freshness), Status> {
    let (envelope, ask) = wire::open(call)?;
    let mut bad = Violations::new();
    let fresh = fresh(&mut bad, keys, &ask.at_least_as_fresh);
    let name = match ask.order.split_once('/') {
        Some((source, number)) => bad
            .text("order", source, 1..=40)
            .zip(bad.text("order", number, 1..=100))
            .map(|(source, number)| Name::Key(source, number)),
        None => bad.take("order", OrderId::parse(&ask.order)).map(Name::Id),
    };
    let name = bad.settle(name)?;
    Ok((envelope.tenant, name, fresh))
}

pub(in crate::grpc) fn invoice(
    keys: &Keys,
    call: Request<wire_activity::FindOrdersRequest>,
) -> Result<(TenantId, String, Freshness), Status> {
    let (envelope, ask) = wire::open(call)?;
    let mut bad = Violations::new();
    let fresh = fresh(&mut bad, keys, &ask.at_least_as_fresh);
    let invoice = bad.text("invoice_number", &ask.invoice_number, 1..=40);
    Ok((envelope.tenant, bad.settle(invoice)?, fresh))
}

pub(in crate::grpc) fn listing(
    keys: &Keys,
    call: Request<wire_activity::ListOrdersRequest>,
) -> Result<Listing, Status> {
    let (envelope, ask) = wire::open(call)?;
    let mut bad = Violations::new();
    let fresh = fresh(&mut bad, keys, &ask.at_least_as_fresh);
    let size = wire::page_size(&mut bad, ask.page_size);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let order = wire::order_by(&mut bad, &ask.order_by, "occur_time", Direction::Descending);
    let listed = member.zip(order);
    let after = listed.and_then(|(member, order)| {
        let selection = selection(member, order);
        let selection: Vec<&str> = selection.iter().map(String::as_str).collect();
        PageToken::open(&mut bad, keys, &ask.page_token, &selection).flatten()
    });
    let after = after.and_then(|token| {
        let read = place(&token);
        if read.is_none() {
            bad.add("page_token", "must be the next_page_token of an earlier answer");
        }
        read
    });
    let (member, order) = bad.settle(listed)?;
    Ok(Listing { tenant: envelope.tenant, member, order, after, size, fresh })
}

fn place(token: &PageToken) -> Option<(Timestamp, OrderId)> {
    let [moment, order] = token.0.as_slice() else { return None };
    Some((Timestamp::from_microsecond(moment.parse().ok()?).ok()?, OrderId::parse(order).ok()?))
}

pub(in crate::grpc) fn product_code(
    keys: &Keys,
    call: Request<wire_activity::GetProductRequest>,
) -> Result<(TenantId, String, Freshness), Status> {
    let (envelope, ask) = wire::open(call)?;
    let mut bad = Violations::new();
    let code = bad.text("code", &ask.code, 1..=100);
    let fresh = fresh(&mut bad, keys, &ask.at_least_as_fresh);
    Ok((envelope.tenant, bad.settle(code)?, fresh))
}

pub(in crate::grpc) fn overview(
    keys: &Keys,
    call: Request<wire_activity::GetOverviewRequest>,
) -> Result<overview::Asked, Status> {
    let (envelope, ask) = wire::open(call)?;
    let mut fields = super::fields::Fields::new(Timestamp::UNIX_EPOCH);
    let fresh = fresh(&mut fields.bad, keys, &ask.at_least_as_fresh);
    let from = fields.instant(super::At::top("from_time"), ask.from_time.as_ref());
    let until = fields.instant(super::At::top("until_time"), ask.until_time.as_ref());
    if let (Some(from), Some(until)) = (from, until)
        && from > until
    {
        fields.bad.add("until_time", "must not lie before from_time");
    }
    fields.bad.finish()?;
    Ok(overview::Asked { tenant: envelope.tenant, from, until, fresh })
}
