//! What members did, as far as missions ask for it: orders less what came back, and events by name.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{Currency, OrderId};
use rule::{Facts, Known, Schema, Slot};
use serde::{Deserialize, Serialize};

use super::terms::{Counted, DoneBy, Goal, Terms};
use super::words::{MemberWords, MissionWords};
use crate::account::earning::{LineFacts, OrderFacts};
use crate::account::facing::{self, Buyer, Lists};
use crate::programme::words::Words as _;

/// Who did something, as they stood then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// Code of the tier.
    pub tier: Option<String>,
    /// Orders before.
    pub orders: i64,
    /// When they joined.
    pub joined_at: Timestamp,
    /// Whole days since.
    pub days_since_joining: i64,
}

impl Who {
    /// Of who buys.
    pub fn of(buyer: &Buyer, joined_at: Timestamp) -> Self {
        Self { tier: buyer.tier.clone(), orders: buyer.orders, joined_at, days_since_joining: buyer.days_since_joining }
    }

    fn buyer(&self) -> Buyer {
        Buyer {
            tier: self.tier.clone(),
            tiers: Vec::new(),
            orders: self.orders,
            days_since_joining: self.days_since_joining,
            points: 0,
        }
    }
}

impl Facts for Who {
    fn schema(&self) -> &Schema {
        MemberWords::schema()
    }

    fn fact(&self, slot: Slot) -> Option<Known<'_>> {
        match slot.index() {
            0 => self.tier.as_deref().map(Known::Text),
            1 => Some(Known::Int(self.orders)),
            2 => Some(Known::Int(self.days_since_joining)),
            _ => None,
        }
    }
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number.
    pub number: i32,
    /// The shop's product code.
    pub product: String,
    /// Its category.
    pub category: String,
    /// Units.
    pub quantity: i64,
    /// Before discounts.
    pub gross_minor: i64,
    /// Taken off.
    pub discount_minor: i64,
    /// Units that came back.
    pub back_quantity: i64,
    /// Money that was given back.
    pub back_minor: i64,
}

impl Line {
    /// What is kept of it; nothing where its money or all its units are back.
    fn kept(&self) -> Option<LineFacts> {
        let net = self.gross_minor.saturating_sub(self.discount_minor);
        let quantity = self.quantity.saturating_sub(self.back_quantity);
        let paid_back = net > 0 && self.back_minor >= net;
        (quantity > 0 && !paid_back).then(|| LineFacts {
            product: self.product.clone(),
            category: self.category.clone(),
            quantity,
            gross_minor: self.gross_minor.saturating_sub(self.back_minor),
            discount_minor: self.discount_minor,
            tax_minor: 0,
        })
    }
}

/// What came back of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    /// The line's number.
    pub number: i32,
    /// Units.
    pub quantity: i64,
    /// Money.
    pub minor: i64,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its id.
    pub order: OrderId,
    /// When it was bought.
    pub at: Timestamp,
    /// Its currency.
    pub currency: Currency,
    /// Where it was sold.
    pub channel: String,
    /// Store, page or device.
    pub touchpoint: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Nothing of it is left.
    pub whole: bool,
    /// Who bought; told where the account has booked it.
    pub who: Option<Who>,
    /// Changed since it was read.
    #[serde(skip)]
    pub touched: bool,
}

impl Order {
    /// Takes off what came back: by line, so that the order of returns does not matter.
    pub fn take_back(&mut self, back: &[Back], whole: bool) {
        for one in back {
            for line in self.lines.iter_mut().filter(|line| line.number == one.number) {
                line.back_quantity = line.back_quantity.saturating_add(one.quantity);
                line.back_minor = line.back_minor.saturating_add(one.minor);
            }
        }
        self.whole |= whole;
        self.touched = true;
    }

    /// What is kept of it, as conditions are told; none where nothing is.
    fn kept(&self) -> Option<OrderFacts> {
        let lines: Vec<LineFacts> = self.lines.iter().filter_map(Line::kept).collect();
        (!self.whole && !lines.is_empty()).then(|| OrderFacts {
            order: self.order,
            currency: self.currency,
            channel: self.channel.clone(),
            touchpoint: self.touchpoint.clone(),
            lines,
            points_paid_minor: 0,
            occurred_at: self.at,
            received_at: None,
            historic: false,
        })
    }
}

/// Something that is no order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    pub name: String,
    /// What the shop calls this one.
    pub external_id: String,
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub who: Who,
}

/// What something comes to for a goal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: Timestamp,
    /// What tells two of one moment apart.
    pub name: String,
    /// When who did it joined.
    pub joined_at: Timestamp,
    /// How much, where that is counted.
    pub amount: i64,
    /// Which, where different ones are counted.
    pub names: BTreeSet<String>,
    /// Which steps it may do.
    pub steps: Vec<bool>,
}

/// What an order comes to; none where it does not count.
pub fn of_order(terms: &Terms, order: &Order, zone: &TimeZone) -> Option<Deed> {
    let (who, kept) = (order.who.as_ref()?, order.kept()?);
    if terms.audience.rule().ok()?.is_some_and(|rule| !rule.holds(who)) {
        return None;
    }
    let (lists, currency, buyer) = (Lists::of(&kept), kept.currency.to_string(), who.buyer());
    let facts = facing::order(&kept, &lists, &currency, Some(&buyer), zone).under(MissionWords::schema());
    if terms.when.rule().ok()?.is_some_and(|rule| !rule.holds(&facts)) {
        return None;
    }
    let asked = terms.lines.rule().ok()?;
    let lines: Vec<&LineFacts> =
        kept.lines.iter().filter(|line| asked.is_none_or(|rule| rule.holds(&facing::line(line)))).collect();
    let named = |read: fn(&LineFacts) -> &String| {
        lines.iter().map(|line| read(line).clone()).filter(|name| !name.is_empty()).collect::<BTreeSet<String>>()
    };
    let sum = |read: fn(&LineFacts) -> i64| lines.iter().fold(0_i64, |sum, line| sum.saturating_add(read(line)));
    let mut deed =
        Deed { at: order.at, name: order.order.to_string(), joined_at: who.joined_at, amount: 1, ..Deed::default() };
    match &terms.goal {
        Goal::Count { of: Counted::Orders, .. } | Goal::Streak { .. } => {}
        Goal::Count { of: Counted::Units, .. } => deed.amount = sum(|line| line.quantity),
        Goal::Count { of: Counted::Products, .. } => deed.names = named(|line| &line.product),
        Goal::Count { of: Counted::Categories, .. } => deed.names = named(|line| &line.category),
        Goal::Count { of: Counted::Spend(of), .. } => {
            let net = sum(|line| line.gross_minor.saturating_sub(line.discount_minor));
            deed.amount = if *of == order.currency { net } else { 0 };
        }
        Goal::Count { of: Counted::Events(_), .. } => return None,
        Goal::Stamps { per_order, .. } => deed.amount = *per_order,
        Goal::Sequence { steps } => {
            deed.steps = steps.iter().map(|step| does(&step.by, &facts)).collect();
        }
    }
    (!lines.is_empty() && counts(&terms.goal, &deed)).then_some(deed)
}

/// What an event comes to; none where it does not count.
pub fn of_event(terms: &Terms, event: &Event) -> Option<Deed> {
    if terms.audience.rule().ok()?.is_some_and(|rule| !rule.holds(&event.who)) || !terms.goal.hears(&event.name) {
        return None;
    }
    let steps = match &terms.goal {
        Goal::Sequence { steps } => steps.iter().map(|step| step.by.is_event(&event.name)).collect(),
        Goal::Count { .. } | Goal::Stamps { .. } | Goal::Streak { .. } => Vec::new(),
    };
    let name = format!("{}/{}", event.name, event.external_id);
    Some(Deed { at: event.at, name, joined_at: event.who.joined_at, amount: 1, steps, ..Deed::default() })
}

fn does(by: &DoneBy, facts: &facing::Faced<'_>) -> bool {
    match by {
        DoneBy::Order(when) => when.rule().is_ok_and(|rule| rule.is_none_or(|rule| rule.holds(facts))),
        DoneBy::Event(_) => false,
    }
}

fn counts(goal: &Goal, deed: &Deed) -> bool {
    match goal {
        Goal::Count { of: Counted::Products | Counted::Categories, .. } => !deed.names.is_empty(),
        Goal::Sequence { .. } => deed.steps.contains(&true),
        Goal::Count { .. } | Goal::Stamps { .. } | Goal::Streak { .. } => deed.amount > 0,
    }
}
