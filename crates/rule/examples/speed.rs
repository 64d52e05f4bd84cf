//! How long ten conditions take, as a rule and written by hand: `cargo run --release -p rule --example speed`.
//!
//! Both are asked of the same thousand cases in the same run, in turn, and the best of several rounds counts: what
//! else the machine does only ever makes a round slower. The last line is for a program to read.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rule::{Fact, FactSheet, Rule, Schema, Type, Value};

const RULE: &str = r#"
    member.tier in ["black", "gold", "silver"]
    && order.net_minor >= 30000
    && order.net_minor - order.shipping_minor > 25000
    && order.quantity * 100 <= order.net_minor
    && channel == "web"
    && !blocked
    && "coffee" in order.categories
    && has(last_purchase) && now - last_purchase < duration("720h")
    && store.startsWith("TW-")
    && (member.points > 100 || size(order.categories) >= 2)
"#;

const CASES: usize = 1_000;
const ROUNDS: usize = 200;

/// One case as a program that was written for it would keep it.
struct Case {
    now: Timestamp,
    tier: String,
    net_minor: i64,
    shipping_minor: i64,
    quantity: i64,
    channel: String,
    blocked: bool,
    categories: Vec<String>,
    last_purchase: Option<Timestamp>,
    store: String,
    points: i64,
}

fn by_hand(case: &Case) -> bool {
    ["black", "gold", "silver"].contains(&case.tier.as_str())
        && case.net_minor >= 30_000
        && case.net_minor.checked_sub(case.shipping_minor).is_some_and(|rest| rest > 25_000)
        && case.quantity.checked_mul(100).is_some_and(|least| least <= case.net_minor)
        && case.channel == "web"
        && !case.blocked
        && case.categories.iter().any(|one| one == "coffee")
        && case.last_purchase.is_some_and(|last| case.now.duration_since(last) < SignedDuration::from_hours(720))
        && case.store.starts_with("TW-")
        && (case.points > 100 || case.categories.len() >= 2)
}

/// Nine in ten pass every condition, so that all ten are looked at.
fn case(number: usize) -> Case {
    let now = Timestamp::from_second(1_772_323_200).expect("in range");
    Case {
        now,
        tier: ["gold", "silver", "black"][number % 3].to_owned(),
        net_minor: if number.is_multiple_of(10) { 29_000 } else { 40_000 + i64::try_from(number).expect("small") },
        shipping_minor: 800,
        quantity: 3,
        channel: "web".to_owned(),
        blocked: false,
        categories: vec!["coffee".to_owned(), "tea".to_owned()],
        last_purchase: Some(now - SignedDuration::from_hours(24)),
        store: "TW-001".to_owned(),
        points: if number.is_multiple_of(2) { 50 } else { 500 },
    }
}

fn schema() -> Schema {
    Schema::new(vec![
        Fact::now("now"),
        Fact::known("member.tier", Type::Text),
        Fact::known("order.net_minor", Type::Int),
        Fact::known("order.shipping_minor", Type::Int),
        Fact::known("order.quantity", Type::Int),
        Fact::known("channel", Type::Text),
        Fact::known("blocked", Type::Bool),
        Fact::known("order.categories", Type::Texts),
        Fact::optional("last_purchase", Type::Instant),
        Fact::known("store", Type::Text),
        Fact::known("member.points", Type::Int),
    ])
    .expect("names")
}

fn facts(schema: &Schema, case: &Case) -> FactSheet {
    let mut facts = FactSheet::new(schema);
    let values = [
        ("now", Value::Instant(case.now)),
        ("member.tier", Value::Text(case.tier.clone())),
        ("order.net_minor", Value::Int(case.net_minor)),
        ("order.shipping_minor", Value::Int(case.shipping_minor)),
        ("order.quantity", Value::Int(case.quantity)),
        ("channel", Value::Text(case.channel.clone())),
        ("blocked", Value::Bool(case.blocked)),
        ("order.categories", Value::Texts(case.categories.clone())),
        ("last_purchase", Value::Instant(case.last_purchase.expect("set"))),
        ("store", Value::Text(case.store.clone())),
        ("member.points", Value::Int(case.points)),
    ];
    for (name, value) in values {
        facts.set(schema.slot(name).expect("there"), value).expect("of its type");
    }
    facts
}

/// The best round, for one case.
fn nanoseconds(best: Duration) -> f64 {
    best.as_secs_f64() * 1e9 / CASES as f64
}

fn timed(mut round: impl FnMut()) -> Duration {
    let begun = Instant::now();
    round();
    begun.elapsed()
}

fn main() -> std::io::Result<()> {
    let schema = schema();
    let rule = Rule::parse(RULE, &schema).unwrap_or_else(|faults| panic!("{faults:?}"));
    let cases: Vec<Case> = (0..CASES).map(case).collect();
    let all: Vec<FactSheet> = cases.iter().map(|case| facts(&schema, case)).collect();
    for (case, facts) in cases.iter().zip(&all) {
        assert_eq!(by_hand(case), rule.holds(facts), "both are the same ten conditions");
    }
    let mut best = [Duration::MAX; 4];
    for _ in 0..ROUNDS {
        let rounds = [
            timed(|| {
                all.iter().for_each(|facts| {
                    black_box(black_box(&rule).holds(black_box(facts)));
                })
            }),
            timed(|| {
                cases.iter().for_each(|case| {
                    black_box(by_hand(black_box(case)));
                })
            }),
            timed(|| all.iter().take(CASES / 100).for_each(|facts| drop(black_box(rule.prove(facts))))) * 100,
            timed(|| all.iter().take(CASES / 100).for_each(|facts| drop(black_box(rule.flips(facts))))) * 100,
        ];
        for (best, round) in best.iter_mut().zip(rounds) {
            *best = (*best).min(round);
        }
    }
    let parsed = (0..20).map(|_| timed(|| drop(black_box(Rule::parse(RULE, &schema))))).min().unwrap_or_default();
    let [holds, by_hand, prove, flip] = best.map(nanoseconds);
    let mut out = std::io::stdout().lock();
    writeln!(out, "ten conditions, best of {ROUNDS} rounds of {CASES} cases")?;
    writeln!(out, "  holds         {holds:8.0} ns")?;
    writeln!(out, "  by hand       {by_hand:8.0} ns")?;
    writeln!(out, "  prove         {prove:8.0} ns")?;
    writeln!(out, "  flips         {flip:8.0} ns")?;
    writeln!(out, "  parse         {:8.0} ns", parsed.as_secs_f64() * 1e9)?;
    writeln!(out, "holds_ns={holds:.1} by_hand_ns={by_hand:.1} ratio={:.2}", holds / by_hand)
}
