//! The promises of the way to the database.

mod dropped;
mod heads;
mod ledger;
mod migrations;
mod requests;
mod tenants;
