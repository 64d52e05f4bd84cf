//! The way to the database: one [`Store`] for each service, with a schema and a role of its own.
//!
//! 1. [`Store::begin`] is the only way to open a writing transaction. It locks the head rows of its shards in ascending
//!    order; that lock is the authority for order. Nothing that was read before it is trusted after it.
//! 2. A row belongs to a tenant. A connection sees the tenants it was opened for and no others (row-level security).
//! 3. Every mutation is written down with its request id in the transaction of its effect ([`Tx::recall`],
//!    [`Tx::remember`]): saying it again answers the same, for as long as it is remembered ([`Retention`]).
//! 4. Whoever begins a transaction commits it; there is no network call in between.
//! 5. A database that was restored is found out before anything is written in it, and its heads begin a new epoch
//!    (`identity`).
//! 6. Writes are batches ([`Writer`]): what arrives while a commit is under way forms the next one.
//! 7. The database keeps the plans of statements while its tables are about what it knows of them (`plans`).
//!
//! 8. What a transaction tells ([`Tx::tell`], [`Tx::remember`]) is kept in memory and written right before its commit.
//!
//! Cost: `begin` is two round trips (BEGIN, lock), `commit` one, and one more where anything is told. A writer that has just committed has begun again with the
//! same round trip. A read is one more than its statements, and every five seconds one reader makes another.

mod error;
mod identity;
mod journal;
mod migrate;
mod plans;
mod pool;
mod request;
mod retention;
mod tenants;
mod tx;
mod writer;

pub use error::StoreError;
pub use journal::LogLine;
pub use migrate::{Drift, MIGRATIONS, migrate, role_of};
pub use pool::{Reading, Settings, Store};
pub use request::{Digests, Recall, RequestKey};
pub use retention::Retention;
pub use tenants::Tenants;
pub use tx::{Head, Tx};
pub use writer::{Desk, Place, Writer};

/// A set of migrations.
pub use sqlx::migrate::Migrator;

/// The database's type for instants.
pub use jiff_sqlx::Timestamp as SqlTimestamp;
