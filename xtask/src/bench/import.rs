//! `bench import`: a real shop's history through the public API, against `COPY` and one statement.
//!
//! Ours: `rapport import orders` into a fresh database until points and tiers have followed. The peer: `COPY` of the same
//! rows into one indexed table, then each customer's features by one SQL statement, on the same server.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use backing::postgres::{self, Durability, Postgres, Programs};

use super::machine::{machine, median};
use super::process::{Ran, free_port, measured, peak_of, ready, stop};
use super::table::{Row, tell as tell_table};
use crate::run::{Failure, Outcome, cargo, output, run as run_here, tell};

const FOLDER: &str = ".rapport/bench";
const LINES: f64 = 541_909.0;
/// Those of them that are of a member and no credit: what a simulation lives through.
const LIVED: f64 = 397_924.0;

struct Run {
    ours: Ran,
    simulated_seconds: f64,
    suite_peak_mib: f64,
    peer_seconds: f64,
}

pub(super) fn run(pairs: u32, json: bool) -> Outcome {
    let file = crate::test::real_history();
    if !file.exists() {
        return Err(Failure::said(format!(
            "there is no {}: name the folder of UCI's Online Retail in RAPPORT_DATA",
            file.display()
        )));
    }
    run_here(&mut cargo(&["build", "--release", "-p", "rapport"]))?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    std::fs::create_dir_all(FOLDER).map_err(Failure::said)?;
    let plain = format!("{FOLDER}/lines.csv");
    output(Command::new("zstd").args(["-d", "-q", "-f", "-o", &plain]).arg(&file))?;
    let server = postgres::private_telling(Path::new(&format!("{FOLDER}/pg")), Durability::Kept, &tell)?;

    let mut runs = Vec::new();
    for number in 1..=pairs {
        let (ours, simulated_seconds, suite_peak_mib) = import(&server, &file, number)?;
        let peer_seconds = copy(&server, &plain, number)?;
        tell("pair", &format!("{number} of {pairs}: {:.1} s, peer {peer_seconds:.1} s", ours.seconds));
        runs.push(Run { ours, simulated_seconds, suite_peak_mib, peer_seconds });
    }
    let machine = machine("import", pairs, &server);
    server.stop()?;
    postgres::discard(Path::new(&format!("{FOLDER}/pg")))?;
    tell_table("import", &machine, &rows(&runs), json)
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let ours = median(runs.iter().map(|run| run.ours.seconds));
    let peer = median(runs.iter().map(|run| run.peer_seconds));
    let simulated = median(runs.iter().map(|run| run.simulated_seconds));
    vec![
        Row {
            name: "import of 541,909 lines, until points and tiers have followed".to_owned(),
            ours: format!("{ours:.1} s"),
            peer: format!("{peer:.1} s, COPY and one statement"),
            ratio: Some(ours / peer),
            goal: "at most 4 x the time",
            holds: Some(ours / peer <= 4.0),
        },
        Row::stated("lines per second", format!("{:.0}", LINES / ours)),
        Row {
            name: "a draft lived over the whole year beside what rules: time for 100,000 lines".to_owned(),
            ours: format!("{:.2} s", simulated * 100_000.0 / LIVED),
            peer: String::new(),
            ratio: None,
            goal: "at most 1 s",
            holds: Some(simulated * 100_000.0 / LIVED <= 1.0),
        },
        Row::stated(
            "peak memory of the importer",
            format!("{:.0} MiB", median(runs.iter().map(|run| run.ours.peak_mib))),
        ),
        Row::stated(
            "peak memory of the suite",
            format!("{:.0} MiB", median(runs.iter().map(|run| run.suite_peak_mib))),
        ),
    ]
}

/// The import, the seconds of a simulation over what it brought, and the suite's memory at its most.
fn import(server: &Postgres, file: &Path, number: u32) -> Result<(Ran, f64, f64), Failure> {
    let url = server.ensure_database(&format!("import_{number}"))?;
    let state = format!("{FOLDER}/state-{number}");
    drop(std::fs::remove_dir_all(&state));
    let (listen, admin) = (free_port()?, free_port()?);
    let address = format!("127.0.0.1:{listen}");
    let mut suite = serve(&url, &address, admin, &state)?;
    let outcome = ready(admin, &mut suite).and_then(|()| {
        let ask = |words: &[&str]| {
            let mut command = Command::new("target/release/rapport");
            command.args(words).args(["--address", &address, "--state-dir", &state, "--tenant", "uci"]);
            command
        };
        output(&mut ask(&["tenant", "open", "uci", "--zone", "Europe/London", "--currency", "GBP"]))?;
        output(&mut ask(&["programme", "apply", "uci", "--yes"]))?;
        let rejects = format!("{state}/rejects.csv");
        let words = ["import", "orders", &file.display().to_string(), "--map", "uci", "--historic", "--json"];
        let ran = measured(ask(&words).args(["--rejects", &rejects]))?;
        prove(&ran)?;
        let peak = peak_of(&suite);
        let simulated = measured(&mut ask(&["programme", "simulate", "uci", "--json"]))?;
        Ok((ran, simulated.seconds, peak))
    });
    stop(suite)?;
    outcome
}

fn serve(url: &str, address: &str, admin: u16, state: &str) -> Result<Child, Failure> {
    let admin = format!("127.0.0.1:{admin}");
    Command::new("target/release/rapport")
        .args(["up", "--members", "0", "--clock", "manual:2011-12-10T00:00:00Z"])
        .args(["--database-url", url, "--listen", address, "--admin", &admin, "--state-dir", state])
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(Failure::said)
}

/// Every line in one bucket, and the sums are the file's: the import itself says so, or fails.
fn prove(ran: &Ran) -> Outcome {
    if ran.output.contains("\"differences\":[]") {
        return Ok(());
    }
    Err(Failure::said(format!("the import did not add up: {}", ran.output)))
}

const PEER: &str = "\
CREATE TABLE line (invoice text, product text, description text, quantity integer, at timestamp, price numeric, \
                   customer text, country text);
CREATE INDEX ON line (customer, at);
\\copy line FROM pstdin WITH (FORMAT csv, HEADER true)
CREATE TABLE feature AS
SELECT customer, min(at) AS first, max(at) AS last, count(DISTINCT invoice) FILTER (WHERE invoice NOT LIKE 'C%') AS orders,
       sum(round(quantity * price, 2)) AS net, sum(quantity) FILTER (WHERE quantity < 0) AS returned,
       max(at) FILTER (WHERE quantity > 0) - min(at) FILTER (WHERE quantity > 0) AS span
FROM line WHERE customer IS NOT NULL GROUP BY customer;
";

fn copy(server: &Postgres, plain: &str, number: u32) -> Result<f64, Failure> {
    let url = server.ensure_database(&format!("peer_{number}"))?;
    let programs = Programs::all().into_iter().next().ok_or_else(|| Failure::said("there is no psql"))?;
    let script = format!("{FOLDER}/peer.sql");
    std::fs::write(&script, PEER.replace("pstdin", &format!("'{plain}'"))).map_err(Failure::said)?;
    let began = Instant::now();
    output(programs.command("psql").args(["-q", "-v", "ON_ERROR_STOP=1", "-f", &script, &url]))?;
    Ok(began.elapsed().as_secs_f64())
}
