//! The desk: the one shape of a transaction that changes a subscription.
//!
//! The order of the steps is the safety argument: the member's shard is locked, then the request is recalled, then the
//! subscription is read, then a rule decides in memory, then everything is written and what has to be said elsewhere is
//! placed. Nothing is read before the lock but whose it is, which never changes; nothing is decided after the write.

use std::collections::BTreeMap;

use ::store::{RequestKey, StoreError, Tenants, Tx};
use eventlog::{CannotApply, Heard};
use jiff::Timestamp;
use kernel::{MemberId, OrderId, RequestId, Shard, SubscriptionId, TenantId};
use outbox::{Call, Open};
use serde_json::json;
use terms::Settled;
use wire::{Stop, known, patiently};

use super::charging::Answer;
use super::standing::{Change, News, Standing, State};
use super::{Mutation, Receipt, Refusal, StandingOrders, Subscribing, answering, events, refunding, schedule, store};
use crate::plan::cadence::{Schedule, Zone};
use crate::plan::terms::Plan;

/// What was heard of registry.
#[derive(Clone, Debug)]
pub(crate) struct Deeds {
    /// Who joined, and when.
    pub(crate) joined: Vec<(TenantId, MemberId, Timestamp)>,
    /// What was settled.
    pub(crate) settled: Vec<(TenantId, Settled)>,
}

/// What a call that follows from a change was answered.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    /// The provider, to a charge.
    Charge {
        /// Which attempt.
        attempt: i32,
        /// What it said.
        answer: Answer,
    },
    /// The provider, to a refund.
    Refund {
        /// Which attempt.
        attempt: i32,
        /// What it said.
        answer: Answer,
    },
    /// Activity, to an order.
    Order {
        /// The order, or the reason of its refusal.
        told: Result<OrderId, String>,
    },
}

impl StandingOrders {
    /// Subscribes a member to a plan.
    ///
    /// # Errors
    /// The member or the plan is not known, a membership is subscribed to already, the tenant may not write, the request id
    /// was used for something else, or the database fails.
    pub async fn subscribe(&self, ask: Subscribing) -> Result<Receipt, Stop<Refusal>> {
        patiently(|| self.try_subscribe(&ask)).await
    }

    async fn try_subscribe(&self, ask: &Subscribing) -> Result<Receipt, Stop<Refusal>> {
        let (tenant, member, shard) = (ask.tenant, ask.member, Shard::of_member(ask.member));
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, shard, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let settled = writable(&mut tx, tenant).await?;
        if !ask.known && !store::is_known(&mut tx, tenant, member).await? {
            return Err(Stop::Refused(Refusal::MemberNotFound { member }));
        }
        let plan = self.plans.within(&mut tx, tenant, &ask.plan, None).await?;
        let plan = plan.ok_or_else(|| Stop::Refused(Refusal::PlanNotFound { plan: ask.plan.clone() }))?;
        let mut former = None;
        if plan.is_membership() {
            if ask.cadence.is_some_and(|cadence| cadence != plan.cadence) {
                return Err(Stop::Refused(Refusal::CadenceFixed { plan: ask.plan.clone() }));
            }
            let (live, last) = store::former(&mut tx, tenant, member, &ask.plan).await?;
            if let Some(subscription) = live {
                return Err(Stop::Refused(Refusal::AlreadySubscribed { plan: ask.plan.clone(), subscription }));
            }
            former = last;
        }
        if ask.known {
            store::know(&mut tx, &[(tenant, member, now)]).await?;
        }
        let by_provider = self.provider.schedules_itself(&ask.token);
        let zone = ask.zone.clone().unwrap_or_else(|| Zone::of(settled.zone));
        let mut ours = begun(ask, plan, zone, now);
        (ours.former, ours.by_provider) = (former, by_provider);
        schedule::advance(&mut ours, now);
        let number = ours.occurrences.keys().next().copied().unwrap_or(ours.next);
        let first_due = ours.occurrence(number).map(|occurrence| occurrence.due_at);
        let mut receipt = Receipt { next_due: first_due, ..Receipt::of(&ours) };
        if ask.validate_only {
            receipt.subscription = None;
        }
        self.keep(tx, (tenant, &ask.key), &ours, receipt, ask.validate_only, now).await
    }

    /// Lets happen what has fallen due for one.
    pub(crate) async fn fall_due(
        &self,
        tenant: TenantId,
        shard: Shard,
        subscription: SubscriptionId,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        let Some(mut ours) = store::load(&mut tx, &self.plans, (tenant, shard), subscription, None).await? else {
            return Err(StoreError::unreadable("the subscription of a timer"));
        };
        if ours.next_instant().is_some_and(|next| next <= now) {
            schedule::advance(&mut ours, now);
            write(&mut tx, tenant, &ours, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Writes an answer down together with the call it answers. One that was written before changes nothing.
    pub(crate) async fn answered(
        &self,
        call: &Open,
        (subscription, number): (SubscriptionId, i64),
        answer: Answered,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin(call.tenant, [call.shard]).await?;
        if !outbox::settle(&mut tx, call).await? {
            return tx.roll_back().await;
        }
        let now = self.clock.now();
        let found = store::load(&mut tx, &self.plans, (call.tenant, call.shard), subscription, Some(number)).await?;
        let mut ours = found.ok_or_else(|| StoreError::unreadable("the subscription of a call"))?;
        match answer {
            Answered::Charge { attempt, answer } => answering::answer(&mut ours, number, attempt, answer, now),
            Answered::Refund { attempt, answer } => {
                refunding::refund_answered(&mut ours, (number, attempt), answer, now);
            }
            Answered::Order { told } => answering::ordered(&mut ours, number, told, now),
        }
        write(&mut tx, call.tenant, &ours, now).await?;
        tx.commit().await
    }

    /// Applies what was heard, together with the cursors of who said it.
    pub(crate) async fn hear(&self, heard: &Heard, deeds: &Deeds) -> Result<(), CannotApply> {
        let mut place = heard.place();
        place.shards.extend(deeds.settled.iter().map(|(tenant, _)| Shard::of_tenant(*tenant)));
        place.shards.extend(deeds.joined.iter().map(|(_, member, _)| Shard::of_member(*member)));
        let mut tx = self.store.begin(place.tenants.into_iter().collect::<Tenants>(), place.shards).await?;
        let now = self.clock.now();
        heard.settle(&mut tx, now).await?;
        for (tenant, settled) in &deeds.settled {
            terms::keep(&mut tx, *tenant, settled, now).await?;
        }
        store::know(&mut tx, &deeds.joined).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn change<F>(&self, ask: &Mutation, also: Option<i64>, rule: F) -> Result<Receipt, Stop<Refusal>>
    where
        F: Fn(&mut Standing, Timestamp) -> Result<Receipt, Refusal>,
    {
        patiently(|| self.try_change(ask, also, &rule)).await
    }

    async fn try_change<F>(&self, ask: &Mutation, also: Option<i64>, rule: &F) -> Result<Receipt, Stop<Refusal>>
    where
        F: Fn(&mut Standing, Timestamp) -> Result<Receipt, Refusal>,
    {
        let (tenant, subscription) = (ask.tenant, ask.subscription);
        let shard = Shard::of_member(self.whose(tenant, subscription).await?);
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, shard, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        writable(&mut tx, tenant).await?;
        let found = store::load(&mut tx, &self.plans, (tenant, shard), subscription, also).await?;
        let mut ours = found.ok_or(Stop::Refused(Refusal::SubscriptionNotFound { subscription }))?;
        let receipt = rule(&mut ours, now).map_err(Stop::Refused)?;
        self.keep(tx, (tenant, &ask.key), &ours, receipt, ask.validate_only, now).await
    }

    /// Writes what was decided, and remembers it; or does neither where it was only tried.
    async fn keep(
        &self,
        mut tx: Tx,
        (tenant, key): (TenantId, &RequestKey),
        ours: &Standing,
        mut receipt: Receipt,
        validate_only: bool,
        now: Timestamp,
    ) -> Result<Receipt, Stop<Refusal>> {
        if validate_only {
            tx.roll_back().await?;
            return Ok(receipt);
        }
        let shard = Shard::of_member(ours.member);
        write(&mut tx, tenant, ours, now).await?;
        receipt.mark = tx.heads().get(&shard).map(|head| (shard.number(), head.epoch, head.position));
        tx.remember(tenant, shard, key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }
}

/// A subscription before anything has happened to it.
fn begun(ask: &Subscribing, plan: std::sync::Arc<Plan>, zone: Zone, now: Timestamp) -> Standing {
    let schedule = Schedule {
        cadence: ask.cadence.unwrap_or(plan.cadence),
        anchor: ask.anchor.unwrap_or_else(|| zone.wall(now)),
        zone,
        base: 0,
    };
    // Counted from now, the first is due now, even in an hour that the clocks show twice.
    let next = if ask.anchor.is_none() { 0 } else { schedule.first_from(now).unwrap_or_default() };
    let first = Change { number: 1, from: None, to: State::Active, reason: String::new(), at: now };
    Standing {
        id: SubscriptionId::derived_from(ask.key.id.uuid(), "subscription"),
        member: ask.member,
        plan,
        schedule,
        state: State::Active,
        since: now,
        reason: String::new(),
        changes: 1,
        next,
        token: ask.token.clone(),
        by_provider: false,
        awaits_card: false,
        unpaid_in_row: 0,
        last_paid: None,
        membership: None,
        former: None,
        started_at: now,
        occurrences: BTreeMap::new(),
        placed: Vec::new(),
        answered: Vec::new(),
        orders: Vec::new(),
        changed: vec![first],
        news: vec![(now, News::Started)],
    }
}

/// What is settled for a tenant that may write.
async fn writable(tx: &mut Tx, tenant: TenantId) -> Result<Settled, Stop<Refusal>> {
    let settled = terms::of(tx, tenant).await?;
    if settled.suspended { Err(Stop::TenantSuspended) } else { Ok(settled) }
}

async fn write(tx: &mut Tx, tenant: TenantId, ours: &Standing, now: Timestamp) -> Result<(), StoreError> {
    store::writing::write(tx, tenant, ours, now).await?;
    eventlog::append(tx, events::all(tenant, ours), now)?;
    outbox::place(tx, &calls(tenant, ours), now).await
}

/// What has to be said elsewhere. The provider is asked in this order, and activity in this order; neither waits for the
/// other, so that money goes on moving while activity is away.
fn calls(tenant: TenantId, ours: &Standing) -> Vec<Call> {
    let (shard, subject) = (Shard::of_member(ours.member), ours.id.uuid());
    let currency = ours.plan.currency.to_string();
    let charges = ours.placed.iter().filter(|placed| placed.ask).map(|placed| Call {
        tenant,
        shard,
        subject,
        id: RequestId::from(placed.id.uuid()),
        kind: if placed.refund { REFUND } else { CHARGE },
        payload: json!({
            "number": placed.number, "attempt": placed.attempt, "token": placed.token,
            "amount_minor": placed.amount_minor, "currency": currency,
        }),
    });
    let orders = ours.orders.iter().map(|(number, paid_at)| Call {
        tenant,
        shard,
        subject: RequestId::caused_by(subject, "orders").uuid(),
        id: RequestId::caused_by(subject, &format!("order/{number}")),
        kind: ORDER,
        payload: json!({
            "subscription": ours.id, "number": number, "member": ours.member, "plan": ours.plan.code, "version": ours.plan.version,
            "paid_at": paid_at,
        }),
    });
    charges.chain(orders).collect()
}

/// The provider is asked for money.
pub(crate) const CHARGE: &str = "charge";
/// The provider is asked to give back.
pub(crate) const REFUND: &str = "refund";
/// Activity is asked to record an order.
pub(crate) const ORDER: &str = "order";
