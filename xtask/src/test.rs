//! `cargo xtask test` and `soak`: all tests, on one private PostgreSQL and one private Redis that are thrown away.

use std::process::Command;

use crate::run::{Failure, Outcome, cargo, output, run as run_here, tell};
use crate::servers::ThrowAway;

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
    let servers = ThrowAway::start(true)?;
    let (database, redis) = (servers.postgres.url(), servers.redis.as_ref().map(backing::redis::Redis::url));
    let settings = |command: &mut Command| {
        command.env("RAPPORT_SOAK", soak).env("RAPPORT_TEST_DATABASE_URL", &database);
        match &redis {
            Some(url) => command.env("RAPPORT_TEST_REDIS_URL", url),
            None => command.env_remove("RAPPORT_TEST_REDIS_URL"),
        };
    };
    let outcome = all(words, settings);
    // Also when tests failed; and a failed test says more than a server that could not be stopped.
    let stopped = servers.throw_away();
    outcome.and(stopped)
}

fn all(words: &[&str], settings: impl Fn(&mut Command)) -> Outcome {
    // Examples in comments come first, so that the last lines on the screen are the tests' own summary.
    if words.is_empty() {
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
    fn the_whole_workspace_is_tested_unless_a_package_is_named() {
        assert!(names_a_package(&["-p", "loyalty"]));
        assert!(names_a_package(&["redeem", "--package=loyalty"]));
        assert!(!names_a_package(&["redeem"]));
    }
}
