//! Law 3: each library has the files it may be named in.

use std::collections::BTreeSet;

use super::nouns::Standing;
use super::source::Source;
use super::tree::{Tree, is_test};
use super::{Found, manifests};

/// The libraries with a home, and the crates that are at home with them.
const HOMES: [(&str, &[&str]); 3] = [
    ("tonic", &["wire", "server", "proto", "eventlog", "timers", "testkit"]),
    ("sqlx", &["store", "eventlog", "timers", "outbox", "terms", "testkit"]),
    ("redis", &["cache", "testkit"]),
];

/// What a rule may name: nothing that reads, writes or waits. The libraries are here for their values and tables; that
/// nobody asks jiff what time it is, clippy.toml sees to.
const PURE: [&str; 15] = [
    "std",
    "core",
    "kernel",
    "rule",
    "hmac",
    "sha2",
    "thiserror",
    "serde",
    "jiff",
    "rust_decimal",
    "uuid",
    "phonenumber",
    "email_address",
    "idna",
    "unicode_normalization",
];

pub(super) fn check(tree: &Tree, found: &mut Found) {
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !is_test(path)) {
        let source = Source::parse(text);
        let standing = Standing::of(path);
        let libraries = libraries_of(tree, path);
        for named in source.paths() {
            let root = named.path.split("::").next().unwrap_or_default();
            // A module of the same name, such as the one that runs a redis-server, is not the library.
            if !libraries.contains(root) {
                continue;
            }
            if let Some(library) = with_home(root).filter(|library| !at_home(library, path, standing.as_ref())) {
                found.add(3, path, named.line, format!("{}: {library} has no place in this file", named.path));
            }
            if root == "proto" && standing.as_ref().is_some_and(|standing| !speaks(standing)) {
                let text = "wire messages are for grpc, events.rs and listen.rs; elsewhere the noun's own types speak";
                found.add(3, path, named.line, format!("{}: {text}", named.path));
            }
            if standing.as_ref().is_some_and(Standing::is_rule) && !PURE.contains(&root) {
                let text = "a rule sees only std, kernel, rule and its siblings";
                found.add(3, path, named.line, format!("{}: {text}", named.path));
            }
        }
        rules_and_other_nouns(path, standing.as_ref(), &source, found);
    }
}

/// A rule's siblings are those behind the same door; of another noun it knows the rules, never the door.
fn rules_and_other_nouns(path: &str, standing: Option<&Standing<'_>>, source: &Source, found: &mut Found) {
    let Some(standing) = standing.filter(|standing| standing.is_rule()) else { return };
    for named in source.paths() {
        let parts: Vec<&str> = named.path.split("::").collect();
        let another = parts[0] == "crate" && parts.get(1) != Some(&standing.part);
        let a_rule_of_it = parts.len() > 3 && !["store", "events", "desk", "reading", "auditing"].contains(&parts[2]);
        if another && !a_rule_of_it {
            let text = "a rule knows its own noun, and of another noun its rules only";
            found.add(3, path, named.line, format!("{}: {text}", named.path));
        }
    }
}

/// The library with a home that a name belongs to: `tonic_types` is tonic's, `jiff_sqlx` is sqlx's.
fn with_home(root: &str) -> Option<&'static str> {
    match root {
        "jiff_sqlx" => Some("sqlx"),
        _ => HOMES
            .iter()
            .map(|(library, _)| *library)
            .find(|library| root.strip_prefix(*library).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))),
    }
}

fn at_home(library: &str, path: &str, standing: Option<&Standing<'_>>) -> bool {
    if let Some(name) = path.strip_prefix("crates/").and_then(|rest| rest.split('/').next()) {
        return HOMES.iter().any(|(one, homes)| *one == library && homes.contains(&name));
    }
    match (library, standing) {
        ("tonic", Some(standing)) => standing.part == "grpc",
        ("tonic", None) => path.starts_with("services/rapport/") || path.starts_with("xtask/load/"),
        ("sqlx", Some(standing)) => standing.is_store(),
        _ => false,
    }
}

/// Whether a file of a service may speak in wire messages.
fn speaks(standing: &Standing<'_>) -> bool {
    ["grpc", "listen"].contains(&standing.part) || standing.below.rsplit('/').next() == Some("events")
}

/// The names under which a file's crate knows the libraries it depends on.
fn libraries_of(tree: &Tree, path: &str) -> BTreeSet<String> {
    let home = path.split_once("/src/").map_or("", |(home, _)| home);
    let text = tree.text(&format!("{home}/Cargo.toml")).unwrap_or_default();
    manifests::wanted(text).into_iter().map(|wanted| wanted.name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    const MANIFEST: &str = "[dependencies]\ntonic.workspace = true\nsqlx = \"0\"\nredis = \"1\"\njiff-sqlx = \"0\"\n\
                            proto.workspace = true\njiff.workspace = true\nkernel.workspace = true\ntokio = \"1\"\n";

    fn in_file(path: &str, text: &str) -> Vec<String> {
        let (home, _) = path.split_once("/src/").unwrap();
        let manifest = format!("{home}/Cargo.toml");
        found_by(check, &[(path, text), (&manifest, MANIFEST)])
    }

    #[test]
    fn law_3_tonic_stays_at_the_grpc_edge() {
        let text = "//! A door.\nuse tonic::Status;\n";
        let found = in_file("services/loyalty/src/points.rs", text);
        assert_eq!(found, ["services/loyalty/src/points.rs:2: law 3: tonic::Status: tonic has no place in this file"]);
        assert_eq!(in_file("services/loyalty/src/listen.rs", text).len(), 1);
        assert_eq!(in_file("services/loyalty/src/lib.rs", text).len(), 1);
        assert_eq!(in_file("crates/store/src/lib.rs", text).len(), 1);
        for home in ["services/loyalty/src/grpc.rs", "services/loyalty/src/grpc/refuse.rs", "crates/wire/src/lib.rs"] {
            assert_eq!(in_file(home, text).len(), 0, "{home}");
        }
    }

    #[test]
    fn law_3_sqlx_stays_in_stores() {
        let text = "fn f() { sqlx::query(\"SELECT 1\"); jiff_sqlx::Timestamp::from(t) }";
        assert_eq!(in_file("services/loyalty/src/points.rs", text).len(), 2);
        assert_eq!(in_file("services/loyalty/src/points/store.rs", text).len(), 0);
        assert_eq!(in_file("crates/timers/src/lease.rs", text).len(), 0);
        assert_eq!(in_file("crates/server/src/lib.rs", text).len(), 2);
    }

    #[test]
    fn law_3_redis_stays_in_cache_but_modules_of_that_name_are_free() {
        assert_eq!(in_file("services/registry/src/members.rs", "use redis::Client;").len(), 1);
        assert_eq!(in_file("crates/cache/src/lib.rs", "use redis::Client;").len(), 0);
        let without =
            [("xtask/src/up.rs", "use backing::redis;\nfn f() { redis::private() }"), ("xtask/Cargo.toml", "")];
        assert_eq!(found_by(check, &without).len(), 0);
    }

    #[test]
    fn law_3_wire_messages_stay_where_services_speak() {
        let text = "use proto::loyalty::v1::RedeemPointsRequest;";
        assert_eq!(in_file("services/loyalty/src/points.rs", text).len(), 1);
        for speaks in ["grpc/parse.rs", "points/events.rs", "listen.rs"] {
            assert_eq!(in_file(&format!("services/loyalty/src/{speaks}"), text).len(), 0, "{speaks}");
        }
    }

    #[test]
    fn law_3_a_rule_is_pure() {
        let rule = "services/loyalty/src/points/redemption.rs";
        assert_eq!(
            in_file(rule, "use std::fmt;\nuse kernel::Points;\nuse super::lots::Lot;\nfn f() { i64::MAX }").len(),
            0
        );
        assert_eq!(in_file(rule, "use crate::points::Lot;").len(), 0);
        assert_eq!(in_file(rule, "use crate::tiers::Tier;").len(), 1);
        assert_eq!(in_file(rule, "use crate::tiers::ladder::Tier;").len(), 0);
        assert_eq!(in_file(rule, "use crate::tiers::store::Row;").len(), 1);
        let reading = "services/loyalty/src/points/reading.rs";
        assert_eq!(in_file(reading, "fn f() { tokio::spawn(g()) }").len(), 0, "the door's own second room");
        assert_eq!(in_file(rule, "fn f() { tokio::spawn(g()) }").len(), 1);
        assert_eq!(in_file(rule, "#[cfg(test)]\nmod tests { use tokio::test; }").len(), 0);
    }
}
