//! `bench suite`: what six services cost that run as six processes, as they do in a cluster.
//!
//! How soon one order is seen by each of the others, idle and at half of the most that was found in the same run; events
//! through the log, against the same rows inserted by pgbench; the memory of each process; how long a start takes. Calls are
//! made by a program of its own, `load`, which proves the totals before it tells anything.

mod following;
mod log;
mod memory;
mod six;
mod start;

use std::path::Path;

use backing::postgres::{self, Durability, Postgres};

use super::machine::machine;
use super::table::{self, Row, tell as tell_table};
use crate::run::{Failure, Outcome, cargo, run as run_here, tell};

const FOLDER: &str = ".rapport/bench";
const RAPPORT: &str = "target/release/rapport";

/// A part of the benchmark: what measures it.
type Part = fn(&Postgres, &Path, u32) -> Result<Vec<Row>, Failure>;

const PARTS: [(&str, Part); 4] = [
    ("start", |server, _, pairs| start::rows(server, pairs)),
    ("memory", |server, file, _| memory::rows(server, file)),
    ("log", |server, _, pairs| log::rows(server, pairs)),
    ("following", |server, _, _| following::rows(server)),
];

/// One part alone is told and not written down: a table is of one run.
pub(super) fn run(pairs: u32, json: bool, only: Option<&str>) -> Outcome {
    if let Some(unknown) = only.filter(|only| PARTS.iter().all(|(name, _)| name != only)) {
        let names = PARTS.map(|(name, _)| name).join(", ");
        return Err(Failure::said(format!("the suite has no part {unknown}; there are: {names}")));
    }
    let file = crate::test::real_history();
    if !file.exists() {
        let text = format!("there is no {}: name the folder of UCI's Online Retail in RAPPORT_DATA", file.display());
        return Err(Failure::said(text));
    }
    run_here(&mut cargo(&["build", "--release", "-p", "rapport", "-p", "load"]))?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    std::fs::create_dir_all(FOLDER).map_err(Failure::said)?;
    let server = postgres::private_telling(Path::new(&format!("{FOLDER}/pg")), Durability::Kept, &tell)?;
    let mut rows = Vec::new();
    for (_, part) in PARTS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        rows.extend(told(part(&server, &file, pairs)?));
    }
    let machine = machine("suite", pairs, &server);
    server.stop()?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    if only.is_some() {
        table::print(&machine, &rows, json);
        return Ok(());
    }
    tell_table("suite", &machine, &rows, json)
}

/// Says what is known already, for whoever waits for the rest.
fn told(rows: Vec<Row>) -> Vec<Row> {
    for row in &rows {
        tell("measured", &format!("{}: {} {}", row.name, row.ours, row.peer));
    }
    rows
}
