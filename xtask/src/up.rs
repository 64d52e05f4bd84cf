//! `cargo xtask up`: from a bare machine to a running suite.
//!
//! The servers come first and go last. `rapport` runs apart from the terminal's process group, so that Ctrl-C reaches
//! it exactly once, through us, and PostgreSQL and Redis are there until it has drained.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use backing::postgres::{self, Durability, Postgres};
use backing::redis::{self, Redis};
use backing::{Stopped, Trouble};

use crate::run::{Failure, Outcome, cargo, run as run_here, run_apart, tell};
use crate::servers::{POSTGRES, REDIS, redis_or_none};

#[derive(Debug, PartialEq, Eq)]
struct Ask<'a> {
    fresh: bool,
    members: &'a str,
    listen: &'a str,
    admin: &'a str,
    passed_on: &'a [&'a str],
}

/// A server: private, so that we stop it, or somebody's own, which is left alone.
struct Server<T> {
    private: Option<T>,
    url: Option<String>,
}

/// Runs the suite until it ends or is asked to.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let ask = Ask::parse(words)?;
    if ask.fresh {
        start_over()?;
    }
    let postgres = postgres()?;
    let redis = redis();
    let outcome = build().and_then(|()| serve(&ask, postgres.url.as_deref(), redis.url.as_deref()));
    stop(postgres.private, redis.private)?;
    outcome
}

impl<'a> Ask<'a> {
    fn parse(mut words: &'a [&'a str]) -> Result<Self, Failure> {
        let mut ask =
            Self { fresh: false, members: "2000", listen: "127.0.0.1:50051", admin: "127.0.0.1:9090", passed_on: &[] };
        loop {
            words = match words {
                [] => return Ok(ask),
                ["--", rest @ ..] => {
                    ask.passed_on = rest;
                    return Ok(ask);
                }
                ["--fresh", rest @ ..] => {
                    ask.fresh = true;
                    rest
                }
                ["--members", value, rest @ ..] if value.parse::<u32>().is_ok() => {
                    ask.members = value;
                    rest
                }
                ["--listen", value, rest @ ..] => {
                    ask.listen = value;
                    rest
                }
                ["--admin", value, rest @ ..] => {
                    ask.admin = value;
                    rest
                }
                ["--members", ..] => return Err(Failure::said("--members wants a number")),
                [word, ..] => return Err(Failure::said(format!("up does not know {word}; see cargo xtask help"))),
            };
        }
    }
}

fn start_over() -> Outcome {
    if std::env::var_os("DATABASE_URL").is_some() {
        return Err(Failure::said(
            "--fresh removes the data of private servers only, and DATABASE_URL names one of yours: unset it, or empty \
             that database yourself",
        ));
    }
    let stopped = [postgres::discard(Path::new(POSTGRES))?, redis::discard(Path::new(REDIS))?];
    if stopped.contains(&Stopped::StillUsed) {
        return Err(Failure::said("--fresh: the suite is still running from another terminal; stop it there first"));
    }
    tell("fresh", "the private servers' data is gone");
    Ok(())
}

fn postgres() -> Result<Server<Postgres>, Failure> {
    if let Some(url) = given("DATABASE_URL") {
        tell("PostgreSQL", &format!("yours, at {} (DATABASE_URL)", without_secrets(&url)));
        return Ok(Server { private: None, url: Some(url) });
    }
    let server = postgres::private_telling(Path::new(POSTGRES), Durability::Kept, &tell).map_err(|trouble| {
        let hint = matches!(trouble, Trouble::Missing { .. }).then_some("\nor set DATABASE_URL to a server of yours");
        Failure::said(format!("{trouble}{}", hint.unwrap_or_default()))
    })?;
    let url = server.ensure_database("rapport")?;
    Ok(Server { private: Some(server), url: Some(url) })
}

fn redis() -> Server<Redis> {
    if let Some(url) = given("REDIS_URL") {
        tell("Redis", &format!("yours, at {} (REDIS_URL)", without_secrets(&url)));
        return Server { private: None, url: Some(url) };
    }
    let private = redis_or_none(REDIS);
    let url = private.as_ref().map(Redis::url);
    Server { private, url }
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Host and database of a URL, without user and password.
fn without_secrets(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.split_once('?').map_or(rest, |(rest, _)| rest)
}

fn build() -> Outcome {
    let began = Instant::now();
    run_here(&mut cargo(&["build", "-p", "rapport"]))?;
    let seconds = began.elapsed().as_secs();
    tell("build", &format!("{}m{:02}s", seconds / 60, seconds % 60));
    Ok(())
}

fn serve(ask: &Ask<'_>, database: Option<&str>, redis: Option<&str>) -> Outcome {
    let mut command = Command::new(program()?);
    command.args(["up", "--listen", ask.listen, "--admin", ask.admin, "--members", ask.members]);
    let named = [("--database-url", database), ("--redis-url", redis)];
    command.args(named.iter().filter_map(|(name, url)| url.map(|url| [*name, url])).flatten());
    command.args(ask.passed_on);
    run_apart(&mut command)
}

/// The program that was just built lies beside this one.
fn program() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe().map_err(Failure::said)?;
    Ok(here.with_file_name("rapport"))
}

fn stop(postgres: Option<Postgres>, redis: Option<Redis>) -> Outcome {
    let mut data = None;
    if let Some(redis) = redis {
        tell_stopped(&format!("Redis {}", redis.version()), redis.stop()?);
    }
    if let Some(postgres) = postgres {
        data = Some(postgres.folder().to_path_buf());
        tell_stopped(&format!("PostgreSQL {}", postgres.version()), postgres.stop()?);
    }
    if let Some(folder) = data {
        let here = std::env::current_dir().unwrap_or_default();
        let folder = folder.strip_prefix(here).unwrap_or(&folder);
        tell("data", &format!("stays in {}; cargo xtask up finds it again, --fresh starts over", folder.display()));
    }
    Ok(())
}

fn tell_stopped(what: &str, stopped: Stopped) {
    let how = match stopped {
        Stopped::Stopped => "stopped",
        Stopped::NotRunning => "had already ended",
        Stopped::StillUsed => "goes on, as another process uses it",
    };
    tell(what, how);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_apart_and_the_rest_is_passed_on() {
        let words = ["--fresh", "--members", "50", "--admin", "127.0.0.1:1", "--", "--zone", "Asia/Taipei"];
        let ask = Ask::parse(&words).unwrap();
        assert_eq!((ask.fresh, ask.members, ask.listen, ask.admin), (true, "50", "127.0.0.1:50051", "127.0.0.1:1"));
        assert_eq!(ask.passed_on, ["--zone", "Asia/Taipei"]);
        assert!(Ask::parse(&["--members", "many"]).is_err());
        assert!(Ask::parse(&["--frehs"]).is_err());
    }

    #[test]
    fn urls_are_shown_without_their_password() {
        assert_eq!(without_secrets("postgres://me:p@ss@db:5432/shop?sslmode=require"), "db:5432/shop");
        assert_eq!(without_secrets("redis://127.0.0.1:6379"), "127.0.0.1:6379");
    }
}
