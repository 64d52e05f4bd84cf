//! Where the log stood after a mutation: what every receipt of this service keeps of it.

use kernel::Shard;
use serde::{Deserialize, Serialize};
use store::{Head, Tx};
use uuid::Uuid;
use wire::Freshness;

/// The place of one shard's log; a reader that has come that far sees the mutation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached(Option<(i16, Uuid, i64)>);

impl Reached {
    /// The present place of a locked shard, in a transaction that has appended all it will.
    pub(crate) fn of(tx: &Tx, shard: Shard) -> Self {
        Self(tx.heads().get(&shard).map(|head| (shard.number(), head.epoch, head.position)))
    }

    /// For the caller.
    pub fn freshness(&self) -> Freshness {
        let place = self.0.and_then(|(shard, epoch, position)| {
            Some((Shard::from_number(i64::from(shard))?, Head { epoch, position }))
        });
        Freshness::of(crate::SERVICE, place.as_slice())
    }
}
