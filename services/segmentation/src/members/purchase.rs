//! What a member bought, and what came back of it, each with its own time.

use jiff::Timestamp;
use kernel::{Currency, OrderId};
use serde::{Deserialize, Serialize};

/// An order of a member. It is a purchase from when it was bought until all of it came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Which order.
    pub order: OrderId,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// What it was paid in.
    pub currency: Currency,
    /// What was paid for it.
    pub net_minor: i64,
    /// What it had cost the shop, where that is known of every line.
    pub cost_minor: Option<i64>,
    /// Where it was sold.
    pub channel: String,
    /// What it held.
    pub categories: Vec<CategoryPart>,
    /// What came back of it.
    pub returns: Vec<Return>,
}

/// The lines of one category, together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryPart {
    /// The category.
    pub name: String,
    /// What was paid for them.
    pub net_minor: i64,
    /// What they had cost the shop, where that is known.
    pub cost_minor: Option<i64>,
    /// Units.
    pub quantity: i64,
}

/// A part of an order that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The return's id, or that of the order where it was cancelled.
    pub cause: String,
    /// When.
    pub occurred_at: Timestamp,
    /// The money of it.
    pub net_minor: i64,
    /// Its share of the cost, by money.
    pub cost_minor: Option<i64>,
    /// Nothing was left of the order when it was recorded.
    pub whole: bool,
}

impl Purchase {
    /// Whether it is a purchase at a moment. The return that was recorded last is whole, and need not be the latest: all of
    /// them must have happened.
    pub fn stands_at(&self, moment: Timestamp) -> bool {
        let gone =
            self.returns.iter().any(|back| back.whole) && self.returns.iter().all(|back| back.occurred_at <= moment);
        self.occurred_at <= moment && !gone
    }

    /// What it is worth at a moment, in minor units.
    pub fn worth_at(&self, moment: Timestamp) -> i64 {
        self.returned_by(moment).fold(self.net_minor, |left, back| left.saturating_sub(back.net_minor))
    }

    /// What of it was kept had cost, where that is known.
    pub fn cost_at(&self, moment: Timestamp) -> Option<i64> {
        let back = self.returned_by(moment).fold(0_i64, |sum, back| sum.saturating_add(back.cost_minor.unwrap_or(0)));
        Some(self.cost_minor?.saturating_sub(back))
    }

    /// The money of it, where it is of the currency that counts.
    pub fn money_at(&self, moment: Timestamp, currency: Option<Currency>) -> Option<i64> {
        (currency == Some(self.currency)).then(|| self.worth_at(moment))
    }

    /// What came back of it so far, whenever.
    pub fn returned_minor(&self) -> i64 {
        self.returns.iter().fold(0, |sum, back| sum.saturating_add(back.net_minor))
    }

    /// Whether anything is known to come about after a moment.
    pub fn next_fact_after(&self, moment: Timestamp) -> Option<Timestamp> {
        let facts = self.returns.iter().map(|back| back.occurred_at).chain([self.occurred_at]);
        facts.filter(|fact| *fact > moment).min()
    }

    fn returned_by(&self, moment: Timestamp) -> impl Iterator<Item = &Return> {
        self.returns.iter().filter(move |back| back.occurred_at <= moment)
    }
}

/// The share of the cost that comes back when so much has come back in all, less what had before.
pub fn cost_share(purchase: &Purchase, returned_minor: i64, whole: bool) -> Option<i64> {
    let cost = purchase.cost_minor?;
    let before = purchase.returns.iter().fold(0_i64, |sum, back| sum.saturating_add(back.cost_minor.unwrap_or(0)));
    let so_far = match whole || purchase.net_minor <= 0 {
        true if whole => cost,
        true => 0,
        false => kernel::rounding::share(cost, returned_minor, purchase.net_minor, kernel::Rounding::HalfEven)?,
    };
    Some(so_far.saturating_sub(before))
}
