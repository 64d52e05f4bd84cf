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
use super::table::{Row, tell as tell_table};
use crate::run::{Failure, Outcome, cargo, run as run_here, tell};

const FOLDER: &str = ".rapport/bench";
const RAPPORT: &str = "target/release/rapport";
const LOAD: &str = "target/release/load";

pub(super) fn run(pairs: u32, json: bool) -> Outcome {
    let file = crate::test::real_history();
    if !file.exists() {
        let text = format!("there is no {}: name the folder of UCI's Online Retail in RAPPORT_DATA", file.display());
        return Err(Failure::said(text));
    }
    run_here(&mut cargo(&["build", "--release", "-p", "rapport", "-p", "load"]))?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    std::fs::create_dir_all(FOLDER).map_err(Failure::said)?;
    let server = postgres::private_telling(Path::new(&format!("{FOLDER}/pg")), Durability::Kept, &tell)?;
    let rows = measured(&server, &file, pairs)?;
    let machine = machine("suite", pairs, &server);
    server.stop()?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    tell_table("suite", &machine, &rows, json)
}

fn measured(server: &Postgres, file: &Path, pairs: u32) -> Result<Vec<Row>, Failure> {
    let mut rows = told(start::rows(server, pairs)?);
    rows.extend(told(memory::rows(server, file)?));
    rows.extend(told(log::rows(server, pairs)?));
    rows.extend(told(following::rows(server)?));
    Ok(rows)
}

/// Says what is known already, for whoever waits for the rest.
fn told(rows: Vec<Row>) -> Vec<Row> {
    for row in &rows {
        tell("measured", &format!("{}: {} {}", row.name, row.ours, row.peer));
    }
    rows
}
