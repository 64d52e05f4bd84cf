//! What segmentation says of the real file, against figures that `segments.py` works out from its raw lines and the
//! words: as a program reads them, and line by line, with their bars, as a person does.

use std::process::{Child, Command, Stdio};

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
        let overview = ["segments", "overview", "--at", moment];
        // A past moment takes a second to work out: two looks at it go side by side.
        let (figures, printed) = (asked_as_program(home, suite, &overview), asked(home, suite, &overview));
        compare(&json_of(figures), &expected[day]["overview"], day);
        let (printed, wanted) = (lines(&said(printed)), wanted(&expected[day]["printed"]));
        assert!(printed == wanted, "{day}, printed:\n{}\nwanted:\n{}", printed.join("\n"), wanted.join("\n"));
    }
    let (day, moment) = STORED;
    let moved = home.run(&["clock", "advance", "--to", moment, "--address", &suite.address]);
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    let stored = json_of(asked_as_program(home, suite, &["segments", "overview"]));
    assert_eq!(stored["waiting"], json!(0), "everybody was looked at again");
    compare(&stored, &expected[day]["overview"], day);
    is_in_the_report(home, suite, &expected[day]["printed"]);
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

/// The program at work, asked of the shop that was brought in.
fn asked(home: &Home, suite: &Suite, words: &[&str]) -> Child {
    let mut command = home.command(&[words, &["--tenant", "uci", "--address", &suite.address]].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
}

fn asked_as_program(home: &Home, suite: &Suite, words: &[&str]) -> Child {
    asked(home, suite, &[words, &["--json"]].concat())
}

fn said(asked: Child) -> String {
    let told = asked.wait_with_output().expect("it ends");
    assert!(told.status.success(), "{}", text(&told.stderr));
    text(&told.stdout)
}

fn json_of(asked: Child) -> Value {
    serde_json::from_str(&said(asked)).expect("it is JSON")
}

/// Lines that say something, each with single spaces.
fn lines(told: &str) -> Vec<String> {
    told.lines().map(plain).filter(|line| !line.is_empty()).collect()
}

fn plain(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wanted(lines: &Value) -> Vec<String> {
    serde_json::from_value(lines.clone()).expect("lines")
}

/// The report has the same sections, one after the other.
fn is_in_the_report(home: &Home, suite: &Suite, expected: &Value) {
    let (report, wanted) = (lines(&said(asked(home, suite, &["report"]))), wanted(expected));
    let found = report.windows(wanted.len()).any(|part| part == wanted);
    assert!(found, "printed:\n{}\nwanted:\n{}", report.join("\n"), wanted.join("\n"));
}

/// One member of each group and of each lifecycle, as the 360 view tells them.
fn members_are_right(home: &Home, suite: &Suite, expected: &Value) {
    let expected = expected.as_object().expect("by customer");
    assert!(expected.len() >= 8, "every group has somebody: {expected:?}");
    for (customer, wanted) in expected {
        let who = format!("uci:{customer}");
        let show = ["member", "show", "--external", &who];
        let (figures, printed) = (asked_as_program(home, suite, &show), asked(home, suite, &show));
        let told = json_of(figures);
        let insight = &told["insight"];
        let mut seen = json!({ "chosen": insight["lifecycle"]["chosen"], "group": insight["rfm"]["group"] });
        for name in ["purchases", "cycle_days", "ltv_yearly_minor", "last_purchase"] {
            seen[name] = insight[name].clone();
        }
        seen["why"] = json!(why(&said(printed)));
        assert_eq!(&seen, wanted, "customer {customer}");
    }
}

/// Each letter with its cut, the cycle and its windows. What comes next is left out: the script looks at one moment.
fn why(told: &str) -> Vec<String> {
    let below = told.lines().skip_while(|line| *line != "why this group").skip(1);
    let rows = below.take_while(|line| line.starts_with("  ")).map(plain);
    rows.filter(|row| !row.starts_with("next ")).collect()
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
