//! Load for `cargo xtask bench suite` and `bench loyalty`, which build it, run it and read what it prints: a name and
//! numbers a line.
//!
//! It knows the suite by its contract alone, the event log by its crate, and loyalty's door, to be measured without the
//! wire. Totals are proved before anything is printed; where they are not right, the program fails. Those of `ledger` are
//! proved in the database by whoever ran it.

mod following;
mod ledger;
mod log;
mod most;
mod numbers;
mod pace;
mod probes;
mod route;
mod shop;
mod suite;
mod zipf;

use std::process::ExitCode;

type Failed = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
load follow STATE ADDRESS x 6     how soon an order is seen by the other services, idle and at half of the most
load fill STATE ADDRESS x 6       a shop that takes orders for a while, so that the tables are not new
load log URL PER SECONDS          events through the log with three consumers, PER of them a transaction
load ledger make URL MEMBERS      members in a new database of loyalty, each with one grant
load ledger run URL MEMBERS WAY DRAWN CALLERS PER SECONDS
                                  grants by callers: by call, batch, stream or at the door; to members drawn by zipf, or
                                  to one that is hot
load ledger pace URL MEMBERS SECONDS
                                  how long a grant takes at half of the most
load ledger quote URL MEMBERS TIMES
                                  how long quotes take under a hundred rules
load ledger codes URL COUNT       how long so many codes of a campaign take
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
        ["ledger", "make", url, members] => ledger::make(url, members).await,
        ["ledger", "run", url, members, words @ ..] => ledger::run(url, members, words).await,
        ["ledger", "pace", url, members, seconds] => ledger::pace(url, members, seconds).await,
        ["ledger", "quote", url, members, times] => ledger::quote(url, members, times).await,
        ["ledger", "codes", url, count] => ledger::codes(url, count).await,
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
