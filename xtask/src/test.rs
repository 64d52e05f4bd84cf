//! `cargo xtask test` and `soak`: all tests, on one private PostgreSQL and one private Redis that are thrown away.
//!
//! Tests of a real shop's history need its file. Where it is not there they are left out, which is said and shows as
//! skipped; run in another way, they fail and say what they need.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outside;
use crate::run::{Failure, Outcome, cargo, output, run as run_here, tell};
use crate::servers::ThrowAway;

/// What the names of tests of the real history have in common.
const NEEDS_HISTORY: &str = "the_real_file";

/// Runs the tests with their short counts.
pub(crate) fn run(words: &[&str]) -> Outcome {
    with_servers("0", words)
}

/// Runs the same tests with their long counts.
pub(crate) fn soak(words: &[&str]) -> Outcome {
    tell("soak", "long counts; each random test prints its seed, and a failing seed is kept beside its test");
    with_servers("1", words)
}

fn with_servers(soak: &str, words: &[&str]) -> Outcome {
    let history = real_history();
    let left_out = (!history.exists()).then(|| missing(&history));
    if let Some(what) = &left_out {
        tell("LEFT OUT", what);
    }
    let whole = words.is_empty();
    let words = &chosen(words, left_out.is_some())[..];
    let (python, kubectl, buildah) = (outside::python()?, outside::kubectl()?, outside::buildah()?);
    let servers = ThrowAway::start(true)?;
    let (database, redis) = (servers.postgres.url(), servers.redis.as_ref().map(backing::redis::Redis::url));
    let settings = |command: &mut Command| {
        command.env("RAPPORT_SOAK", soak).env("RAPPORT_TEST_DATABASE_URL", &database);
        command
            .env("RAPPORT_TEST_PYTHON", &python)
            .env("RAPPORT_TEST_KUBECTL", &kubectl)
            .env("RAPPORT_TEST_BUILDAH", &buildah);
        // A test runs in its crate's folder, where a relative name would mean another one.
        if let Some(folder) = history.parent().and_then(|folder| folder.canonicalize().ok()) {
            command.env("RAPPORT_DATA", folder);
        }
        match &redis {
            Some(url) => command.env("RAPPORT_TEST_REDIS_URL", url),
            None => command.env_remove("RAPPORT_TEST_REDIS_URL"),
        };
    };
    let outcome = all(whole, words, settings);
    // Said again where the summary is read.
    if let Some(what) = &left_out {
        tell("LEFT OUT", what);
    }
    // Also when tests failed; and a failed test says more than a server that could not be stopped.
    let stopped = servers.throw_away();
    outcome.and(stopped)
}

/// Where the real shop's history should lie.
pub(crate) fn real_history() -> PathBuf {
    let folder = std::env::var_os("RAPPORT_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    folder.join("online-retail.csv.zst")
}

fn missing(history: &Path) -> String {
    format!(
        "the tests of a real shop's history: there is no {}. Name the folder of UCI's Online Retail in RAPPORT_DATA",
        history.display()
    )
}

/// The words for the runner; both runners take what is left out behind two dashes.
fn chosen<'w>(words: &[&'w str], without_history: bool) -> Vec<&'w str> {
    let mut chosen = words.to_vec();
    if without_history {
        if !words.contains(&"--") {
            chosen.push("--");
        }
        chosen.extend(["--skip", NEEDS_HISTORY]);
    }
    chosen
}

fn all(whole: bool, words: &[&str], settings: impl Fn(&mut Command)) -> Outcome {
    // Examples in comments come first, so that the last lines on the screen are the tests' own summary.
    if whole {
        let mut examples = cargo(&["test", "--quiet", "--doc", "--workspace"]);
        settings(&mut examples);
        run_here(&mut examples)?;
    }
    let mut tests = runner(words)?;
    settings(&mut tests);
    run_here(&mut tests)
}

fn runner(words: &[&str]) -> Result<Command, Failure> {
    let nextest = output(&mut cargo(&["nextest", "--version"])).is_ok();
    if !nextest {
        tell("nextest", "not here, so plain `cargo test` runs (cargo install --locked cargo-nextest makes it faster)");
    }
    let mut command = if nextest { cargo(&["nextest", "run"]) } else { cargo(&["test"]) };
    if !names_a_package(words) {
        command.arg("--workspace");
    }
    if !nextest {
        command.args(["--lib", "--bins", "--tests", "--no-fail-fast"]);
    }
    command.args(words);
    Ok(command)
}

fn names_a_package(words: &[&str]) -> bool {
    words.iter().any(|word| word.starts_with("-p") || word.starts_with("--package"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_of_the_real_history_are_left_out_where_it_is_missing() {
        assert_eq!(chosen(&["-p", "rapport"], false), ["-p", "rapport"]);
        assert_eq!(chosen(&[], true), ["--", "--skip", NEEDS_HISTORY]);
        assert_eq!(chosen(&["lapse", "--", "--exact"], true), ["lapse", "--", "--exact", "--skip", NEEDS_HISTORY]);
        assert!(missing(Path::new("x/y.zst")).contains("x/y.zst") && missing(Path::new("y")).contains("RAPPORT_DATA"));
    }

    #[test]
    fn the_whole_workspace_is_tested_unless_a_package_is_named() {
        assert!(names_a_package(&["-p", "loyalty"]));
        assert!(names_a_package(&["redeem", "--package=loyalty"]));
        assert!(!names_a_package(&["redeem"]));
    }
}
