//! Texts that were made to hurt: none of them panics, overflows the stack or takes long.

use std::thread;

use rule::{Fault, Limit, Rule, Trouble, limits};

use crate::shop::{facts, schema};
use crate::walk::Chance;

/// Half of what a thread of the suite's runtime has. An overflow would end the process.
const STACK: usize = 1 << 20;

fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread").join().expect("no panic")
}

/// Parses, and does with a rule whatever can be done.
fn try_out(source: &str) -> Result<Rule, Vec<Fault>> {
    let rule = Rule::parse(source, &schema())?;
    let facts = facts("member.tier=gold last_purchase=2026-02-20T00:00:00Z");
    let proof = rule.prove(&facts);
    assert_eq!(proof.holds, rule.holds(&facts), "{source}");
    assert_eq!(proof.undecided.is_empty(), rule.decide(&facts).is_some(), "{source}");
    for flip in rule.flips(&facts) {
        let mut flipped = facts.clone();
        flipped.set(flip.slot, flip.to).expect("of its type");
        assert_eq!(rule.decide(&flipped), Some(!rule.holds(&facts)), "{source}");
    }
    assert_eq!(rule.needs(&facts).is_none(), rule.holds(&facts), "{source}");
    rule.next_change(&facts);
    assert_eq!(Rule::parse(&rule.to_string(), &schema()).as_ref(), Ok(&rule), "{source}");
    Ok(rule)
}

fn too_much(result: Result<Rule, Vec<Fault>>) -> Option<Limit> {
    let limit = |fault: Fault| if let Trouble::TooMuch(limit) = fault.what { Some(limit) } else { None };
    result.err()?.into_iter().find_map(limit)
}

#[test]
fn what_is_too_deep_or_too_long_is_refused_and_what_is_just_not_is_taken() {
    let deep = |n: usize| format!("{}vip{}", "(".repeat(n), ")".repeat(n));
    let not = |n: usize| format!("{}vip{}", "!(".repeat(n), ")".repeat(n));
    let sum = |n: usize| format!("{} > 1", vec!["order.quantity"; n].join(" + "));
    let and = |n: usize| vec!["vip"; n].join(" && ");
    let list = |n: usize| format!("channel in [{}]", vec!["'a'"; n].join(","));
    let text = |n: usize| format!("channel == '{}'", "a".repeat(n));
    let chain = |n: usize| vec!["true"; n].join(" == ");
    // Each comma gets a space in the canonical form.
    let dense = |n: usize| {
        let others: Vec<String> = (0..40).map(|number| format!(",'{number:0197}'")).collect();
        format!("channel in['{}'{}]", "a".repeat(n), others.concat())
    };
    let cases: [(String, String, Limit); 9] = [
        (chain(limits::NESTING), chain(limits::NESTING + 1), Limit::Nesting),
        (dense(99), dense(140), Limit::CanonicalBytes),
        (deep(limits::BRACKETS), deep(limits::BRACKETS + 1), Limit::Brackets),
        (not(limits::BRACKETS), not(limits::BRACKETS + 1), Limit::Brackets),
        (sum(limits::NESTING - 1), sum(limits::NESTING), Limit::Nesting),
        (and(512), and(513), Limit::Tokens),
        (list(limits::LIST), list(limits::LIST + 1), Limit::ListValues),
        (text(limits::TEXT_BYTES), text(limits::TEXT_BYTES + 1), Limit::TextBytes),
        (" ".repeat(limits::SOURCE_BYTES - 3) + "vip", " ".repeat(limits::SOURCE_BYTES) + "vip", Limit::Bytes),
    ];
    for (taken, refused, what) in cases {
        let (taken, refused) = on_a_small_stack(move || (try_out(&taken), try_out(&refused)));
        assert!(taken.is_ok(), "{what}: {taken:?}");
        assert_eq!(too_much(refused), Some(what));
    }
}

#[test]
fn bombs_are_refused_on_a_small_stack() {
    let n = 100_000;
    let bombs = [
        "(".repeat(n),
        "[".repeat(1_000),
        "!".repeat(8_000),
        "-".repeat(8_000),
        "!-".repeat(4_000) + "vip",
        "a.".repeat(4_000) + "a",
        "a[".repeat(4_000),
        "f(".repeat(4_000),
        "{".repeat(8_000),
        "vip ? vip : ".repeat(600) + "vip",
        "!(".repeat(20) + &"vip.".repeat(900) + "vip" + &")".repeat(20),
        vec!["1"; 512].join("-") + ">1",
        vec!["1"; 512].join("<"),
        vec!["vip"; 512].join("||"),
        vec!["vip"; 512].join("=="),
        format!("{}vip{}", "(vip && (vip || ".repeat(12), "))".repeat(12)),
        format!("{}1{} > 1", "(1 + -".repeat(24), ")".repeat(24)),
        format!("{}{} > 1{}", "(".repeat(20), vec!["order.quantity"; 300].join(" * 2 + "), ")".repeat(20)),
        "'".to_owned() + &"a".repeat(8_000) + "'",
        "\"".repeat(8_000),
        "\\".repeat(8_000),
        ",".repeat(8_000),
        "🦀".repeat(2_000),
        "\0".repeat(100),
        "vip ".repeat(255),
        "99999999999999999999999999999999999999".repeat(100),
    ];
    for bomb in bombs {
        let shown: String = bomb.chars().take(30).collect();
        let result = on_a_small_stack(move || try_out(&bomb));
        assert!(
            result.as_ref().is_ok() || result.is_err_and(|faults| (1..=limits::FAULTS).contains(&faults.len())),
            "{shown}"
        );
    }
}

const WORDS: [&str; 44] = [
    "vip",
    "order.quantity",
    "order.net_minor",
    "member.tier",
    "last_purchase",
    "now",
    "grace",
    "order.categories",
    "channel",
    "(",
    ")",
    "[",
    "]",
    ",",
    "&&",
    "||",
    "!",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "+",
    "-",
    "*",
    "1",
    "9223372036854775807",
    "'coffee'",
    "\"a\\u00e9\"",
    "has(member.tier)",
    "size(order.categories)",
    "duration('24h')",
    "timestamp('2026-03-02T00:00:00Z')",
    ".startsWith('g')",
    "true",
    "false",
    "?",
    ":",
    "/",
    ".",
    "{",
    "has(",
];

#[test]
fn random_words_mutated_rules_and_random_bytes_never_panic() {
    on_a_small_stack(|| {
        let mut chance = Chance::new("bombs");
        let mut taken = 0;
        for _ in 0..2_000 {
            let words: Vec<&str> = (0..chance.below(14)).map(|_| WORDS[chance.below(WORDS.len())]).collect();
            taken += usize::from(try_out(&words.join(" ")).is_ok());
        }
        let rules = [
            "member.tier in ['gold', 'black'] && order.net_minor - 100 * order.quantity >= 30000 || !(vip)",
            "has(last_purchase) && now - last_purchase < duration('720h') && channel.startsWith('we')",
        ];
        for _ in 0..2_000 {
            let mut bytes = rules[chance.below(rules.len())].as_bytes().to_vec();
            for _ in 0..=chance.below(4) {
                let at = chance.below(bytes.len());
                match chance.below(3) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes[at] = b"()[]!&|<>=-+*.,'\"\\ a1\n\x7f"[chance.below(23)],
                    _ => bytes.insert(at, bytes[chance.below(bytes.len())]),
                }
            }
            taken += usize::from(try_out(&String::from_utf8_lossy(&bytes)).is_ok());
        }
        for _ in 0..1_000 {
            let bytes: Vec<u8> = (0..chance.below(40)).map(|_| chance.below(256) as u8).collect();
            taken += usize::from(try_out(&String::from_utf8_lossy(&bytes)).is_ok());
        }
        assert!(taken > 50, "only {taken} of them were rules: they try nothing");
    });
}
