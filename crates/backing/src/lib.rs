//! Finds, installs and runs the servers the suite leans on: PostgreSQL and Redis, on a bare machine.
//!
//! What a caller gets is a *private* server: its own folder, its own free loopback port that is remembered between
//! runs, its own random password, never the machine's default service. The promises, which the tests hold it to:
//!
//! 1. A server that this crate did not start is never stopped, changed or connected to.
//! 2. Opening the same folder again finds the same data, whether the server still runs, was stopped, or was killed.
//! 3. Any number of processes may open one folder at once: one starts the server, the others share it, and the last
//!    one to let go stops it. Who holds it is a lock of the operating system, so a killed process counts as gone.
//! 4. Ctrl-C in a terminal does not reach the servers: they are no part of the terminal's process group, so that
//!    whoever uses them can finish first.
//! 5. PostgreSQL refuses to run as root. When we are root, servers run as an unprivileged user; if that user cannot
//!    enter the folder, the data goes to the system's temporary folder, and that is said.
//!
//! Only the standard library is used: this is built before anything else, by `cargo xtask`.

use std::fmt;
use std::io;

mod account;
pub mod install;
mod place;
mod port;
pub mod postgres;
mod process;
pub mod redis;
mod secret;

/// Hears one line per step: what it is about ("PostgreSQL 15.18") and what happened ("found, ...").
pub type Tell<'a> = &'a dyn Fn(&str, &str);

/// Why there is no server.
#[derive(Debug)]
pub enum Trouble {
    /// The program is not on this machine and could not be installed.
    Missing {
        /// What is missing, as a person calls it.
        program: String,
        /// Why it was not installed.
        why: String,
        /// The one command to type.
        command: String,
    },
    /// The program is there, but a step failed.
    Failed {
        /// What was being done.
        doing: String,
        /// What the system or the program said.
        why: String,
    },
}

impl Trouble {
    fn failed(doing: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::Failed { doing: doing.into(), why: why.to_string() }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program, why, command } => write!(f, "{program} is missing ({why}). Type: {command}"),
            Self::Failed { doing, why } => write!(f, "{doing}: {why}"),
        }
    }
}

impl std::error::Error for Trouble {}

/// What letting go of a server did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It was stopped.
    Stopped,
    /// It did not run.
    NotRunning,
    /// Another process still uses it, so it goes on; that process will stop it.
    StillUsed,
}

/// Attaches what was being done to an error of the system.
trait Doing<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Trouble>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Trouble> {
        self.map_err(|error| Trouble::failed(what(), error))
    }
}
