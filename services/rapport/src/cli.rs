//! The commands, as they are typed. Each is run by the module of its name; `main` has a line for each.

use clap::{Parser, Subcommand};

use crate::{
    clock, demo, doctor, events, explain, import, member, migrate, orders, points, programme, report, serve, tenant,
    token, up,
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
    /// Puts a programme's terms in force, and shows them
    #[command(subcommand)]
    Programme(programme::Ask),
    /// Brings a shop's history in
    #[command(subcommand)]
    Import(import::Ask),
    /// The programme in figures
    Report(report::Ask),
    /// Enrols members and looks at them
    #[command(subcommand)]
    Member(member::Ask),
    /// Records orders and returns, and looks at them
    #[command(subcommand)]
    Orders(orders::Ask),
    /// Spends points, gives them back, and lists what happened to them
    #[command(subcommand)]
    Points(points::Ask),
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
