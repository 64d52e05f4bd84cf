//! `cargo xtask tidy`: proves the laws of the architecture, as far as manifests and sources can prove them.
//!
//! Each law has a number, and every violation is printed as `path:line: law N: what is wrong`. What the compiler and
//! clippy prove is not repeated here. The checks read text, not syntax trees: comments, string contents and test
//! modules are masked first (see `source`), and what remains is simple enough.

use std::fmt;
use std::path::Path;

use crate::run::{Failure, Outcome, say, tell};

mod docs;
mod handlers;
mod links;
mod manifests;
mod nouns;
mod shape;
mod source;
mod statements;
mod tree;
mod uses;

use tree::Tree;

/// What this command proves. The first seven are those of the architecture; the eighth to fourteenth keep the house.
const LAWS: [&str; 14] = [
    "dependencies lean one way: services -> crates -> kernel; proto on kernel only; only services/rapport names services",
    "a noun's store is opened by its own door alone; a noun knows nothing of grpc, listen or clockwork",
    "tonic, sqlx, redis and wire messages each have their files; a rule file sees only std, kernel, rule and its siblings",
    "a table has one owner: no service names another's schema in its SQL",
    "business time comes from the clock: SQL has no now()",
    "who begins a transaction commits it, and that is the door: a store.rs does neither",
    "testkit is a dev-dependency everywhere and a dependency nowhere",
    "a handler is three moves, parse, call, present: no `if` in services/*/src/grpc.rs",
    "a file is named for what it decides or keeps, never for its pattern",
    "a source file has at most 400 lines, a function at most 60",
    "nothing is left over: no notes to be done later, no unfinished code",
    "only command line programs print",
    "every error reason has its page in docs/errors, and every page its reason",
    "every link from one file of the repository to another leads somewhere",
];

/// One place where a law is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    law: usize,
    text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: law {}: {}", self.path, self.line, self.law, self.text)
    }
}

/// Violations as they are found.
#[derive(Debug, Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add(&mut self, law: usize, path: &str, line: usize, text: impl Into<String>) {
        self.0.push(Violation { path: path.to_owned(), line, law, text: text.into() });
    }
}

/// Checks the repository.
pub(crate) fn run() -> Outcome {
    let tree = Tree::read(Path::new(".")).map_err(Failure::said)?;
    let violations = violations(&tree);
    for violation in &violations {
        say(violation);
    }
    if violations.is_empty() {
        tell("tidy", &format!("{} laws hold in {} files", LAWS.len(), tree.len()));
        return Ok(());
    }
    Err(Failure::said(format!(
        "tidy: {} violations; cargo xtask tidy --laws tells what the laws are",
        violations.len()
    )))
}

/// Prints the laws.
pub(crate) fn list() -> Outcome {
    for (index, law) in LAWS.iter().enumerate() {
        say(format_args!("{:>4}  {law}", index + 1));
    }
    Ok(())
}

fn violations(tree: &Tree) -> Vec<Violation> {
    let mut found = Found::default();
    let checks: [fn(&Tree, &mut Found); 8] = [
        manifests::check,
        nouns::check,
        uses::check,
        statements::check,
        handlers::check,
        shape::check,
        docs::check,
        links::check,
    ];
    for check in checks {
        check(tree, &mut found);
    }
    found.0.sort();
    found.0.dedup();
    found.0
}

/// For the tests of the checks: what one check finds in a made-up tree, as it would be printed.
#[cfg(test)]
fn found_by(check: fn(&Tree, &mut Found), files: &[(&str, &str)]) -> Vec<String> {
    let mut found = Found::default();
    check(&Tree::made_up(files), &mut found);
    found.0.sort();
    found.0.iter().map(Violation::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_keeps_every_law_is_silent_and_one_line_can_break_one() {
        let door = ("services/loyalty/src/points.rs", "//! Points.\nmod store;\nmod redemption;\n");
        let rule = ("services/loyalty/src/points/redemption.rs", "use kernel::Points;\nuse super::PointLot;\n");
        let manifest = ("services/loyalty/Cargo.toml", "[dependencies]\nkernel = \"1\"\nsqlx = \"1\"\n");
        assert_eq!(violations(&Tree::made_up(&[manifest, door, rule])), []);
        let broken = ("services/loyalty/src/points/redemption.rs", "use kernel::Points;\nuse sqlx::Row;\n");
        let printed: Vec<String> =
            violations(&Tree::made_up(&[manifest, door, broken])).iter().map(ToString::to_string).collect();
        assert!(printed.iter().all(|line| line.starts_with("services/loyalty/src/points/redemption.rs:2: law 3: ")));
        assert!(!printed.is_empty());
    }
}
