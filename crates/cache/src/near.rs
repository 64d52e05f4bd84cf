//! The level in this process.

use std::future::ready;
use std::time::Duration;

use bytes::Bytes;
use moka::future::Cache as Moka;
use moka::ops::compute::Op;

use crate::changes::Changes;
use crate::{Key, Version};

/// A value as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) version: Version,
    pub(crate) value: Bytes,
    generation: u64,
}

#[derive(Debug)]
pub(crate) struct Near<K: Key> {
    held: Moka<K, Held>,
}

/// What an entry costs beside its value: its key, its version, its place in moka's books.
const ENTRY_BYTES: usize = 192;

impl<K: Key> Near<K> {
    pub(crate) fn new(bytes: u64, lifetime: Duration) -> Self {
        let weigh =
            |_: &K, held: &Held| u32::try_from(held.value.len().saturating_add(ENTRY_BYTES)).unwrap_or(u32::MAX);
        Self { held: Moka::builder().max_capacity(bytes).weigher(weigh).time_to_live(lifetime).build() }
    }

    pub(crate) async fn get(&self, key: &K, changes: &Changes<K>) -> Option<Held> {
        self.held.get(key).await.filter(|held| held.generation == changes.generation())
    }

    /// Keeps a value that was loaded while `generation` was counted, unless a newer one is kept or it changed since.
    ///
    /// The proof is asked for inside the key's own lock, and [`Near::void`] takes that lock after the change is
    /// written down: so either the proof sees the change, or the voiding sees the value.
    pub(crate) async fn keep(&self, key: &K, version: Version, value: Bytes, generation: u64, changes: &Changes<K>) {
        let entry = self.held.entry_by_ref(key);
        entry
            .and_compute_with(|present| {
                let older = present.is_none_or(|present| {
                    let present = present.into_value();
                    present.generation != generation || !present.version.reflects(version)
                });
                let proved = generation == changes.generation() && changes.allow(key, version);
                let held = Held { version, value, generation };
                ready(if older && proved { Op::Put(held) } else { Op::Nop })
            })
            .await;
    }

    /// Drops a value older than a change that is already written down.
    pub(crate) async fn void(&self, key: &K, position: i64) {
        let entry = self.held.entry_by_ref(key);
        entry
            .and_compute_with(|present| {
                let older = present.is_some_and(|present| present.into_value().version.position < position);
                ready(if older { Op::Remove } else { Op::Nop })
            })
            .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Shard;
    use uuid::Uuid;

    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    struct Number(u64);

    impl std::fmt::Display for Number {
        fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(out, "{}", self.0)
        }
    }

    impl Key for Number {
        fn partition(&self) -> Shard {
            Shard::from(0)
        }
    }

    #[tokio::test]
    async fn it_is_bounded_by_what_the_values_weigh() {
        let near = Near::new(100_000, Duration::from_secs(60));
        let version = Version { epoch: Uuid::from_u128(1), position: 1 };
        let changes = Changes::new(8);
        changes.begin(Shard::from(0), version);
        for number in 0..1_000 {
            let value = Bytes::from(vec![0; 1_000]);
            near.keep(&Number(number), version, value, changes.generation(), &changes).await;
        }
        near.held.run_pending_tasks().await;
        assert!(near.held.weighted_size() <= 100_000);
        assert!(near.held.entry_count() > 10);
    }

    #[tokio::test]
    async fn a_value_gives_way_to_a_newer_one_only() {
        let near = Near::new(100_000, Duration::from_secs(60));
        let at = |position| Version { epoch: Uuid::from_u128(1), position };
        let changes = Changes::new(8);
        changes.begin(Shard::from(0), at(1));
        let key = Number(1);
        for (position, value, expected) in [(5, "five", "five"), (4, "four", "five"), (6, "six", "six")] {
            near.keep(&key, at(position), Bytes::from(value), changes.generation(), &changes).await;
            let held = near.get(&key, &changes).await.expect("it is kept");
            assert_eq!(held.value, expected);
        }
        near.void(&key, 6).await;
        assert!(near.get(&key, &changes).await.is_some(), "it reflects that change");
        near.void(&key, 7).await;
        assert!(near.get(&key, &changes).await.is_none());
    }
}
