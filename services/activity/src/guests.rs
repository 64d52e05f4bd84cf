//! Guests' orders: bought by nobody known, kept, and given to a member once somebody knows.
//!
//! 1. A guest's order becomes a member's once and for ever. One that is the member's already is left as it is; another
//!    member's is never taken.
//! 2. An order joins when a clerk names it, when its buyer enrols with the identity they had told, or when registry finds
//!    that identity in the moment after the order was written: an enrolment that crosses an order is never missed.
//! 3. The join is told in the member's shard as an order recorded, with what had come back of it before.
//! 4. What is joined is read under the locks of the order's own shard and of the member's.
//!
//! Cost: as a recorded order, and three statements to read the orders whole.

mod events;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use ::store::{RequestKey, Store, StoreError, Tenants, Tx};
use jiff::Timestamp;
use kernel::{Clock, MemberId, OrderId, Shard, TenantId};
use wire::{Stop, known, patiently};

use crate::journal::{Outcome, Recorded, Refusal, shard_of_order};
use crate::orders;

/// Orders that are to become a member's.
#[derive(Clone, Debug)]
pub struct Joining {
    /// Whose rows.
    pub tenant: TenantId,
    /// What makes the call repeat-safe.
    pub key: RequestKey,
    /// Who bought them.
    pub member: MemberId,
    /// By id.
    pub orders: BTreeSet<OrderId>,
    /// By invoice number: all guests' orders that have it.
    pub invoices: BTreeSet<String>,
    /// Decide and write nothing.
    pub validate_only: bool,
}

/// A member who is known by some identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// Keyed digests of their identities.
    pub keys: Vec<String>,
}

/// An order and whose it is.
struct Owned {
    order: OrderId,
    member: Option<MemberId>,
}

/// Guests' orders.
#[derive(Clone, Debug)]
pub struct Guests {
    store: Store,
    clock: Clock,
}

enum Step {
    Done(Recorded),
    /// These shards have to be locked too.
    Wider(BTreeSet<Shard>),
}

impl Guests {
    /// On the service's database.
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Gives the named orders to a member.
    pub async fn join(&self, ask: &Joining) -> Result<Recorded, Stop<Refusal>> {
        patiently(|| async {
            let mut shards = BTreeSet::from([crate::home_of(ask.tenant, &ask.key), Shard::of_member(ask.member)]);
            shards.extend(ask.orders.iter().map(|order| shard_of_order(*order)));
            loop {
                match self.try_join(ask, &shards).await? {
                    Step::Done(recorded) => return Ok(recorded),
                    Step::Wider(more) => shards.extend(more),
                }
            }
        })
        .await
    }

    async fn try_join(&self, ask: &Joining, shards: &BTreeSet<Shard>) -> Result<Step, Stop<Refusal>> {
        let home = crate::home_of(ask.tenant, &ask.key);
        let mut tx = self.store.begin(ask.tenant, shards.iter().copied()).await?;
        let now = self.clock.now();
        if let Some(recorded) = known(tx.recall(ask.tenant, home, &ask.key, now).await?)? {
            return Ok(Step::Done(recorded));
        }
        if terms::of(&mut tx, ask.tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let named = named(&mut tx, ask).await?;
        let wider: BTreeSet<Shard> =
            named.iter().map(|order| shard_of_order(*order)).filter(|shard| !shards.contains(shard)).collect();
        if !wider.is_empty() {
            tx.roll_back().await?;
            return Ok(Step::Wider(wider));
        }
        let taken = |order: &OrderId| Outcome::Order { order: *order, member: Some(ask.member) };
        let outcomes = named.iter().map(taken).collect();
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Step::Done(Recorded::rehearsed(outcomes)));
        }
        take(&mut tx, ask.tenant, ask.member, &named, now).await?;
        let recorded = Recorded::new(outcomes, &tx.moved());
        tx.remember(ask.tenant, home, &ask.key, &recorded, now)?;
        tx.commit().await?;
        Ok(Step::Done(recorded))
    }

    /// Gives orders to the member that registry found right after they were written; those that are somebody's by now
    /// stay theirs.
    pub async fn join_found(
        &self,
        tenant: TenantId,
        found: &BTreeMap<MemberId, Vec<OrderId>>,
    ) -> Result<(), Stop<Refusal>> {
        patiently(|| async {
            let orders = found.values().flatten().map(|order| shard_of_order(*order));
            let shards = orders.chain(found.keys().map(|member| Shard::of_member(*member)));
            let mut tx = self.store.begin(tenant, shards).await?;
            for (member, orders) in found {
                take(&mut tx, tenant, *member, orders, self.clock.now()).await?;
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    /// The shards that joining the orders of these members locks, by what is there now.
    pub async fn shards_of(&self, claims: &[Claim]) -> Result<BTreeSet<Shard>, StoreError> {
        if claims.iter().all(|claim| claim.keys.is_empty()) {
            return Ok(BTreeSet::new());
        }
        let tenants: Tenants = claims.iter().map(|claim| claim.tenant).collect();
        let mut reading = self.store.read(tenants).await?;
        let found = store::by_keys(reading.connection(), claims).await?;
        Ok(shards_of(claims, &found))
    }
}

/// Gives their earlier orders to members that are known now, in a transaction that somebody else commits. Answers the
/// shards that would have to be locked too; nothing is done then.
pub async fn join_claimed(
    tx: &mut Tx,
    claims: &[Claim],
    locked: &BTreeSet<Shard>,
    now: Timestamp,
) -> Result<BTreeSet<Shard>, StoreError> {
    if claims.iter().all(|claim| claim.keys.is_empty()) {
        return Ok(BTreeSet::new());
    }
    let found = store::by_keys(tx.connection(), claims).await?;
    let wider: BTreeSet<Shard> = shards_of(claims, &found).difference(locked).copied().collect();
    if wider.is_empty() {
        for (place, orders) in found {
            take(tx, claims[place].tenant, claims[place].member, &orders, now).await?;
        }
        return Ok(BTreeSet::new());
    }
    Ok(wider)
}

fn shards_of(claims: &[Claim], found: &BTreeMap<usize, Vec<OrderId>>) -> BTreeSet<Shard> {
    let orders = found.values().flatten().map(|order| shard_of_order(*order));
    orders.chain(found.keys().map(|place| Shard::of_member(claims[*place].member))).collect()
}

/// The orders a call names, or why it cannot have them.
async fn named(tx: &mut Tx, ask: &Joining) -> Result<Vec<OrderId>, Stop<Refusal>> {
    let there = store::by_id(tx.connection(), ask.tenant, &ask.orders).await?;
    let known: BTreeSet<OrderId> = there.iter().map(|owned| owned.order).collect();
    if let Some(missing) = ask.orders.difference(&known).next() {
        return Err(Stop::Refused(Refusal::OrderNotFound { order: missing.to_string() }));
    }
    if let Some(taken) = there.iter().find(|owned| owned.member.is_some_and(|member| member != ask.member)) {
        return Err(Stop::Refused(Refusal::OrderTaken { order: taken.order }));
    }
    let mut all = known;
    let by_invoice = store::by_invoice(tx.connection(), ask.tenant, &ask.invoices).await?;
    for invoice in &ask.invoices {
        let having: Vec<&Owned> = by_invoice.iter().filter(|(of, _)| of == invoice).map(|(_, owned)| owned).collect();
        let free = having.iter().filter(|owned| owned.member.is_none_or(|member| member == ask.member));
        let free: BTreeSet<OrderId> = free.map(|owned| owned.order).collect();
        let any = !free.is_empty();
        all.extend(free);
        match having.first() {
            None => return Err(Stop::Refused(Refusal::OrderNotFound { order: invoice.clone() })),
            Some(taken) if !any => return Err(Stop::Refused(Refusal::OrderTaken { order: taken.order })),
            Some(_) => {}
        }
    }
    Ok(all.into_iter().collect())
}

/// Makes guests' orders the member's and tells it; orders that are somebody's are left as they are.
async fn take(
    tx: &mut Tx,
    tenant: TenantId,
    member: MemberId,
    orders: &[OrderId],
    now: Timestamp,
) -> Result<(), StoreError> {
    let joined = store::join(tx.connection(), tenant, member, orders).await?;
    if joined.is_empty() {
        return Ok(());
    }
    let terms = terms::of(tx, tenant).await?;
    let mut whole = orders::within(tx, tenant, &joined).await?;
    whole.sort_by_key(|order| (order.occurred_at, order.order));
    eventlog::append(tx, events::joined(tenant, member, &whole, &terms), now)
}
