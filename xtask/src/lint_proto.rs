//! `cargo xtask lint-proto`: buf looks at proto/, by the rules in buf.yaml.
//!
//! buf comes as an npm package that carries the program itself. It is installed into .rapport/tools, at one version.

use std::path::Path;
use std::process::Command;

use crate::run::{Failure, Outcome, output, run as run_here, tell};

const VERSION: &str = "1.75.0";
const TOOLS: &str = ".rapport/tools";
const BUF: &str = ".rapport/tools/node_modules/.bin/buf";

/// Lints the protos, installing buf first if it is not there.
pub(crate) fn run() -> Outcome {
    if installed().as_deref() != Some(VERSION) {
        install()?;
    }
    tell("proto", &format!("buf {VERSION} lint"));
    run_here(Command::new(BUF).arg("lint"))
}

fn installed() -> Option<String> {
    output(Command::new(Path::new(BUF)).arg("--version")).ok()
}

fn install() -> Outcome {
    if output(Command::new("npm").arg("--version")).is_err() {
        return Err(Failure::said(
            "linting the protos needs npm, which brings buf. Type: sudo apt-get install -y npm   (or: brew install node)",
        ));
    }
    tell("buf", &format!("installing {VERSION} into {TOOLS} with npm"));
    std::fs::create_dir_all(TOOLS).map_err(Failure::said)?;
    let package = format!("@bufbuild/buf@{VERSION}");
    let words = ["install", "--prefix", TOOLS, "--no-audit", "--no-fund", "--no-save", "--loglevel=error", &package];
    output(Command::new("npm").args(words))?;
    match installed() {
        Some(version) if version == VERSION => Ok(()),
        other => Err(Failure::said(format!("npm installed buf, but it says {other:?} instead of {VERSION}"))),
    }
}
