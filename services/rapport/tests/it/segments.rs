//! What segmentation says of the real file, against figures that `segments.py` works out from its raw lines and the words.

use std::process::Command;

use serde_json::{Map, Value, json};

use crate::home::{Home, Suite, text};

/// Early, in the middle and at the end; each the midnight of London that begins it.
const DAYS: [(&str, &str); 3] = [
    ("2011-03-31", "2011-03-30T23:00:00Z"),
    ("2011-09-15", "2011-09-14T23:00:00Z"),
    ("2011-12-10", "2011-12-10T00:00:00Z"),
];
/// The midnight at which the shop's first snapshot after the import is taken.
const STORED: (&str, &str) = ("2011-12-11", "2011-12-11T00:00:00Z");

/// Asks for some past moments, as known now; then lets a midnight pass and asks for what is stored.
pub fn are_right(home: &Home, suite: &Suite) {
    let expected = worked_out();
    for (day, moment) in DAYS {
        compare(&overview(home, suite, &["--at", moment]), &expected[day]["overview"], day);
    }
    let (day, moment) = STORED;
    let moved = home.run(&["clock", "advance", "--to", moment, "--address", &suite.address]);
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    let stored = overview(home, suite, &[]);
    assert_eq!(stored["waiting"], json!(0), "everybody was looked at again");
    compare(&stored, &expected[day]["overview"], day);
    is_printed(home, suite, &expected[day]["printed"]);
    members_are_right(home, suite, &expected[day]["members"]);
}

fn worked_out() -> Value {
    let python = std::env::var_os("RAPPORT_TEST_PYTHON").expect("RAPPORT_TEST_PYTHON is set by `cargo xtask test`");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/segments.py");
    let days = DAYS.iter().chain([&STORED]).map(|(day, _)| day);
    let done = Command::new(python).arg(script).arg(testkit::real_history()).args(days).output().expect("it runs");
    assert!(done.status.success(), "{}", text(&done.stderr));
    serde_json::from_slice(&done.stdout).expect("it is JSON")
}

fn overview(home: &Home, suite: &Suite, at: &[&str]) -> Value {
    let words = ["segments", "overview", "--json", "--tenant", "uci", "--address", &suite.address];
    let told = home.run(&[&words, at].concat());
    assert!(told.status.success(), "{}", text(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("it is JSON")
}

/// A person reads the same figures, with their units.
fn is_printed(home: &Home, suite: &Suite, expected: &Value) {
    let told = home.run(&["report", "--tenant", "uci", "--address", &suite.address]);
    assert!(told.status.success(), "{}", text(&told.stderr));
    let told = text(&told.stdout);
    let lines: Vec<String> = told.lines().map(plain).collect();
    let wanted = expected.as_array().expect("lines").iter().map(|line| line.as_str().expect("a line"));
    let missing: Vec<&str> = wanted.filter(|wanted| !lines.iter().any(|line| line == wanted)).collect();
    assert!(missing.is_empty(), "missing:\n{}\nprinted:\n{told}", missing.join("\n"));
}

/// Single spaces, and no bar.
fn plain(line: &str) -> String {
    line.replace('▇', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One member of each group and of each lifecycle, as the 360 view tells them.
fn members_are_right(home: &Home, suite: &Suite, expected: &Value) {
    let expected = expected.as_object().expect("by customer");
    assert!(expected.len() >= 8, "every group has somebody: {expected:?}");
    for (customer, wanted) in expected {
        let who = format!("uci:{customer}");
        let told =
            home.run(&["member", "show", "--external", &who, "--tenant", "uci", "--json", "--address", &suite.address]);
        assert!(told.status.success(), "{}", text(&told.stderr));
        let told: Value = serde_json::from_slice(&told.stdout).expect("it is JSON");
        let insight = &told["insight"];
        let mut seen = json!({ "chosen": insight["lifecycle"]["chosen"], "group": insight["rfm"]["group"] });
        for name in ["purchases", "cycle_days", "ltv_yearly_minor", "last_purchase"] {
            seen[name] = insight[name].clone();
        }
        assert_eq!(&seen, wanted, "customer {customer}");
    }
}

/// Every figure that was worked out is told, exactly; all differences at once.
fn compare(told: &Value, expected: &Value, day: &str) {
    let expected = expected.as_object().expect("the figures of a moment");
    let differences: Vec<String> = expected
        .iter()
        .map(|(name, wanted)| (name, seen(name, &told[name], wanted), wanted))
        .filter(|(_, seen, wanted)| seen != *wanted)
        .map(|(name, seen, wanted)| format!("{name}\n    told {seen}\n  wanted {wanted}"))
        .collect();
    assert!(differences.is_empty(), "{day}:\n{}", differences.join("\n"));
}

/// As the script shapes it: counts by name, and of a snapshot what follows from the history.
fn seen(name: &str, told: &Value, wanted: &Value) -> Value {
    match name {
        "groups" => counts(told, "group"),
        "lifecycles" => counts(told, "lifecycle"),
        "snapshot" => {
            let asked = wanted.as_object().expect("an object").keys();
            Value::Object(asked.map(|name| (name.clone(), told[name].clone())).collect())
        }
        _ => told.clone(),
    }
}

fn counts(told: &Value, name: &str) -> Value {
    let all = told.as_array().expect("a list").iter().filter(|one| one["members"] != json!(0));
    let named = all.map(|one| (one[name].as_str().expect("a name").to_owned(), one["members"].clone()));
    Value::Object(named.collect::<Map<String, Value>>())
}
