//! Load for `cargo xtask bench suite`, which builds it, runs it and reads what it prints: a name and numbers a line.
//!
//! It knows the suite by its contract alone, and the event log by its crate. Totals are proved before anything is
//! printed; where they are not right, the program fails.

mod following;
mod log;
mod most;
mod numbers;
mod probes;
mod route;
mod shop;
mod suite;

use std::process::ExitCode;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
load follow STATE ADDRESS x 6     how soon an order is seen by the other services, idle and at half of the most
load fill STATE ADDRESS x 6       a shop that takes orders for a while, so that the tables are not new
load log URL PER SECONDS          events through the log with three consumers, PER of them a transaction
load route LISTEN ADDRESS x 6     one address for six processes, for a client that knows only one

The six addresses are those of registry, activity, loyalty, segmentation, referrals, subscriptions.";

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["follow", state, addresses @ ..] => following::run(state, addresses).await,
        ["fill", state, addresses @ ..] => following::fill(state, addresses).await,
        ["log", url, per, seconds] => log::run(url, per, seconds).await,
        ["route", listen, addresses @ ..] => route::run(listen, addresses).await,
        _ => Err(HELP.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
