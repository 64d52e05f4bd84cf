//! Facts of a shop, and a way to write them down in one line.

use jiff::Timestamp;
use rule::{Fact, FactSheet, Rule, Schema, Type, Value};

pub(crate) fn schema() -> Schema {
    Schema::new(vec![
        Fact::now("now"),
        Fact::known("vip", Type::Bool),
        Fact::known("order.net_minor", Type::Int),
        Fact::known("order.quantity", Type::Int),
        Fact::optional("member.tier", Type::Text),
        Fact::optional("member.points", Type::Int),
        Fact::known("channel", Type::Text),
        Fact::optional("last_purchase", Type::Instant),
        Fact::known("enrolled", Type::Instant),
        Fact::known("grace", Type::Duration),
        Fact::known("order.categories", Type::Texts),
    ])
    .expect("a schema")
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Everything that is not optional, and nothing that is.
pub(crate) fn usual() -> FactSheet {
    let facts = [
        "now=2026-03-01T00:00:00Z",
        "vip=false",
        "order.net_minor=2970",
        "order.quantity=2",
        "channel=web",
        "enrolled=2025-01-01T00:00:00Z",
        "grace=1h",
        "order.categories=coffee,tea",
    ];
    facts.iter().fold(FactSheet::new(&schema()), |facts, one| with(facts, one))
}

/// `name=value`, with the value read by the fact's type.
pub(crate) fn with(mut facts: FactSheet, change: &str) -> FactSheet {
    let (name, value) = change.split_once('=').expect("name=value");
    let schema = schema();
    let slot = schema.slot(name).unwrap_or_else(|| panic!("no fact {name}"));
    let value = match schema.fact(slot).expect("there").of {
        Type::Bool => Value::Bool(value.parse().expect("a bool")),
        Type::Int => Value::Int(value.parse().expect("an int")),
        Type::Text => Value::Text(value.to_owned()),
        Type::Instant => Value::Instant(instant(value)),
        Type::Duration => Value::Duration(value.parse().expect("a duration")),
        Type::Texts => Value::Texts(value.split(',').map(str::to_owned).collect()),
    };
    facts.set(slot, value).expect("of its type");
    facts
}

/// The usual facts with changes, which are separated by spaces.
pub(crate) fn facts(changes: &str) -> FactSheet {
    changes.split_whitespace().fold(usual(), with)
}

pub(crate) fn rule(source: &str) -> Rule {
    Rule::parse(source, &schema()).unwrap_or_else(|faults| panic!("{source}\n{faults:?}"))
}
