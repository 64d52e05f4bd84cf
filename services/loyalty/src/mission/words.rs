//! The words conditions of missions may use.
//!
//! Of an order those of earn rules, but for the points a member has: they change with every order, and what counts for a
//! mission is worked out again whenever something comes back. Of a member who is asked to do something, what does not hang
//! on an order.

use std::sync::LazyLock;

use rule::{Fact, Schema, Type};

use crate::programme::words::{OrderWords, Words};

/// Of an order and who bought.
#[derive(Clone, Copy, Debug)]
pub struct MissionWords;

/// Of a member.
#[derive(Clone, Copy, Debug)]
pub struct MemberWords;

static ORDER: LazyLock<Schema> = LazyLock::new(|| {
    let known = OrderWords::schema().facts().iter();
    schema(known.filter(|fact| &*fact.name != "member.points").cloned().collect())
});

static MEMBER: LazyLock<Schema> = LazyLock::new(|| {
    schema(vec![
        Fact::optional("member.tier", Type::Text),
        Fact::known("member.orders", Type::Int),
        Fact::known("member.days_since_joining", Type::Int),
    ])
});

#[expect(clippy::expect_used, reason = "the names are written above, and a test reads them")]
fn schema(facts: Vec<Fact>) -> Schema {
    Schema::new(facts).expect("these are names of facts")
}

impl Words for MissionWords {
    fn schema() -> &'static Schema {
        &ORDER
    }
}

impl Words for MemberWords {
    fn schema() -> &'static Schema {
        &MEMBER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_earn_rules_in_their_order_but_for_the_points() {
        let names = |schema: &Schema| schema.facts().iter().map(|fact| fact.name.clone()).collect::<Vec<_>>();
        let (own, earning) = (names(MissionWords::schema()), names(OrderWords::schema()));
        assert_eq!(own, earning[..earning.len().saturating_sub(1)], "facts are lent by their place");
        assert_eq!(earning.last().map(AsRef::as_ref), Some("member.points"));
        assert_eq!(names(MemberWords::schema()).len(), 3);
    }
}
