//! Whether a statement is what was written, and what of it is not.

use kernel::{EntryId, TenantId};
use uuid::Uuid;

use super::chain::{self, Line, Link, Seal};
use crate::account::wallet::{Owner, WalletCode};

/// What an account's row says of its statement, and what its lots add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// How many entries there are.
    pub entries: i64,
    /// The last one's link.
    pub link: Link,
    /// What can be spent.
    pub spendable: i64,
    /// What waits.
    pub pending: i64,
    /// What is held back.
    pub held: i64,
    /// What the next points fill first.
    pub deficit: i64,
    /// The sum of what is left in lots that can be spent, and is not held.
    pub lots_usable: i64,
    /// The sum of what is left in lots that wait.
    pub lots_waiting: i64,
    /// The sum of what is held of lots.
    pub lots_held: i64,
    /// The sum of what holds hold.
    pub holds_held: i64,
}

impl Claimed {
    /// Of somebody without an account.
    const NONE: Self = Self {
        entries: 0,
        link: Link::FIRST,
        spendable: 0,
        pending: 0,
        held: 0,
        deficit: 0,
        lots_usable: 0,
        lots_waiting: 0,
        lots_held: 0,
        holds_held: 0,
    };
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
    /// The lots hold something else than the account says can be spent, waits or is held.
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
    owner: Owner,
    number: i64,
    balance: i64,
    link: Link,
}

impl Reading {
    /// Before the first entry.
    #[must_use]
    pub const fn new(owner: Owner) -> Self {
        Self { owner, number: 0, balance: 0, link: Link::FIRST }
    }

    /// Whose statement it is.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        self.owner
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

    /// Reads the next entry, what it says where that can be read, and the link that is kept with it.
    ///
    /// # Errors
    /// It is not what was written after the one before.
    pub fn read(
        &mut self,
        line: Option<&Line<'_>>,
        (number, entry): (i64, EntryId),
        kept: Link,
    ) -> Result<(), Divergence> {
        let next = self.number.saturating_add(1);
        if number > next {
            return Err(Divergence::Missing { number: next });
        }
        let link = line.map(|line| chain::link(self.link, self.owner, line));
        let (Some(line), Some(link)) = (line, link.filter(|link| *link == kept && number == next)) else {
            return Err(Divergence::Altered { number, entry });
        };
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
        let claimed = claimed.unwrap_or(Claimed::NONE);
        if claimed.entries > self.number {
            return Err(Divergence::CutOff { number: self.number.saturating_add(1), entries: claimed.entries });
        }
        if claimed.entries < self.number {
            return Err(Divergence::Unclaimed { number: claimed.entries.saturating_add(1) });
        }
        if claimed.link != self.link {
            return Err(Divergence::OtherEnd { number: self.number });
        }
        let kept = claimed.pending.saturating_add(claimed.held);
        let found = claimed.spendable.saturating_add(kept).saturating_sub(claimed.deficit);
        if found != self.balance {
            return Err(Divergence::Sum { expected: self.balance, found });
        }
        let sums = [
            (claimed.spendable, claimed.lots_usable),
            (claimed.pending, claimed.lots_waiting),
            (claimed.held, claimed.lots_held),
            (claimed.held, claimed.holds_held),
        ];
        match sums.into_iter().find(|(expected, found)| expected != found) {
            Some((expected, found)) => Err(Divergence::Lots { expected, found }),
            None => Ok(()),
        }
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
    /// In which of their wallets.
    pub wallet: WalletCode,
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
        /// The last batch sealed.
        batch: i64,
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
        /// All is well up to this one; none where no kept seal holds.
        after: Option<i64>,
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
    let (mut link, mut found, mut after, mut last) = (Link::FIRST, 0_i64, None, -1);
    let mut differs = |up_to: i64, link: Link, found: i64| {
        while let Some(seal) = known.next_if(|seal| seal.batch < up_to) {
            if (seal.link, seal.entries) != (link, found) {
                return Some(SealDivergence::Known { after, batch: seal.batch, expected: seal.entries, found });
            }
            after = Some(seal.batch);
        }
        None
    };
    for batch in entries.chunk_by(|one, next| one.batch == next.batch) {
        if let Some(divergence) = batch.first().and_then(|first| differs(first.batch, link, found)) {
            return Some(divergence);
        }
        link = chain::seal(link, batch.iter().map(|entry| entry.link));
        last = batch.first().map_or(last, |first| first.batch);
        found = found.saturating_add(i64::try_from(batch.len()).unwrap_or(i64::MAX));
    }
    if let Some(divergence) = differs(i64::MAX, link, found) {
        return Some(divergence);
    }
    match seal {
        None => Some(SealDivergence::Gone),
        Some(seal) if seal.entries != found => {
            Some(SealDivergence::Entries { batch: seal.batch, expected: seal.entries, found })
        }
        Some(seal) if seal.link != link || seal.batch != last => Some(SealDivergence::Other { batch: seal.batch }),
        Some(_) => None,
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod tests {
    use jiff::Timestamp;
    use kernel::Shard;

    use super::*;

    fn entry(batch: i64, tenant: u128, member: u128, number: i64) -> Sealed {
        let link = Link([u8::try_from(number).expect("small"); 32]);
        let (tenant, member) = (TenantId::from(Uuid::from_u128(tenant)), Uuid::from_u128(member));
        Sealed { batch, tenant, member, wallet: WalletCode::POINTS, number, link }
    }

    /// The seal after so many of these batches.
    fn seal_of(batches: &[&[Sealed]]) -> Seal {
        let (mut link, mut entries, mut last) = (Link::FIRST, 0, -1);
        for batch in batches {
            link = chain::seal(link, batch.iter().map(|entry| entry.link));
            entries += i64::try_from(batch.len()).expect("few");
            last = batch[0].batch;
        }
        let shard = Shard::from_number(7).expect("one of 256");
        Seal { shard, entries, batch: last, link, recorded_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn entries_are_held_against_the_seal_and_against_kept_ones() {
        let old = [entry(-1, 1, 1, 1), entry(-1, 1, 2, 1)];
        let mixed = [entry(4, 1, 1, 2), entry(4, 1, 2, 2), entry(4, 2, 1, 9)];
        let late = [entry(9, 1, 2, 3)];
        let all: Vec<Sealed> = late.iter().chain(&mixed).chain(&old).copied().collect();
        let seals = [seal_of(&[&old]), seal_of(&[&old, &mixed]), seal_of(&[&old, &mixed, &late])];
        let now = &seals[2];
        let known: Vec<&Seal> = seals.iter().rev().collect();
        assert_eq!(unsealed(all.clone(), Some(now), &known), None, "of any age, in any order");
        assert_eq!(unsealed(Vec::new(), Some(&seal_of(&[])), &[]), None, "nothing is sealed, nothing is there");
        assert_eq!(unsealed(all.clone(), None, &known), Some(SealDivergence::Gone));

        let without = |gone: &Sealed| all.iter().filter(|kept| *kept != gone).copied().collect::<Vec<_>>();
        let fewer = SealDivergence::Entries { batch: 9, expected: 6, found: 5 };
        let from = |after, batch, expected, found| Some(SealDivergence::Known { after, batch, expected, found });
        for (gone, kept) in [
            (old[1], from(None, -1, 2, 1)),
            (mixed[0], from(Some(-1), 4, 5, 4)),
            (mixed[2], from(Some(-1), 4, 5, 4)),
            (late[0], from(Some(4), 9, 6, 5)),
        ] {
            assert_eq!(unsealed(without(&gone), Some(now), &[]), Some(fewer));
            assert_eq!(unsealed(without(&gone), Some(now), &known), kept);
        }
        let mut other = all.clone();
        other[1].link = Link([99; 32]);
        assert_eq!(unsealed(other, Some(now), &[]), Some(SealDivergence::Other { batch: 9 }));
        let forward = Seal { batch: 10, ..*now };
        assert_eq!(unsealed(all, Some(&forward), &[]), Some(SealDivergence::Other { batch: 10 }));
    }

    #[test]
    fn a_number_that_comes_twice_or_too_soon_is_an_altered_entry() {
        let owner = Owner::of_points(TenantId::from(Uuid::from_u128(1)), Uuid::from_u128(2).into());
        let id = EntryId::from(Uuid::from_u128(3));
        let mut reading = Reading::new(owner);
        assert_eq!(reading.read(None, (2, id), Link::FIRST), Err(Divergence::Missing { number: 1 }));
        assert_eq!(reading.read(None, (0, id), Link::FIRST), Err(Divergence::Altered { number: 0, entry: id }));
        assert_eq!(reading.read(None, (1, id), Link::FIRST), Err(Divergence::Altered { number: 1, entry: id }));
    }
}
