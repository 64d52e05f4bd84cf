//! Durable calls to other services: what has to be said elsewhere because of what was written here.
//!
//! 1. A call is one row, written in the transaction of its cause ([`place`]). Its id follows from the cause, so a cause
//!    that is met twice places one call.
//! 2. It is sent after the commit, outside any transaction, until it is answered ([`Courier`]). Whoever is called knows it
//!    again by its request id, so saying it twice does nothing twice.
//! 3. The answer is written by the service's own [`Carry`] in one transaction with [`settle`], which tells who was first:
//!    an answer that comes a second time changes nothing. A refusal is an answer.
//! 4. Calls about one subject are sent in the order they were placed, each after the one before is settled.
//!
//! Life of a call: placed -> sent, and again after a pause that grows to a minute -> settled.
//! Cost: one small indexed read a second, and after commits of this process, when there is nothing to send.

mod courier;
mod table;

pub use courier::{Carry, Courier, NotCarried};
pub use table::{Call, Open, place, settle};

/// The table of calls. Versions 30 to 39.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
