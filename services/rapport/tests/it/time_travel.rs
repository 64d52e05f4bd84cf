//! The demo shop lived through in time: the same seed tells the same, byte for byte.

use std::process::Output;

use serde_json::Value;

use crate::home::{Home, Suite, text};

const MANUAL: [&str; 5] = ["up", "--members", "0", "--clock", "manual:2024-06-30T16:00:00Z"];
const MEMBERS: &str = "60";

fn travel(home: &Home, suite: &Suite, words: &[&str]) -> Output {
    home.run(&[&["demo", "time-travel", "--address", &suite.address], words].concat())
}

/// What is printed on a fresh database.
async fn lived(name: &str, words: &[&str]) -> String {
    lived_in(&Home::empty(name).await, words)
}

fn lived_in(home: &Home, words: &[&str]) -> String {
    let suite = home.serve(&MANUAL);
    let done = travel(home, &suite, words);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stderr).contains("  took "), "how long it took stands beside the result");
    text(&done.stdout)
}

/// Two years in a home that is waited for elsewhere.
fn whole(home: Home) -> tokio::task::JoinHandle<String> {
    tokio::task::spawn_blocking(move || lived_in(&home, &["--members", MEMBERS, "--step", "86400", "--json"]))
}

fn total(told: &Value, row: &str) -> i64 {
    let quarters = told["quarters"].as_array().expect("a list");
    quarters.iter().map(|quarter| quarter[row].as_i64().expect("a number")).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_lives_the_same_and_everything_happens() {
    // Side by side: which of the two is quicker at what must not matter.
    let (first, second) = (Home::empty("travel-1").await, Home::empty("travel-2").await);
    let (first, second) = tokio::join!(whole(first), whole(second));
    let (first, second) = (first.expect("it is lived"), second.expect("it is lived"));
    assert_eq!(first, second);
    let told: Value = serde_json::from_str(&first).expect("one object");
    assert_eq!(told["quarters"].as_array().expect("a list").len(), 8, "{first}");
    for row in [
        "joined",
        "orders",
        "returned",
        "cancelled",
        "earned",
        "taken_back",
        "spent",
        "lapsed",
        "promoted",
        "retained",
        "demoted",
        "fell_asleep",
        "woke",
        "sent",
        "held",
        "approved",
        "reversed",
        "subscribed",
        "ended",
        "charged",
        "declined",
        "recovered",
        "renewed",
    ] {
        assert_ne!(total(&told, row), 0, "{row} never happened: {first}");
    }
    assert_eq!(total(&told, "joined"), 60);
    assert!(!first.contains("member_") && !first.contains("order_"), "an id is another one each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_seed_lives_another_life() {
    // In steps of an hour, as they are where nothing else is said.
    let one = lived("travel-3", &["--members", "12", "--days", "60", "--seed", "3"]).await;
    let again = lived("travel-5", &["--members", "12", "--days", "60", "--seed", "3"]).await;
    let other = lived("travel-4", &["--members", "12", "--days", "60", "--seed", "4"]).await;
    assert_eq!(one, again, "what a person reads is the same, too");
    assert_ne!(one.lines().skip(1).collect::<Vec<_>>(), other.lines().skip(1).collect::<Vec<_>>());
    assert!(one.contains("2024 Q3") && one.contains("Members by tier"), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_that_cannot_live_it_is_told_what_can() {
    let home = Home::empty("travel-refused").await;
    let suite = home.serve(&["up", "--members", "0"]);
    let refused = travel(&home, &suite, &[]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("machine's clock") && said.contains("--clock manual:2024-06-30T16:00:00Z"), "{said}");
    drop(suite);

    let home = Home::empty("travel-late").await;
    let suite = home.serve(&["up", "--members", "0", "--clock", "manual:2024-07-01T00:00:00Z"]);
    let said = text(&travel(&home, &suite, &[]).stderr);
    assert!(said.contains("2024-07-01T00:00:00Z") && said.contains("cargo xtask time-travel"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_that_was_broken_off_is_begun_elsewhere() {
    let home = Home::empty("travel-broken").await;
    let suite = home.serve(&MANUAL);
    let words = ["demo", "time-travel", "--members", "12", "--address", &suite.address];
    let mut living = home.command(&words).spawn().expect("it starts");
    let begun = || home.run(&["report", "--tenant", "time-travel", "--address", &suite.address]).status.success();
    assert!((0..600).any(|_| begun()), "it never began");
    living.kill().expect("it is ended");
    living.wait().expect("it has ended");
    let refused = travel(&home, &suite, &["--members", "12", "--days", "30"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("broke off") && said.contains("cargo xtask time-travel"), "{said}");
}
