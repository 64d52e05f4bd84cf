//! `cargo xtask`: everything a person does with this repository besides editing it.
//!
//! It is built before anything else, so it leans on `backing`, the standard library, and one small crate for signals.

use std::path::Path;
use std::process::ExitCode;

mod bench;
mod check;
mod image;
mod lint_proto;
mod outside;
mod prepare;
mod run;
mod servers;
mod signals;
mod sql;
mod test;
mod tidy;
mod time_travel;
mod up;

use run::{Failure, Outcome};

const HELP: &str = "\
Rapport's own commands. Everything they make lies in .rapport/ and target/.

  cargo xtask up        set up what is missing, build, and run the whole suite with a demo shop
      --fresh           remove the private servers' data first
      --members N       size of the demo shop (2000)
      --listen ADDR     where gRPC answers (127.0.0.1:50051)
      --admin ADDR      where /metrics and the probes answer (127.0.0.1:9090)
      -- ...            passed on to `rapport up`
  cargo xtask time-travel
                        two years of the demo shop from nothing: servers and a database that are thrown away, a clock
                        moved by hand; prints what happened by quarter, the same for the same options
      --release         an optimised build
      --members N, --seed SEED, --days N, --step SECONDS, --json
                        passed on to `rapport demo time-travel`
  cargo xtask test      every test, on private throw-away servers; further words go to the test runner,
                        such as `-p loyalty` or a part of a test's name
  cargo xtask soak      the same tests with the long counts; seeds are printed
  cargo xtask bench     the benchmarks below, one after the other
  cargo xtask bench import
                        a real shop's history through the API, against COPY; writes docs/benchmarks.md
  cargo xtask bench suite [--only PART]
                        how soon services see an order, events through the log against pgbench, memory and start of
                        each process; writes docs/benchmarks.md, but for one PART alone:
                        start, memory, log or following
  cargo xtask bench loyalty [--only PART]
                        points given by callers, by batches and to one hot member, against the textbook transaction by
                        pgbench; writes docs/benchmarks.md, but for one PART alone: callers, pace or growth
      --pairs N         how often ours and the peer's run in turn (5)
      --json            one object a row
  cargo xtask check     format, clippy, tidy and proto lint: what a change must pass before its tests
  cargo xtask ci        check, then test
  cargo xtask tidy      prove the laws of the architecture from manifests and sources
      --laws            list them
  cargo xtask prepare [service ...]
                        write services/*/.sqlx anew after a query or a migration changed
      --check           only say whether they are up to date
  cargo xtask image     the container image, localhost/rapport:dev, by buildah: no engine and no registry is needed
      --tag NAME:TAG    another name
  cargo xtask lint-proto
                        buf lint of proto/
  cargo xtask stop      stop private servers that were left running; their data stays
  cargo xtask help      this text

Settings: DATABASE_URL and REDIS_URL make `up` use servers of yours instead of private ones;
RAPPORT_PREPARE_DATABASE_URL does the same for `prepare`. RAPPORT_INSTALL=never keeps it from
installing PostgreSQL or Redis: it then prints the command to type.";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    signals::catch();
    match go_home().and_then(|()| dispatch(&words)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => ExitCode::from(130),
        Err(Failure::Said(text)) => {
            run::aside(text);
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Outcome {
    match words {
        ["up", rest @ ..] => up::run(rest),
        ["time-travel", rest @ ..] => time_travel::run(rest),
        ["test", rest @ ..] => test::run(rest),
        ["soak", rest @ ..] => test::soak(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["check"] => check::run(),
        ["ci"] => check::run().and_then(|()| test::run(&[])),
        ["tidy"] => tidy::run(),
        ["tidy", "--laws"] => tidy::list(),
        ["prepare", rest @ ..] => prepare::run(rest),
        ["lint-proto"] => lint_proto::run(),
        ["image", rest @ ..] => image::run(rest),
        ["stop"] => servers::stop_all(),
        [] | ["help" | "--help" | "-h"] => {
            run::say(HELP);
            Ok(())
        }
        _ => Err(Failure::said(format!("there is no `cargo xtask {}`\n\n{HELP}", words.join(" ")))),
    }
}

/// Every command works from the root of the repository, wherever it was typed.
fn go_home() -> Outcome {
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&here).parent().unwrap_or(Path::new("."));
    std::env::set_current_dir(root).map_err(|error| Failure::said(format!("{}: {error}", root.display())))
}
