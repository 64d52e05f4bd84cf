//! What conditions of rules are told of an order and its lines, of an occasion, and of the member whose it is.

mod reading;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::OrderId;
use rule::{Facts, Known, Schema, Slot, Texts};

use super::earning::{LineFacts, OrderFacts};
use super::holdings::Holdings;
use super::occasion::OccasionFacts;
use crate::programme::terms::{Ladder, Programme};
use crate::programme::words::{LineWords, OccasionWords, OrderWords, Words as _};

/// What is known of who buys; nothing of a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// Code of the tier held on the first ladder when the order was bought.
    pub tier: Option<String>,
    /// The tiers held on all ladders then: by the code of the ladder, the code of the tier.
    pub tiers: Vec<(String, String)>,
    /// Orders bought before, those that came back whole left out.
    pub orders: i64,
    /// Whole days since they joined.
    pub days_since_joining: i64,
    /// Points that can be spent.
    pub points: i64,
}

impl Buyer {
    /// What is known of a member who buys.
    pub fn of(holdings: &Holdings, order: &OrderFacts, programme: Option<&Programme>) -> Self {
        Self::at(holdings, order.occurred_at, Some(order.order), programme)
    }

    /// What is known of a member at a moment, an order of that moment left out.
    pub fn at(holdings: &Holdings, at: Timestamp, but: Option<OrderId>, programme: Option<&Programme>) -> Self {
        let is_before = |bought| bought < at;
        let bought = holdings.purchases.values().filter(|known| Some(known.order) != but);
        let counting =
            bought.filter(|known| is_before(known.occurred_at) && known.net_minor > known.returned_minor).count();
        let held = |ladder: &Ladder| {
            let tier = holdings.tier_at(ladder, at)?;
            Some((ladder.code.clone(), tier.to_owned()))
        };
        let since = at.duration_since(holdings.joined_at).as_hours().max(0);
        Self {
            tier: programme.and_then(|programme| programme.ladder.as_ref()).and_then(held).map(|(_, tier)| tier),
            tiers: programme.into_iter().flat_map(Programme::ladders).filter_map(held).collect(),
            orders: i64::try_from(counting).unwrap_or(i64::MAX),
            days_since_joining: since.checked_div(24).unwrap_or_default(),
            points: holdings.spendable(),
        }
    }
}

/// Facts in the order of a schema.
#[derive(Debug)]
pub struct Faced<'a> {
    schema: &'static Schema,
    known: Vec<Option<Known<'a>>>,
}

impl<'a> Faced<'a> {
    /// Facts of another schema, in its order.
    pub(crate) const fn of(schema: &'static Schema, known: Vec<Option<Known<'a>>>) -> Self {
        Self { schema, known }
    }

    /// The same facts for conditions that know the first of them only.
    #[must_use]
    pub fn under(self, schema: &'static Schema) -> Self {
        Self { schema, ..self }
    }
}

impl Facts for Faced<'_> {
    fn schema(&self) -> &Schema {
        self.schema
    }

    fn fact(&self, slot: Slot) -> Option<Known<'_>> {
        self.known.get(slot.index()).copied().flatten()
    }
}

/// Lists of an order that conditions ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    products: Texts,
    categories: Texts,
}

impl Lists {
    /// Of an order.
    pub fn of(order: &OrderFacts) -> Self {
        let named = |read: fn(&LineFacts) -> &str| {
            order.lines.iter().map(read).filter(|name| !name.is_empty()).collect::<Texts>()
        };
        Self { products: named(|line| &line.product), categories: named(|line| &line.category) }
    }
}

/// What is not told is unknown, not an empty text.
fn told(text: &str) -> Option<Known<'_>> {
    (!text.is_empty()).then_some(Known::Text(text))
}

fn sum(order: &OrderFacts, read: impl Fn(&LineFacts) -> i64) -> Option<Known<'static>> {
    order.lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(read(line))).map(Known::Int)
}

/// What conditions of orders are told.
pub fn order<'a>(
    order: &'a OrderFacts,
    lists: &'a Lists,
    currency: &'a str,
    buyer: Option<&'a Buyer>,
    zone: &TimeZone,
) -> Faced<'a> {
    let local = order.occurred_at.to_zoned(zone.clone());
    let known = vec![
        Some(Known::Instant(order.occurred_at)),
        order.net_minor().map(Known::Int),
        sum(order, |line| line.gross_minor),
        Some(Known::Text(currency)),
        told(&order.channel),
        told(&order.touchpoint),
        i64::try_from(order.lines.len()).ok().map(Known::Int),
        sum(order, |line| line.quantity),
        Some(Known::Texts(&lists.products)),
        Some(Known::Texts(&lists.categories)),
        Some(Known::Int(i64::from(local.hour()))),
        Some(Known::Int(i64::from(local.weekday().to_monday_one_offset()))),
        buyer.and_then(|buyer| buyer.tier.as_deref()).map(Known::Text),
        buyer.map(|buyer| Known::Int(buyer.orders)),
        buyer.map(|buyer| Known::Bool(buyer.orders == 0)),
        buyer.map(|buyer| Known::Int(buyer.days_since_joining)),
        buyer.map(|buyer| Known::Int(buyer.points)),
    ];
    Faced { schema: OrderWords::schema(), known }
}

/// What conditions of occasions are told.
pub fn occasion<'a>(occasion: &'a OccasionFacts, buyer: &'a Buyer, zone: &TimeZone) -> Faced<'a> {
    let local = occasion.occurred_at.to_zoned(zone.clone());
    let known = vec![
        Some(Known::Instant(occasion.occurred_at)),
        Some(Known::Int(occasion.quantity)),
        told(&occasion.channel),
        Some(Known::Int(i64::from(local.hour()))),
        Some(Known::Int(i64::from(local.weekday().to_monday_one_offset()))),
        buyer.tier.as_deref().map(Known::Text),
        Some(Known::Int(buyer.orders)),
        Some(Known::Int(buyer.days_since_joining)),
        Some(Known::Int(buyer.points)),
    ];
    Faced { schema: OccasionWords::schema(), known }
}

/// What conditions of lines are told.
pub fn line(line: &LineFacts) -> Faced<'_> {
    let known = vec![
        told(&line.product),
        told(&line.category),
        line.gross_minor.checked_sub(line.discount_minor).map(Known::Int),
        Some(Known::Int(line.gross_minor)),
        Some(Known::Int(line.discount_minor)),
        Some(Known::Int(line.quantity)),
    ];
    Faced { schema: LineWords::schema(), known }
}
