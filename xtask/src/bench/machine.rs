//! On what something was measured, and the middle of what was.

use std::process::Command;

use backing::postgres::Postgres;

use crate::run::output;

/// The line above a table.
pub(super) fn machine(name: &str, pairs: u32, server: &Postgres) -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = about
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let rustc = output(Command::new("rustc").arg("-V")).unwrap_or_default();
    format!(
        "`cargo xtask bench {name}`, {pairs} pairs, medians; {cores} cores ({cpu}), PostgreSQL {}, {rustc}, release build, \
         client, suite and server on one machine",
        server.version()
    )
}

pub(super) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median([3.0, 1.0, 2.0].into_iter()) - 2.0).abs() < f64::EPSILON);
        assert!(median([].into_iter()).abs() < f64::EPSILON);
    }
}
