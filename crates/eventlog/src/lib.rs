//! The event log: what a service tells the others, in commit order, and how the others hear it.
//!
//! 1. An event is written in the transaction of its fact ([`append`]), under the lock of its shard's head: positions
//!    are dense and in commit order, and no reader can overtake a slow writer.
//! 2. A reader hears each event at least once and applies it exactly once: its cursor moves by compare-and-set in the
//!    transaction that applies ([`Heard::settle`]).
//! 3. Events of one subject are applied in order. One that cannot be applied is parked, and so are the later ones of
//!    that subject; everybody else's go on.
//! 4. A head carries an epoch. A reader with another epoch, beyond the head, or whose last event is another one here, is
//!    refused: nothing is silently missed. `place` tells where it may go on; where nothing is gone, a consumer does so by
//!    itself.
//!
//! Cost: appending costs no statement of its own, as all that a transaction tells is written by one; a watch polls all heads in one statement, and is woken by
//! commits of its own process.

mod append;
mod behind;
mod consumer;
mod grpc;
mod heard;
mod history;
mod incoming;
mod locate;
mod log;
mod mark;
mod parked;
mod place;
mod progress;
mod repair;
mod retry;
mod sorting;
mod tail;

pub use append::{NewEvent, append};
pub use behind::{BEHIND, Behind};
pub use consumer::{Consumer, Listener, Listening, Producer};
pub use grpc::{EventLogs, Telling};
pub use heard::{CannotApply, Heard, HeardEvent};
pub use history::history;
pub use log::{Log, Lost};
pub use progress::{Progress, Unreachable};
pub use tail::{Follower, Seen};

/// The tables of the event log. Versions 10 to 19.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
