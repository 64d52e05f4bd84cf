//! An order as the journal holds it while it decides: what was bought, what came back so far, what is left.

use std::fmt;

use jiff::Timestamp;
use kernel::{Currency, MemberId, OrderId, Shard};

/// What became of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Bought; part of it may have come back.
    Recorded,
    /// Came back as a whole.
    Returned,
    /// Cancelled before it was delivered.
    Cancelled,
    /// Never fetched.
    Uncollected,
}

impl State {
    /// As the table keeps it.
    pub const fn number(self) -> i16 {
        match self {
            Self::Recorded => 1,
            Self::Returned => 2,
            Self::Cancelled => 3,
            Self::Uncollected => 4,
        }
    }

    /// Reads what the table keeps.
    pub fn from_number(number: i16) -> Option<Self> {
        [Self::Recorded, Self::Returned, Self::Cancelled, Self::Uncollected]
            .into_iter()
            .find(|state| state.number() == number)
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Recorded => "RECORDED",
            Self::Returned => "RETURNED",
            Self::Cancelled => "CANCELLED",
            Self::Uncollected => "UNCOLLECTED",
        })
    }
}

/// An order under decision.
#[derive(Clone, Debug)]
pub struct HeldOrder {
    /// Its id.
    pub order: OrderId,
    /// The shard of its key, where its rows lie.
    pub shard: Shard,
    /// The shard whose lock protects it: the member's, or its own.
    pub subject: Shard,
    /// Whose it is.
    pub member: Option<MemberId>,
    /// What it was paid in.
    pub currency: Currency,
    /// What became of it.
    pub state: State,
    /// When it entered that state.
    pub state_at: Timestamp,
    /// When it was bought.
    pub occurred_at: Timestamp,
    /// Units bought.
    pub units: i64,
    /// Units that came back.
    pub returned_units: i64,
    /// What all lines cost, net of discounts.
    pub net_minor: i64,
    /// What came back of that.
    pub returned_minor: i64,
    /// Its lines; only those of some products where it is only looked through for a match.
    pub lines: Vec<HeldLine>,
}

/// A line under decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLine {
    /// Its number.
    pub number: i32,
    /// The shop's code.
    pub product: String,
    /// Units bought.
    pub quantity: i64,
    /// What they cost together.
    pub net_minor: i64,
    /// Units that came back.
    pub back_units: i64,
    /// Money that came back with them.
    pub back_with_units: i64,
    /// Money that came back without units.
    pub back_alone: i64,
}

impl HeldLine {
    /// Units that can still come back.
    pub const fn units_left(&self) -> i64 {
        self.quantity.saturating_sub(self.back_units)
    }

    /// Money that can still come back.
    pub const fn money_left(&self) -> i64 {
        self.net_minor.saturating_sub(self.back_with_units).saturating_sub(self.back_alone)
    }
}

impl HeldOrder {
    /// Nothing of it is left: all the money came back or, where it cost nothing, all the units.
    pub const fn is_whole_back(&self) -> bool {
        if self.net_minor > 0 { self.returned_minor == self.net_minor } else { self.returned_units == self.units }
    }
}
