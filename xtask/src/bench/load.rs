//! The program that makes the calls, and what it tells: a name and numbers a line.

use std::process::Command;

use crate::run::{Failure, output};

const LOAD: &str = "target/release/load";

/// The program with its words.
pub(super) fn load<S: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(LOAD);
    command.args(words);
    command
}

/// What it tells, once it has proved its totals.
pub(super) fn told<S: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = S>) -> Result<String, Failure> {
    output(&mut load(words))
}

/// The numbers behind a name, one line each.
pub(super) fn number(told: &str, name: &str, place: usize) -> Result<f64, Failure> {
    let line = told.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let number = line.and_then(|numbers| numbers.split(' ').nth(place)?.parse().ok());
    number.ok_or_else(|| Failure::said(format!("load did not tell {name}: {told}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_name() {
        let told = "most 812.5\nloyalty.idle 200 1.5 9.25";
        assert!((number(told, "most", 0).unwrap() - 812.5).abs() < f64::EPSILON);
        assert!((number(told, "loyalty.idle", 2).unwrap() - 9.25).abs() < f64::EPSILON);
        assert!(number(told, "loyalty", 0).is_err());
    }
}
