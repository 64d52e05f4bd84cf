//! Points earned together: together they wait, can be spent, and lapse.

use jiff::Timestamp;
use kernel::LotId;
use kernel::calendar::OutOfCalendar;

use super::holdings::OutOfRange;

impl From<OutOfCalendar> for OutOfRange {
    fn from(_: OutOfCalendar) -> Self {
        Self
    }
}

use crate::programme::expiry::slide_of;
use crate::programme::terms::{Slide, Terms};

/// Points earned together, that lapse together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its id.
    pub id: LotId,
    /// What it came from: an order's or an entry's id. What comes back late comes from where it first came from.
    pub origin: String,
    /// Points it began with.
    pub amount: i64,
    /// Points left.
    pub left: i64,
    /// Points left that are held back.
    pub held: i64,
    /// Points of it that lapsed.
    pub lapsed: i64,
    /// When it was earned.
    pub earned_at: Timestamp,
    /// It waits, and from this instant on can be spent; none once it can.
    pub usable_from: Option<Timestamp>,
    /// From this instant on it is lapsed.
    pub lapses_at: Option<Timestamp>,
    /// What renews it, where it keeps as long as its member comes by.
    pub slide: Option<Slide>,
    /// Changed since it was read.
    pub touched: bool,
}

impl Lot {
    /// Points that can be spent at once.
    pub fn new(
        id: LotId,
        origin: impl Into<String>,
        points: i64,
        earned_at: Timestamp,
        lapses_at: Option<Timestamp>,
    ) -> Self {
        let origin = origin.into();
        let (amount, left) = (points, points);
        Self {
            id,
            origin,
            amount,
            left,
            held: 0,
            lapsed: 0,
            earned_at,
            usable_from: None,
            lapses_at,
            slide: None,
            touched: true,
        }
    }

    /// Points that are earned under terms.
    pub fn earned(
        id: LotId,
        origin: impl Into<String>,
        points: i64,
        earned_at: Timestamp,
        (lapses_at, terms): (Option<Timestamp>, &Terms),
    ) -> Self {
        Self { slide: slide_of(terms), ..Self::new(id, origin, points, earned_at, lapses_at) }
    }

    /// It is not to be spent yet.
    pub const fn waits(&self) -> bool {
        self.usable_from.is_some()
    }

    /// The order in which lots are spent: earliest lapse first, never last, then earned time, then id.
    pub fn spending_order(&self) -> (Timestamp, Timestamp, LotId) {
        (self.lapses_at.unwrap_or(Timestamp::MAX), self.earned_at, self.id)
    }

    /// Points left that are not held back.
    pub const fn free(&self) -> i64 {
        self.left.saturating_sub(self.held)
    }

    /// When it changes by itself. How long it keeps counts from when it can be spent, so it never lapses while it waits;
    /// what is held does not lapse either.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.usable_from.or(self.lapses_at).filter(|_| self.free() > 0)
    }
}

/// What lies in lots that were not read, because nothing is due of them and nothing is to be taken from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Points that can be spent.
    pub points: i64,
    /// Points that wait.
    pub pending: i64,
    /// Points that are held back.
    pub held: i64,
    /// When the first of them lapse, can be spent, or are let go.
    pub due_at: Option<Timestamp>,
}

/// Points that had waited, and can be spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The lot.
    pub lot: LotId,
    /// What earned it.
    pub origin: String,
    /// What is left of it.
    pub points: i64,
    /// Since when.
    pub occurred_at: Timestamp,
    /// How many entries the statement had by then.
    pub entries: i64,
    /// Part of a history that is being loaded: nobody is told.
    pub historic: bool,
}
