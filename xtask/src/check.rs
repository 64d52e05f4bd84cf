//! `cargo xtask check`: what a change must pass before its tests are worth running, the quickest first.

use crate::run::{Outcome, cargo, run as run_here, tell};
use crate::{lint_proto, tidy};

/// Runs every check.
pub(crate) fn run() -> Outcome {
    tell("format", "cargo fmt --all --check");
    run_here(&mut cargo(&["fmt", "--all", "--check"]))?;
    tidy::run()?;
    lint_proto::run()?;
    tell("clippy", "every crate and test, warnings are errors");
    run_here(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}
