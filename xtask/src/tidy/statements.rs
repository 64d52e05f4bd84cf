//! Laws 4 and 5: what SQL may say.

use std::borrow::Cow;

use super::Found;
use super::source::{Source, is_name, line_at};
use super::tree::{Tree, is_test};

/// Where the database's own time is right, because it is no business time: path, and why.
const DATABASE_TIME: [(&str, &str); 1] = [(
    "crates/store/src/pool.rs",
    "compares the database's own clocks, to see whether a connection is inside a transaction",
)];

/// Everything in PostgreSQL that reads a clock.
const CLOCKS: [&str; 10] = [
    "now()",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
    "clock_timestamp(",
    "statement_timestamp(",
    "transaction_timestamp(",
    "'now'",
];

pub(super) fn check(tree: &Tree, found: &mut Found) {
    let services: Vec<&str> = tree
        .files()
        .filter_map(|(path, _)| path.strip_prefix("services/")?.strip_suffix("/Cargo.toml"))
        .filter(|name| *name != "rapport")
        .collect();
    for (path, text) in tree.files().filter(|(path, _)| !is_test(path)) {
        for (first_line, sql) in statements(path, text) {
            let sql = without_comments(&sql).to_ascii_lowercase();
            read_clocks(path, first_line, &sql, found);
            let own = path.strip_prefix("services/").and_then(|rest| rest.split('/').next());
            for other in services.iter().filter(|other| own.is_some_and(|own| own != **other)) {
                for at in positions(&sql, &format!("{other}.")) {
                    let text = format!("{other}'s tables are {other}'s alone: ask it by gRPC, or hear its events");
                    found.add(4, path, first_line + line_at(&sql, at) - 1, text);
                }
            }
        }
    }
}

fn read_clocks(path: &str, first_line: usize, sql: &str, found: &mut Found) {
    if DATABASE_TIME.iter().any(|(allowed, _)| *allowed == path) {
        return;
    }
    for clock in CLOCKS {
        for at in positions(sql, clock) {
            let text = format!("{clock}: business time is a parameter, taken from the clock");
            found.add(5, path, first_line + line_at(sql, at) - 1, text);
        }
    }
}

/// The SQL of a file, with the line each piece begins on: whole for .sql files, the strings of stores for Rust.
fn statements<'a>(path: &str, text: &'a str) -> Vec<(usize, Cow<'a, str>)> {
    if path.ends_with(".sql") {
        return vec![(1, Cow::Borrowed(text))];
    }
    let store = path.starts_with("services/") && path.ends_with("/store.rs");
    let under = ["store", "eventlog", "timers", "outbox", "terms"]
        .iter()
        .any(|name| path.starts_with(&format!("crates/{name}/src/")));
    if !(store || under && path.ends_with(".rs")) {
        return Vec::new();
    }
    Source::parse(text).strings.into_iter().map(|(line, string)| (line, Cow::Owned(string))).collect()
}

fn without_comments(sql: &str) -> String {
    let lines = sql.split('\n').map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

/// Where a word begins that is no part of a longer name.
fn positions(sql: &str, word: &str) -> Vec<usize> {
    let bytes = sql.as_bytes();
    let begins = |at: usize| at == 0 || !(is_name(bytes[at - 1]) || bytes[at - 1] == b'.');
    let ends = |at: usize| !word.ends_with(char::is_alphabetic) || !bytes.get(at).is_some_and(|byte| is_name(*byte));
    sql.match_indices(word).map(|(at, _)| at).filter(|at| begins(*at) && ends(at + word.len())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    fn in_file(path: &str, text: &str) -> Vec<String> {
        let services = [("services/loyalty/Cargo.toml", ""), ("services/activity/Cargo.toml", "")];
        found_by(check, &[services[0], services[1], (path, text)])
    }

    #[test]
    fn law_5_sql_does_not_know_what_time_it_is() {
        let text = "-- now() would be wrong\nCREATE TABLE lot (\n  created_at timestamptz DEFAULT now()\n);";
        let found = in_file("services/loyalty/migrations/0001_lot.sql", text);
        assert_eq!(
            found,
            [
                "services/loyalty/migrations/0001_lot.sql:3: law 5: now(): business time is a parameter, taken from the clock"
            ]
        );
        let store = "fn f(clock: &Clock) {\n    clock.now();\n    query!(\n        \"SELECT 1\n         WHERE due < CURRENT_TIMESTAMP\")\n}";
        let found = in_file("services/loyalty/src/points/store.rs", store);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("services/loyalty/src/points/store.rs:5: law 5"), "{found:?}");
        assert_eq!(in_file("services/loyalty/src/points/due.sql", "SELECT current_time_zone, known() FROM t").len(), 0);
    }

    #[test]
    fn law_4_a_table_has_one_owner() {
        let found = in_file("services/loyalty/src/points/by_order.sql", "SELECT *\nFROM activity.purchase");
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("by_order.sql:2: law 4: activity's tables"), "{found:?}");
        assert_eq!(in_file("services/activity/src/a.sql", "SELECT * FROM activity.purchase").len(), 0);
    }
}
