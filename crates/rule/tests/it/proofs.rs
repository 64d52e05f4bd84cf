//! What a proof says: the value of every part, the facts it used, what was not looked at, what was unknown.

use std::fmt::Write as _;

use jiff::Timestamp;
use rule::{Fact, Facts, Outcome, Rule, Schema, Step, Type, Value};

use crate::shop::{facts, rule};

fn told(step: &Step, depth: usize, lines: &mut String) {
    let outcome = match &step.outcome {
        Outcome::Is(value) => value.to_string(),
        Outcome::Undecided => "undecided".to_owned(),
        Outcome::Skipped => "skipped".to_owned(),
    };
    let used = |used: &rule::Used| {
        format!("{}={}", used.name, used.value.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string))
    };
    let facts: Vec<String> = step.facts.iter().map(used).collect();
    let line = format!("{}{} is {outcome}; {}", "  ".repeat(depth), step.text, facts.join(", "));
    writeln!(lines, "{}", line.trim_end_matches([' ', ';'])).expect("a string");
    step.parts.iter().for_each(|part| told(part, depth + 1, lines));
}

fn proof(source: &str, changes: &str) -> String {
    let (rule, facts) = (rule(source), facts(changes));
    let proof = rule.prove(&facts);
    assert_eq!(proof.holds, rule.holds(&facts));
    let mut lines = String::new();
    told(&proof.root, 0, &mut lines);
    for reason in &proof.undecided {
        writeln!(lines, "because: {reason}").expect("a string");
    }
    lines
}

#[test]
fn a_proof_tells_every_part_and_marks_what_was_not_looked_at() {
    let source =
        "order.net_minor - 100 * order.quantity >= 2770 && (vip || channel in ['web', 'app'] || !vip) && vip && vip";
    assert_eq!(
        proof(source, ""),
        "\
order.net_minor - 100 * order.quantity >= 2770 && (vip || channel in [\"app\", \"web\"] || !vip) && vip && vip is false
  order.net_minor - 100 * order.quantity >= 2770 is true
    order.net_minor - 100 * order.quantity is 2770; order.net_minor=2970
      100 * order.quantity is 200; order.quantity=2
  vip || channel in [\"app\", \"web\"] || !vip is true
    vip is false; vip=false
    channel in [\"app\", \"web\"] is true; channel=\"web\"
    !vip is skipped
  vip is false; vip=false
  vip is skipped
"
    );
}

#[test]
fn a_proof_says_what_is_unknown_and_what_does_not_fit() {
    assert_eq!(
        proof("!(member.tier == 'gold') && order.quantity > 9 * 9223372036854775807 && member.points + 1 > 0", ""),
        "\
!(member.tier == \"gold\") && order.quantity > 9 * 9223372036854775807 && member.points + 1 > 0 is undecided
  !(member.tier == \"gold\") is undecided
    member.tier == \"gold\" is undecided; member.tier=?
  order.quantity > 9 * 9223372036854775807 is undecided; order.quantity=2
    9 * 9223372036854775807 is undecided
  member.points + 1 > 0 is undecided
    member.points + 1 is undecided; member.points=?
because: unknown fact member.tier
because: out of range: 9 * 9223372036854775807
because: unknown fact member.points
"
    );
}

#[test]
fn what_is_outvoted_is_no_reason() {
    assert!(!proof("member.tier == 'gold' || !vip", "").contains("because"));
    assert!(!proof("member.tier == 'gold' && vip", "").contains("because"));
    assert_eq!(proof("has(member.tier)", ""), "has(member.tier) is false; member.tier=?\n");
    assert_eq!(
        proof("now - enrolled > grace", ""),
        "now - enrolled > grace is true; grace=duration(\"1h\")\n  now - enrolled is duration(\"10176h\"); \
         now=timestamp(\"2026-03-01T00:00:00Z\"), enrolled=timestamp(\"2025-01-01T00:00:00Z\")\n"
    );
}

#[test]
fn a_rule_tells_the_facts_it_names() {
    let rule =
        rule("vip && has(member.tier) && 'a' in order.categories && order.quantity * 2 > size(order.categories)");
    let names: Vec<&str> = rule.facts_used().map(|(_, fact)| &*fact.name).collect();
    assert_eq!(names, ["vip", "order.quantity", "member.tier", "order.categories"]);
    assert!(!rule.hangs_on_time());
    assert!(crate::shop::rule("vip || now > enrolled").hangs_on_time());
}

#[test]
fn facts_are_of_their_types_and_what_was_forgotten_is_told() {
    let schema = crate::shop::schema();
    let vip = schema.slot("vip").expect("there");
    let grace = schema.slot("grace").expect("there");
    let mut facts = rule::Facts::new(&schema);
    let refused = facts.set(vip, rule::Value::Int(1)).expect_err("another type");
    assert_eq!(refused.to_string(), "vip is of type bool");
    assert!(facts.set(grace, rule::Value::Duration(jiff::SignedDuration::MAX)).is_err());
    facts.set(vip, rule::Value::Bool(true)).expect("of its type");
    let missing: Vec<&str> = facts.missing().collect();
    assert_eq!(
        missing,
        ["now", "order.net_minor", "order.quantity", "channel", "enrolled", "grace", "order.categories"]
    );
    assert!(crate::shop::rule("vip").holds(&facts));
    facts.forget(vip);
    assert_eq!(crate::shop::rule("vip").decide(&facts), None);
}

#[test]
fn a_schema_refuses_names_that_no_rule_could_write() {
    use rule::{Fact, Schema, Type};
    let made = |names: &[&str]| {
        Schema::new(names.iter().map(|name| Fact::known(name, Type::Int)).collect()).map_err(|error| error.to_string())
    };
    assert!(made(&["a", "a.b", "a.b_2"]).is_ok());
    for name in ["", "A", "a.", ".a", "a b", "1a", "a-b", "_a"] {
        assert_eq!(made(&[name]), Err(format!("{name:?} is no name of a fact")));
    }
    for name in ["in", "a.if", "has", "size.x", "true"] {
        assert_eq!(made(&[name]), Err(format!("{name:?} has a word that the language keeps for itself")));
    }
    assert_eq!(made(&["a", "b", "a"]), Err("\"a\" is there twice".to_owned()));
    let many: Vec<String> = (0..=rule::limits::FACTS).map(|number| format!("f{number}")).collect();
    assert!(made(&many.iter().map(String::as_str).collect::<Vec<_>>()).is_err());
}

/// Slots of another schema mean something else: an amount is not read where an instant lies.
#[test]
fn facts_of_another_schema_are_unknown() {
    let orders = Schema::new(vec![Fact::known("order.net_minor", Type::Int)]).expect("a schema");
    let times = Schema::new(vec![Fact::now("now")]).expect("a schema");
    let rule = Rule::parse("order.net_minor >= 3000", &orders).expect("a rule");
    let mut facts = Facts::new(&times);
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().expect("an instant");
    facts.set(times.slot("now").expect("there"), Value::Instant(now)).expect("of its type");
    assert_eq!((rule.holds(&facts), rule.decide(&facts)), (false, None));
    assert_eq!(rule.prove(&facts).undecided.len(), 1);
    assert_eq!((rule.nearest_flip(&facts), rule.next_change(&facts, now)), (None, None));
    // The same facts written down a second time are the same schema.
    let again = Schema::new(vec![Fact::known("order.net_minor", Type::Int)]).expect("a schema");
    let mut facts = Facts::new(&again);
    facts.set(again.slot("order.net_minor").expect("there"), Value::Int(3_000)).expect("of its type");
    assert!(rule.holds(&facts));
}
