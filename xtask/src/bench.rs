//! `cargo xtask bench`: what the suite costs, against a peer that did the same work in the same run.
//!
//! Ours and the peer's run in turn, A B A B, and medians are compared: on a shared machine an absolute time says little,
//! a ratio holds. The totals are proved after every run. The table goes to the terminal and into `docs/benchmarks.md`.

mod import;
mod ledger;
mod load;
mod machine;
mod pgbench;
pub(crate) mod process;
mod suite;
mod table;

use crate::run::{Failure, Outcome};

/// Runs a benchmark by its name; all of them, one after the other, where none is named.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let (mut pairs, mut json, mut only, mut which) = (5, false, None, None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match *word {
            "--json" => json = true,
            "--pairs" => {
                let number = rest.next().and_then(|word| word.parse().ok()).filter(|pairs| *pairs > 0);
                pairs = number.ok_or_else(|| Failure::said("--pairs wants a number"))?;
            }
            "--only" => only = Some(*rest.next().ok_or_else(|| Failure::said("--only wants a part of a benchmark"))?),
            "import" | "loyalty" | "suite" => which = Some(*word),
            other => {
                return Err(Failure::said(format!("bench does not know {other}; there are: import, loyalty, suite")));
            }
        }
    }
    match (which, only) {
        (Some("suite"), _) => suite::run(pairs, json, only),
        (Some("loyalty"), _) => ledger::run(pairs, json, only),
        (_, Some(_)) => Err(Failure::said("--only is for bench suite and bench loyalty; import has no parts")),
        (Some(_), None) => import::run(pairs, json),
        (None, None) => suite::run(pairs, json, None)
            .and_then(|()| ledger::run(pairs, json, None))
            .and_then(|()| import::run(pairs, json)),
    }
}
