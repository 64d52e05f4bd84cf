//! Proving what was written: one member's statement, or everything that lies in a shard.
//!
//! Cost: of one statement, its entries, read as a stream in one snapshot. Of a shard, all its entries likewise, 80 bytes of
//! memory for each, and one statement more for every 500 accounts.

mod store;

use std::collections::BTreeMap;

use ::store::{StoreError, Tenants};
use futures::TryStreamExt as _;
use kernel::{MemberId, Shard, TenantId};

use self::store::{Connection, Span};
use super::Accounts;
use super::chain::{Link, Seal};
use super::verifying::{self, Claimed, Divergence, Reading, SealDivergence, Sealed};
use crate::account::wallet::{Owner, WalletCode};

/// Accounts looked at together.
const PAGE: usize = 500;
/// So many diverging members are named of a shard; the others are counted.
const NAMED: usize = 100;

/// The proved statements of a member, or the first entry that proves one wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Of points.
    pub points: Proved,
    /// Of the other wallets.
    pub others: Vec<Proved>,
    /// What is wrong first, and in which wallet.
    pub divergence: Option<(WalletCode, Divergence)>,
}

/// A statement as far as it is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Of which wallet.
    pub wallet: WalletCode,
    /// Entries that are as they were written.
    pub entries: i64,
    /// The balance after them.
    pub balance: i64,
    /// The link of the last of them.
    pub link: Link,
}

impl Proved {
    const fn of(wallet: WalletCode, reading: &Reading) -> Self {
        Self { wallet, entries: reading.entries(), balance: reading.balance(), link: reading.link() }
    }
}

/// What an audit of a shard found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The shard.
    pub shard: Shard,
    /// Accounts looked at: a member has one for each wallet.
    pub members: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Accounts whose statement, sums or lots are not what was written; at most a hundred.
    pub diverging: Vec<(Owner, Divergence)>,
    /// How many there are.
    pub divergences: u64,
    /// Where the entries are not what was sealed.
    pub seal: Option<SealDivergence>,
    /// What stands for them now.
    pub sealed: Option<Seal>,
}

impl Audit {
    /// Nothing is wrong.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.divergences == 0 && self.seal.is_none()
    }
}

impl Accounts {
    /// Proves one member's statements, wallet by wallet, from the first entry to the last, against the accounts and their lots.
    pub async fn verify(&self, tenant: TenantId, member: MemberId) -> Result<Verified, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let mut snapshot = store::snapshot(reading.connection()).await?;
        let span = Span::of(tenant, member);
        let claimed = store::claims(&mut snapshot, &span, i64::MAX).await?;
        let mut looking = Looking::new(span.shard);
        looking.page(&mut snapshot, &span, claimed.into_iter().collect()).await?;
        snapshot.rollback().await?;
        let Looking { audit, mut proved, .. } = looking;
        let points = Owner::of_points(tenant, member);
        let of_points = proved.remove(&points).unwrap_or_else(|| Reading::new(points));
        Ok(Verified {
            points: Proved::of(WalletCode::POINTS, &of_points),
            others: proved.iter().map(|(owner, reading)| Proved::of(owner.wallet, reading)).collect(),
            divergence: audit.diverging.into_iter().next().map(|(owner, divergence)| (owner.wallet, divergence)),
        })
    }

    /// The seals of all shards, to be kept elsewhere.
    pub async fn seals(&self) -> Result<Vec<Seal>, StoreError> {
        let mut reading = self.store.read(Tenants::Every).await?;
        store::seals(reading.connection(), None).await
    }

    /// Proves everything in a shard, for all tenants, also against seals that were kept elsewhere.
    ///
    /// One at a time in a process: whoever asks for many must not take the connections of those who write.
    pub async fn audit(&self, shard: Shard, known: &[Seal]) -> Result<Audit, StoreError> {
        let _turn = self.auditing.acquire().await.map_err(|_| StoreError::Stopping)?;
        let mut reading = self.store.read(Tenants::Every).await?;
        let mut snapshot = store::snapshot(reading.connection()).await?;
        let mut looking = Looking::new(shard);
        for tenant in store::tenants(&mut snapshot).await? {
            looking.tenant(&mut snapshot, tenant).await?;
        }
        let seal = store::seals(&mut snapshot, Some(shard)).await?.pop();
        snapshot.rollback().await?;
        Ok(looking.end(seal, known))
    }
}

/// An audit on its way through a shard.
struct Looking {
    audit: Audit,
    sealed: Vec<Sealed>,
    /// The statements of the last page, as far as they are proved.
    proved: BTreeMap<Owner, Reading>,
}

impl Looking {
    const fn new(shard: Shard) -> Self {
        let audit =
            Audit { shard, members: 0, entries: 0, diverging: Vec::new(), divergences: 0, seal: None, sealed: None };
        Self { audit, sealed: Vec::new(), proved: BTreeMap::new() }
    }

    async fn tenant(&mut self, connection: &mut Connection, tenant: TenantId) -> Result<(), StoreError> {
        let mut span = Span::all(tenant, self.audit.shard);
        loop {
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let claims = store::claims(connection, &span, limit).await?;
            let last = claims.last().filter(|_| claims.len() == PAGE).map(|(owner, _)| *owner);
            self.page(connection, &span.up_to(last), claims.into_iter().collect()).await?;
            match last {
                Some(last) => span = span.above(last),
                None => return Ok(()),
            }
        }
    }

    /// Holds the entries of some accounts against what these claim.
    async fn page(
        &mut self,
        connection: &mut Connection,
        span: &Span,
        mut claims: BTreeMap<Owner, Claimed>,
    ) -> Result<(), StoreError> {
        self.proved.clear();
        let mut under_way: Option<(Reading, Option<Divergence>)> = None;
        let mut lines = store::lines(connection, span);
        while let Some(kept) = lines.try_next().await? {
            let owner = kept.owner(span.tenant)?;
            self.audit.entries = self.audit.entries.saturating_add(1);
            self.sealed.push(kept.sealed(&owner));
            let (mut reading, found) = match under_way.take() {
                Some(same) if same.0.owner() == owner => same,
                other => {
                    self.finish(other, &mut claims);
                    (Reading::new(owner), None)
                }
            };
            let found = found.or_else(|| reading.read(kept.line().as_ref(), kept.entry(), kept.link()).err());
            under_way = Some((reading, found));
        }
        self.finish(under_way, &mut claims);
        for owner in claims.keys().copied().collect::<Vec<_>>() {
            self.finish(Some((Reading::new(owner), None)), &mut claims);
        }
        Ok(())
    }

    fn finish(&mut self, done: Option<(Reading, Option<Divergence>)>, claims: &mut BTreeMap<Owner, Claimed>) {
        let Some((reading, found)) = done else { return };
        let owner = reading.owner();
        let claimed = claims.remove(&owner);
        self.proved.insert(owner, reading);
        self.audit.members = self.audit.members.saturating_add(1);
        if let Some(divergence) = found.or_else(|| reading.end(claimed).err()) {
            self.audit.divergences = self.audit.divergences.saturating_add(1);
            if self.audit.diverging.len() < NAMED {
                self.audit.diverging.push((owner, divergence));
            }
        }
    }

    fn end(mut self, seal: Option<Seal>, known: &[Seal]) -> Audit {
        let known: Vec<&Seal> = known.iter().filter(|known| known.shard == self.audit.shard).collect();
        self.audit.seal = verifying::unsealed(self.sealed, seal.as_ref(), &known);
        self.audit.sealed = seal;
        self.audit
    }
}
