//! What changed lately, by the log this process follows: the proof that a value may still be used.
//!
//! For each partition the book knows every change from a *floor* on. A value read at or above the floor, with no later
//! change of its key written down, is what the truth holds as far as the log was heard; below the floor nobody can
//! tell, and the value is not used. The book is bounded: what is dropped from it raises the floor, so forgetting makes
//! reads slower and never wrong. It follows that a change needs no tombstone of its own in this process, and that it
//! does not matter which tombstones Redis lost.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kernel::Shard;
use uuid::Uuid;

use crate::{Key, Version};

#[derive(Debug)]
pub(crate) struct Changes<K> {
    book: RwLock<Book<K>>,
    /// Counts the restorations seen; whatever was kept under an earlier number is void.
    generation: AtomicU64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    epoch: Uuid,
    floor: i64,
    heard: i64,
}

#[derive(Debug)]
struct Book<K> {
    partitions: Vec<Option<Known>>,
    last: HashMap<K, i64>,
    order: VecDeque<(K, i64)>,
    most: usize,
}

impl<K: Key> Changes<K> {
    /// A book of at most so many changes, that knows nothing yet and so proves nothing.
    pub(crate) fn new(most: usize) -> Self {
        let partitions = vec![None; Shard::COUNT];
        let book = Book { partitions, last: HashMap::new(), order: VecDeque::new(), most };
        Self { book: RwLock::new(book), generation: AtomicU64::new(0) }
    }

    /// From here on all changes of a partition will be told. A partition with a new epoch makes all that was kept void.
    pub(crate) fn begin(&self, partition: Shard, from: Version) {
        let mut book = self.write();
        let known = book.partitions[index(partition)];
        if known.is_some_and(|known| known.epoch != from.epoch) {
            // Positions of two epochs must not meet in one book.
            book.forget();
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        let begun = Known { epoch: from.epoch, floor: from.position, heard: from.position };
        book.partitions[index(partition)] = Some(begun);
    }

    /// Writes a change down.
    pub(crate) fn note(&self, key: &K, position: i64) {
        let mut book = self.write();
        let place = index(key.partition());
        if let Some(known) = &mut book.partitions[place] {
            known.heard = known.heard.max(position);
        }
        let last = book.last.entry(key.clone()).or_insert(position);
        *last = (*last).max(position);
        book.order.push_back((key.clone(), position));
        while book.order.len() > book.most {
            book.drop_oldest();
        }
    }

    /// True where a value of that version is proved to be what the truth holds, as far as the log was heard.
    pub(crate) fn allow(&self, key: &K, version: Version) -> bool {
        let book = self.read();
        book.partitions[index(key.partition())]
            .is_some_and(|known| known.epoch == version.epoch && version.position >= known.floor)
            && book.last.get(key).is_none_or(|changed| *changed <= version.position)
    }

    /// The epoch in which a partition is followed.
    pub(crate) fn epoch(&self, partition: Shard) -> Option<Uuid> {
        self.read().partitions[index(partition)].map(|known| known.epoch)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn read(&self) -> RwLockReadGuard<'_, Book<K>> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Book<K>> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Key> Book<K> {
    fn drop_oldest(&mut self) {
        let Some((key, position)) = self.order.pop_front() else { return };
        if let Some(known) = &mut self.partitions[index(key.partition())] {
            known.floor = known.floor.max(position);
        }
        if self.last.get(&key) == Some(&position) {
            self.last.remove(&key);
        }
    }

    fn forget(&mut self) {
        for known in self.partitions.iter_mut().flatten() {
            known.floor = known.heard;
        }
        self.last.clear();
        self.order.clear();
    }
}

fn index(partition: Shard) -> usize {
    usize::try_from(partition.number()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, Eq, Hash, Debug)]
    struct Name(&'static str);

    impl std::fmt::Display for Name {
        fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str(self.0)
        }
    }

    impl Key for Name {
        fn partition(&self) -> Shard {
            Shard::from(u8::try_from(self.0.len()).expect("short"))
        }
    }

    fn at(epoch: u128, position: i64) -> Version {
        Version { epoch: Uuid::from_u128(epoch), position }
    }

    fn book(most: usize) -> Changes<Name> {
        let changes = Changes::new(most);
        changes.begin(Shard::from(3), at(1, 10));
        changes
    }

    #[test]
    fn nothing_is_proved_before_the_log_is_followed() {
        let changes: Changes<Name> = Changes::new(8);
        assert!(!changes.allow(&Name("wen"), at(1, 99)));
    }

    #[test]
    fn a_value_older_than_a_change_is_not_used() {
        let changes = book(8);
        assert!(changes.allow(&Name("wen"), at(1, 10)));
        assert!(!changes.allow(&Name("wen"), at(1, 9)), "below the floor nobody can tell");
        changes.note(&Name("wen"), 12);
        assert!(!changes.allow(&Name("wen"), at(1, 11)));
        assert!(changes.allow(&Name("wen"), at(1, 12)));
        assert!(changes.allow(&Name("lin"), at(1, 10)), "another's change does not matter");
        assert!(!changes.allow(&Name("wen"), at(2, 99)), "another epoch proves nothing");
    }

    #[test]
    fn what_is_dropped_raises_the_floor() {
        let changes = book(2);
        for (position, name) in [(11, "wen"), (12, "lin"), (13, "may")] {
            changes.note(&Name(name), position);
        }
        assert!(!changes.allow(&Name("wen"), at(1, 10)), "its change was dropped, and the floor is above it");
        assert!(changes.allow(&Name("wen"), at(1, 11)));
    }

    #[test]
    fn a_restored_database_voids_everything() {
        let changes = book(8);
        changes.begin(Shard::from(4), at(1, 5));
        changes.note(&Name("anna"), 7);
        let before = changes.generation();
        changes.begin(Shard::from(3), at(2, 4));
        assert_ne!(changes.generation(), before);
        assert!(changes.allow(&Name("wen"), at(2, 4)));
        assert!(!changes.allow(&Name("anna"), at(1, 6)), "the note is gone, so the floor is where the log was heard");
        assert!(changes.allow(&Name("anna"), at(1, 7)));
    }
}
