//! Proving what was written: one member's statement, or everything that lies in a shard.
//!
//! Cost: of one statement, its entries, read as a stream in one snapshot. Of a shard, all its entries likewise, 80 bytes of
//! memory for each, and one statement more for every 500 accounts.

mod store;

use std::collections::BTreeMap;

use ::store::{StoreError, Tenants};
use futures::TryStreamExt as _;
use kernel::{MemberId, Shard, TenantId};
use uuid::Uuid;

use self::store::{Connection, Span};
use super::Accounts;
use super::chain::{Link, Seal};
use super::verifying::{self, Claimed, Divergence, Reading, SealDivergence, Sealed};

/// Accounts looked at together.
const PAGE: usize = 500;
/// So many diverging members are named of a shard; the others are counted.
const NAMED: usize = 100;

/// A proved statement, or the first entry that proves it wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Entries that are as they were written.
    pub entries: i64,
    /// The balance after them.
    pub balance: i64,
    /// The link of the last of them.
    pub link: Link,
    /// What is wrong first.
    pub divergence: Option<Divergence>,
}

/// What an audit of a shard found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The shard.
    pub shard: Shard,
    /// Accounts looked at.
    pub members: u64,
    /// Entries looked at.
    pub entries: u64,
    /// Members whose statement, sums or lots are not what was written; at most a hundred.
    pub diverging: Vec<(TenantId, MemberId, Divergence)>,
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
    /// Proves one member's statement from its first entry to its last, against the account and its lots.
    pub async fn verify(&self, tenant: TenantId, member: MemberId) -> Result<Verified, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let mut snapshot = store::snapshot(reading.connection()).await?;
        let below = Uuid::from_u128(member.uuid().as_u128().saturating_sub(1));
        let span = Span { tenant, shard: Shard::of_member(member), above: below, up_to: member.uuid() };
        let claimed = store::claims(&mut snapshot, span, 1).await?.pop().map(|(_, claimed)| claimed);
        let mut statement = Reading::new(tenant, member);
        let mut divergence = None;
        let mut lines = store::lines(&mut snapshot, span);
        while let Some(kept) = lines.try_next().await? {
            if let Err(found) = statement.read(kept.line().as_ref(), kept.entry(), kept.link()) {
                divergence = Some(found);
                break;
            }
        }
        drop(lines);
        snapshot.rollback().await?;
        let divergence = divergence.or_else(|| statement.end(claimed).err());
        Ok(Verified { entries: statement.entries(), balance: statement.balance(), link: statement.link(), divergence })
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
}

impl Looking {
    const fn new(shard: Shard) -> Self {
        let audit =
            Audit { shard, members: 0, entries: 0, diverging: Vec::new(), divergences: 0, seal: None, sealed: None };
        Self { audit, sealed: Vec::new() }
    }

    async fn tenant(&mut self, connection: &mut Connection, tenant: TenantId) -> Result<(), StoreError> {
        let (shard, mut above) = (self.audit.shard, Uuid::nil());
        loop {
            let span = Span { tenant, shard, above, up_to: Uuid::max() };
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let claims = store::claims(connection, span, limit).await?;
            let full = claims.len() == PAGE;
            let up_to = claims.last().filter(|_| full).map_or(Uuid::max(), |(member, _)| *member);
            self.page(connection, Span { up_to, ..span }, claims.into_iter().collect()).await?;
            if !full {
                return Ok(());
            }
            above = up_to;
        }
    }

    /// Holds the entries of some members against what their accounts claim.
    async fn page(
        &mut self,
        connection: &mut Connection,
        span: Span,
        mut claims: BTreeMap<Uuid, Claimed>,
    ) -> Result<(), StoreError> {
        let mut under_way: Option<(MemberId, Result<Reading, Divergence>)> = None;
        let mut lines = store::lines(connection, span);
        while let Some(kept) = lines.try_next().await? {
            let member = MemberId::from(kept.member);
            self.audit.entries = self.audit.entries.saturating_add(1);
            self.sealed.push(kept.sealed(span.tenant));
            let so_far = match under_way.take() {
                Some((same, so_far)) if same == member => so_far,
                other => {
                    self.finish(span.tenant, other, &mut claims);
                    Ok(Reading::new(span.tenant, member))
                }
            };
            let read = so_far.and_then(|mut reading| {
                reading.read(kept.line().as_ref(), kept.entry(), kept.link()).map(|()| reading)
            });
            under_way = Some((member, read));
        }
        self.finish(span.tenant, under_way, &mut claims);
        for member in claims.keys().copied().collect::<Vec<_>>() {
            let member = MemberId::from(member);
            self.finish(span.tenant, Some((member, Ok(Reading::new(span.tenant, member)))), &mut claims);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        tenant: TenantId,
        done: Option<(MemberId, Result<Reading, Divergence>)>,
        claims: &mut BTreeMap<Uuid, Claimed>,
    ) {
        let Some((member, read)) = done else { return };
        let claimed = claims.remove(&member.uuid());
        self.audit.members = self.audit.members.saturating_add(1);
        if let Err(divergence) = read.and_then(|reading| reading.end(claimed)) {
            self.audit.divergences = self.audit.divergences.saturating_add(1);
            if self.audit.diverging.len() < NAMED {
                self.audit.diverging.push((tenant, member, divergence));
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
