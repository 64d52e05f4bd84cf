//! Looking back over all members: some shards of one tenant at a time, or sums over its lots.

use std::collections::BTreeMap;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, OrderId, Shard, TenantId};

use super::{Booked, LotsOfMonth, enrolment_of, happened, occurred, store};
use crate::account::Accounts;
use crate::account::occasion;
use crate::account::replaying::{Happened, Life, Recorded};
use crate::programme::occasions::On;

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
        let numbers: Vec<i16> = shards.iter().map(|shard| shard.number()).collect();
        for view in occasion::store::of_shards(reading.connection(), tenant, &numbers).await? {
            if let Some(life) = lives.get_mut(&view.member) {
                life.recorded.push(occurred(view));
            }
        }
        for life in lives.values_mut() {
            if !life.recorded.iter().any(is_enrolment) {
                life.recorded.push(enrolment_of(life.member, life.joined_at));
            }
            // At one instant, what an occasion brings is there before it is spent.
            life.recorded.sort_by_key(|one| (one.known_at, !matches!(one.what, Happened::Occurred { .. })));
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

fn is_enrolment(recorded: &Recorded) -> bool {
    matches!(&recorded.what, Happened::Occurred { occasion, .. } if occasion.on == On::Enrolment)
}
