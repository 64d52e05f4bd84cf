//! A reservation and its parts, and where it stands at a moment.

use std::fmt;

use jiff::Timestamp;
use kernel::{CouponId, Currency, MemberId, ReservationId};
use serde::{Deserialize, Serialize};

use crate::campaign::terms::Kind;

/// The shop's name of an order, as activity has it too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderKey {
    /// The shop's system.
    pub source: String,
    /// The shop's number.
    pub number: String,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.source, self.number)
    }
}

/// A coupon of a member, or a code that was typed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    /// A coupon.
    Coupon(CouponId),
    /// A code, as it is kept.
    Code(String),
}

impl What {
    /// The coupon, where it is one.
    pub const fn coupon(&self) -> Option<CouponId> {
        match self {
            Self::Coupon(coupon) => Some(*coupon),
            Self::Code(_) => None,
        }
    }

    /// The code, where it is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Coupon(_) => None,
            Self::Code(code) => Some(code),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coupon(coupon) => fmt::Display::fmt(coupon, out),
            Self::Code(code) => out.write_str(code),
        }
    }
}

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Put aside.
    Reserved,
    /// Used.
    Redeemed,
    /// Given up by the shop.
    Cancelled,
    /// Given up because nobody redeemed it in time.
    Lapsed,
    /// Used, and the order came back.
    Returned,
}

impl State {
    /// As facts name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "RESERVED",
            Self::Redeemed => "REDEEMED",
            Self::Cancelled => "CANCELLED",
            Self::Lapsed => "LAPSED",
            Self::Returned => "RETURNED",
        }
    }
}

/// What is put aside for an order, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// Whose.
    pub member: MemberId,
    /// For which order.
    pub order: OrderKey,
    /// How many there were for this order, this one included.
    pub attempt: i32,
    /// Where it stood when it was written.
    pub state: State,
    /// Since when.
    pub state_at: Timestamp,
    /// Until when it is held.
    pub lapses_at: Timestamp,
    /// What the cart is paid in.
    pub currency: Currency,
    /// What was asked.
    pub asked: Vec<u8>,
    /// Uses are to be given back to campaigns and codes.
    pub owes: bool,
    /// What it takes off, in the order in which it is taken off.
    pub parts: Vec<Part>,
}

/// What one coupon or code takes off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which.
    pub what: What,
    /// Of which campaign.
    pub campaign: String,
    /// The version whose terms applied.
    pub version: i32,
    /// What sort of benefit it is.
    pub kind: Kind,
    /// A returned order gives the use back.
    pub comes_back: bool,
    /// What it saves.
    pub saved_minor: i64,
    /// Of each line.
    pub line_minor: Vec<i64>,
    /// Of delivery.
    pub delivery_minor: i64,
    /// The product that is given.
    pub gift: Option<String>,
    /// When its order came back.
    pub returned_at: Option<Timestamp>,
}

impl Reservation {
    /// Where it stands at a moment, and since when: what has passed counts, whether or not it is written.
    pub fn at(&self, now: Timestamp) -> (State, Timestamp) {
        match self.state {
            State::Reserved if self.lapses_at <= now => (State::Lapsed, self.lapses_at),
            state @ (State::Reserved | State::Redeemed | State::Cancelled | State::Lapsed | State::Returned) => {
                (state, self.state_at)
            }
        }
    }

    /// The same, in the state it has at a moment.
    #[must_use]
    pub fn seen_at(self, now: Timestamp) -> Self {
        let (state, state_at) = self.at(now);
        Self { state, state_at, ..self }
    }

    /// All of what it saves.
    pub fn saved_minor(&self) -> i64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.saved_minor))
    }
}
