//! What is recorded of members, for whoever looks back over all of them: statements, purchases, lots.
//!
//! Cost: each look reads some shards of one tenant, or sums over its lots, in one or two statements.

mod store;

use std::collections::BTreeMap;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{Currency, EntryId, MemberId, OrderId, Shard, TenantId};

use super::Accounts;
use super::granting::is_cause;
use super::holdings::EntryKind;
use super::replaying::{Happened, Life, Recorded};

/// What is booked of an order, as it is compared with what activity told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// In which currency.
    pub currency: Currency,
    /// Its net amount.
    pub net_minor: i64,
    /// What came back of it.
    pub returned_minor: i64,
    /// When it was bought.
    pub occurred_at: Timestamp,
}

/// Lots that end in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LotsOfMonth {
    /// "2026-12", of the last day they are good for; none for those that never end.
    pub month: Option<String>,
    /// Lots that have ended.
    pub ended: i64,
    /// What those began with.
    pub ended_issued: i64,
    /// What of it lapsed, written or not.
    pub ended_lapsed: i64,
    /// What lots that go on began with.
    pub issued: i64,
    /// What is left of them.
    pub left: i64,
    /// How many of them have something left.
    pub open: i64,
}

impl Accounts {
    /// The lives of all members of a tenant in some shards: what stands on their statements and follows from nothing else.
    /// Orders and returns are activity's to tell.
    pub async fn lives(&self, tenant: TenantId, shards: &[Shard]) -> Result<BTreeMap<MemberId, Life>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let joined = store::joined(reading.connection(), tenant, shards).await?;
        let blank = |(member, joined_at)| (member, Life { member, joined_at, recorded: Vec::new() });
        let mut lives: BTreeMap<MemberId, Life> = joined.into_iter().map(blank).collect();
        for line in store::lines(reading.connection(), tenant, shards).await? {
            let recorded = happened(&line).map(|what| Recorded { known_at: line.recorded_at, what });
            if let Some(life) = lives.get_mut(&line.member) {
                life.recorded.extend(recorded);
            }
        }
        Ok(lives)
    }

    /// How many orders are booked.
    pub async fn orders_known(&self, tenant: TenantId) -> Result<i64, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::orders_known(reading.connection(), tenant).await
    }

    /// What is booked of every order of a tenant's members in some shards.
    pub async fn booked(
        &self,
        tenant: TenantId,
        shards: &[Shard],
    ) -> Result<BTreeMap<(MemberId, OrderId), Booked>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::booked(reading.connection(), tenant, shards).await
    }

    /// All lots by the month they end in, and what all members owe.
    pub async fn lots_by_month(
        &self,
        tenant: TenantId,
        zone: &str,
        now: Timestamp,
    ) -> Result<(Vec<LotsOfMonth>, i64), StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let months = store::lots_by_month(reading.connection(), tenant, zone, now).await?;
        Ok((months, store::owed(reading.connection(), tenant).await?))
    }
}

/// A line of a statement.
struct Line {
    member: MemberId,
    entry: EntryId,
    kind: EntryKind,
    points: i64,
    cause: String,
    recorded_at: Timestamp,
}

/// What a line says that follows from nothing else; what orders earn and returns take, and what lapses, does.
fn happened(line: &Line) -> Option<Happened> {
    let entry = line.entry;
    match line.kind {
        EntryKind::Redemption => Some(Happened::Spent { entry, points: line.points.saturating_neg() }),
        EntryKind::RedemptionReversal => Some(Happened::GivenBack { redemption: EntryId::parse(&line.cause).ok()? }),
        EntryKind::Adjustment => Some(Happened::ByHand { points: line.points }),
        EntryKind::Earn if is_cause(&line.cause) => {
            Some(Happened::Given { entry, cause: line.cause.clone(), points: line.points })
        }
        EntryKind::EarnReversal => Some(Happened::TakenBack { grant: EntryId::parse(&line.cause).ok()? }),
        EntryKind::Earn | EntryKind::Lapse => None,
    }
}
