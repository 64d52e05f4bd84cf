//! What both doors write down beside a request so that saying it again answers the same: never a name, a number or an
//! address, only ids, versions and where the log stood.

use std::time::Duration;

use kernel::Shard;
use serde::{Deserialize, Serialize};
use store::{Head, StoreError, Tx};
use uuid::Uuid;
use wire::{Freshness, Stop};

use crate::SERVICE;

/// Where the log stood when a mutation had been written; a reader that has come that far sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached(Vec<(i16, Uuid, i64)>);

impl Reached {
    /// The present place of these shards, in a transaction that has appended all it will.
    pub(crate) fn of(tx: &Tx, shards: impl IntoIterator<Item = Shard>) -> Self {
        let heads = tx.heads();
        let mut shards: Vec<Shard> = shards.into_iter().collect();
        shards.sort_unstable();
        shards.dedup();
        let place = |shard: Shard| heads.get(&shard).map(|head| (shard.number(), head.epoch, head.position));
        Self(shards.into_iter().filter_map(place).collect())
    }

    /// For the caller.
    pub fn freshness(&self) -> Freshness {
        let place = |(shard, epoch, position): &(i16, Uuid, i64)| {
            Some((Shard::from_number(i64::from(*shard))?, Head { epoch: *epoch, position: *position }))
        };
        Freshness::of(SERVICE, &self.0.iter().filter_map(place).collect::<Vec<_>>())
    }
}

/// How often a mutation is begun.
const ATTEMPTS: u32 = 6;

/// Begins a mutation again where the database asks for that, or where the outcome of a commit is unknown: the request
/// log tells what became of it.
#[derive(Debug, Default)]
pub(crate) struct Attempts(u32);

impl Attempts {
    /// Whether to begin again, after a short rest.
    pub(crate) fn again<T, R>(&mut self, done: &Result<T, Stop<R>>) -> impl Future<Output = bool> + use<T, R> {
        self.0 += 1;
        let unsettled = match done {
            Err(Stop::Failed(error)) => matches!(error, StoreError::Retry(_) | StoreError::OutcomeUnknown(_)),
            Ok(_)
            | Err(
                Stop::Refused(_) | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. } | Stop::TenantSuspended,
            ) => false,
        };
        let rest = (unsettled && self.0 < ATTEMPTS).then(|| Duration::from_millis(2 << self.0));
        async move {
            match rest {
                Some(rest) => tokio::time::sleep(rest).await,
                None => return false,
            }
            true
        }
    }
}
