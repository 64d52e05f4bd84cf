//! Calls about coupons, codes and reservations, read: every wrong field is told at once.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use kernel::{CouponId, Currency, MemberId, Money, RequestId, TenantId};
use proto::common::v1 as common;
use proto::loyalty::v1::*;
use store::RequestKey;
use tonic::{Request, Status};
use wire::{Freshness, Keys, PageToken, Violations, digests, open, page_size};

use crate::codes::{Generate, kept};
use crate::coupon::Issue;
use crate::reservation::applying::{self, Cart as CartSaid};
use crate::reservation::combining::MOST_TOGETHER;
use crate::reservation::life::OrderKey as Order;
use crate::reservation::{End, Quote, Reserve};

const MOST: i64 = 1_000_000_000_000;
const LIFETIME: i64 = 900;

/// A page of what a member has.
pub(super) struct Page {
    pub tenant: TenantId,
    pub member: MemberId,
    pub before: Option<i64>,
    pub limit: i64,
    pub freshness: Freshness,
}

/// What a member saved.
pub(super) struct Savings {
    pub tenant: TenantId,
    pub member: MemberId,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub fee: Option<Money>,
    pub freshness: Freshness,
}

pub(super) const LIST: &str = "coupons";

pub(super) fn issue(keys: &Keys, call: Request<IssueCouponRequest>) -> Result<Issue, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let read = read_issue(&mut bad, "", keys, envelope.tenant, &ask);
    bad.settle(read)
}

pub(super) fn issues(keys: &Keys, call: Request<IssueCouponBatchRequest>) -> Result<Vec<Issue>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.count("coupons", ask.coupons.len(), 1..=1_000);
    let mut all = Vec::with_capacity(ask.coupons.len());
    for (place, item) in ask.coupons.iter().enumerate().take(1_000) {
        all.extend(read_issue(&mut bad, &format!("coupons[{place}]."), keys, envelope.tenant, item));
    }
    bad.finish()?;
    Ok(all)
}

/// An item is the same request in whatever form it comes, so it carries the name of the form it has alone.
fn read_issue(
    bad: &mut Violations,
    within: &str,
    keys: &Keys,
    tenant: TenantId,
    ask: &IssueCouponRequest,
) -> Option<Issue> {
    let field = |name: &str| format!("{within}{name}");
    let id = bad.take(&field("request_id"), RequestId::parse(&ask.request_id));
    let member = bad.take(&field("member"), MemberId::parse(&ask.member));
    let campaign = bad.code(&field("campaign"), &ask.campaign, 1..=40);
    let reason = bad.text(&field("reason"), &ask.reason, 0..=200);
    Some(Issue {
        tenant,
        member: member?,
        campaign: campaign?,
        opening: None,
        reason: reason?,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "IssueCoupon", id: id?, digests: digests(keys, ask) },
    })
}

pub(super) fn page(keys: &Keys, call: Request<ListCouponsRequest>) -> Result<Page, Status> {
    let (envelope, ask) = open(call)?;
    let said = (&*ask.member, ask.page_size, &*ask.page_token, &*ask.at_least_as_fresh);
    read_page(keys, envelope.tenant, LIST, said)
}

/// A page of what a member has, of a list with a name of its own: the member, the size, the tokens of page and freshness.
pub(super) fn read_page(
    keys: &Keys,
    tenant: TenantId,
    list: &str,
    (member, size, token, fresh): (&str, i32, &str, &str),
) -> Result<Page, Status> {
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(member));
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, fresh));
    let limit = page_size(&mut bad, size);
    let token = member.and_then(|member| PageToken::open(&mut bad, keys, token, &[list, &member.to_string()]));
    let before = token.flatten().and_then(|token| token.0.first().and_then(|number| number.parse().ok()));
    let (member, freshness) = bad.settle(member.zip(freshness))?;
    Ok(Page { tenant, member, before, limit, freshness })
}

pub(super) fn codes(keys: &Keys, call: Request<GenerateCodesRequest>) -> Result<Generate, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let campaign = bad.code("campaign", &ask.campaign, 1..=40);
    let count = bad.number("count", i64::from(ask.count), 1..=1_000_000);
    let skip = bad.number("skip", i64::from(ask.skip), 0..=i64::from(ask.count.clamp(1, 1_000_000)));
    // How much has arrived is how the call is answered, not what it is about.
    let said = GenerateCodesRequest { skip: 0, ..ask.clone() };
    let read = id.zip(campaign).zip(count.zip(skip)).and_then(|((id, campaign), (count, skip))| {
        Some(Generate {
            tenant: envelope.tenant,
            campaign,
            count: u32::try_from(count).ok()?,
            skip: u32::try_from(skip).ok()?,
            validate_only: ask.validate_only,
            key: RequestKey { rpc: "GenerateCodes", id, digests: digests(keys, &said) },
        })
    });
    bad.settle(read)
}

pub(super) fn quote(keys: &Keys, call: Request<QuoteCouponsRequest>) -> Result<(Quote, Freshness), Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let cart = read_cart(&mut bad, ask.cart.as_ref());
    bad.count("coupons", ask.coupons.len(), 0..=50);
    bad.count("codes", ask.codes.len(), 0..=10);
    let coupons = read_coupons(&mut bad, &ask.coupons, 50);
    let codes = read_codes(&mut bad, &ask.codes, 10);
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let read = member.zip(cart).zip(coupons.zip(codes).zip(freshness));
    let ((member, cart), ((coupons, codes), freshness)) = bad.settle(read)?;
    Ok((Quote { tenant: envelope.tenant, member, cart, coupons, codes }, freshness))
}

pub(super) fn reserve(keys: &Keys, call: Request<ReserveCouponsRequest>) -> Result<Reserve, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let order = read_order(&mut bad, ask.order.as_ref());
    let cart = read_cart(&mut bad, ask.cart.as_ref());
    let together = ask.coupons.len().saturating_add(ask.codes.len());
    if !(1..=MOST_TOGETHER).contains(&together) {
        bad.add("coupons", format!("must be 1 to {MOST_TOGETHER} together with codes, not {together}"));
        bad.add("codes", format!("must be 1 to {MOST_TOGETHER} together with coupons, not {together}"));
    }
    let coupons = read_coupons(&mut bad, &ask.coupons, MOST_TOGETHER);
    let codes = read_codes(&mut bad, &ask.codes, MOST_TOGETHER);
    let lifetime = match ask.lifetime_seconds {
        0 => Some(LIFETIME),
        seconds => bad.number("lifetime_seconds", i64::from(seconds), 1..=86_400),
    };
    let mut said = ReserveCouponsRequest {
        request_id: String::new(),
        lifetime_seconds: 0,
        validate_only: false,
        codes: ask.codes.iter().map(|code| kept(code)).collect(),
        ..ask.clone()
    };
    said.coupons.sort();
    said.codes.sort();
    let fields: Vec<String> = digests(keys, &said).0.into_iter().map(|(name, digest)| name + &digest).collect();
    let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
    let asked = keys.digest("coupon reservation", &fields);
    let read = id.zip(member).zip(order.zip(cart)).zip(coupons.zip(codes).zip(lifetime));
    let read = read.map(|(((id, member), (order, cart)), ((coupons, codes), lifetime))| Reserve {
        tenant: envelope.tenant,
        member,
        order,
        cart,
        coupons,
        codes: codes.iter().map(|code| kept(code)).collect(),
        lifetime: SignedDuration::from_secs(lifetime),
        asked,
        known: false,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "ReserveCoupons", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

pub(super) fn redeem(keys: &Keys, call: Request<RedeemReservationRequest>) -> Result<End, Status> {
    let (envelope, ask) = open(call)?;
    let key = |id| RequestKey { rpc: "RedeemReservation", id, digests: digests(keys, &ask) };
    let said = (&ask.request_id, &ask.member, ask.order.as_ref());
    let (id, member, order) = read_end(said)?;
    let (tenant, validate_only) = (envelope.tenant, ask.validate_only);
    Ok(End { tenant, member, order, redeem: true, validate_only, key: key(id) })
}

pub(super) fn cancel(keys: &Keys, call: Request<CancelReservationRequest>) -> Result<End, Status> {
    let (envelope, ask) = open(call)?;
    let key = |id| RequestKey { rpc: "CancelReservation", id, digests: digests(keys, &ask) };
    let said = (&ask.request_id, &ask.member, ask.order.as_ref());
    let (id, member, order) = read_end(said)?;
    let (tenant, validate_only) = (envelope.tenant, ask.validate_only);
    Ok(End { tenant, member, order, redeem: false, validate_only, key: key(id) })
}

fn read_end(said: (&String, &String, Option<&OrderKey>)) -> Result<(RequestId, MemberId, Order), Status> {
    let (id, member, order) = said;
    let mut bad = Violations::new();
    let id = bad.request_id(id);
    let member = bad.take("member", MemberId::parse(member));
    let order = read_order(&mut bad, order);
    bad.settle(id.zip(member).zip(order).map(|((id, member), order)| (id, member, order)))
}

pub(super) fn savings(keys: &Keys, call: Request<GetSavingsRequest>) -> Result<Savings, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let member = bad.take("member", MemberId::parse(&ask.member));
    let since = bad.instant("since_time", ask.since_time.as_ref());
    let until = bad.instant("until_time", ask.until_time.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let fee = read_fee(&mut bad, ask.fee.as_ref());
    let (member, (freshness, fee)) = bad.settle(member.zip(freshness.zip(fee)))?;
    Ok(Savings { tenant: envelope.tenant, member, since, until, fee, freshness })
}

fn read_fee(bad: &mut Violations, fee: Option<&common::Money>) -> Option<Option<Money>> {
    let Some(fee) = fee else { return Some(None) };
    let currency = bad.take("fee.currency_code", Currency::parse(&fee.currency_code));
    let minor = bad.number("fee.minor", fee.minor, 0..=MOST);
    Some(Some(Money { currency: currency?, minor: minor? }))
}

pub(super) fn read_order(bad: &mut Violations, order: Option<&OrderKey>) -> Option<Order> {
    let Some(order) = order else {
        bad.add("order", "is required");
        return None;
    };
    let source = bad.code("order.source", &order.source, 1..=40);
    let number = bad.text("order.external_id", &order.external_id, 1..=100);
    Some(Order { source: source?, number: number? })
}

fn read_coupons(bad: &mut Violations, coupons: &[String], most: usize) -> Option<Vec<CouponId>> {
    let (mut read, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, coupon) in coupons.iter().enumerate().take(most) {
        let field = format!("coupons[{place}]");
        let coupon = bad.take(&field, CouponId::parse(coupon))?;
        if !seen.insert(coupon) {
            bad.add(field, "is named twice");
        }
        read.push(coupon);
    }
    Some(read)
}

fn read_codes(bad: &mut Violations, codes: &[String], most: usize) -> Option<Vec<String>> {
    let (mut read, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, code) in codes.iter().enumerate().take(most) {
        let field = format!("codes[{place}]");
        let code = bad.text(&field, code, 1..=60)?;
        if !seen.insert(kept(&code)) {
            bad.add(field, "is named twice");
        }
        read.push(code);
    }
    Some(read)
}

pub(super) fn read_cart(bad: &mut Violations, cart: Option<&Cart>) -> Option<CartSaid> {
    let Some(cart) = cart else {
        bad.add("cart", "is required");
        return None;
    };
    let currency = bad.take("cart.currency_code", Currency::parse(&cart.currency_code));
    let delivery_minor = bad.number("cart.delivery_minor", cart.delivery_minor, 0..=MOST);
    bad.count("cart.lines", cart.lines.len(), 1..=500);
    let mut lines = Vec::with_capacity(cart.lines.len().min(500));
    for (place, line) in cart.lines.iter().enumerate().take(500) {
        let field = |name: &str| format!("cart.lines[{place}].{name}");
        let product = bad.text(&field("product"), &line.product, 1..=100);
        let category = bad.text(&field("category"), &line.category, 0..=100);
        let gross = bad.number(&field("gross_minor"), line.gross_minor, 0..=MOST);
        let discount = bad.number(&field("discount_minor"), line.discount_minor, 0..=line.gross_minor.clamp(0, MOST));
        bad.number(&field("quantity"), line.quantity, 0..=1_000_000);
        if let (Some(product), Some(category), Some(gross_minor), Some(discount_minor)) =
            (product, category, gross, discount)
        {
            let quantity = line.quantity.max(1);
            lines.push(applying::CartLine { product, category, gross_minor, discount_minor, quantity });
        }
    }
    Some(CartSaid { currency: currency?, lines, delivery_minor: delivery_minor? })
}
