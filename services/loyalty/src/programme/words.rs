//! The words conditions of rules may use: facts of an order with its member, facts of a line, facts of an occasion with its
//! member.
//!
//! The order of the facts is that in which `account/facing.rs` lends them.

use std::sync::LazyLock;

use rule::{Fact, Schema, Type};

/// Which words a condition may use.
pub trait Words {
    /// All of them.
    fn schema() -> &'static Schema;
}

/// Of an order and the member who bought.
#[derive(Clone, Copy, Debug)]
pub struct OrderWords;

/// Of one line.
#[derive(Clone, Copy, Debug)]
pub struct LineWords;

/// Of an occasion and the member whose it is.
#[derive(Clone, Copy, Debug)]
pub struct OccasionWords;

static ORDER: LazyLock<Schema> = LazyLock::new(|| {
    schema(vec![
        Fact::now("order.time"),
        Fact::known("order.net_minor", Type::Int),
        Fact::known("order.gross_minor", Type::Int),
        Fact::known("order.currency", Type::Text),
        Fact::optional("order.channel", Type::Text),
        Fact::optional("order.touchpoint", Type::Text),
        Fact::known("order.lines", Type::Int),
        Fact::known("order.quantity", Type::Int),
        Fact::known("order.products", Type::Texts),
        Fact::known("order.categories", Type::Texts),
        Fact::known("order.hour", Type::Int),
        Fact::known("order.weekday", Type::Int),
        Fact::optional("member.tier", Type::Text),
        Fact::optional("member.orders", Type::Int),
        Fact::optional("member.first_purchase", Type::Bool),
        Fact::optional("member.days_since_joining", Type::Int),
        Fact::optional("member.points", Type::Int),
    ])
});

static LINE: LazyLock<Schema> = LazyLock::new(|| {
    schema(vec![
        Fact::optional("line.product", Type::Text),
        Fact::optional("line.category", Type::Text),
        Fact::known("line.net_minor", Type::Int),
        Fact::known("line.gross_minor", Type::Int),
        Fact::known("line.discount_minor", Type::Int),
        Fact::known("line.quantity", Type::Int),
    ])
});

static OCCASION: LazyLock<Schema> = LazyLock::new(|| {
    schema(vec![
        Fact::now("occasion.time"),
        Fact::known("occasion.quantity", Type::Int),
        Fact::optional("occasion.channel", Type::Text),
        Fact::known("occasion.hour", Type::Int),
        Fact::known("occasion.weekday", Type::Int),
        Fact::optional("member.tier", Type::Text),
        Fact::known("member.orders", Type::Int),
        Fact::known("member.days_since_joining", Type::Int),
        Fact::known("member.points", Type::Int),
    ])
});

#[expect(clippy::expect_used, reason = "the names are written above, and a test reads them")]
fn schema(facts: Vec<Fact>) -> Schema {
    Schema::new(facts).expect("these are names of facts")
}

impl Words for OrderWords {
    fn schema() -> &'static Schema {
        &ORDER
    }
}

impl Words for LineWords {
    fn schema() -> &'static Schema {
        &LINE
    }
}

impl Words for OccasionWords {
    fn schema() -> &'static Schema {
        &OCCASION
    }
}
