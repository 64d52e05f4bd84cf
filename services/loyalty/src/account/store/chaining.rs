//! Entries as they are written: with the texts that are digested, and the links.

use std::collections::BTreeMap;

use ::store::{Head, StoreError};
use jiff::Timestamp;
use kernel::{Shard, to_microsecond};

use super::entry_kind;
use crate::account::chain::{Line, Link, link};
use crate::account::holdings::{Holdings, Posting};
use crate::account::wallet::Owner;

/// One account that changed, with the lines that its statement gets.
pub(super) struct Chained<'a> {
    pub owner: &'a Owner,
    pub holdings: &'a Holdings,
    pub lines: Vec<ChainedLine<'a>>,
}

/// A line with its texts and its link.
pub(super) struct ChainedLine<'a> {
    pub posting: &'a Posting,
    pub draws: String,
    pub grounds: String,
    pub occurred_at: Timestamp,
    pub link: Link,
}

impl Chained<'_> {
    /// The link of the account's last entry.
    pub fn link(&self) -> Link {
        self.lines.last().map_or(self.holdings.link, |line| line.link)
    }
}

/// What a batch adds to the seals of its shards, as columns.
#[derive(Default)]
pub(super) struct Added {
    pub shards: Vec<i16>,
    pub batches: Vec<i64>,
    pub entries: Vec<i64>,
    pub links: Vec<Vec<u8>>,
}

/// Chains what every account was posted to the entries it has.
pub(super) fn chained<'a>(
    changed: impl IntoIterator<Item = (&'a Owner, &'a Holdings)>,
    now: Timestamp,
) -> Result<Vec<Chained<'a>>, StoreError> {
    let recorded_at = to_microsecond(now);
    let mut all = Vec::new();
    for (owner, holdings) in changed {
        let (mut last, mut lines) = (holdings.link, Vec::with_capacity(holdings.postings.len()));
        for posting in &holdings.postings {
            let draws = serde_json::to_string(&posting.draws).map_err(StoreError::unreadable)?;
            let grounds = serde_json::to_string(&posting.grounds).map_err(StoreError::unreadable)?;
            let occurred_at = to_microsecond(posting.occurred_at);
            let line = Line {
                number: posting.number,
                entry: posting.id.uuid(),
                kind: entry_kind(posting.kind),
                points: posting.points,
                balance_after: posting.balance_after,
                cause: &posting.cause,
                draws: &draws,
                grounds: &grounds,
                programme_version: posting.grounds.programme_version,
                occurred_us: occurred_at.as_microsecond(),
                recorded_us: recorded_at.as_microsecond(),
            };
            last = link(last, *owner, &line);
            lines.push(ChainedLine { posting, draws, grounds, occurred_at, link: last });
        }
        all.push(Chained { owner, holdings, lines });
    }
    Ok(all)
}

/// What is added to the seals. Accounts come by tenant, member and wallet, and so do the links.
pub(super) fn added(all: &[Chained<'_>], heads: &BTreeMap<Shard, Head>) -> Result<Added, StoreError> {
    let mut seals: BTreeMap<Shard, Vec<Link>> = BTreeMap::new();
    for account in all.iter().filter(|account| !account.lines.is_empty()) {
        seals
            .entry(Shard::of_member(account.owner.member))
            .or_default()
            .extend(account.lines.iter().map(|line| line.link));
    }
    let mut added = Added::default();
    for (shard, links) in seals {
        added.shards.push(shard.number());
        added.batches.push(batch_of(heads, shard)?);
        added.entries.push(i64::try_from(links.len()).map_err(StoreError::unreadable)?);
        added.links.push(links.iter().flat_map(|link| link.0).collect());
    }
    Ok(added)
}

/// What a batch is known by in a shard: where the shard's log stood when it began. Every entry is an event there, so no
/// two batches with entries have the same.
pub(super) fn batch_of(heads: &BTreeMap<Shard, Head>, shard: Shard) -> Result<i64, StoreError> {
    let head = heads.get(&shard).ok_or_else(|| StoreError::unreadable("a shard was written that was not locked"))?;
    Ok(head.position)
}
