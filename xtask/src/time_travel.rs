//! `cargo xtask time-travel`: two years of the demo shop, from nothing, on servers and a database that are thrown away.
//!
//! The suite starts with a manual clock at the beginning of the shop, `rapport demo time-travel` lives it, everything is
//! stopped again. What it prints follows from its options; how long it took stands on standard error.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::bench::process::{free_port, ready, stop};
use crate::run::{Failure, Outcome, cargo, run as run_here, run_apart, tell};
use crate::servers::ThrowAway;

/// What the suite makes and remembers, made anew each time.
const STATE: &str = ".rapport/time-travel";
/// As `rapport demo time-travel` has it: midnight of 1 July 2024 in Taipei.
const BEGINNING: &str = "2024-06-30T16:00:00Z";

/// Runs it; words are passed on to `rapport demo time-travel`, but for `--release`.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let release = words.contains(&"--release");
    let words: Vec<&str> = words.iter().copied().filter(|word| *word != "--release").collect();
    build(release)?;
    let servers = ThrowAway::start(true)?;
    let outcome = travel(&servers, release, &words);
    servers.throw_away()?;
    outcome
}

fn build(release: bool) -> Outcome {
    let began = Instant::now();
    let profile: &[&str] = if release { &["--release"] } else { &[] };
    run_here(cargo(&["build", "-p", "rapport"]).args(profile))?;
    let seconds = began.elapsed().as_secs();
    tell("build", &format!("{}m{:02}s", seconds / 60, seconds % 60));
    Ok(())
}

fn travel(servers: &ThrowAway, release: bool, words: &[&str]) -> Outcome {
    if Path::new(STATE).exists() {
        std::fs::remove_dir_all(STATE).map_err(Failure::said)?;
    }
    let program = if release { "target/release/rapport" } else { "target/debug/rapport" };
    // A name of its own: another run in another terminal may share the server.
    let database = servers.postgres.ensure_database(&format!("time_travel_{}", std::process::id()))?;
    let (listen, admin) = (format!("127.0.0.1:{}", free_port()?), free_port()?);
    let mut suite = serve(program, servers, &database, &listen, admin)?;
    let outcome = ready(admin, &mut suite).and_then(|()| {
        tell("suite", &format!("grpc {listen}, its clock moved by hand from {BEGINNING}"));
        let mut command = Command::new(program);
        command.args(["demo", "time-travel", "--address", &listen, "--state-dir", STATE]).args(words);
        run_apart(&mut command)
    });
    stop(suite)?;
    outcome
}

fn serve(program: &str, servers: &ThrowAway, database: &str, listen: &str, admin: u16) -> Result<Child, Failure> {
    let mut command = Command::new(program);
    command
        .args(["up", "--members", "0", "--clock", &format!("manual:{BEGINNING}"), "--database-url", database])
        .args(["--listen", listen, "--admin", &format!("127.0.0.1:{admin}"), "--state-dir", STATE])
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some(redis) = &servers.redis {
        command.args(["--redis-url", &redis.url()]);
    }
    command.spawn().map_err(|error| Failure::said(format!("{program}: {error}")))
}
