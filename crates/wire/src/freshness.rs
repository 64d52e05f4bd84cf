//! Freshness tokens: what a write tells its caller, so that a later read of any service can wait for it.

use std::collections::BTreeMap;

use kernel::Shard;
use prost::Message as _;
use proto::common::v1 as common;
use store::Head;
use uuid::Uuid;

use crate::Keys;

/// The token is not one of this installation's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a freshness token that a call of this installation has answered")]
pub struct BadFreshness;

/// A position that a reader must have reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The service that wrote.
    pub source: String,
    /// The partition of its log.
    pub partition: Shard,
    /// The epoch of the partition.
    pub epoch: Uuid,
    /// The position.
    pub position: i64,
}

/// Positions in the logs of any number of services. Merging two gives one that is at least as fresh as both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness(BTreeMap<(String, Shard), (Uuid, i64)>);

impl Freshness {
    /// What one transaction wrote.
    pub fn of(source: &str, moved: &[(Shard, Head)]) -> Self {
        Self(moved.iter().map(|(shard, head)| ((source.to_owned(), *shard), (head.epoch, head.position))).collect())
    }

    /// Adds what another token holds; the later position of a partition counts.
    pub fn merge(&mut self, other: Self) {
        for (place, (epoch, position)) in other.0 {
            let mark = self.0.entry(place).or_insert((epoch, position));
            if mark.0 != epoch || mark.1 < position {
                *mark = (epoch, position);
            }
        }
    }

    /// What of it one service wrote itself.
    #[must_use]
    pub fn only(&self, source: &str) -> Self {
        let own = self.0.iter().filter(|((known, _), _)| known == source);
        Self(own.map(|(place, mark)| (place.clone(), *mark)).collect())
    }

    /// What of it other services wrote: who cannot hear one of them need not wait for it.
    #[must_use]
    pub fn without(&self, source: &str) -> Self {
        let others = self.0.iter().filter(|((known, _), _)| known != source);
        Self(others.map(|(place, mark)| (place.clone(), *mark)).collect())
    }

    /// Nothing to wait for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What has to be waited for.
    pub fn marks(&self) -> impl Iterator<Item = Mark> + '_ {
        self.0.iter().map(|((source, partition), (epoch, position))| Mark {
            source: source.clone(),
            partition: *partition,
            epoch: *epoch,
            position: *position,
        })
    }

    /// What has to be waited for in one partition of one service's log.
    pub fn mark(&self, source: &str, partition: Shard) -> Option<Mark> {
        self.marks().find(|mark| mark.source == source && mark.partition == partition)
    }

    /// The token as a caller carries it; empty where there is nothing to wait for.
    pub fn seal(&self, keys: &Keys) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let marks = self
            .marks()
            .map(|mark| common::Mark {
                source: mark.source,
                epoch: mark.epoch.to_string(),
                partition: u32::try_from(mark.partition.number()).unwrap_or_default(),
                position: mark.position,
            })
            .collect();
        keys.seal("freshness", &common::FreshnessMarks { marks }.encode_to_vec())
    }

    /// Reads a token; several, separated by commas, are merged.
    pub fn open(keys: &Keys, text: &str) -> Result<Self, BadFreshness> {
        let mut all = Self::default();
        for token in text.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            let content = keys.unseal("freshness", token).ok_or(BadFreshness)?;
            let marks = common::FreshnessMarks::decode(content.as_slice()).map_err(|_| BadFreshness)?;
            for mark in marks.marks {
                let partition = Shard::from_number(i64::from(mark.partition)).ok_or(BadFreshness)?;
                let epoch = Uuid::try_parse(&mark.epoch).map_err(|_| BadFreshness)?;
                all.merge(Self(BTreeMap::from([((mark.source, partition), (epoch, mark.position))])));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(position: i64) -> Head {
        Head { epoch: Uuid::from_u128(7), position }
    }

    #[test]
    fn tokens_merge_to_the_later_positions() {
        let keys = Keys::new(b"a secret");
        let first = Freshness::of("activity", &[(Shard::from(1), head(10)), (Shard::from(2), head(4))]);
        let second = Freshness::of("activity", &[(Shard::from(1), head(9)), (Shard::from(3), head(1))]);
        let both = Freshness::open(&keys, &format!("{},{}", first.seal(&keys), second.seal(&keys))).expect("ours");
        let positions: Vec<(i16, i64)> = both.marks().map(|mark| (mark.partition.number(), mark.position)).collect();
        assert_eq!(positions, [(1, 10), (2, 4), (3, 1)]);
    }

    #[test]
    fn a_token_of_somebody_else_is_refused() {
        let token = Freshness::of("activity", &[(Shard::from(1), head(10))]).seal(&Keys::new(b"another"));
        assert_eq!(Freshness::open(&Keys::new(b"a secret"), &token), Err(BadFreshness));
        assert_eq!(Freshness::open(&Keys::new(b"a secret"), ""), Ok(Freshness::default()));
    }
}
