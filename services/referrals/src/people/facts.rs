//! What is known of members, as rules need it.

use jiff::Timestamp;
use kernel::{Currency, OrderId};

use crate::offer::promise::Offer;

/// An order of a member, and what came back of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bought {
    /// Its id.
    pub order: OrderId,
    /// In which currency.
    pub currency: Currency,
    /// Net of discounts.
    pub net_minor: i64,
    /// What had come back of it before it was the member's.
    pub returned_before_minor: i64,
    /// What came back of it so far, all together.
    pub returned_minor: i64,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// When the buyer had it.
    pub received_at: Option<Timestamp>,
    /// When something last came back.
    pub returned_at: Option<Timestamp>,
}

impl Bought {
    /// What it came to when it became the member's, net of discounts and of what had come back by then.
    #[must_use]
    pub const fn came_to(&self) -> i64 {
        self.net_minor.saturating_sub(self.returned_before_minor)
    }

    /// True where it was bought since the touch, or was being paid then. One that is older than the offer allows was a
    /// purchase before the invitation, whoever names it.
    #[must_use]
    pub fn follows(&self, touched_at: Timestamp, checkout: Option<OrderId>, offer: &Offer) -> bool {
        let being_paid = checkout == Some(self.order) && self.occurred_at >= offer.paid_since(touched_at);
        self.occurred_at >= touched_at || being_paid
    }
}

/// What one event told of an order; whatever it did not tell is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderNews {
    /// Its id.
    pub order: OrderId,
    /// Where the order itself was told.
    pub told: Option<Told>,
    /// Net of discounts.
    pub net_minor: i64,
    /// What came back of it so far.
    pub returned_minor: i64,
    /// When that came back.
    pub returned_at: Option<Timestamp>,
}

/// What only the order itself tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// In which currency.
    pub currency: Currency,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// When the buyer had it.
    pub received_at: Option<Timestamp>,
    /// What had come back of it before it was the member's: it was a guest's, and joined.
    pub returned_before_minor: i64,
}

impl OrderNews {
    /// Both together, in whichever order they were heard.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let later = if other.returned_minor > self.returned_minor { &other } else { &self };
        Self {
            order: self.order,
            told: self.told.or(other.told),
            net_minor: self.net_minor,
            returned_minor: later.returned_minor,
            returned_at: later.returned_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn news_of_an_order_are_the_same_in_any_order_and_however_often() {
        let order = OrderId::from(uuid::Uuid::from_u128(1));
        let told = Told {
            currency: Currency::parse("TWD").expect("listed"),
            occurred_at: at("2026-01-10T00:00:00Z"),
            received_at: None,
            returned_before_minor: 0,
        };
        let bought = OrderNews { order, told: Some(told), net_minor: 900, returned_minor: 0, returned_at: None };
        let back =
            |sum, day| OrderNews { order, told: None, net_minor: 900, returned_minor: sum, returned_at: Some(at(day)) };
        let (first, second) = (back(300, "2026-01-11T00:00:00Z"), back(500, "2026-01-12T00:00:00Z"));
        let one = bought.clone().and(first.clone()).and(second.clone());
        for other in [
            second.clone().and(first.clone()).and(bought.clone()),
            first.clone().and(second.clone()).and(bought.clone()).and(first.clone()),
            bought.and(second.clone()).and(second).and(first),
        ] {
            assert_eq!(one, other);
        }
        assert_eq!(one.returned_minor, 500);
    }
}
