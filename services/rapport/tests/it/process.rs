//! The program as a process: it says when it is ready, agrees with its doctor, stops when told to, and remembers.

use std::path::Path;

use rapport::suite::Service;

use crate::home::{Home, get, text};

#[tokio::test(flavor = "multi_thread")]
async fn a_suite_says_when_it_is_ready_and_stops_when_told() {
    let home = Home::empty("ready").await;
    let mut suite = home.serve(&["up", "--members", "0"]);
    let doctor = home.run(&["doctor", "--address", &suite.address]);
    assert!(doctor.status.success(), "{}", text(&doctor.stderr));
    assert!(text(&doctor.stdout).ends_with("  all is well\n"), "{}", text(&doctor.stdout));
    for service in Service::ALL {
        let said = text(&doctor.stdout);
        assert!(said.lines().any(|line| line.trim_start().starts_with(service.name())), "{service}: {said}");
    }
    assert!(get(&suite.admin, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(get(&suite.admin, "/metrics").contains("rapport_rpc_total"));

    suite.signal("-TERM");
    let ended = suite.process.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0));
    let doctor = home.run(&["doctor", "--address", &suite.address]);
    assert_eq!(doctor.status.code(), Some(3), "nobody is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_shop_is_there_when_the_suite_says_that_it_is_ready() {
    let home = Home::empty("shop").await;
    let suite = home.serve(&["up", "--members", "400"]);
    for words in [["referrals", "overview"], ["subscriptions", "list"], ["points", "entries"], ["report", "--months"]] {
        let rest: &[&str] = match words[0] {
            "points" => &["--phone", "0912345678"],
            "report" => &["3"],
            _ => &[],
        };
        let told = home.run(&[&words[..], rest, &["--address", &suite.address]].concat());
        assert!(told.status.success(), "{words:?}: {}", text(&told.stderr));
    }
    let told = home.run(&["referrals", "overview", "--json", "--address", &suite.address]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("it is JSON");
    assert!(told["referrals"].as_i64().is_some_and(|friends| friends > 0), "somebody was sent by a friend: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_suite_starts_again_where_it_was() {
    let home = Home::empty("killed").await;
    let migrated = home.run(&["migrate"]);
    assert!(migrated.status.success(), "{}", text(&migrated.stderr));
    assert!(text(&home.run(&["migrate"]).stdout).contains("(up to date)"));
    let words = ["serve", "all", "--clock", "manual:2011-12-01T00:00:00Z"];
    let suite = home.serve(&words);
    let moved = home.run(&["clock", "advance", "--to", "2011-12-10", "--address", &suite.address]);
    assert!(moved.status.success(), "{}", text(&moved.stderr));
    suite.signal("-KILL");
    drop(suite);

    let suite = home.serve(&words);
    let clock = home.run(&["clock", "show", "--json", "--address", &suite.address]);
    assert_eq!(text(&clock.stdout), "{\"manual\":true,\"now\":\"2011-12-10T00:00:00Z\"}\n");
    let back = home.run(&["clock", "advance", "--to", "2011-12-02", "--address", &suite.address]);
    assert_eq!(back.status.code(), Some(1));
    assert!(text(&back.stderr).starts_with("refused: CLOCK_MOVES_FORWARD"), "{}", text(&back.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_with_what_to_do() {
    let home = Home::empty("missing").await;
    let unmigrated = home.run(&["serve", "all", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    assert_eq!(unmigrated.status.code(), Some(3));
    assert!(text(&unmigrated.stderr).contains("rapport migrate"), "{}", text(&unmigrated.stderr));
    let homeless = home
        .command(&["serve", "all", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
        .env_remove("DATABASE_URL")
        .output();
    let homeless = homeless.expect("the program runs");
    assert_eq!(homeless.status.code(), Some(2));
    assert!(text(&homeless.stderr).contains("DATABASE_URL"), "{}", text(&homeless.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_configuration_holds_no_secret() {
    let home = Home::empty("config").await;
    let mut asked = home.command(&["serve", "all", "--print-config"]);
    asked.env("DATABASE_URL", "postgres://me:hush@db/shop").env("RAPPORT_SECRET", "hush");
    let printed = text(&asked.output().expect("the program runs").stdout);
    assert!(printed.contains("DATABASE_URL=postgres://me:***@db/shop\n"), "{printed}");
    assert!(!printed.contains("hush"), "{printed}");
    assert!(!Path::new(&home.folder).exists(), "nothing is made by asking");
}
