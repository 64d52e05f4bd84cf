//! Random rules against a plain reference, which evaluates the expression it was made from, and tries every change of a
//! small world instead of reasoning about it.

mod reference;

use jiff::{SignedDuration, Timestamp};
use rule::{FactSheet, Flip, Lack, Rule, Schema, Value};

use crate::shop::schema;
use reference::{Case, Cond};

/// Random numbers from a seed that is printed where a test fails.
pub(crate) struct Chance(u64);

impl Chance {
    /// A new seed in every run; `RULE_SEED` repeats one.
    pub(crate) fn new(test: &str) -> Self {
        let fresh = || std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), test);
        let seed = std::env::var("RULE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(fresh);
        println!("{test}: RULE_SEED={seed}");
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    pub(crate) fn number(&mut self, least: i64, most: i64) -> i64 {
        least + self.below((most - least + 1) as usize) as i64
    }
}

/// How far the brute force looks, in ints and in microseconds.
const FAR: i64 = 30;

fn micros(count: i64) -> Timestamp {
    Timestamp::from_microsecond(count).expect("near 1970")
}

fn facts_of(case: &Case, schema: &Schema) -> FactSheet {
    let mut facts = FactSheet::new(schema);
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.set(schema.slot(name).expect("there"), value).expect("of its type");
        }
    };
    set("now", Some(Value::Instant(micros(case.now))));
    set("vip", case.vip.map(Value::Bool));
    set("order.quantity", case.quantity.map(Value::Int));
    set("member.points", case.points.map(Value::Int));
    set("channel", case.channel.clone().map(Value::Text));
    set("member.tier", case.tier.clone().map(Value::Text));
    set("last_purchase", case.last.map(|at| Value::Instant(micros(at))));
    set("grace", case.grace.map(|length| Value::Duration(SignedDuration::from_micros(length))));
    set("order.categories", case.categories.clone().map(Value::Texts));
    facts
}

/// A number of a case that is not the time.
type Pick = fn(&mut Case) -> &mut Option<i64>;

/// The nearest change of one number of a case.
fn nearest(case: &Case, cond: &Cond, pick: Pick) -> Option<(i64, i64)> {
    let from = (*pick(&mut case.clone()))?;
    let changed = |to: i64| {
        let mut other = case.clone();
        *pick(&mut other) = Some(to);
        cond.decide(&other) == Some(!cond.holds(case))
    };
    (1..=FAR).flat_map(|by| [from + by, from - by]).find(|to| changed(*to)).map(|to| (from, to))
}

/// For each number, the flip is what the brute force finds; what lies beyond its horizon it does not see.
fn check_flips(case: &Case, cond: &Cond, flips: &[Flip], why: &str) {
    let numbers: [(&str, Pick); 4] = [
        ("order.quantity", |case| &mut case.quantity),
        ("member.points", |case| &mut case.points),
        ("last_purchase", |case| &mut case.last),
        ("grace", |case| &mut case.grace),
    ];
    let number = |value: &Value| match value {
        Value::Int(value) => *value,
        Value::Instant(at) => at.as_microsecond(),
        Value::Duration(length) => i64::try_from(length.as_micros()).expect("small"),
        Value::Bool(_) | Value::Text(_) | Value::Texts(_) => panic!("{why}: a number"),
    };
    for (name, pick) in numbers {
        let told = flips.iter().find(|flip| flip.fact == name).map(|flip| (number(&flip.from), number(&flip.to)));
        let near = told.filter(|(from, to)| to.abs_diff(*from) <= FAR.unsigned_abs());
        assert_eq!(near, nearest(case, cond, pick), "{why}: the nearest change of {name}");
    }
    let told = flips.iter().any(|flip| flip.fact == "vip");
    let other = Case { vip: case.vip.map(|vip| !vip), ..case.clone() };
    assert_eq!(told, cond.decide(&other) == Some(!cond.holds(case)), "{why}: vip");
}

/// A part that stands in the way is not as wanted, and is so after each change it names.
fn check_lack(lack: &Lack, facts: &FactSheet, schema: &Schema, why: &str) {
    let part = Rule::parse(&lack.step.source, schema).unwrap_or_else(|faults| panic!("{why}: {faults:?}"));
    assert_ne!(part.decide(facts), Some(lack.wanted), "{why}");
    for flip in &lack.flips {
        let mut flipped = facts.clone();
        flipped.set(flip.slot, flip.to.clone()).expect("of its type");
        assert_eq!(part.decide(&flipped), Some(lack.wanted), "{why}: {flip:?}");
    }
    if let Some(at) = lack.at {
        let mut later = facts.clone();
        later.set(schema.now().expect("there"), Value::Instant(at)).expect("of its type");
        assert_eq!(part.decide(&later), Some(lack.wanted), "{why}: {at}");
    }
}

fn check(chance: &mut Chance, schema: &Schema) -> (bool, bool, bool, bool) {
    let cond = Cond::random(chance, 3);
    let source = cond.source();
    let rule = Rule::parse(&source, schema).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
    assert_eq!(Rule::parse(&rule.to_string(), schema).as_ref(), Ok(&rule), "{source} is not {rule}");
    let case = Case::random(chance);
    let why = format!("{source} with {case:?}");
    let facts = facts_of(&case, schema);
    assert_eq!(rule.decide(&facts), cond.decide(&case), "{why}");
    assert_eq!(rule.prove(&facts).holds, cond.holds(&case), "{why}");

    let flips = rule.flips(&facts);
    for flip in &flips {
        let mut flipped = facts.clone();
        assert_eq!(facts.value(flip.slot).as_ref(), Some(&flip.from), "{why}");
        flipped.set(flip.slot, flip.to.clone()).expect("of its type");
        assert!(rule.decide(&flipped) == Some(flip.holds) && flip.holds != rule.holds(&facts), "{why}: {flip:?}");
    }
    check_flips(&case, &cond, &flips, &why);
    let needs = rule.needs(&facts);
    assert_eq!(needs.is_none(), rule.holds(&facts), "{why}");
    needs.iter().flat_map(|need| need.lacks()).for_each(|lack| check_lack(lack, &facts, schema, &why));

    let change = rule.next_change(&facts).map(Timestamp::as_microsecond);
    let later = |by: i64| Case { now: case.now + by, ..case.clone() };
    let seen = (1..=2 * FAR).find(|by| cond.holds(&later(*by)) != cond.holds(&case)).map(|by| case.now + by);
    assert_eq!(change.filter(|at| *at <= case.now + 2 * FAR), seen, "{why}");
    if let Some(at) = change {
        let by = at - case.now;
        assert_ne!(cond.holds(&later(by)), cond.holds(&case), "{why}");
        assert_eq!(cond.holds(&later(by - 1)), cond.holds(&case), "{why}");
    }
    (rule.holds(&facts), rule.decide(&facts).is_none(), !flips.is_empty(), change.is_some())
}

#[test]
fn random_rules_do_what_the_reference_does() {
    let mut chance = Chance::new("walk");
    let schema = schema();
    let rounds = if std::env::var("RAPPORT_SOAK").is_ok_and(|soak| soak != "0") { 20_000 } else { 1_500 };
    let mut seen = [0; 4];
    for _ in 0..rounds {
        let (holds, undecided, flip, change) = check(&mut chance, &schema);
        for (count, was) in seen.iter_mut().zip([holds, undecided, flip, change]) {
            *count += u32::from(was);
        }
    }
    // A walk in which nothing happens proves nothing.
    assert!(seen.iter().all(|count| *count > rounds / 50), "held, undecided, flipped, changed: {seen:?} of {rounds}");
}
