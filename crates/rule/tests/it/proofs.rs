//! What a proof says: the value of every part, the facts it used, what was not looked at, what was unknown.

use jiff::Timestamp;
use rule::{Fact, FactSheet, Facts, Known, Operated, Operator, Outcome, Rule, Schema, Slot, Texts, Type, Value};

use crate::shop::{facts, rule};

fn proof(source: &str, changes: &str) -> String {
    let (rule, facts) = (rule(source), facts(changes));
    let proof = rule.prove(&facts);
    assert_eq!(proof.holds, rule.holds(&facts));
    proof.to_string()
}

#[test]
fn a_proof_tells_every_part_and_marks_what_was_not_looked_at() {
    let source =
        "order.net_minor - 100 * order.quantity >= 2770 && (vip || channel in ['web', 'app'] || !vip) && vip && vip";
    assert_eq!(
        proof(source, ""),
        "\
order.net_minor - 100 * order.quantity >= 2770 && (vip || channel in [\"app\", \"web\"] || !vip) && vip && vip is false
  order.net_minor - 100 * order.quantity >= 2770 is true; order.net_minor - 100 * order.quantity=2770, \
order.net_minor=2970, order.quantity=2
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
  member.points + 1 > 0 is undecided; member.points + 1=?, member.points=?
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
        "now - enrolled > grace is true; now - enrolled=duration(\"10176h\"), now=timestamp(\"2026-03-01T00:00:00Z\"), \
         enrolled=timestamp(\"2025-01-01T00:00:00Z\"), grace=duration(\"1h\")\n"
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
    let mut facts = FactSheet::new(&schema);
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
    let mut facts = FactSheet::new(&times);
    let now: Timestamp = "2026-03-01T00:00:00Z".parse().expect("an instant");
    facts.set(times.slot("now").expect("there"), Value::Instant(now)).expect("of its type");
    assert_eq!((rule.holds(&facts), rule.decide(&facts)), (false, None));
    assert_eq!(rule.prove(&facts).undecided.len(), 1);
    assert_eq!((rule.flips(&facts), rule.next_change(&facts)), (Vec::new(), None));
    // The same facts written down a second time are the same schema.
    let again = Schema::new(vec![Fact::known("order.net_minor", Type::Int)]).expect("a schema");
    let mut facts = FactSheet::new(&again);
    facts.set(again.slot("order.net_minor").expect("there"), Value::Int(3_000)).expect("of its type");
    assert!(rule.holds(&facts));
}

/// A step is told apart: a program words it without reading its source.
#[test]
fn a_step_is_data() {
    let one = |source: &str| {
        let step = rule(source).prove(&facts("")).root;
        let value = |side: Option<rule::Operand>| side.and_then(|side| side.value);
        (step.operator, value(step.found), value(step.against), step.outcome)
    };
    let is = |value: Value| Some(Operated::One(value));
    let text = |text: &str| Value::Text(text.to_owned());
    let listed = |texts: &[&str]| Some(Operated::Listed(texts.iter().map(|one| text(one)).collect()));
    let table = [
        ("true", (Operator::Written, None, None, Outcome::True)),
        ("vip", (Operator::IsTrue, is(Value::Bool(false)), None, Outcome::False)),
        ("has(member.tier)", (Operator::IsKnown, None, None, Outcome::False)),
        ("!vip", (Operator::Not, None, None, Outcome::True)),
        ("vip && vip", (Operator::All, None, None, Outcome::False)),
        ("vip || vip", (Operator::Any, None, None, Outcome::False)),
        ("vip == vip", (Operator::Alike, None, None, Outcome::True)),
        ("vip != vip", (Operator::Different, None, None, Outcome::False)),
        ("order.net_minor >= 3000", (Operator::AtLeast, is(Value::Int(2_970)), is(Value::Int(3_000)), Outcome::False)),
        // The threshold is what has no facts, on whichever side it was written.
        ("3000 <= order.net_minor", (Operator::AtLeast, is(Value::Int(2_970)), is(Value::Int(3_000)), Outcome::False)),
        ("3000 > order.net_minor", (Operator::Less, is(Value::Int(2_970)), is(Value::Int(3_000)), Outcome::True)),
        ("member.points == 1", (Operator::Equal, None, is(Value::Int(1)), Outcome::Undecided)),
        ("'app' == channel", (Operator::Equal, is(text("web")), is(text("app")), Outcome::False)),
        ("channel in ['b', 'a']", (Operator::Among, is(text("web")), listed(&["a", "b"]), Outcome::False)),
        ("channel.startsWith('w')", (Operator::StartsWith, is(text("web")), is(text("w")), Outcome::True)),
        (
            "'tea' in order.categories",
            (
                Operator::Contains,
                is(Value::Texts(vec!["coffee".to_owned(), "tea".to_owned()])),
                is(text("tea")),
                Outcome::True,
            ),
        ),
    ];
    for (source, wanted) in table {
        assert_eq!(one(source), wanted, "{source}");
    }
    let proof = rule("vip && order.quantity > 1").prove(&facts(""));
    let skipped = proof.root.parts.last().expect("two parts");
    assert_eq!((skipped.outcome, skipped.operator), (Outcome::Skipped, Operator::More));
    assert_eq!(
        skipped.found.as_ref().map(|side| (side.value.clone(), side.facts[0].name.as_str())),
        Some((None, "order.quantity"))
    );
}

/// A row of columns: nothing is set, nothing copied.
struct Row<'a> {
    schema: &'a Schema,
    points: &'a [i64],
    tiers: &'a [&'a str],
    lists: &'a [Texts],
    number: usize,
}

impl Facts for Row<'_> {
    fn schema(&self) -> &Schema {
        self.schema
    }

    fn fact(&self, slot: Slot) -> Option<Known<'_>> {
        match slot.index() {
            0 => self.points.get(self.number).copied().map(Known::Int),
            1 => self.tiers.get(self.number).copied().map(Known::Text),
            2 => self.lists.get(self.number).map(Known::Texts),
            // Of another type than the schema says: as good as unknown.
            _ => Some(Known::Int(1)),
        }
    }
}

#[test]
fn facts_are_lent_from_wherever_they_lie() {
    let schema = Schema::new(vec![
        Fact::known("points", Type::Int),
        Fact::known("tier", Type::Text),
        Fact::known("lists", Type::Texts),
        Fact::optional("wrong", Type::Text),
    ])
    .expect("a schema");
    let (points, tiers) = ([10, 500, 900], ["gold", "gold", "silver"]);
    let lists: Vec<Texts> = [vec!["tea"], vec!["tea", "coffee", "tea"], vec![]].map(Texts::from_iter).into();
    let holds = |source: &str| -> Vec<bool> {
        let rule = Rule::parse(source, &schema).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
        let row = |number| Row { schema: &schema, points: &points, tiers: &tiers, lists: &lists, number };
        (0..3).map(|number| rule.holds(&row(number))).collect()
    };
    assert_eq!(holds("points >= 500 && tier == 'gold'"), [false, true, false]);
    assert_eq!(holds("'coffee' in lists || size(lists) == 0"), [false, true, true]);
    assert_eq!(holds("size(lists) == 2"), [false, true, false]);
    assert_eq!(holds("wrong == 'a' || wrong != 'a'"), [false; 3]);
    let dynamic: &dyn Facts = &Row { schema: &schema, points: &points, tiers: &tiers, lists: &lists, number: 0 };
    let rule = Rule::parse("points >= 500 && wrong == 'a'", &schema).expect("a rule");
    assert!(rule.flips(dynamic).is_empty());
    assert_eq!(rule.needs(dynamic).map(|need| need.lacks().len()), Some(2));
    assert_eq!(rule.flips_of(dynamic, &[]).len(), 0);
    assert_eq!(rule.prove(dynamic).undecided.len(), 0, "the points outvote it");
}
