//! What tests of the suite stand on: private servers, a database for each test, a clock moved by hand, calls over an
//! in-process channel, and harnesses that are generated from the contract.
//!
//! A test of one service reads like this:
//!
//! ```ignore
//! let database = Database::create(loyalty::SERVICE, &loyalty::migrations()).await;
//! let (house, clock) = (House::new(), testkit::clock_at("2011-12-01T00:00:00Z"));
//! let loyalty = Loyalty::open(database.store(loyalty::SERVICE).await, clock, house.keys(), house.peers(&["registry"])).await?;
//! let served = house.serve(loyalty.mount(Services::new()));
//! let mut client = LoyaltyServiceClient::new(served.channel(tenant, &["points.write"]));
//! ```
//!
//! 1. Nothing is shared between tests but the servers: a database is cloned from a template that holds its migrations,
//!    and dropped with the value.
//! 2. `RAPPORT_TEST_DATABASE_URL` and `RAPPORT_TEST_REDIS_URL` name the servers; without them private ones are started
//!    under `.rapport/test` and stay up for the next run (`cargo xtask stop` ends them).
//! 3. Whatever holds for every rpc is proved for every rpc, by walking the contract: [`tokens`], [`foreign`], [`bad_input`],
//!    [`repeat`], [`away`]. Authors add examples, never loops.
//! 4. How often something random is tried stands in one table, [`counts`], for tests and soaks alike.
//!
//! This is for tests alone, so it panics where a service would answer.

pub mod away;
pub mod bad_input;
mod channel;
pub mod counts;
mod database;
mod documented;
pub mod dynamic;
mod examples;
mod faulty_line;
pub mod foreign;
mod house;
mod language;
mod patience;
mod real_history;
pub mod registry;
pub mod repeat;
mod servers;
mod speaker;
pub mod tokens;

pub use channel::Spoken;
pub use counts::{Promise, count};
pub use database::{Database, house_tables};
pub use examples::Examples;
pub use faulty_line::{Damage, Dice, FaultyLine};
pub use house::{House, Served, serve};
pub use language::{in_language, sentence};
pub use patience::{until, until_some};
pub use real_history::real_history;
pub use servers::{OwnPostgres, OwnRedis, redis_url};
pub use speaker::Speaker;

/// A clock that stands at `moment` until it is moved.
///
/// # Panics
/// Where `moment` is no instant.
#[must_use]
pub fn clock_at(moment: &str) -> kernel::Clock {
    kernel::Clock::manual(instant(moment))
}

/// An instant as a test writes it: "2011-12-01T00:00:00Z".
///
/// # Panics
/// Where it is none.
#[must_use]
pub fn instant(text: &str) -> jiff::Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text} is no instant: {error}"))
}
