//! The chain of a statement, and the seals of a shard.
//!
//! Each entry carries a link: SHA-256 over the link of the entry before it and over everything that it says. So whoever
//! changes, takes out or moves an entry changes every link after it, up to the one that the account keeps. Each batch
//! adds the links of its entries to the seal of their shard; a seal that was kept elsewhere proves every entry up to it,
//! even against somebody who can write all tables.
//!
//! What is digested is the bytes of the link before, then each field as a netstring (`3:abc,`), in the order of
//! [`link`]'s lines: the number of its format, ids as text with hyphens, numbers in decimal, draws and grounds as they
//! are kept, instants in microseconds since 1970. `entry_link` says the same in SQL.

use std::fmt;

use jiff::Timestamp;
use kernel::Shard;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::account::wallet::Owner;

/// The numbers of the formats of what is digested: of points, and of other wallets, which say their code behind the member.
const FORMAT: &str = "1";
const FORMAT_OF_WALLETS: &str = "2";

/// A digest that stands for everything before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link(pub [u8; 32]);

impl Link {
    /// Before the first entry, and the first seal.
    pub const FIRST: Self = Self([0; 32]);

    /// As it is kept; none where it is no digest.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// An entry as it is kept, which is as it is digested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its place on the statement, from 1.
    pub number: i64,
    /// Its id.
    pub entry: Uuid,
    /// The number of its kind.
    pub kind: i16,
    /// Signed.
    pub points: i64,
    /// The balance after it.
    pub balance_after: i64,
    /// What caused it.
    pub cause: &'a str,
    /// What it did to which lots, as JSON.
    pub draws: &'a str,
    /// Why, as JSON.
    pub grounds: &'a str,
    /// The version of the programme that decided.
    pub programme_version: i32,
    /// When it happened, in microseconds since 1970.
    pub occurred_us: i64,
    /// When it was written, in microseconds since 1970.
    pub recorded_us: i64,
}

/// The link of an entry, given the one before it.
#[must_use]
pub fn link(before: Link, owner: Owner, line: &Line<'_>) -> Link {
    let mut digest = Sha256::new();
    digest.update(before.0);
    let mut field = |text: &str| {
        digest.update(text.len().to_string());
        digest.update(":");
        digest.update(text);
        digest.update(",");
    };
    let of_points = owner.wallet.is_points();
    field(if of_points { FORMAT } else { FORMAT_OF_WALLETS });
    field(&owner.tenant.uuid().to_string());
    field(&owner.member.uuid().to_string());
    if !of_points {
        field(owner.wallet.as_str());
    }
    field(&line.number.to_string());
    field(&line.entry.to_string());
    field(&line.kind.to_string());
    field(&line.points.to_string());
    field(&line.balance_after.to_string());
    field(line.cause);
    field(line.draws);
    field(line.grounds);
    field(&line.programme_version.to_string());
    field(&line.occurred_us.to_string());
    field(&line.recorded_us.to_string());
    Link(digest.finalize().into())
}

/// What a batch adds to the seal of a shard: the links of its entries there, by tenant, member, wallet and number.
#[must_use]
pub fn seal(before: Link, links: impl IntoIterator<Item = Link>) -> Link {
    let mut digest = Sha256::new();
    digest.update(before.0);
    for link in links {
        digest.update(link.0);
    }
    Link(digest.finalize().into())
}

/// What stands for all entries of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The shard.
    pub shard: Shard,
    /// How many entries.
    pub entries: i64,
    /// The last batch among them.
    pub batch: i64,
    /// The digest over their links.
    pub link: Link,
    /// When the last batch was written.
    pub recorded_at: Timestamp,
}

/// As it is kept in a file: one JSON object.
impl fmt::Display for Seal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shard, entries, batch, link, recorded_at } = self;
        let shard = shard.number();
        write!(
            out,
            r#"{{"shard":{shard},"entries":{entries},"batch":{batch},"link":"{link}","record_time":"{recorded_at}"}}"#
        )
    }
}
