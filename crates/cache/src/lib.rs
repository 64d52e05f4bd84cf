//! Hot values, two levels deep: in this process, then in Redis, then where the truth is.
//!
//! 1. A value carries its [`Version`]: where its partition of the log stood in the snapshot it was read from. It is
//!    replaced by a newer one only.
//! 2. A change is never answered by a bare delete, which would let a slow read put the old value back. It is written
//!    down ([`Cache::changed`]), here and as a tombstone in Redis, and outlives any read that began before it.
//! 3. Whether a value may still be used is decided by this process alone, from the log it follows. What Redis holds is
//!    used only where the changes written down here prove that nothing happened since; so Redis may be slow, away,
//!    emptied or restored, and an answer is slower but never wrong.
//! 4. A process that has not heard the log to its end for a second ([`Cache::caught_up`]) reads the truth instead. So a
//!    read without a demand of its own is at most a second stale.
//! 5. A reader that demands a version ([`Cache::get`] with `at_least`) gets that or a newer one.
//! 6. Many readers of one missing key cost one read.
//!
//! Cost: a hit is one look-up in this process and no waiting; a miss is one round trip to Redis and, where that does
//! not know either, one read of the truth. Every call to Redis has a short time limit, and after a few failures Redis
//! is left alone for a moment.

mod breaker;
mod cache;
mod changes;
mod far;
mod flights;
mod near;
mod version;

pub use cache::{Cache, Settings};
pub use far::{Far, FarSettings, NoRedis};
pub use version::{Key, Loaded, Version};
