//! `bench loyalty`: what giving points costs, against the textbook transaction by pgbench on the same server.
//!
//! One grant a call by many callers and by one, through the batch call and the stream, to one hot member, and the same
//! without gRPC, handed to the door; how long a grant takes at half of the most; what it costs as members grow; and what a
//! checkout and a print shop wait for. Ours and the peer's each begin from a copy of a database with the same members, and after every run the sum of entries, of balances
//! and of what is left in lots is what was acknowledged.

mod callers;
mod checkout;
mod grounds;
mod growth;
mod pace;

use std::path::Path;

use backing::postgres::{self, Durability, Postgres};

use self::grounds::Grounds;
use super::machine::machine;
use super::table::{self, Row, tell as tell_table};
use crate::run::{Failure, Outcome, cargo, run as run_here, tell};

const FOLDER: &str = ".rapport/bench";

/// A part of the benchmark: what measures it, how often, and whether it is the only one that runs.
type Part = fn(&mut Grounds<'_>, u32, bool) -> Result<Vec<Row>, Failure>;

const PARTS: [(&str, Part); 5] = [
    ("callers", |grounds, pairs, _| callers::rows(grounds, pairs)),
    ("pace", |grounds, _, _| pace::rows(grounds)),
    ("growth", growth::rows),
    ("quotes", |grounds, _, _| checkout::quotes(grounds)),
    ("codes", |grounds, _, _| checkout::codes(grounds)),
];

/// One part alone is told and not written down: a table is of one run.
pub(super) fn run(pairs: u32, json: bool, only: Option<&str>) -> Outcome {
    if let Some(unknown) = only.filter(|only| PARTS.iter().all(|(name, _)| name != only)) {
        let names = PARTS.map(|(name, _)| name).join(", ");
        return Err(Failure::said(format!("bench loyalty has no part {unknown}; there are: {names}")));
    }
    run_here(&mut cargo(&["build", "--release", "-p", "load"]))?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    std::fs::create_dir_all(FOLDER).map_err(Failure::said)?;
    let server = postgres::private_telling(Path::new(&format!("{FOLDER}/pg")), Durability::Kept, &tell)?;
    let rows = measured(&server, pairs, only)?;
    let machine = machine("loyalty", pairs, &server);
    server.stop()?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    if only.is_some() {
        table::print(&machine, &rows, json);
        return Ok(());
    }
    tell_table("loyalty", &machine, &rows, json)
}

fn measured(server: &Postgres, pairs: u32, only: Option<&str>) -> Result<Vec<Row>, Failure> {
    let mut grounds = Grounds::on(server);
    let mut rows = Vec::new();
    for (_, part) in PARTS.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        rows.extend(part(&mut grounds, pairs, only.is_some())?);
    }
    Ok(rows)
}
