//! What the doctor says of a database that was put back, or whose schema is another one, and what its repair does.

use std::time::Duration;

use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::home::{Home, Suite, get, text};
use crate::whole_file::open_shop;

/// A suite with a shop in it, and one member.
async fn opened(name: &str) -> (Home, Suite, String) {
    let home = Home::empty(name).await;
    let suite = home.serve(&["up", "--members", "0"]);
    open_shop(&home, &suite);
    let words = ["member", "enrol", "--email", "ada@example.com", "--tenant", "uci", "--json", "--address"];
    let done = home.run(&[words.as_slice(), &[&suite.address]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
    let enrolled: Value = serde_json::from_slice(&done.stdout).expect("it is JSON");
    let member = enrolled["member"].as_str().expect("an id").to_owned();
    (home, suite, member)
}

fn sell(home: &Home, suite: &Suite, member: &str) {
    let words = ["orders", "record", "--member", member, "--line", "mug:1:10.00", "--tenant", "uci", "--address"];
    let done = home.run(&[words.as_slice(), &[&suite.address]].concat());
    assert!(done.status.success(), "{}", text(&done.stderr));
}

/// What the doctor ends with, and says.
fn doctor(home: &Home, suite: &Suite, words: &[&str]) -> (Option<i32>, String) {
    let done = home.run(&[&["doctor", "--address", &suite.address], words].concat());
    (done.status.code(), text(&done.stdout))
}

/// Asks the doctor until what it says will do.
fn doctor_until(home: &Home, suite: &Suite, words: &[&str], will_do: impl Fn(&str) -> bool) -> (Option<i32>, String) {
    for _ in 0..60 {
        let (code, told) = doctor(home, suite, words);
        if will_do(&told) {
            return (code, told);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
    panic!("the doctor never said it: {}", doctor(home, suite, words).1);
}

/// Points are posted once for each order.
async fn posted(home: &Home, orders: i64) {
    testkit::until("all points are posted", || async { home.database.events_of("loyalty").await >= orders }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_is_told_by_the_doctor_and_repaired_on_an_operators_word() {
    let (home, suite, member) = opened("restored").await;
    sell(&home, &suite, &member);
    // The programme's own event is one of loyalty's.
    posted(&home, 2).await;
    let backup = home.database.dump("activity");
    sell(&home, &suite, &member);
    posted(&home, 3).await;
    home.database.restore("activity", &backup).await;

    let (code, told) = doctor_until(&home, &suite, &[], |told| told.contains("loyalty is refused by activity"));
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("LOG_REWOUND"), "{told}");
    assert!(told.contains("loyalty applied 1 event that activity no longer has"), "{told}");
    assert!(
        told.contains("`rapport doctor --repair` lets loyalty go on; nothing that activity has is missed"),
        "{told}"
    );

    let (code, told) = doctor(&home, &suite, &["--repair"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("loyalty goes on with activity in 1 partition\n"), "{told}");
    assert!(told.contains("1 event applied by loyalty is gone from activity"), "{told}");
    assert!(told.ends_with("  all is well\n"), "{told}");

    sell(&home, &suite, &member);
    posted(&home, 4).await;
    let (code, told) = doctor(&home, &suite, &["--repair"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(!told.contains("goes on with"), "there is nothing to repair: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_lost_nothing_needs_no_word() {
    let (home, suite, member) = opened("unharmed").await;
    sell(&home, &suite, &member);
    posted(&home, 2).await;
    let backup = home.database.dump("activity");
    home.database.restore("activity", &backup).await;
    sell(&home, &suite, &member);
    posted(&home, 3).await;
    let (code, told) = doctor(&home, &suite, &[]);
    assert_eq!(code, Some(0), "{told}");
    let metrics = get(&suite.admin, "/metrics");
    let went_on = "rapport_cursors_continued_total{consumer=\"loyalty\",producer=\"activity\"} 1\n";
    assert!(metrics.contains(went_on), "{metrics}");
}

/// Does something to the database that no service would.
async fn tamper(home: &Home, statement: &str) {
    let mut look = home.database.look().await;
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut look).await.expect("it is done");
}

fn of_loyalty(told: &str) -> Value {
    let told: Value = serde_json::from_str(told).expect("it is JSON");
    let services = told["services"].as_array().expect("a list").clone();
    services.into_iter().find(|service| service["service"] == "loyalty").expect("it is served here")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_too_old_or_too_new_is_told() {
    const LAST: &str = "version = (SELECT max(version) FROM loyalty._sqlx_migrations)";
    let home = Home::empty("drift").await;
    let suite = home.serve(&["up", "--members", "0"]);
    tamper(&home, &format!("UPDATE loyalty._sqlx_migrations SET success = false WHERE {LAST}")).await;
    testkit::until("it is not ready", || async { get(&suite.admin, "/readyz").starts_with("HTTP/1.1 503") }).await;
    let readiness = get(&suite.admin, "/readyz");
    assert!(readiness.contains("migrations are pending: "), "{readiness}");
    assert!(readiness.contains("run `rapport migrate`"), "{readiness}");
    let (code, told) = doctor(&home, &suite, &[]);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("loyalty is not ready: migrations are pending: "), "{told}");
    let (_, told) = doctor(&home, &suite, &["--json"]);
    let loyalty = of_loyalty(&told);
    assert_eq!((&loyalty["ready"], loyalty["pending_migrations"].as_array().map(Vec::len)), (&false.into(), Some(1)));

    // Applied with another text: it is there, and it is another build's.
    tamper(&home, &format!("UPDATE loyalty._sqlx_migrations SET success = true, checksum = '\\x00' WHERE {LAST}"))
        .await;
    let newer = "INSERT INTO loyalty._sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9000, 'of a newer build', true, '\\x01', 1)";
    tamper(&home, newer).await;
    testkit::until("it is ready", || async { get(&suite.admin, "/readyz").starts_with("HTTP/1.1 200") }).await;
    let (code, told) = doctor(&home, &suite, &[]);
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("loyalty: its schema has migrations this version does not know: "), "{told}");
    assert!(told.contains("a newer version migrated it: update this process too"), "{told}");
    let (_, told) = doctor(&home, &suite, &["--json"]);
    let loyalty = of_loyalty(&told);
    let foreign = loyalty["foreign_migrations"].as_array().expect("a list");
    assert_eq!((&loyalty["ready"], foreign.len(), &foreign[1]), (&true.into(), 2, &9_000.into()));
}
