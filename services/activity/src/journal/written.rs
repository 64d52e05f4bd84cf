//! What a call has written: rows to be stored and facts to be told, in the order they happened.

use jiff::Timestamp;
use kernel::{AdjustmentId, Currency, MemberId, OrderId, ReturnId, Shard};

use super::entry::BackLine;
use super::held::{HeldOrder, State};
use super::outcome::Match;
use super::valuation::{ValuedAdjustment, ValuedOrder, ValuedReturn};

/// Everything a call has written.
#[derive(Debug, Default)]
pub struct Written<'a> {
    /// New orders.
    pub orders: Vec<WrittenOrder<'a>>,
    /// Orders that were there before and of which something came back.
    pub changed: Vec<HeldOrder>,
    /// New returns.
    pub returns: Vec<WrittenReturn<'a>>,
    /// What they, and cancellations, took back.
    pub matches: Vec<NewMatch>,
    /// New adjustments.
    pub adjustments: Vec<WrittenAdjustment<'a>>,
    /// What the others hear.
    pub facts: Vec<Fact<'a>>,
}

/// A new order, as it stands at the end of the call.
#[derive(Debug)]
pub struct WrittenOrder<'a> {
    /// Its id.
    pub order: OrderId,
    /// Where its rows lie.
    pub shard: Shard,
    /// Whose lock protects it.
    pub subject: Shard,
    /// Whose it is.
    pub member: Option<MemberId>,
    /// What a guest was known by.
    pub guest_key: Option<&'a str>,
    /// As told, with its worth.
    pub valued: &'a ValuedOrder<'a>,
    /// What became of it within the same call.
    pub state: State,
    /// When it entered that state.
    pub state_at: Timestamp,
    /// Units that came back within the same call.
    pub returned_units: i64,
    /// Money that came back within the same call.
    pub returned_minor: i64,
}

/// A new return.
#[derive(Debug)]
pub struct WrittenReturn<'a> {
    /// Its id.
    pub goods: ReturnId,
    /// Where its rows lie.
    pub shard: Shard,
    /// As told.
    pub valued: &'a ValuedReturn<'a>,
    /// Whose it is: the order's member, or the one named.
    pub member: Option<MemberId>,
    /// The order's, or the one told.
    pub currency: Option<Currency>,
    /// Lines of which something found an order.
    pub matched_lines: i32,
    /// Lines of which nothing did.
    pub unmatched_lines: i32,
    /// Money, as it was paid.
    pub matched_minor: i64,
    /// Money that found no order.
    pub unmatched_minor: i64,
    /// Its lines.
    pub lines: Vec<WrittenLine<'a>>,
}

/// One line of a return.
#[derive(Debug)]
pub struct WrittenLine<'a> {
    /// From 0.
    pub position: i32,
    /// As told.
    pub line: &'a BackLine,
    /// The product: the order's, where one is named.
    pub product: String,
    /// Units that found no order.
    pub unmatched_quantity: i64,
    /// What they are worth at the shop's own price.
    pub unmatched_minor: i64,
}

/// What a return took back, with the shard of the order's rows.
#[derive(Debug)]
pub struct NewMatch {
    /// The order's shard.
    pub shard: Shard,
    /// The return, or the cancelled order itself.
    pub goods: ReturnId,
    /// What was taken.
    pub taken: Match,
    /// When.
    pub occurred_at: Timestamp,
}

/// A new adjustment.
#[derive(Debug)]
pub struct WrittenAdjustment<'a> {
    /// Its id.
    pub adjustment: AdjustmentId,
    /// Where its row lies.
    pub shard: Shard,
    /// As told.
    pub valued: &'a ValuedAdjustment<'a>,
}

/// Something the others hear.
#[derive(Debug)]
pub enum Fact<'a> {
    /// An order was recorded.
    Recorded {
        /// Its id.
        order: OrderId,
        /// The shard the event lies in.
        subject: Shard,
        /// Whose it is.
        member: Option<MemberId>,
        /// As told.
        valued: &'a ValuedOrder<'a>,
    },
    /// A part of an order came back.
    Returned(Returned),
    /// A credit found no order.
    Unmatched {
        /// The return.
        goods: ReturnId,
        /// The shard the event lies in.
        subject: Shard,
        /// Whose it is.
        member: Option<MemberId>,
        /// How much.
        amount_minor: i64,
        /// As told.
        valued: &'a ValuedReturn<'a>,
    },
    /// Money moved that is no purchase.
    Adjusted {
        /// Its id.
        adjustment: AdjustmentId,
        /// The shard the event lies in.
        subject: Shard,
        /// As told.
        valued: &'a ValuedAdjustment<'a>,
    },
}

/// A part of an order came back.
#[derive(Debug)]
pub struct Returned {
    /// Id of the return, or of the order itself where it was cancelled.
    pub goods: String,
    /// The order.
    pub order: OrderId,
    /// The shard the event lies in.
    pub subject: Shard,
    /// Whose it is.
    pub member: Option<MemberId>,
    /// What came back now.
    pub taken: Vec<Match>,
    /// What came back so far.
    pub returned_minor: i64,
    /// What the order cost.
    pub net_minor: i64,
    /// Nothing is left.
    pub whole: bool,
    /// When it came back.
    pub occurred_at: Timestamp,
}

impl<'a> WrittenReturn<'a> {
    /// A return of which nothing has found an order yet.
    pub const fn new(goods: ReturnId, shard: Shard, valued: &'a ValuedReturn<'a>) -> Self {
        Self {
            goods,
            shard,
            valued,
            member: None,
            currency: valued.currency,
            matched_lines: 0,
            unmatched_lines: 0,
            matched_minor: 0,
            unmatched_minor: 0,
            lines: Vec::new(),
        }
    }

    /// Adds a line of which `rest` units, worth `unmatched_minor`, found no order.
    pub fn add_line(&mut self, position: i32, line: &'a BackLine, found: bool, rest: i64, unmatched_minor: i64) {
        if found {
            self.matched_lines = self.matched_lines.saturating_add(1);
        } else {
            self.unmatched_lines = self.unmatched_lines.saturating_add(1);
        }
        self.unmatched_minor = self.unmatched_minor.saturating_add(unmatched_minor);
        let product = line.product.clone();
        self.lines.push(WrittenLine { position, line, product, unmatched_quantity: rest, unmatched_minor });
    }
}

impl<'a> WrittenLine<'a> {
    /// A line that found its order whole.
    pub const fn whole(position: i32, line: &'a BackLine, product: String) -> Self {
        Self { position, line, product, unmatched_quantity: 0, unmatched_minor: 0 }
    }
}
