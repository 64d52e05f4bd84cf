//! The commands, as they are typed. Each is run by the module of its name; `main` has a line for each.

use std::ffi::OsString;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use serde_json::json;

use crate::client::CliError;
use crate::say::{aside, say_all};
use crate::{
    benefits, clock, coupons, demo, doctor, draws, events, explain, import, ledger, member, migrate, missions, orders,
    points, programme, reconcile, referrals, report, rewards, segments, serve, subscriptions, tenant, token, up,
};

/// Rapport: who the members are, what they did, what they earned.
#[derive(Parser, Clone, Debug)]
#[command(name = "rapport", version, propagate_version = true, max_term_width = 120)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Migrates, serves all services, and loads a demo shop where there is none yet
    Up(Box<up::Ask>),
    /// Serves one service, or all in one process
    Serve(Box<serve::Ask>),
    /// Makes and updates the services' tables
    Migrate(Box<migrate::Ask>),
    /// Makes tokens for a suite on this machine
    #[command(subcommand)]
    Token(token::Ask),
    /// Tells how a running suite is, and what to do where something is wrong
    Doctor(doctor::Ask),
    /// Deals with events that could not be applied
    Events(events::Ask),
    /// Tells business time, and moves it where it is moved by hand
    Clock(clock::Ask),
    /// Opens tenants and lists them
    #[command(subcommand)]
    Tenant(tenant::Ask),
    /// Compares a programme with a file, puts it in force, writes it into one, and shows it
    #[command(subcommand)]
    Programme(programme::Ask),
    /// Brings a shop's history in
    #[command(subcommand)]
    Import(import::Ask),
    /// The programme in figures
    Report(report::Ask),
    /// Groups and lifecycles, and who is in them
    #[command(subcommand)]
    Segments(segments::Ask),
    /// Enrols members and looks at them
    #[command(subcommand)]
    Member(member::Ask),
    /// Records orders and returns, and looks at them
    #[command(subcommand)]
    Orders(orders::Ask),
    /// Spends points, gives them back, and lists what happened to them
    #[command(subcommand)]
    Points(points::Ask),
    /// What members can have for points, and what they took
    #[command(subcommand)]
    Rewards(rewards::Ask),
    /// What membership brings beside points
    #[command(subcommand)]
    Benefits(benefits::Ask),
    /// Campaigns, coupons, and what they take off a cart
    #[command(subcommand)]
    Coupons(coupons::Ask),
    /// Proves that points are what was written
    #[command(subcommand)]
    Ledger(ledger::Ask),
    /// Compares what is booked with what activity tells, and names what differs
    Reconcile(reconcile::Ask),
    /// Puts missions, lists them, and tells how far members have come
    #[command(subcommand)]
    Missions(missions::Ask),
    /// Puts prize draws, closes them, and proves them
    #[command(subcommand)]
    Draws(draws::Ask),
    /// Codes, invitations, and what they bring
    #[command(subcommand)]
    Referrals(referrals::Ask),
    /// Plans, standing orders, and paid memberships
    #[command(subcommand)]
    Subscriptions(subscriptions::Ask),
    /// Tells why: an entry of points, or a tier
    Explain(explain::Ask),
    /// Loads a demo shop
    #[command(subcommand)]
    Demo(demo::Ask),
}

impl Command {
    /// Whether the command serves, and so logs its doings; the others speak to a person.
    #[must_use]
    pub const fn serves(&self) -> bool {
        matches!(self, Self::Up(_) | Self::Serve(_))
    }
}

/// A command line that was understood, and how its errors are told.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What to do.
    pub command: Command,
    /// One JSON object instead of text for people.
    pub json: bool,
    /// The suite that is called, where one is.
    pub address: Option<String>,
}

/// Reads the command line. Where it asks for help or makes no sense, that is told, and what is left is the exit code.
///
/// # Errors
/// There is nothing to do: help was asked for, or the words make no sense.
pub fn read(words: &[OsString]) -> Result<Asked, u8> {
    let parsed = Cli::command().try_get_matches_from(words);
    let understood = parsed.and_then(|matches| {
        let command = Cli::from_arg_matches(&matches)?.command;
        let json = told::<bool>(&matches, "json").unwrap_or(false);
        Ok(Asked { command, json, address: told(&matches, "address") })
    });
    match understood {
        Ok(asked) => Ok(asked),
        Err(error) if !error.use_stderr() => {
            say_all!("{}", error.render());
            Err(0)
        }
        // What was not understood is not read any further than that.
        Err(error) if words.iter().any(|word| word == "--json") => {
            Err(tell(&CliError::Asked(error.render().to_string().trim_end().to_owned()), true))
        }
        Err(error) => {
            // Coloured where the terminal is; where it cannot be written, nobody reads it.
            let _ = error.print();
            Err(2)
        }
    }
}

/// Tells an error on standard error, for people or for programs; answers the exit code.
pub fn tell(error: &CliError, json: bool) -> u8 {
    if json {
        aside(json!({ "error": error.json() }));
    } else {
        aside(error);
    }
    error.exit_code()
}

/// What an option says that many commands have: the innermost command knows, whichever it stood behind.
fn told<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, option: &str) -> Option<T> {
    let inner = matches.subcommand().and_then(|(_, inner)| told(inner, option));
    inner.or_else(|| matches.try_get_one::<T>(option).ok().flatten().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(line: &str) -> bool {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        read(&words).expect("it makes sense").json
    }

    #[test]
    fn the_command_line_is_put_together_well() {
        Cli::command().debug_assert();
    }

    #[test]
    fn json_is_asked_for_anywhere_behind_a_command() {
        assert!(json("rapport doctor --json"));
        assert!(json("rapport points redeem --phone 0912345678 --points 5 --json"));
        assert!(json("rapport clock --json show") && json("rapport clock show --json"));
        assert!(!json("rapport doctor") && !json("rapport serve all"));
    }

    #[test]
    fn what_makes_no_sense_ends_with_two_and_help_with_nothing() {
        let code =
            |line: &str| read(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).expect_err("nothing to do");
        assert_eq!(code("rapport points redeem --points x"), 2);
        assert_eq!(code("rapport points redeem --points x --json"), 2);
        assert_eq!((code("rapport --help"), code("rapport doctor --version")), (0, 0));
    }
}
