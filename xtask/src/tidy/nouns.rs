//! Laws 2 and 6: inside a service, what may reach into a noun.
//!
//! A noun is a door, `src/points.rs`, and the folder behind it, `src/points/`. Other files of a service lie around the
//! nouns and call their doors.

use super::Found;
use super::source::{Source, line_at};
use super::tree::{Tree, is_test};

/// Files and folders of a service that are no nouns.
const AROUND: [&str; 6] = ["lib", "main", "config", "grpc", "listen", "clockwork"];
const ABOVE: [&str; 3] = ["grpc", "listen", "clockwork"];

/// Files behind a door that are no rules: what the outside hears, the desk that works batches off, the door's second
/// room for looking things up.
const ROOMS: [&str; 4] = ["events", "desk", "reading", "auditing"];

/// Where a source file of a service stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing<'a> {
    pub(super) service: &'a str,
    /// The first name under `src/`, without its ending: a noun, or one of what lies around them.
    pub(super) part: &'a str,
    /// The path below that name: empty for the door itself.
    pub(super) below: &'a str,
}

impl<'a> Standing<'a> {
    /// Of a source file of a service other than the program that binds them together.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (service, rest) = path.strip_prefix("services/")?.split_once("/src/")?;
        let rest = rest.strip_suffix(".rs")?;
        let (part, below) = rest.split_once('/').unwrap_or((rest, ""));
        (service != "rapport").then_some(Self { service, part, below })
    }

    pub(super) fn is_noun(&self) -> bool {
        !AROUND.contains(&self.part)
    }

    /// A pure rule: behind a door, and none of the rooms in which the door does its work.
    pub(super) fn is_rule(&self) -> bool {
        let name = self.below.rsplit('/').next().unwrap_or_default();
        self.is_noun() && !self.below.is_empty() && !self.is_store() && !ROOMS.contains(&name)
    }

    /// A store, or a file of its folder.
    pub(super) fn is_store(&self) -> bool {
        self.below.split('/').any(|name| name == "store") || self.part == "store"
    }
}

pub(super) fn check(tree: &Tree, found: &mut Found) {
    for (path, text) in tree.ending(".rs").filter(|(path, _)| !is_test(path)) {
        let Some(standing) = Standing::of(path) else { continue };
        let source = Source::parse(text);
        for named in source.paths() {
            if let Some(why) = reaches_too_far(&standing, &named.path) {
                found.add(2, path, named.line, format!("{}: {why}", named.path));
            }
        }
        if standing.is_store() {
            for call in [".begin(", ".commit("] {
                for (at, _) in source.code.match_indices(call) {
                    let text = format!("{call}) belongs to the door, which holds the transaction");
                    found.add(6, path, line_at(&source.code, at), text);
                }
            }
        }
    }
}

fn reaches_too_far(standing: &Standing<'_>, path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split("::").collect();
    if parts.first() == Some(&"crate") {
        let other = parts.get(1).copied().unwrap_or_default();
        if ABOVE.contains(&other) && standing.part != other && standing.part != "lib" {
            return Some("only lib.rs knows grpc, listen and clockwork");
        }
        if other != standing.part && parts.iter().skip(2).any(|part| *part == "store") {
            return Some("another noun's store is opened by its own door alone; call the door");
        }
    }
    let own_store = parts.iter().skip(1).any(|part| *part == "store") && ["crate", "super"].contains(&parts[0]);
    (own_store && standing.is_rule()).then_some("a rule decides from what it is given; the door reads the store")
}

#[cfg(test)]
mod tests {
    use super::super::found_by;
    use super::check;

    fn in_file(path: &str, text: &str) -> Vec<String> {
        found_by(check, &[(path, text)])
    }

    #[test]
    fn law_2_a_store_is_opened_by_its_door_alone() {
        let other = in_file("services/loyalty/src/tiers.rs", "//! Tiers.\nuse crate::points::store;\n");
        assert_eq!(
            other,
            [
                "services/loyalty/src/tiers.rs:2: law 2: crate::points::store: another noun's store is opened by its own \
              door alone; call the door"
            ]
        );
        assert_eq!(in_file("services/loyalty/src/grpc/parse.rs", "use crate::points::{Ask, store::Row};").len(), 1);
        assert_eq!(in_file("services/loyalty/src/points/redemption.rs", "use super::store;").len(), 1);
        assert_eq!(in_file("services/loyalty/src/points.rs", "mod store;\nuse crate::points::store::Rows;").len(), 0);
        assert_eq!(
            in_file("services/loyalty/src/points/events.rs", "use store::Tx;").len(),
            0,
            "the crate of that name"
        );
    }

    #[test]
    fn law_2_a_noun_knows_nothing_of_what_calls_it() {
        assert_eq!(in_file("services/loyalty/src/points.rs", "use crate::grpc::parse;").len(), 1);
        assert_eq!(in_file("services/loyalty/src/points/lapse.rs", "fn f() { crate::clockwork::wake() }").len(), 1);
        assert_eq!(in_file("services/loyalty/src/lib.rs", "use crate::grpc::Loyalty;").len(), 0);
        assert_eq!(in_file("services/loyalty/src/grpc/parse.rs", "use crate::grpc::refuse;").len(), 0);
        assert_eq!(in_file("services/rapport/src/serve.rs", "use crate::grpc::x;").len(), 0);
    }

    #[test]
    fn law_6_a_store_neither_begins_nor_commits() {
        let text = "async fn write(tx: Tx) {\n    tx.commit().await\n}\n";
        let found = in_file("services/loyalty/src/points/store.rs", text);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("services/loyalty/src/points/store.rs:2: law 6: "), "{found:?}");
        assert_eq!(in_file("services/loyalty/src/points.rs", text).len(), 0);
    }
}
