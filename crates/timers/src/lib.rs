//! Durable due work: what happens because time passes.
//!
//! 1. A timer is one row for each subject and kind, holding its next due instant ([`set`]). Setting it again replaces it.
//! 2. What is due is read by index and handed to the service's clockwork ([`Ring`]), which locks, reads again, and sets
//!    the next instant or none in the transaction of the effect. Two readers of one timer do its work once.
//! 3. A due timer decides as of its due instant, not as of when it happens to be read.
//! 4. A manual clock is moved by the [`Coordinator`], which lets everything that falls due on the way happen in order.
//!
//! Cost: one small indexed read a second when nothing is due.

mod clockwork;
mod coordinator;
mod table;

pub use clockwork::{Clockwork, Ring};
pub use coordinator::{Advanced, CannotAdvance, Coordinator, Moved};
pub use table::{Due, Timer, bring_forward, set};

/// The table of timers. Versions 20 to 29.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
