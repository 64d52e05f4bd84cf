//! The mission: what members are asked to do, how far they have come, and what they are given for it.
//!
//! 1. Progress is worked out anew from what a member did and kept, never added up ([`counting`]). An order that comes back,
//!    in whatever parts, leaves it as if the order had never been; a late order counts by when it was bought.
//! 2. A window keeps the version it was begun with, for that was promised. More deeds never complete less, so that a window
//!    that has closed is decided anew only upward; only what comes back takes away ([`judging`]).
//! 3. What happens is heard together with the account's cursors, in the shard of the member ([`heard`]). What follows from
//!    it elsewhere, the budget in the mission's shard and the points at the desk of accounts, is paid by a timer that is due
//!    at once, exactly once for each reward ([`desk`]).
//! 4. No budget is overrun: one reward is taken of it in one conditional statement with the mission's shard locked.
//! 5. A look does not wait for the timer: what is completed is told as completed, its reward on the way.
//!
//! Life cycle of a reward: completed -> being given -> given | not given; given -> being taken back -> taken back, and once
//! more where it is earned anew.
//! Cost: one statement for each tenant of a hearing; where it has missions eight more, and the member's orders since the
//! first of them began.

mod asks;
pub mod counting;
mod desk;
mod events;
pub mod facts;
pub mod judging;
mod reading;
mod store;
mod telling;
pub mod terms;
pub mod windows;
pub mod words;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod laws;

use std::collections::{BTreeMap, BTreeSet};

use ::store::{Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Clock, MemberId, OrderId, Shard, TenantId};
use timers::Timer;
use wire::{Stop, known, patiently};

pub use self::asks::{Accept, AcceptReceipt, Closed, Happened, HappenedReceipt, MissionRefusal, Put, PutReceipt};
use self::facts::{Back, Event, Order, Who};
use self::judging::{Definitions, Record, Round, judge};
pub use self::reading::{MemberMission, MissionState};
use self::store::members::{self, Records};
pub(crate) use self::telling::{Told, happened};
use self::terms::Definition;
use self::windows::span;
use crate::account::Accounts;
use crate::campaign;
use crate::receipt::Reached;

/// The kind of timer that rings when rewards of a member are owed; its subject is the member.
pub(crate) const OWED: &str = "mission";

/// Missions of a tenant that are not over.
pub const MOST_MISSIONS: i64 = 200;

/// A version of a mission, and what all versions have come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// It.
    pub definition: Definition,
    /// Rewards that were given, or are being.
    pub taken: i64,
    /// When the version was put.
    pub recorded_at: Timestamp,
}

/// Something that was heard of an order of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// In which tenant.
    pub tenant: TenantId,
    /// Whose order.
    pub member: MemberId,
    /// What.
    pub kind: DeedKind,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeedKind {
    /// They bought.
    Bought(Order),
    /// Something came back.
    Returned {
        /// Of which order.
        order: OrderId,
        /// What.
        lines: Vec<Back>,
        /// Nothing is left.
        whole: bool,
    },
}

/// Where a mission lies.
pub(crate) fn shard_of(tenant: TenantId, mission: &str) -> Shard {
    Shard::of_text(tenant, &["mission", mission])
}

/// Applies what was heard of orders, within the transaction of whoever hears it; the shards of the members must be locked.
/// `who` tells how a member stood when they bought: of orders that were booked just now.
pub(crate) async fn heard(
    tx: &mut Tx,
    deeds: &[Deed],
    who: &(dyn Fn(&Deed, OrderId) -> Option<Who> + Sync),
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut by_tenant: BTreeMap<TenantId, Vec<&Deed>> = BTreeMap::new();
    for deed in deeds {
        by_tenant.entry(deed.tenant).or_default().push(deed);
    }
    for (tenant, deeds) in by_tenant {
        let mut definitions = store::definitions(tx.connection(), tenant, now).await?;
        let Some(since) = first_start(&definitions) else { continue };
        let whose: Vec<MemberId> = deeds.iter().map(|deed| deed.member).collect::<BTreeSet<_>>().into_iter().collect();
        let mut records = members::load(tx.connection(), tenant, &whose, since).await?;
        for deed in deeds {
            apply(records.entry(deed.member).or_default(), deed, since, who);
        }
        settle(tx, tenant, &mut definitions, &mut records, now).await?;
    }
    Ok(())
}

/// Missions that ask for an event.
fn asking(definitions: &Definitions, name: &str, at: Timestamp) -> Vec<String> {
    let asks = |mission: &&Definition| mission.terms.goal.hears(name) && mission.covers(at);
    definitions.last.values().filter(asks).map(|mission| mission.code.clone()).collect()
}

/// From when on anything counts for any mission.
fn first_start(definitions: &Definitions) -> Option<Timestamp> {
    definitions.last.values().map(|mission| mission.put_at).min()
}

fn apply(record: &mut Record, deed: &Deed, since: Timestamp, who: &(dyn Fn(&Deed, OrderId) -> Option<Who> + Sync)) {
    match &deed.kind {
        DeedKind::Bought(order) => {
            let known = record.orders.iter().any(|known| known.order == order.order);
            if let (false, true, Some(who)) = (known, order.at >= since, who(deed, order.order)) {
                record.orders.push(Order { who: Some(who), touched: true, ..order.clone() });
            }
        }
        DeedKind::Returned { order, lines, whole } => {
            for known in record.orders.iter_mut().filter(|known| known.order == *order) {
                known.take_back(lines, *whole);
            }
        }
    }
}

/// Judges records, writes what changed, says it, and has what is owed paid.
async fn settle(
    tx: &mut Tx,
    tenant: TenantId,
    definitions: &mut Definitions,
    records: &mut Records,
    now: Timestamp,
) -> Result<(), StoreError> {
    let asked: Vec<(String, i32)> = records
        .values()
        .flat_map(|record| record.rounds.iter().map(|round| (round.mission.clone(), round.version)))
        .collect();
    store::add_older(tx.connection(), tenant, definitions, &asked).await?;
    let zone = ::terms::of(tx, tenant).await?.zone;
    let (mut said, mut due) = (Vec::new(), Vec::new());
    for (member, record) in records.iter_mut() {
        let changes = judge(definitions, record, now, &zone).map_err(StoreError::unreadable)?;
        said.extend(changes.iter().map(|change| events::changed(tenant, *member, change, now)));
        if record.rewards.iter().any(|reward| reward.touched && reward.is_owed()) {
            due.push(timer((tenant, *member), Some(now)));
        }
    }
    members::write(tx.connection(), tenant, records).await?;
    timers::set(tx, &due).await?;
    eventlog::append(tx, said, now)
}

fn timer((tenant, member): (TenantId, MemberId), due_at: Option<Timestamp>) -> Timer {
    Timer { tenant, shard: Shard::of_member(member), subject: member.uuid(), kind: OWED, due_at }
}

/// All missions.
#[derive(Clone)]
pub struct Missions {
    store: Store,
    clock: Clock,
    accounts: Accounts,
}

impl Missions {
    pub(crate) const fn new(store: Store, clock: Clock, accounts: Accounts) -> Self {
        Self { store, clock, accounts }
    }

    /// Puts a mission.
    pub async fn put(&self, ask: &Put) -> Result<PutReceipt, Stop<MissionRefusal>> {
        patiently(|| self.try_put(ask)).await
    }

    async fn try_put(&self, ask: &Put) -> Result<PutReceipt, Stop<MissionRefusal>> {
        let (tenant, home, tenants) = (ask.tenant, shard_of(ask.tenant, &ask.mission), Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [home, tenants]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, tenants, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        if let Some(campaign) = &ask.terms.reward.campaign {
            let asked = BTreeSet::from([(campaign.clone(), 0)]);
            if campaign::within(tx.connection(), tenant, &asked, now).await?.is_empty() {
                return Err(Stop::Refused(MissionRefusal::CampaignNotFound { campaign: campaign.clone() }));
            }
        }
        let last = store::one(tx.connection(), tenant, &ask.mission, 0).await?;
        if last.is_none() && store::live(tx.connection(), tenant, now).await? >= MOST_MISSIONS {
            return Err(Stop::Refused(MissionRefusal::TooMany { most: MOST_MISSIONS }));
        }
        let version = last.map_or(1, |last| last.definition.version.saturating_add(1));
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(PutReceipt { version, reached: Reached::default() });
        }
        store::put(tx.connection(), ask, version, now).await?;
        eventlog::append(&mut tx, [events::put(tenant, &ask.mission, version, now)], now)?;
        let receipt = PutReceipt { version, reached: Reached::of(&tx, tenants) };
        tx.remember(tenant, tenants, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Takes a mission on for a member.
    pub async fn accept(&self, ask: &Accept) -> Result<AcceptReceipt, Stop<MissionRefusal>> {
        let who = self.who(ask.tenant, ask.member).await?;
        patiently(|| self.try_accept(ask, &who)).await
    }

    async fn try_accept(&self, ask: &Accept, who: &Who) -> Result<AcceptReceipt, Stop<MissionRefusal>> {
        let (tenant, member, home) = (ask.tenant, ask.member, Shard::of_member(ask.member));
        let mut tx = self.store.begin(tenant, [home]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let settled = ::terms::of(&mut tx, tenant).await?;
        if settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        if !ask.known {
            return Err(Stop::Refused(MissionRefusal::MemberNotFound { member }));
        }
        let found = store::one(tx.connection(), tenant, &ask.mission, 0).await?;
        let mission = ask.mission.clone();
        let found = found.ok_or(Stop::Refused(MissionRefusal::NotFound { mission }))?.definition;
        let mut records = members::load(tx.connection(), tenant, &[member], now).await?;
        let record = records.entry(member).or_default();
        let runs = |round: &&Round| {
            round.mission == ask.mission
                && round.accepted_at.is_some()
                && round.span.until.is_none_or(|until| now < until)
        };
        let round = match record.rounds.iter().find(runs) {
            Some(round) => round.clone(),
            None => begin(&found, record, who, now, &settled.zone)
                .map_err(|why| Stop::Refused(MissionRefusal::NotOpen { mission: ask.mission.clone(), why }))?,
        };
        let accepted_at = round.accepted_at.unwrap_or(now);
        let (window, until) = (round.span.key.clone(), round.span.until);
        let mut receipt =
            AcceptReceipt { window, version: round.version, accepted_at, until, reached: Reached::default() };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(receipt);
        }
        members::write(tx.connection(), tenant, &records).await?;
        receipt.reached = Reached::of(&tx, home);
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Records something that is no order.
    pub async fn record(&self, ask: &Happened) -> Result<HappenedReceipt, Stop<MissionRefusal>> {
        let who = self.who(ask.tenant, ask.member).await?;
        patiently(|| self.try_record(ask, &who)).await
    }

    async fn try_record(&self, ask: &Happened, who: &Who) -> Result<HappenedReceipt, Stop<MissionRefusal>> {
        let (tenant, member, home) = (ask.tenant, ask.member, Shard::of_member(ask.member));
        let mut tx = self.store.begin(tenant, [home]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        if !ask.known {
            return Err(Stop::Refused(MissionRefusal::MemberNotFound { member }));
        }
        let at = ask.at.map_or(now, |at| at.min(now));
        let (name, external_id) = (ask.name.clone(), ask.external_id.clone());
        let event = Event { name, external_id, at, who: who.clone() };
        let mut definitions = store::definitions(tx.connection(), tenant, now).await?;
        let is_new = members::record_event(tx.connection(), (tenant, member), &event).await?;
        let missions = asking(&definitions, &ask.name, at);
        let mut receipt = HappenedReceipt { missions, repeated: !is_new, reached: Reached::default() };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(receipt);
        }
        if let Some(since) = first_start(&definitions).filter(|_| is_new) {
            let mut records = members::load(tx.connection(), tenant, &[member], since).await?;
            settle(&mut tx, tenant, &mut definitions, &mut records, now).await?;
        }
        receipt.reached = Reached::of(&tx, home);
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// How a member stands now: told with what they do, and kept with it.
    async fn who(&self, tenant: TenantId, member: MemberId) -> Result<Who, Stop<MissionRefusal>> {
        self.accounts.who(tenant, member).await.map_err(|stop| match stop {
            Stop::Failed(error) => Stop::Failed(error),
            Stop::TenantSuspended => Stop::TenantSuspended,
            Stop::Refused(_) | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. } => {
                Stop::Failed(StoreError::unreadable("a look was answered as a request"))
            }
        })
    }
}

/// Begins the window that is open now, by accepting it.
fn begin(
    mission: &Definition,
    record: &mut Record,
    who: &Who,
    now: Timestamp,
    zone: &jiff::tz::TimeZone,
) -> Result<Round, Closed> {
    let terms = &mission.terms;
    if !terms.opt_in {
        return Err(Closed::Automatic);
    }
    if now < mission.starts() {
        return Err(Closed::NotYet);
    }
    if !judging::is_for(terms, who) {
        return Err(Closed::NotForMember);
    }
    let given = record.rewards.iter().filter(|reward| reward.mission == mission.code && reward.wanted).count();
    let given = i64::try_from(given).unwrap_or(i64::MAX);
    if terms.most_in_all.is_some_and(|most| given >= most) {
        return Err(Closed::Completed);
    }
    let open = span(mission, (who.joined_at, Some(now)), now, zone).ok().flatten();
    let mut open = open.ok_or(Closed::Over)?;
    let known = |key: &str| record.rounds.iter().any(|round| round.mission == mission.code && round.span.key == key);
    if known(&open.key) {
        open.key = format!("{}-v{}", open.key, mission.version);
        if known(&open.key) {
            return Err(Closed::Over);
        }
    }
    let round = Round {
        mission: mission.code.clone(),
        span: open,
        version: mission.version,
        accepted_at: Some(now),
        touched: true,
    };
    record.rounds.push(round.clone());
    Ok(round)
}
