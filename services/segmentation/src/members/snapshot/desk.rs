//! Taking a snapshot, and having everybody looked at again.
//!
//! The order is the safety argument: a snapshot commits under the lock of the tenant's shard, and only then are members
//! marked, under the lock of their shards. Whoever is written under the snapshot before holds that lock, so they are
//! marked after it; whoever is written later reads the new one.

use std::collections::BTreeSet;

use ::store::{Head, StoreError, Tx};
use ::terms::Held;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use serde::{Deserialize, Serialize};
use timers::Timer;
use uuid::Uuid;
use wire::{Freshness, Stop, known, patiently};

use super::super::frame::Making;
use super::super::{MemberRefusal, Members, NewSnapshot, desk, events, store};
use super::{Snapshot, next_by_itself, next_due};
use crate::scheme::HeldScheme;

/// A snapshot was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taking {
    /// Its number.
    pub number: i64,
    /// Buyers of the period.
    pub population: i64,
    /// Where the tenant's partition of the log stood after it; none where nothing was written.
    mark: Option<(Uuid, i64)>,
}

impl Taking {
    /// What a read of this tenant has to wait for that must see the snapshot.
    pub fn freshness(&self, tenant: TenantId) -> Freshness {
        let head = self.mark.map(|(epoch, position)| (Shard::of_tenant(tenant), Head { epoch, position }));
        Freshness::of(crate::SERVICE, head.as_slice())
    }
}

/// So many shards are locked at once while members are marked.
const SHARDS_AT_ONCE: usize = 16;

impl Members {
    /// Takes a snapshot now.
    pub async fn take_snapshot(&self, ask: NewSnapshot) -> Result<Taking, Stop<MemberRefusal>> {
        patiently(|| self.try_take(&ask)).await
    }

    async fn try_take(&self, ask: &NewSnapshot) -> Result<Taking, Stop<MemberRefusal>> {
        let (tenant, shard) = (ask.tenant, Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        if let Some(taken) = known(tx.recall::<Taking>(tenant, shard, &ask.key, now).await?)? {
            return Ok(taken);
        }
        let held = self.held(&mut tx, tenant).await?;
        if held.settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        let (snapshot, changes_at) = work_out(&mut tx, tenant, &held, now, now).await?;
        let mut taken = Taking { number: snapshot.number, population: snapshot.frame.population, mark: None };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(taken);
        }
        write(&mut tx, tenant, &snapshot, now).await?;
        let next = next_by_itself(changes_at, &held.settled.zone, held.versions.next_change(now));
        timers::bring_forward(&mut tx, &[timer(tenant, store::SNAPSHOT, next)]).await?;
        taken.mark = tx.heads().get(&shard).map(|head| (head.epoch, head.position));
        tx.remember(tenant, shard, &ask.key, &taken, now)?;
        tx.commit().await?;
        Ok(taken)
    }

    /// The snapshot that is due, as of its due instant, and when the next one is.
    pub(crate) async fn snapshot_due(&self, tenant: TenantId, due: Timestamp) -> Result<(), StoreError> {
        let shard = Shard::of_tenant(tenant);
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        let held = self.held(&mut tx, tenant).await?;
        let last = store::latest(tx.connection(), tenant).await?;
        let scheme_change = held.versions.next_change(due);
        let mut next = next_due(due, &held.settled.zone, scheme_change);
        if last.is_none_or(|last| last.taken_at < due) {
            let (snapshot, changes_at) = work_out(&mut tx, tenant, &held, due, now).await?;
            write(&mut tx, tenant, &snapshot, now).await?;
            next = next_by_itself(changes_at, &held.settled.zone, scheme_change);
        }
        timers::set(&mut tx, &[timer(tenant, store::SNAPSHOT, next)]).await?;
        tx.commit().await
    }

    /// Marks everybody who was last compared with an earlier snapshot as due, so that they are looked at again.
    pub(crate) async fn sweep(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let last = store::latest(reading.connection(), tenant).await?;
        drop(reading);
        let shards: Vec<Shard> = Shard::all().collect();
        for some in shards.chunks(SHARDS_AT_ONCE).filter(|_| last.is_some()) {
            let (number, taken_at) =
                last.as_ref().map_or((0, Timestamp::MAX), |last| (last.frame_since, last.taken_at));
            let mut tx = self.store.begin(tenant, some.iter().copied()).await?;
            let members = store::unlooked(&mut tx, tenant, some, number).await?;
            let due = |member: &kernel::MemberId| Timer {
                tenant,
                shard: Shard::of_member(*member),
                subject: member.uuid(),
                kind: store::MEMBER,
                due_at: Some(taken_at),
            };
            timers::set(&mut tx, &members.iter().map(due).collect::<Vec<Timer>>()).await?;
            tx.commit().await?;
        }
        self.end_sweep(tenant, last.map(|last| last.number)).await
    }

    /// The sweep is over, unless another snapshot was taken meanwhile.
    async fn end_sweep(&self, tenant: TenantId, swept: Option<i64>) -> Result<(), StoreError> {
        let mut tx = self.store.begin(tenant, [Shard::of_tenant(tenant)]).await?;
        let last = store::latest(tx.connection(), tenant).await?;
        if last.map(|last| last.number) == swept {
            timers::set(&mut tx, &[timer(tenant, store::SWEEP, None)]).await?;
        }
        tx.commit().await
    }

    /// Sets when the next snapshot is due, after another scheme was put.
    pub(in crate::members) async fn set_next_snapshot(&self, tenant: TenantId) -> Result<(), StoreError> {
        let mut tx = self.store.begin(tenant, [Shard::of_tenant(tenant)]).await?;
        let now = self.clock.now();
        let held = self.held(&mut tx, tenant).await?;
        let last = store::latest(tx.connection(), tenant).await?.map_or(Timestamp::MIN, |last| last.taken_at);
        // A scheme that rules since before now, but after the last snapshot, is to be taken up at once.
        let change = held.versions.next_change(last).map(|change| change.max(now));
        let next = next_due(now, &held.settled.zone, change);
        timers::bring_forward(&mut tx, &[timer(tenant, store::SNAPSHOT, next)]).await?;
        tx.commit().await
    }

    async fn held(&self, tx: &mut Tx, tenant: TenantId) -> Result<HeldScheme, StoreError> {
        let known = self.schemes.within(tx, &BTreeSet::from([tenant])).await?.remove(&tenant);
        Ok(known.unwrap_or_else(Held::default))
    }
}

fn timer(tenant: TenantId, kind: &'static str, due_at: Option<Timestamp>) -> Timer {
    Timer { tenant, shard: Shard::of_tenant(tenant), subject: tenant.uuid(), kind, due_at }
}

/// What a snapshot of a moment says, and when another may come out although nothing more is heard.
async fn work_out(
    tx: &mut Tx,
    tenant: TenantId,
    held: &HeldScheme,
    moment: Timestamp,
    now: Timestamp,
) -> Result<(Snapshot, Option<Timestamp>), StoreError> {
    let mut making = Making::new(desk::unsorted(held, moment), moment);
    store::each_member(tx.connection(), tenant, |passing| making.add(&passing.purchases)).await?;
    let changes_at = making.changes_by_itself_at();
    let frame = making.finish();
    let last = store::latest(tx.connection(), tenant).await?;
    let number = last.as_ref().map_or(0, |last| last.number) + 1;
    let frame_since = last.filter(|last| last.frame.compares_as(&frame)).map_or(number, |last| last.frame_since);
    Ok((Snapshot { number, taken_at: moment, frame_since, frame, recorded_at: now }, changes_at))
}

async fn write(tx: &mut Tx, tenant: TenantId, snapshot: &Snapshot, now: Timestamp) -> Result<(), StoreError> {
    store::insert(tx, tenant, snapshot).await?;
    if snapshot.number == snapshot.frame_since {
        timers::set(tx, &[timer(tenant, store::SWEEP, Some(snapshot.taken_at))]).await?;
    }
    eventlog::append(tx, [events::taken(tenant, snapshot.number, snapshot.taken_at)], now)
}
