//! Whether a statement is what was written, and what of it is not.

use kernel::{EntryId, MemberId, TenantId};
use uuid::Uuid;

use super::Seal;
use super::chain::{self, Line, Link};

/// What an account's row says of its statement, and what its lots add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// How many entries there are.
    pub entries: i64,
    /// The last one's link.
    pub link: Link,
    /// What can be spent.
    pub spendable: i64,
    /// What the next points fill first.
    pub deficit: i64,
    /// The sum of what is left in all lots.
    pub lots_left: i64,
}

/// The first thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// No entry has this number, though later ones are there.
    Missing {
        /// The number.
        number: i64,
    },
    /// The entry does not say what it said, or does not follow the one that it followed.
    Altered {
        /// Its number.
        number: i64,
        /// Its id, as it stands.
        entry: EntryId,
    },
    /// The balance after the entry is not the balance before it and its points.
    Balance {
        /// Its number.
        number: i64,
        /// Its id.
        entry: EntryId,
        /// What it should be.
        expected: i64,
        /// What it says.
        found: i64,
    },
    /// The statement ends before the last entry that the account knows.
    CutOff {
        /// The first number that is gone.
        number: i64,
        /// How many entries the account knows.
        entries: i64,
    },
    /// The account does not know of the entry, or there is no account.
    Unclaimed {
        /// The first such number.
        number: i64,
    },
    /// The entries follow each other, but the account knows another last one.
    OtherEnd {
        /// The last number.
        number: i64,
    },
    /// The account has another balance than its entries.
    Sum {
        /// By the entries.
        expected: i64,
        /// By the account.
        found: i64,
    },
    /// The lots hold something else than can be spent.
    Lots {
        /// By the account.
        expected: i64,
        /// By the lots.
        found: i64,
    },
}

/// A statement on its way from its first entry to its last.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    whose: (TenantId, MemberId),
    number: i64,
    balance: i64,
    link: Link,
}

impl Reading {
    /// Before the first entry.
    #[must_use]
    pub const fn new(tenant: TenantId, member: MemberId) -> Self {
        Self { whose: (tenant, member), number: 0, balance: 0, link: Link::FIRST }
    }

    /// How many entries were read.
    #[must_use]
    pub const fn entries(&self) -> i64 {
        self.number
    }

    /// The link of the last one.
    #[must_use]
    pub const fn link(&self) -> Link {
        self.link
    }

    /// The balance after the last one.
    #[must_use]
    pub const fn balance(&self) -> i64 {
        self.balance
    }

    /// Reads the next entry with the link that is kept with it.
    ///
    /// # Errors
    /// It is not what was written after the one before.
    pub fn read(&mut self, line: &Line<'_>, kept: Link) -> Result<(), Divergence> {
        let next = self.number.saturating_add(1);
        if line.number != next {
            return Err(Divergence::Missing { number: next });
        }
        let (number, entry) = (line.number, EntryId::from(line.entry));
        let link = chain::link(self.link, self.whose, line);
        if link != kept {
            return Err(Divergence::Altered { number, entry });
        }
        let expected = self.balance.saturating_add(line.points);
        if line.balance_after != expected {
            return Err(Divergence::Balance { number, entry, expected, found: line.balance_after });
        }
        (self.number, self.balance, self.link) = (number, expected, link);
        Ok(())
    }

    /// Holds the statement against what the account says; none where there is no account.
    ///
    /// # Errors
    /// They differ.
    pub fn end(self, claimed: Option<Claimed>) -> Result<(), Divergence> {
        let none = Claimed { entries: 0, link: Link::FIRST, spendable: 0, deficit: 0, lots_left: 0 };
        let claimed = claimed.unwrap_or(none);
        if claimed.entries > self.number {
            return Err(Divergence::CutOff { number: self.number.saturating_add(1), entries: claimed.entries });
        }
        if claimed.entries < self.number {
            return Err(Divergence::Unclaimed { number: claimed.entries.saturating_add(1) });
        }
        if claimed.link != self.link {
            return Err(Divergence::OtherEnd { number: self.number });
        }
        let found = claimed.spendable.saturating_sub(claimed.deficit);
        if found != self.balance {
            return Err(Divergence::Sum { expected: self.balance, found });
        }
        if claimed.lots_left != claimed.spendable {
            return Err(Divergence::Lots { expected: claimed.spendable, found: claimed.lots_left });
        }
        Ok(())
    }
}

/// An entry as the seal of its shard counts it. In this order they are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sealed {
    /// The batch that wrote it.
    pub batch: i64,
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose entry.
    pub member: Uuid,
    /// Its place on their statement.
    pub number: i64,
    /// Its link.
    pub link: Link,
}

/// How the entries of a shard differ from what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealDivergence {
    /// There are more or fewer.
    Entries {
        /// As sealed.
        expected: i64,
        /// As found.
        found: i64,
    },
    /// Some entry is another.
    Other {
        /// The last batch sealed.
        batch: i64,
    },
    /// The entries up to a batch are not those that a seal kept elsewhere stands for.
    Known {
        /// All is well up to this one; -1 where no kept seal holds.
        after: i64,
        /// The batch of the first seal that does not hold.
        batch: i64,
        /// As that seal says.
        expected: i64,
        /// As found up to there.
        found: i64,
    },
    /// The shard has no seal.
    Gone,
}

/// Holds the entries of a shard against its seal, and against seals that were kept elsewhere.
#[must_use]
pub fn unsealed(mut entries: Vec<Sealed>, seal: Option<&Seal>, known: &[&Seal]) -> Option<SealDivergence> {
    entries.sort_unstable();
    let mut known: Vec<&&Seal> = known.iter().collect();
    known.sort_unstable_by_key(|seal| seal.batch);
    let mut known = known.into_iter().peekable();
    let (mut link, mut found, mut after) = (Link::FIRST, 0_i64, -1);
    let mut differs = |up_to: i64, link: Link, found: i64| {
        while let Some(seal) = known.next_if(|seal| seal.batch < up_to) {
            if (seal.link, seal.entries) != (link, found) {
                return Some(SealDivergence::Known { after, batch: seal.batch, expected: seal.entries, found });
            }
            after = seal.batch;
        }
        None
    };
    for batch in entries.chunk_by(|one, next| one.batch == next.batch) {
        if let Some(divergence) = batch.first().and_then(|first| differs(first.batch, link, found)) {
            return Some(divergence);
        }
        link = chain::seal(link, batch.iter().map(|entry| entry.link));
        found = found.saturating_add(i64::try_from(batch.len()).unwrap_or(i64::MAX));
    }
    if let Some(divergence) = differs(i64::MAX, link, found) {
        return Some(divergence);
    }
    match seal {
        None => Some(SealDivergence::Gone),
        Some(seal) if seal.entries != found => Some(SealDivergence::Entries { expected: seal.entries, found }),
        Some(seal) if seal.link != link => Some(SealDivergence::Other { batch: seal.batch }),
        Some(_) => None,
    }
}
