//! Calls about benefits, read: every wrong field is told at once.

use std::collections::BTreeSet;

use kernel::{Currency, MemberId};
use proto::loyalty::v1::benefit::Kind as WireKind;
use proto::loyalty::v1::*;
use rule::Texts;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use super::parse_campaign::read_names;
use super::parse_coupons::{read_cart, read_order};
use super::parse_page::{Page, read_lines, read_page};
use super::parse_programme::unknown;
use super::parse_reward::read_window;
use super::parse_rules::condition;
use crate::benefit::terms::{self, Kind, Price, Terms};
use crate::benefit::{Booking, Cancel, Look, Put};
use crate::programme::rules;

const MOST: i64 = 1_000_000_000_000;

pub(super) const LIST: &str = "benefits";

pub(super) fn page(keys: &Keys, call: Request<ListBenefitsRequest>) -> Result<Page, Status> {
    let (envelope, ask) = open(call)?;
    read_page(keys, (envelope.tenant, LIST), (ask.page_size, &ask.page_token), &ask.at_least_as_fresh)
}

pub(super) fn look(keys: &Keys, call: Request<CheckBenefitsRequest>) -> Result<(Look, Freshness), Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = match ask.member.as_str() {
        "" => Some(None),
        member => bad.take("member", MemberId::parse(member)).map(Some),
    };
    let cart = read_cart(&mut bad, ask.cart.as_ref());
    let entitlements = read_entitlements(&mut bad, &ask.entitlements);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let ((member, cart), (entitlements, freshness)) = bad.settle(member.zip(cart).zip(entitlements.zip(freshness)))?;
    Ok((Look { tenant: envelope.tenant, member, cart, entitlements }, freshness))
}

pub(super) fn booking(keys: &Keys, call: Request<UseBenefitsRequest>) -> Result<Booking, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let order = read_order(&mut bad, ask.order.as_ref());
    let cart = read_cart(&mut bad, ask.cart.as_ref());
    let entitlements = read_entitlements(&mut bad, &ask.entitlements);
    let benefits = read_codes(&mut bad, &ask.benefits);
    let mut said = UseBenefitsRequest { request_id: String::new(), validate_only: false, ..ask.clone() };
    said.benefits.sort();
    said.entitlements.sort();
    let fields: Vec<String> = digests(keys, &said).0.into_iter().map(|(name, digest)| name + &digest).collect();
    let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
    let asked = keys.digest("benefits of an order", &fields).to_vec();
    let read = id.zip(member).zip(order.zip(cart)).zip(entitlements.zip(benefits));
    let read = read.map(|(((id, member), (order, cart)), (entitlements, benefits))| Booking {
        tenant: envelope.tenant,
        member,
        order,
        cart,
        entitlements,
        benefits,
        asked,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "UseBenefits", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn cancel(keys: &Keys, call: Request<CancelBenefitsRequest>) -> Result<Cancel, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let order = read_order(&mut bad, ask.order.as_ref());
    let read = id.zip(member).zip(order).map(|((id, member), order)| Cancel {
        tenant: envelope.tenant,
        member,
        order,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "CancelBenefits", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

fn read_entitlements(bad: &mut Violations, said: &[String]) -> Option<Texts> {
    bad.count("entitlements", said.len(), 0..=50);
    let read = said.iter().take(50).enumerate();
    read.map(|(place, one)| bad.text(&format!("entitlements[{place}]"), one, 1..=100)).collect()
}

fn read_codes(bad: &mut Violations, said: &[String]) -> Option<Vec<String>> {
    bad.count("benefits", said.len(), 1..=20);
    let mut read = BTreeSet::new();
    for (place, code) in said.iter().enumerate().take(20) {
        let field = format!("benefits[{place}]");
        let code = bad.code(&field, code, 1..=40)?;
        if !read.insert(code) {
            bad.add(field, "is named twice");
        }
    }
    Some(read.into_iter().collect())
}

pub(super) fn put(keys: &Keys, call: Request<PutBenefitRequest>) -> Result<Put, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.benefit {
        Some(benefit) => {
            let code = bad.code("benefit.code", &benefit.code, 1..=40);
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let terms = read_terms(&mut bad, benefit);
            code.zip(terms)
        }
        None => {
            bad.add("benefit", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (benefit, terms))| Put {
        tenant: envelope.tenant,
        benefit,
        terms,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "PutBenefit", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

fn read_terms(bad: &mut Violations, said: &Benefit) -> Option<Terms> {
    let display_name = bad.text("benefit.display_name", &said.display_name, 1..=100);
    let description = read_lines(bad, "benefit.description", &said.description);
    let audience = condition(bad, "benefit.audience", &said.audience);
    let kind = read_kind(bad, said.kind.as_ref());
    let currency = bad.take("benefit.currency_code", Currency::parse(&said.currency_code));
    let worth_minor = bad.number("benefit.worth_minor", said.worth_minor, 0..=MOST);
    read_worth(bad, said);
    let cost_minor = bad.number("benefit.cost_minor", said.cost_minor, 0..=MOST);
    let max_uses = bad.number("benefit.max_uses", said.max_uses, 0..=MOST);
    let max_per_member = bad.number("benefit.max_per_member", said.max_per_member, 0..=MOST);
    let period = read_period(bad, said.period);
    let (from, until) = read_window(bad, "benefit", said.from_time.as_ref(), said.until_time.as_ref());
    Some(Terms {
        display_name: display_name?,
        description: description?,
        audience: audience?,
        kind: kind?,
        currency: currency?,
        worth_minor: worth_minor?,
        normally_sold: said.normally_sold,
        cost_minor: cost_minor?,
        max_uses: Some(max_uses?).filter(|most| *most > 0),
        max_per_member: Some(max_per_member?).filter(|most| *most > 0),
        period: period?,
        from,
        until,
    })
}

/// What others are worth follows from the cart, or is nothing.
fn read_worth(bad: &mut Violations, said: &Benefit) {
    let is_fixed =
        matches!(said.kind, Some(WireKind::Tasting(_) | WireKind::EventSeat(_) | WireKind::ExclusiveService(_)) | None);
    if said.worth_minor != 0 && !is_fixed {
        bad.add("benefit.worth_minor", "goes with a tasting, an event seat or an exclusive service only");
    }
    if said.normally_sold && said.worth_minor == 0 {
        bad.add("benefit.normally_sold", "needs worth_minor: the price it is sold for");
    }
}

fn read_period(bad: &mut Violations, period: i32) -> Option<rules::LimitPeriod> {
    match LimitPeriod::try_from(period) {
        Ok(LimitPeriod::Unspecified | LimitPeriod::Ever) => Some(rules::LimitPeriod::Ever),
        Ok(LimitPeriod::Day) => Some(rules::LimitPeriod::Day),
        Ok(LimitPeriod::Week) => Some(rules::LimitPeriod::Week),
        Ok(LimitPeriod::Month) => Some(rules::LimitPeriod::Month),
        Ok(LimitPeriod::Year) => Some(rules::LimitPeriod::Year),
        Ok(LimitPeriod::Order) => {
            bad.add("benefit.period", "must not be ORDER: an order uses a benefit once");
            None
        }
        Err(_) => unknown(bad, "benefit.period"),
    }
}

fn read_goods(bad: &mut Violations, field: &str, said: Option<&Goods>, is_required: bool) -> Option<terms::Goods> {
    let none = Goods::default();
    let said = said.unwrap_or(&none);
    if is_required && said.products.is_empty() && said.categories.is_empty() {
        bad.add(field, "must name a product or a category");
    }
    let products = read_names(bad, &format!("{field}.products"), &said.products);
    let categories = read_names(bad, &format!("{field}.categories"), &said.categories);
    Some(terms::Goods { products: products?, categories: categories? })
}

fn read_kind(bad: &mut Violations, kind: Option<&WireKind>) -> Option<Kind> {
    match kind {
        None => {
            bad.add("benefit.kind", "is required");
            None
        }
        Some(WireKind::MemberPrice(said)) => {
            let goods = read_goods(bad, "benefit.member_price.goods", said.goods.as_ref(), false);
            let price = read_price(bad, said.price);
            Some(Kind::MemberPrice { goods: goods?, price: price? })
        }
        Some(WireKind::MemberOnly(said)) => {
            let goods = read_goods(bad, "benefit.member_only.goods", said.goods.as_ref(), true);
            goods.map(|goods| Kind::MemberOnly { goods })
        }
        Some(WireKind::EarlyAccess(said)) => read_early(bad, said),
        Some(WireKind::MemberDelivery(said)) => {
            let most = bad.number("benefit.member_delivery.most_minor", said.most_minor, 0..=MOST);
            most.map(|most| Kind::Delivery { most_minor: Some(most).filter(|most| *most > 0) })
        }
        Some(WireKind::Tasting(said)) => {
            let product = bad.text("benefit.tasting.product", &said.product, 1..=100);
            product.map(|product| Kind::Tasting { product })
        }
        Some(WireKind::EventSeat(said)) => {
            let event_at = read_instant(bad, "benefit.event_seat.event_time", said.event_time.as_ref());
            event_at.map(|event_at| Kind::EventSeat { event_at })
        }
        Some(WireKind::ExclusiveService(_)) => Some(Kind::Service),
        Some(WireKind::CharityGift(said)) => {
            let cause = bad.code("benefit.charity_gift.cause", &said.cause, 1..=40);
            let minor = bad.number("benefit.charity_gift.minor", said.minor, 1..=MOST);
            Some(Kind::Charity { cause: cause?, minor: minor? })
        }
    }
}

fn read_instant(bad: &mut Violations, field: &str, said: Option<&prost_types::Timestamp>) -> Option<jiff::Timestamp> {
    if said.is_none() {
        bad.add(field, "is required");
    }
    bad.instant(field, said).map(kernel::to_microsecond)
}

fn read_early(bad: &mut Violations, said: &EarlyAccess) -> Option<Kind> {
    let goods = read_goods(bad, "benefit.early_access.goods", said.goods.as_ref(), true);
    let members = read_instant(bad, "benefit.early_access.members_from_time", said.members_from_time.as_ref());
    let everybody = read_instant(bad, "benefit.early_access.everybody_from_time", said.everybody_from_time.as_ref());
    if members.zip(everybody).is_some_and(|(members, everybody)| everybody <= members) {
        bad.add("benefit.early_access.everybody_from_time", "must be later than members_from_time");
    }
    Some(Kind::EarlyAccess { goods: goods?, members_from: members?, everybody_from: everybody? })
}

fn read_price(bad: &mut Violations, price: Option<member_price::Price>) -> Option<Price> {
    match price {
        None => {
            bad.add("benefit.member_price.price", "is required: percent_off or unit_minor");
            None
        }
        Some(member_price::Price::PercentOff(percent)) => {
            let percent = bad.number("benefit.member_price.percent_off", i64::from(percent), 1..=100);
            percent.map(Price::PercentOff)
        }
        Some(member_price::Price::UnitMinor(minor)) => {
            bad.number("benefit.member_price.unit_minor", minor, 0..=MOST).map(Price::Unit)
        }
    }
}
