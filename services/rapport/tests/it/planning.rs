//! What an operator does with a programme: exports it, compares, rehearses and applies it, forecasts and reconciles.

use std::process::Output;

use serde_json::Value;

use crate::home::{Home, Suite, text};

fn asked(home: &Home, suite: &Suite, words: &[&str]) -> Output {
    home.run(&[words, &["--address", &suite.address]].concat())
}

fn told(home: &Home, suite: &Suite, words: &[&str]) -> String {
    let output = asked(home, suite, words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn json(home: &Home, suite: &Suite, words: &[&str]) -> Value {
    serde_json::from_str(&told(home, suite, &[words, &["--json"]].concat())).expect("it is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_is_exported_compared_rehearsed_and_applied() {
    let home = Home::empty("planning").await;
    let suite = home.serve(&["up", "--members", "60"]);
    let file = home.folder.join("programme.json");
    let path = file.to_str().expect("a path");
    told(&home, &suite, &["programme", "export", "--out", path]);
    assert!(told(&home, &suite, &["programme", "diff", path]).contains("says the same as version 1"));
    let same = told(&home, &suite, &["programme", "apply", path, "--yes"]);
    assert!(same.contains("nothing to change"), "{same}");

    let mut terms: Value = serde_json::from_str(&std::fs::read_to_string(&file).expect("it is there")).expect("JSON");
    terms["earn_rates"][0]["points"] = 2.into();
    std::fs::write(&file, terms.to_string()).expect("it can be written");
    let differs = told(&home, &suite, &["programme", "diff", path]);
    assert!(differs.contains("earn rate TWD points  1 -> 2") && differs.contains("1 difference "), "{differs}");

    let simulated = json(&home, &suite, &["programme", "simulate", path, "--worth", "1/2"]);
    assert!(simulated["orders"].as_i64().is_some_and(|orders| orders > 0), "{simulated}");
    assert_eq!(simulated["warnings"][0]["kind"], "POINTS_RACE");
    let people = told(&home, &suite, &["programme", "simulate", path, "--worth", "1/2"]);
    assert!(people.contains("earned, of revenue") && people.contains("gain most"), "{people}");
    let as_ruled = json(&home, &suite, &["programme", "simulate", path, "--baseline", "as-ruled"]);
    let forecast = json(&home, &suite, &["ledger", "forecast", "--worth", "1"]);
    let (baseline, outstanding) = (&as_ruled["baseline"], forecast["outstanding"].as_i64().expect("told"));
    let lived = baseline["outstanding"].as_i64().expect("told") + baseline["pending"].as_i64().expect("told");
    assert_eq!(lived, outstanding, "what was booked is lived again");

    let nobody = asked(&home, &suite, &["programme", "apply", path]);
    assert_eq!(nobody.status.code(), Some(2), "nobody is there to be asked");
    assert!(text(&nobody.stderr).contains("--yes"), "{}", text(&nobody.stderr));
    let tried = json(&home, &suite, &["programme", "apply", path, "--dry-run"]);
    assert_eq!((&tried["version"], &tried["dry_run"]), (&2.into(), &true.into()), "{tried}");
    assert_eq!(tried["differences"][0]["path"], "earn_rates[TWD].points");
    let applied = told(&home, &suite, &["programme", "apply", path, "--yes"]);
    assert!(applied.contains("as version 2") && applied.contains("which is over"), "{applied}");

    let reconciled = told(&home, &suite, &["reconcile"]);
    assert!(reconciled.trim_end().ends_with("reconciled"), "{reconciled}");
    let quoted = json(&home, &suite, &["points", "quote", "--phone", "0912345678", "--item", "T-1:2:1000"]);
    assert!(quoted["points"].as_i64().is_some_and(|points| points > 0), "{quoted}");
    let account =
        json(&home, &suite, &["points", "adjust", "--phone", "0912345678", "--points", "40", "--reason", "test"]);
    let before = account["spendable"].as_i64().expect("told");
    let held = json(&home, &suite, &["points", "hold", "--phone", "0912345678", "--points", "30"]);
    assert_eq!(held["spendable"].as_i64(), Some(before - 30));
    let hold = held["hold"].as_str().expect("an id");
    told(
        &home,
        &suite,
        &["points", "capture", "--phone", "0912345678", "--hold", hold, "--points", "10", "--keep-rest"],
    );
    let freed = json(&home, &suite, &["points", "release", "--phone", "0912345678", "--hold", hold]);
    assert_eq!((freed["points"].as_i64(), freed["spendable"].as_i64()), (Some(20), Some(before - 10)));
}
