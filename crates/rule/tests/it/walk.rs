//! Random rules against a plain reference, which evaluates the expression it was made from, and tries every change of a
//! small world instead of reasoning about it.

mod reference;

use jiff::{SignedDuration, Timestamp};
use rule::{Facts, Flip, Rule, Schema, Value};

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

fn facts_of(case: &Case, schema: &Schema) -> Facts {
    let mut facts = Facts::new(schema);
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
        cond.holds(&other) != cond.holds(case)
    };
    (1..=FAR).flat_map(|by| [from + by, from - by]).find(|to| changed(*to)).map(|to| (from, to))
}

/// What the brute force says the nearest flip is, and whether it knows: what lies beyond its horizon it does not see.
fn check_flip(case: &Case, cond: &Cond, flip: Option<&Flip>, why: &str) {
    let ints: [(&str, Pick); 2] =
        [("order.quantity", |case| &mut case.quantity), ("member.points", |case| &mut case.points)];
    let times: [(&str, Pick); 2] = [("last_purchase", |case| &mut case.last), ("grace", |case| &mut case.grace)];
    let number = |value: &Value| match value {
        Value::Int(value) => Some((0, *value)),
        Value::Instant(at) => Some((1, at.as_microsecond())),
        Value::Duration(length) => Some((1, i64::try_from(length.as_micros()).expect("small"))),
        Value::Bool(_) | Value::Text(_) | Value::Texts(_) => None,
    };
    let told = flip.and_then(|flip| {
        let (rank, from) = number(&flip.from)?;
        let (_, to) = number(&flip.to)?;
        Some((rank, flip.fact.as_str(), from, to))
    });
    for (rank, facts) in [(0, ints), (1, times)] {
        // By the law: proportion for ints, microseconds for times, the first fact of equals.
        let weight = |from: i64, to: i64| {
            if rank == 0 { (to.abs_diff(from), from.unsigned_abs().max(1)) } else { (to.abs_diff(from), 1) }
        };
        let less = |one: (u64, u64), other: (u64, u64)| {
            u128::from(one.0) * u128::from(other.1) < u128::from(other.0) * u128::from(one.1)
        };
        let mut best: Option<(&str, i64, i64)> = None;
        for (name, pick) in facts {
            let found = nearest(case, cond, pick);
            if let Some((_, _, from, to)) = told.filter(|told| told.1 == name) {
                let near = (to.abs_diff(from) <= FAR.unsigned_abs()).then_some((from, to));
                assert_eq!(found, near, "{why}: the nearest change of {name}");
            }
            if let Some((from, to)) = found
                && best.is_none_or(|(_, f, t)| less(weight(from, to), weight(f, t)))
            {
                best = Some((name, from, to));
            }
        }
        let Some((name, from, to)) = best else { continue };
        let Some((told_rank, told_name, told_from, told_to)) = told else {
            panic!("{why}: {name} {from} -> {to} alters it")
        };
        assert!(told_rank <= rank, "{why}: {name} comes before {told_name}");
        if told_rank == rank && told_name != name {
            let smaller = less(weight(told_from, told_to), weight(from, to));
            let far = told_to.abs_diff(told_from) > FAR.unsigned_abs();
            assert!(smaller && far, "{why}: {name} {from} -> {to} is nearer than {told_name} {told_from} -> {told_to}");
        }
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

    let flip = rule.nearest_flip(&facts);
    if let Some(flip) = &flip {
        let mut flipped = facts.clone();
        assert_eq!(facts.value(flip.slot).as_ref(), Some(&flip.from), "{why}");
        flipped.set(flip.slot, flip.to.clone()).expect("of its type");
        assert!(rule.holds(&flipped) == flip.holds && flip.holds != rule.holds(&facts), "{why}: {flip:?}");
    }
    check_flip(&case, &cond, flip.as_ref(), &why);

    let change = rule.next_change(&facts, micros(case.now)).map(Timestamp::as_microsecond);
    let later = |by: i64| Case { now: case.now + by, ..case.clone() };
    let seen = (1..=2 * FAR).find(|by| cond.holds(&later(*by)) != cond.holds(&case)).map(|by| case.now + by);
    assert_eq!(change.filter(|at| *at <= case.now + 2 * FAR), seen, "{why}");
    // The reference knows no end of time.
    if let Some(at) = change.filter(|at| *at < 1 << 40) {
        let by = at - case.now;
        assert_ne!(cond.holds(&later(by)), cond.holds(&case), "{why}");
        assert_eq!(cond.holds(&later(by - 1)), cond.holds(&case), "{why}");
    }
    (rule.holds(&facts), rule.decide(&facts).is_none(), flip.is_some(), change.is_some())
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
