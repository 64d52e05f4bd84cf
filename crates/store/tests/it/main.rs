//! The promises of the way to the database.

mod cable;
mod desk;
mod dropped;
mod heads;
mod identity;
mod ledger;
mod migrations;
mod outages;
mod plans;
mod requests;
mod tenants;
mod writer;
