//! `cargo xtask prepare`: writes `services/*/.sqlx`, what the compiler knows about each query, anew.
//!
//! Queries are checked while a service is compiled, against a database if `<SERVICE>_DATABASE_URL` names one (the
//! service's `sqlx.toml` says so) and against its `.sqlx` otherwise. The migrations are applied here with psql and not
//! with the `rapport` program, since that one cannot be built before its queries are checked.
//!
//! What the compiler writes goes to a folder under target/ first: a query that does not compile leaves `.sqlx` as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use backing::postgres::Programs;

use crate::run::{Failure, Outcome, cargo, output, run as run_here, tell};
use crate::servers::ThrowAway;
use crate::sql;

const SERVICES: [&str; 6] = ["registry", "activity", "loyalty", "segmentation", "referrals", "subscriptions"];
/// Whose migrations every service's schema begins with, in this order.
const BENEATH: [&str; 5] = ["store", "eventlog", "timers", "outbox", "terms"];

/// What the compiler wrote about each query, by file name.
type Described = BTreeMap<String, String>;

/// Prepares the named services, or all; with `--check`, only compares.
pub(crate) fn run(words: &[&str]) -> Outcome {
    let check = words.contains(&"--check");
    let named: Vec<&str> = words.iter().copied().filter(|word| *word != "--check").collect();
    if let Some(unknown) = named.iter().find(|name| !SERVICES.contains(name)) {
        return Err(Failure::said(format!(
            "there is no service {unknown} with queries; there are {}",
            SERVICES.join(", ")
        )));
    }
    let services = if named.is_empty() { SERVICES.to_vec() } else { named };
    match std::env::var("RAPPORT_PREPARE_DATABASE_URL") {
        Ok(url) if !url.is_empty() => prepare(&services, &url, check),
        Ok(_) | Err(_) => {
            let servers = ThrowAway::start(false)?;
            let outcome = prepare(&services, &servers.postgres.url(), check);
            let stopped = servers.throw_away();
            outcome.and(stopped)
        }
    }
}

fn prepare(services: &[&str], server: &str, check: bool) -> Outcome {
    let mut differing = Vec::new();
    for service in services {
        let database = migrated(service, server)?;
        let described = described(service, &database)?;
        let folder = Path::new("services").join(service).join(".sqlx");
        let before = read(&folder)?;
        let count = described.len();
        if described == before {
            tell(service, &format!("{count} queries, as in {}", folder.display()));
        } else if check {
            tell(service, &difference(&before, &described));
            differing.push(*service);
        } else {
            replace(&folder, &described)?;
            tell(service, &format!("{count} queries written to {}", folder.display()));
        }
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(Failure::said(format!("out of date: {}. Type: cargo xtask prepare", differing.join(", "))))
}

/// A fresh database that holds the service's schema as its migrations make it; answers its URL.
fn migrated(service: &str, server: &str) -> Result<String, Failure> {
    let programs = Programs::all().into_iter().next().ok_or_else(|| Failure::said("psql was not found"))?;
    let name = format!("prepare_{service}");
    let database = sql::with_database(server, &name).ok_or_else(|| Failure::said("that is not a database URL"))?;
    let psql = |url: &str, words: &[&str]| {
        let mut command = programs.command("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url]).args(words);
        output(&mut command)
    };
    psql(server, &["-c", &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")])?;
    psql(server, &["-c", &format!("CREATE DATABASE {name}")])?;
    let place = format!("CREATE SCHEMA {service}; ALTER DATABASE {name} SET search_path = {service}");
    psql(&database, &["-c", &place])?;
    for file in migrations(service)? {
        let path = file.to_string_lossy();
        let text = fs::read_to_string(&file).map_err(|error| Failure::said(format!("{path}: {error}")))?;
        let whole: &[&str] = if sql::runs_outside_a_transaction(&text) { &[] } else { &["--single-transaction"] };
        psql(&database, &[&["-f", &*path], whole].concat())?;
    }
    Ok(database)
}

/// The migrations of one service, in the order they are applied.
fn migrations(service: &str) -> Result<Vec<PathBuf>, Failure> {
    let beneath = BENEATH.map(|name| Path::new("crates").join(name));
    let folders = beneath.into_iter().chain([Path::new("services").join(service)]);
    let mut files = Vec::new();
    for folder in folders.map(|folder| folder.join("migrations")).filter(|folder| folder.is_dir()) {
        let entries = fs::read_dir(&folder).map_err(Failure::said)?.flatten().map(|entry| entry.path());
        let mut own: Vec<PathBuf> = entries.filter(|path| sql::is_migration(path)).collect();
        own.sort();
        files.extend(own);
    }
    Ok(files)
}

/// Compiles the service against the database, and reads what the compiler learnt.
fn described(service: &str, database: &str) -> Result<Described, Failure> {
    let target = std::env::current_exe().map_err(Failure::said)?;
    let folder = target.with_file_name("sqlx").join(service);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::said)?;
    }
    fs::create_dir_all(&folder).map_err(Failure::said)?;
    let setting = format!("{}_DATABASE_URL", service.to_uppercase());
    names_setting(service, &setting)?;
    touch(&Path::new("services").join(service).join("src/lib.rs"))?;
    let mut check = cargo(&["check", "--quiet", "-p", service, "--all-targets"]);
    check.env(setting, database).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &folder);
    run_here(&mut check)?;
    read(&folder)
}

/// Without this line the compiler would not ask our database, and every description would seem to be gone.
fn names_setting(service: &str, setting: &str) -> Outcome {
    let path = format!("services/{service}/sqlx.toml");
    let line = format!("database-url-var = \"{setting}\"");
    let text = fs::read_to_string(&path).unwrap_or_default();
    if text.lines().any(|found| found.trim() == line) {
        return Ok(());
    }
    Err(Failure::said(format!("{path} must say, under [common]: {line}")))
}

/// A query is looked at again only when its crate is compiled again.
#[expect(clippy::disallowed_methods, reason = "a file's modification time is the machine's time, not business time")]
fn touch(file: &Path) -> Outcome {
    let opened = fs::File::options().append(true).open(file);
    let touched = opened.and_then(|file| file.set_modified(SystemTime::now()));
    touched.map_err(|error| Failure::said(format!("{}: {error}", file.display())))
}

fn read(folder: &Path) -> Result<Described, Failure> {
    if !folder.is_dir() {
        return Ok(Described::new());
    }
    let mut described = Described::new();
    for entry in fs::read_dir(folder).map_err(Failure::said)? {
        let path = entry.map_err(Failure::said)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = fs::read_to_string(&path).map_err(Failure::said)?;
            described.insert(path.file_name().unwrap_or_default().to_string_lossy().into_owned(), text);
        }
    }
    Ok(described)
}

fn replace(folder: &Path, described: &Described) -> Outcome {
    fs::create_dir_all(folder).map_err(Failure::said)?;
    for stale in read(folder)?.keys().filter(|name| !described.contains_key(*name)) {
        fs::remove_file(folder.join(stale)).map_err(Failure::said)?;
    }
    for (name, text) in described {
        fs::write(folder.join(name), text).map_err(Failure::said)?;
    }
    Ok(())
}

fn difference(before: &Described, now: &Described) -> String {
    let missing = now.keys().filter(|name| !before.contains_key(*name)).count();
    let stale = before.keys().filter(|name| !now.contains_key(*name)).count();
    let changed = now.iter().filter(|(name, text)| before.get(*name).is_some_and(|old| old != *text)).count();
    format!("{missing} queries not described, {stale} described but gone, {changed} described differently")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_counted_by_kind() {
        let of = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let (before, now) = (of(&[("a", "1"), ("b", "1")]), of(&[("b", "2"), ("c", "1")]));
        assert_eq!(difference(&before, &now), "1 queries not described, 1 described but gone, 1 described differently");
    }
}
