//! What a cached value is found by, and how old it is.

use std::fmt;
use std::hash::Hash;

use bytes::Bytes;
use kernel::Shard;
use uuid::Uuid;

/// What a value is found by. Its `Display` text must tell it from every other key of the same cache.
pub trait Key: Clone + Eq + Hash + fmt::Display + Send + Sync + 'static {
    /// The partition of the log in which its changes are told.
    fn partition(&self) -> Shard;
}

/// Where a partition of the log stood. Positions of different epochs do not compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Changed when the database is restored.
    pub epoch: Uuid,
    /// The last position.
    pub position: i64,
}

impl Version {
    /// True where everything up to the other version is reflected.
    pub fn reflects(self, other: Self) -> bool {
        self.epoch == other.epoch && self.position >= other.position
    }
}

/// What a reading of the truth found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Where the partition stood in the snapshot of the reading, or before it.
    pub version: Version,
    /// The value; none where there is nothing under the key, which is not cached.
    pub value: Option<Bytes>,
}
