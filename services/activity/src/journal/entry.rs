//! What can be recorded, as a caller says it: read and within its limits, but not valued and not yet decided upon.

use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId};
use rust_decimal::Decimal;

/// The most lines a call may bring.
pub const MOST_LINES: usize = 20_000;
/// The most minor units one line may be worth: 5,000 lines still sum to what an amount can hold.
pub const MOST_MINOR: i64 = 1_000_000_000_000_000;

/// One fact to record.
#[derive(Clone, Debug)]
pub enum NewEntry {
    /// Something was bought.
    Order(NewOrder),
    /// Something came back.
    Return(NewReturn),
    /// Money moved that is no purchase.
    Adjustment(NewAdjustment),
}

/// Something bought at once.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The system that reports it.
    pub source: String,
    /// The shop's own number.
    pub external_id: String,
    /// Who bought it.
    pub buyer: Buyer,
    /// Where it was sold.
    pub channel: String,
    /// Store, page or device.
    pub touchpoint: String,
    /// Who served.
    pub staff: String,
    /// Look-up key for returns.
    pub invoice_number: String,
    /// The tenant's own where not told.
    pub currency: Option<Currency>,
    /// What was bought, by number.
    pub lines: Vec<NewLine>,
    /// How it was paid.
    pub payments: Vec<Payment>,
    /// Coupons used.
    pub coupons: Vec<String>,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// When the buyer had it.
    pub received_at: Option<Timestamp>,
}

/// Who bought something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Buyer {
    /// A member, by the caller's word or by registry's.
    Member(MemberId),
    /// Nobody known; with a key where they told an identity, so that the order joins them when they enrol.
    Guest {
        /// Keyed digest of the identity.
        key: Option<String>,
    },
}

/// One line of an order.
#[derive(Clone, Debug)]
pub struct NewLine {
    /// 1 and up, unique in the order.
    pub number: i32,
    /// The shop's code.
    pub product: String,
    /// Empty where the product's own counts.
    pub category: String,
    /// More than none.
    pub quantity: i64,
    /// Price of one as it was written.
    pub unit_price: String,
    /// The same as a number.
    pub price: Decimal,
    /// Taken off the line.
    pub discount_minor: i64,
    /// Tax contained.
    pub tax_minor: i64,
    /// Cost of one as it was written; may be empty.
    pub unit_cost: String,
    /// The same as a number.
    pub cost: Option<Decimal>,
}

/// A part of what was paid.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Payment {
    /// "points", "card", "cash".
    pub kind: String,
    /// Not negative.
    pub amount_minor: i64,
}

impl Payment {
    /// The kind that has a meaning: what is paid with points earns nothing by default.
    pub const POINTS: &'static str = "points";
}

/// Goods or money that came back.
#[derive(Clone, Debug)]
pub struct NewReturn {
    /// The system that reports it.
    pub source: String,
    /// The shop's own number of the return.
    pub external_id: String,
    /// Which order it belongs to.
    pub origin: Origin,
    /// What came back.
    pub goods: Goods,
    /// When.
    pub occurred_at: Timestamp,
    /// Why, in the shop's words.
    pub reason: String,
    /// The order's own, or the tenant's, where not told.
    pub currency: Option<Currency>,
    /// Where it came back.
    pub channel: String,
}

/// Which order a return belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This one.
    Order(OrderId),
    /// The newest one with this invoice number.
    Invoice(String),
    /// None is named: this member's newest earlier ones.
    Member(MemberId),
    /// Nobody knows.
    Guest,
}

/// What came back.
#[derive(Clone, Debug)]
pub enum Goods {
    /// These lines.
    Lines(Vec<BackLine>),
    /// So much money, without saying for what.
    Amount(i64),
}

/// One line that came back.
#[derive(Clone, Debug)]
pub struct BackLine {
    /// Number of the order's line, where an order is named; else 0.
    pub order_line: i32,
    /// Product, where no order is named.
    pub product: String,
    /// More than none.
    pub quantity: i64,
    /// Credit for one as it was written; may be empty where an order is named.
    pub unit_price: String,
    /// The same as a number.
    pub price: Decimal,
}

/// A movement of money that is no purchase.
#[derive(Clone, Debug)]
pub struct NewAdjustment {
    /// The system that reports it.
    pub source: String,
    /// The shop's own number.
    pub external_id: String,
    /// Whom it concerns.
    pub member: Option<MemberId>,
    /// May be negative.
    pub amount_minor: i64,
    /// The tenant's own where not told.
    pub currency: Option<Currency>,
    /// "bad-debt", "stock-correction".
    pub kind: String,
    /// Product it concerns; may be empty.
    pub product: String,
    /// Units it concerns; may be negative.
    pub quantity: i64,
    /// When.
    pub occurred_at: Timestamp,
}

impl NewEntry {
    /// The key that names it for ever: source and the shop's own number.
    pub fn key(&self) -> (&str, &str) {
        match self {
            Self::Order(order) => (&order.source, &order.external_id),
            Self::Return(goods) => (&goods.source, &goods.external_id),
            Self::Adjustment(adjustment) => (&adjustment.source, &adjustment.external_id),
        }
    }

    /// The member it names, if it names one.
    pub const fn member(&self) -> Option<MemberId> {
        match self {
            Self::Order(NewOrder { buyer: Buyer::Member(member), .. })
            | Self::Return(NewReturn { origin: Origin::Member(member), .. }) => Some(*member),
            Self::Order(_) | Self::Return(_) => None,
            Self::Adjustment(adjustment) => adjustment.member,
        }
    }

    /// The field of a request that holds it.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Return(_) => "goods",
            Self::Adjustment(_) => "adjustment",
        }
    }
}
