//! Valid requests, as a shop would make them.

use proto::activity::v1::{
    Guest, NewAdjustment, NewEntry, NewOrder, NewReturn, OrderLine, Product, RecordOrderRequest, RecordReturnRequest,
    ReturnLine, new_entry, new_order, new_return,
};
use proto::loyalty::v1::{
    EarnRate, ExpiryPolicy, LapseAfter, Programme, PutProgrammeRequest, QualificationWindow, Tier, TierLadder,
    TransferPolicy, TransferScope, expiry_policy, qualification_window,
};
use proto::referrals::v1::{PutTermsRequest, Terms};
use proto::registry::v1::{CreateTenantRequest, EnrolMemberRequest, Identity, IdentityKind, NewMember, TenantSettings};

pub fn at(moment: &str) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(testkit::instant(moment)))
}

pub fn tenant(request_id: String, code: &str) -> CreateTenantRequest {
    let settings = TenantSettings {
        zone: "Asia/Taipei".to_owned(),
        currency_code: "TWD".to_owned(),
        minor_digits: Some(0),
        phone_region: "TW".to_owned(),
    };
    CreateTenantRequest {
        request_id,
        code: code.to_owned(),
        display_name: "Signature".to_owned(),
        settings: Some(settings),
    }
}

/// 100 points for who invites and 50 for who comes, for an order of NT$ 500 or more that is not brought back in 14 days.
pub fn offer(request_id: String) -> PutTermsRequest {
    let terms = Terms {
        effective_time: at("2011-01-01T00:00:00Z"),
        currency_code: "TWD".to_owned(),
        least_order_minor: Some(500),
        inviter_points: 100,
        invitee_points: 50,
        ..Terms::default()
    };
    PutTermsRequest { request_id, terms: Some(terms), ..PutTermsRequest::default() }
}

/// A point for NT$ 50, good to the end of the month a year later; Silver from 10,000, Gold from 30,000 in a year.
pub fn programme(request_id: String, from: &str) -> PutProgrammeRequest {
    let tier = |code: &str, name: &str, enter_minor, multiplier_percent| Tier {
        code: code.to_owned(),
        display_name: name.to_owned(),
        enter_minor,
        multiplier_percent,
        ..Tier::default()
    };
    let after = LapseAfter { months: 12, days: 0, to_month_end: true };
    let rate = EarnRate { currency_code: "TWD".to_owned(), points: 1, per_minor: 50, ..EarnRate::default() };
    let ladder = TierLadder {
        tiers: vec![
            tier("member", "Member", 0, 100),
            tier("silver", "Silver", 10_000, 120),
            tier("gold", "Gold", 30_000, 150),
        ],
        window: Some(QualificationWindow { window: Some(qualification_window::Window::RollingMonths(12)) }),
        currency_code: "TWD".to_owned(),
        ..TierLadder::default()
    };
    let programme = Programme {
        effective_time: at(from),
        display_name: "Signature".to_owned(),
        zone: "Asia/Taipei".to_owned(),
        earn_rates: vec![rate],
        expiry: Some(ExpiryPolicy { policy: Some(expiry_policy::Policy::After(after)) }),
        ladder: Some(ladder),
        transfers: Some(TransferPolicy { allowed: TransferScope::Anybody.into(), ..TransferPolicy::default() }),
        ..Programme::default()
    };
    PutProgrammeRequest { request_id, programme: Some(programme), validate_only: false }
}

pub fn phone(number: &str) -> Identity {
    Identity { kind: IdentityKind::Phone.into(), value: number.to_owned(), ..Identity::default() }
}

pub fn card(number: &str) -> Identity {
    let issuer = "signature".to_owned();
    Identity { kind: IdentityKind::Card.into(), issuer, value: number.to_owned(), ..Identity::default() }
}

pub fn person(identity: Identity) -> NewMember {
    NewMember { identities: vec![identity], acquisition_source: "till".to_owned(), ..NewMember::default() }
}

pub fn enrolment(request_id: String, number: &str) -> EnrolMemberRequest {
    EnrolMemberRequest { request_id, member: Some(person(phone(number))), validate_only: false }
}

pub fn line(number: i32, product: &str, quantity: i64, unit_price: &str) -> OrderLine {
    let (product, unit_price) = (product.to_owned(), unit_price.to_owned());
    OrderLine { number, product, quantity, unit_price, ..OrderLine::default() }
}

pub fn order(external_id: &str, buyer: new_order::Buyer, lines: Vec<OrderLine>) -> NewOrder {
    NewOrder {
        source: "web".to_owned(),
        external_id: external_id.to_owned(),
        buyer: Some(buyer),
        channel: "web".to_owned(),
        invoice_number: format!("inv-{external_id}"),
        currency_code: "TWD".to_owned(),
        lines,
        occur_time: at("2011-12-01T04:00:00Z"),
        ..NewOrder::default()
    }
}

/// The same, bought at a moment.
pub fn order_at(
    moment: jiff::Timestamp,
    external_id: &str,
    buyer: new_order::Buyer,
    lines: Vec<OrderLine>,
) -> NewOrder {
    NewOrder { occur_time: Some(proto::timestamp(moment)), ..order(external_id, buyer, lines) }
}

pub fn of(member: &str) -> new_order::Buyer {
    new_order::Buyer::Member(member.to_owned())
}

pub fn of_a_guest() -> new_order::Buyer {
    new_order::Buyer::Guest(Guest {})
}

pub fn purchase(request_id: String, order: NewOrder) -> RecordOrderRequest {
    RecordOrderRequest { request_id, order: Some(order), historic: false, validate_only: false }
}

pub fn coming_back(external_id: &str, order: &str, order_line: i32, quantity: i64) -> NewReturn {
    NewReturn {
        source: "web".to_owned(),
        external_id: external_id.to_owned(),
        origin: Some(new_return::Origin::Order(order.to_owned())),
        lines: vec![ReturnLine { order_line, quantity, ..ReturnLine::default() }],
        occur_time: at("2011-12-02T04:00:00Z"),
        channel: "web".to_owned(),
        ..NewReturn::default()
    }
}

pub fn giving_back(request_id: String, goods: NewReturn) -> RecordReturnRequest {
    RecordReturnRequest { request_id, goods: Some(goods), historic: false, validate_only: false }
}

pub fn adjustment(external_id: &str) -> NewAdjustment {
    NewAdjustment {
        source: "books".to_owned(),
        external_id: external_id.to_owned(),
        amount_minor: -120,
        currency_code: "TWD".to_owned(),
        kind: "bad-debt".to_owned(),
        occur_time: at("2011-12-02T04:00:00Z"),
        ..NewAdjustment::default()
    }
}

pub fn entry(order: NewOrder) -> NewEntry {
    NewEntry { entry: Some(new_entry::Entry::Order(order)) }
}

pub fn product(code: &str) -> Product {
    let (code, display_name, category) = (code.to_owned(), "美式咖啡".to_owned(), "drinks/coffee".to_owned());
    Product { code, display_name, category, unit_cost: "22.5".to_owned(), ..Product::default() }
}
