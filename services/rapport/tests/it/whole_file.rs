//! A real shop's whole history through the public API, against figures worked out from the raw file.

use serde_json::Value;

use crate::history::{Expected, FLAT, text};
use crate::home::{Home, Suite, text as said};
use crate::segments;

/// Opens a tenant with the flat programme and brings a file in; answers what the import said.
pub fn open_shop(home: &Home, suite: &Suite) {
    let programme = home.folder.join("flat.json");
    std::fs::write(&programme, FLAT).expect("the state folder is there");
    let programme = programme.display().to_string();
    for words in [
        vec!["tenant", "open", "uci", "--zone", "Europe/London", "--currency", "GBP"],
        vec!["programme", "apply", &programme, "--tenant", "uci", "--yes"],
    ] {
        let done = home.run(&[words.as_slice(), &["--address", &suite.address]].concat());
        assert!(done.status.success(), "{}", said(&done.stderr));
    }
}

/// The words of an import.
pub fn import<'a>(file: &'a str, address: &'a str, rejects: &'a str) -> Vec<&'a str> {
    let mut words = vec!["import", "orders", file, "--map", "uci", "--historic", "--tenant", "uci", "--json"];
    words.extend(["--address", address, "--rejects", rejects]);
    words
}

/// The report of a tenant.
pub fn report(home: &Home, address: &str) -> Value {
    let told = home.run(&["report", "--json", "--tenant", "uci", "--address", address]);
    assert!(told.status.success(), "{}", said(&told.stderr));
    serde_json::from_slice(&told.stdout).expect("it is JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_file_comes_in_whole_and_its_figures_are_right() {
    let expected = Expected::of(&text());
    let home = Home::empty("whole-file").await;
    let suite = home.serve(&["up", "--members", "0", "--clock", "manual:2011-12-10T00:00:00Z"]);
    open_shop(&home, &suite);
    let (file, rejects) =
        (testkit::real_history().display().to_string(), home.folder.join("rejects.csv").display().to_string());
    let done = home.run(&import(&file, &suite.address, &rejects));
    assert!(done.status.success(), "{}{}", said(&done.stdout), said(&done.stderr));
    let told: Value = serde_json::from_slice(&done.stdout).expect("it is JSON");
    let bucket = |name: &str, what: &str| told["buckets"][name][what].as_i64().expect("a number");
    assert_eq!(told["differences"], serde_json::json!([]));
    assert_eq!(told["file"]["exact"], "9747747.934");
    assert_eq!((bucket("rejected", "lines"), bucket("already-there", "lines")), (0, 0));
    assert_eq!(told["sum"]["lines"].as_u64(), Some(expected.lines));
    assert_eq!(told["members"]["all"].as_u64(), Some(expected.members));
    let matched = ["returns-whole", "returns-part", "unmatched-credits"].map(|name| bucket(name, "lines"));
    assert_eq!(matched, expected.matched.map(|count| count.cast_signed()));

    sums_are_right(&report(&home, &suite.address), &expected);
    segments::are_right(&home, &suite);
}

/// What activity and loyalty sum up.
fn sums_are_right(report: &Value, expected: &Expected) {
    let number = |value: &Value| value.as_i64().expect("a number");
    let months = report["months"].as_array().expect("a list");
    for month in months {
        let label = month["month"].as_str().expect("a label");
        assert_eq!(number(&month["net"]["minor"]), expected.months[label], "net of {label}");
    }
    assert_eq!(months.len(), expected.months.len());
    let journal = |name: &str| {
        let rows = report["journal"].as_array().expect("a list");
        number(&rows.iter().find(|row| row["name"] == name).expect("a bucket")["entries"])
    };
    assert_eq!(journal("member-orders"), expected.member_orders.cast_signed());
    assert_eq!(journal("guest-orders"), expected.guest_orders.cast_signed());
    assert_eq!(number(&report["points"]["earned"]), expected.earned);
    assert_eq!(number(&report["points"]["accounts"]), expected.members.cast_signed());
    assert_eq!(number(&report["revenue"]["minor"]), expected.revenue);
    assert_eq!(number(&report["spend"][0]["minor"]), expected.revenue, "loyalty counts what activity keeps");
    assert_eq!(number(&report["buyers"]), expected.buyers.cast_signed());
    let points = &report["points"];
    assert_eq!(
        number(&points["outstanding"]) - number(&points["deficit"]),
        number(&points["earned"]) - number(&points["earn_reversed"]),
        "what is left is what was earned less what was taken back"
    );
}
