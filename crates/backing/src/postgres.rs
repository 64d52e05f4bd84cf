//! A private PostgreSQL.
//!
//! [`private`] opens a folder: it finds PostgreSQL's programs (installing them if need be), makes a cluster there if
//! there is none, starts it if it does not run, and hands out a URL. When the last holder lets go, it is stopped; the
//! data stays until [`discard`].
//!
//! ```no_run
//! use backing::postgres::{self, Durability};
//!
//! let server = postgres::private(".rapport/pg".as_ref(), Durability::Kept)?;
//! println!("PostgreSQL {} at {}", server.version(), server.url());
//! # Ok::<(), backing::Trouble>(())
//! ```

use std::path::Path;
use std::process::Stdio;

use crate::install::{Package, install};
use crate::place::{InUse, Place, Turn, shown};
use crate::{Doing, Stopped, Tell, Trouble, process};

mod cluster;
mod find;

use cluster::Cluster;
pub use find::{OLDEST, Programs};

const PACKAGE: Package = Package { name: "PostgreSQL", apt: "postgresql", brew: "postgresql@17" };
/// The users that run the server when we are root, best first.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// What a crash of the machine may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing that was acknowledged: PostgreSQL's own defaults.
    Kept,
    /// Everything: for tests, where nothing waits for the disk.
    Thrown,
}

/// A running private server. Dropping it lets go of it, and stops it if nobody else holds it.
#[derive(Debug)]
pub struct Postgres {
    place: Place,
    programs: Programs,
    durability: Durability,
    port: u16,
    password: String,
    in_use: Option<InUse>,
}

/// Opens the private server in this folder, silently.
pub fn private(folder: &Path, durability: Durability) -> Result<Postgres, Trouble> {
    private_telling(folder, durability, &|_, _| ())
}

/// Opens the private server in this folder, telling each step.
pub fn private_telling(folder: &Path, durability: Durability, tell: Tell<'_>) -> Result<Postgres, Trouble> {
    let (programs, origin) = programs(tell)?;
    let place = Place::open(folder, PACKAGE.name, &USERS, tell)?;
    let turn = place.turn()?;
    let programs = fitting(&place, programs)?;
    let cluster = Cluster { place: &place, programs: &programs, durability };
    let (what, password, running) = match cluster.password()? {
        Some(password) => match cluster.running()? {
            Some(port) => ("running private cluster", password, Some(port)),
            None => ("private cluster", password, None),
        },
        None => ("new private cluster", cluster.create()?, None),
    };
    let port = running.map_or_else(|| cluster.start(), Ok)?;
    let in_use = place.join(&turn)?;
    tell(
        &format!("{} {}", PACKAGE.name, programs.version()),
        &format!("{origin}, {what} in {} (port {port})", shown(place.folder())),
    );
    Ok(Postgres { place, programs, durability, port, password, in_use: Some(in_use) })
}

/// Stops the server in this folder if it was left running and nobody uses it. Its data stays.
pub fn stop(folder: &Path) -> Result<Stopped, Trouble> {
    halt(folder, |_, _| Ok(()))
}

/// Removes the cluster in this folder, and its data, stopping it if it was left running; does nothing if it is in use.
pub fn discard(folder: &Path) -> Result<Stopped, Trouble> {
    halt(folder, Place::empty)
}

fn halt(folder: &Path, then: impl Fn(&Place, &Turn) -> Result<(), Trouble>) -> Result<Stopped, Trouble> {
    let Some(place) = Place::existing(folder, PACKAGE.name, &USERS)? else { return Ok(Stopped::NotRunning) };
    let turn = place.turn()?;
    if place.used(&turn)? {
        return Ok(Stopped::StillUsed);
    }
    let stopped = match fitting(&place, Programs::all()) {
        Ok(programs) => {
            let durability = Durability::Kept;
            Cluster { place: &place, programs: &programs, durability }.stop(durability.stop_mode())?
        }
        // Without its programs it cannot be running.
        Err(_) => Stopped::NotRunning,
    };
    then(&place, &turn).map(|()| stopped)
}

impl Postgres {
    /// The superuser's URL of the database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// The superuser's URL of another database of this server.
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The loopback port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's version, such as "15.18".
    pub fn version(&self) -> &str {
        self.programs.version()
    }

    /// Where the data lies; not always the folder asked for (see the crate's fifth promise).
    pub fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// Creates the database if it is not there, and answers its URL. The name is one of our own, never a caller's input.
    pub fn ensure_database(&self, name: &str) -> Result<String, Trouble> {
        let asked = self.ask(&format!("SELECT 1 FROM pg_database WHERE datname = '{name}'"))?;
        if asked.is_empty() {
            self.ask(&format!("CREATE DATABASE \"{name}\""))?;
        }
        Ok(self.url_of(name))
    }

    fn ask(&self, sql: &str) -> Result<String, Trouble> {
        let mut command = self.programs.command("psql");
        command.args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        // Not the URL: what stands on a command line can be read by everyone on the machine.
        command.env("PGHOST", "127.0.0.1").env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        command.env("PGDATABASE", "postgres").env("PGPASSWORD", &self.password);
        let output = command.stdin(Stdio::null()).output().doing(|| "running psql".to_owned())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        Err(Trouble::failed("asking PostgreSQL", process::last_words(&output)))
    }

    /// Ends the server under everybody who uses it, in the middle of whatever it does, as a crash would: for tests of
    /// what a crash costs. Whoever opens the folder next starts it again, on the same port if nobody took it.
    pub fn crash(&self) -> Result<Stopped, Trouble> {
        let _turn = self.place.turn()?;
        self.cluster().stop("immediate")
    }

    /// Lets go of the server, and stops it if nobody else holds it. Its data stays.
    pub fn stop(mut self) -> Result<Stopped, Trouble> {
        self.let_go()
    }

    /// Lets go of the server without stopping it: the next to open the folder finds it running.
    pub fn leave_running(mut self) {
        self.in_use = None;
    }

    fn let_go(&mut self) -> Result<Stopped, Trouble> {
        let Some(in_use) = self.in_use.take() else { return Ok(Stopped::StillUsed) };
        let turn = self.place.turn()?;
        if self.place.leave(in_use, &turn)? {
            return Ok(Stopped::StillUsed);
        }
        self.cluster().stop(self.durability.stop_mode())
    }

    fn cluster(&self) -> Cluster<'_> {
        Cluster { place: &self.place, programs: &self.programs, durability: self.durability }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure; the next to open the folder finds the server running and takes it over.
        drop(self.let_go());
    }
}

fn programs(tell: Tell<'_>) -> Result<(Vec<Programs>, String), Trouble> {
    let found = Programs::all();
    if !found.is_empty() {
        return Ok((found, "found".to_owned()));
    }
    let means = install(PACKAGE, tell)?;
    let found = Programs::all();
    if found.is_empty() {
        return Err(Trouble::failed(
            "installing PostgreSQL",
            format!("{means} has none of version {OLDEST} or newer; set DATABASE_URL to use a server elsewhere"),
        ));
    }
    Ok((found, format!("installed with {means}")))
}

/// The programs that can open the cluster that is there, or the newest for a new one.
fn fitting(place: &Place, programs: Vec<Programs>) -> Result<Programs, Trouble> {
    let text = std::fs::read_to_string(place.inside("data/PG_VERSION")).unwrap_or_default();
    let made_by: Option<u32> = text.trim().parse().ok();
    let fits = |one: &Programs| made_by.is_none_or(|major| major == one.major());
    programs.into_iter().find(fits).ok_or_else(|| {
        Trouble::failed(
            format!("opening {}", shown(place.folder())),
            format!("its data was made by PostgreSQL {}, which is not on this machine any more", text.trim()),
        )
    })
}
