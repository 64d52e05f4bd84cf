//! The desk: where every change of a member is worked off, batch by batch.
//!
//! The shards are locked, then people are read, then rules decide in memory, then everything is written. Nothing is read
//! before the lock, nothing decided after the write.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ::store::{Desk, Place, StoreError, Tx};
use ::terms::Settled;
use eventlog::Heard;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Clock, MemberId, OrderId, Shard, TenantId};

use super::frame::Frame;
use super::person::Person;
use super::purchase::{Purchase, Return, cost_share};
use super::snapshot::Shop;
use super::{events, store};
use crate::scheme::{self, HeldScheme, Schemes};

/// One member, in one tenant.
pub(super) type Whose = (TenantId, MemberId);

/// What is read of all members a batch touches.
pub(super) type People = BTreeMap<Whose, Person>;

/// Something that happened, as heard.
#[derive(Clone, Debug)]
pub struct Deed {
    /// In which tenant.
    pub tenant: TenantId,
    /// What.
    pub kind: DeedKind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum DeedKind {
    /// They joined.
    Joined {
        /// Who.
        member: MemberId,
        /// When.
        at: Timestamp,
    },
    /// They bought.
    Bought {
        /// Who.
        member: MemberId,
        /// What, and what had come back of it when a guest's order joined.
        purchase: Purchase,
        /// Part of a history.
        historic: bool,
    },
    /// Something came back.
    Returned {
        /// Whose.
        member: MemberId,
        /// Of which order.
        order: OrderId,
        /// The return's id.
        cause: String,
        /// What came back of the order so far.
        returned_minor: i64,
        /// Nothing is left of it.
        whole: bool,
        /// When.
        occurred_at: Timestamp,
        /// Part of a history.
        historic: bool,
    },
    /// Registry settled something for the tenant.
    Settled(Settled),
}

impl Deed {
    fn member(&self) -> Option<MemberId> {
        match &self.kind {
            DeedKind::Joined { member, .. } | DeedKind::Bought { member, .. } | DeedKind::Returned { member, .. } => {
                Some(*member)
            }
            DeedKind::Settled(_) => None,
        }
    }
}

/// A request to the desk.
#[derive(Debug)]
pub enum Ask {
    /// Apply what was heard, and move the cursors with it.
    Hear {
        /// The events with their cursors.
        heard: Arc<Heard>,
        /// What they mean here, in their order.
        deeds: Vec<Deed>,
    },
    /// Do what has fallen due.
    Settle {
        /// In which tenant.
        tenant: TenantId,
        /// For whom, and until when.
        members: Vec<(MemberId, Timestamp)>,
    },
}

impl Ask {
    fn members(&self) -> Vec<Whose> {
        match self {
            Self::Hear { deeds, .. } => deeds.iter().filter_map(|deed| Some((deed.tenant, deed.member()?))).collect(),
            Self::Settle { tenant, members } => members.iter().map(|(member, _)| (*tenant, *member)).collect(),
        }
    }
}

impl Ask {
    /// The tenants of whom something was heard.
    fn told(&self) -> Vec<TenantId> {
        match self {
            Self::Hear { deeds, .. } => deeds.iter().map(|deed| deed.tenant).collect(),
            Self::Settle { .. } => Vec::new(),
        }
    }
}

/// The desk's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is applied.
    Done,
    /// What was heard makes no sense here.
    CannotApply(String),
}

pub(crate) struct MemberDesk {
    clock: Clock,
    schemes: Schemes,
}

/// The tenants of a batch, as they are compared.
pub(super) type Shops = HashMap<TenantId, Shop>;

/// What is known of a tenant without any snapshot.
pub(super) fn unsorted(held: &HeldScheme, now: Timestamp) -> Frame {
    let (version, scheme) = scheme::ruling(&held.versions, now);
    Frame::new(version, scheme, held.settled.currency, held.settled.zone.clone())
}

impl MemberDesk {
    pub(super) const fn new(clock: Clock, schemes: Schemes) -> Self {
        Self { clock, schemes }
    }

    async fn work_off(&self, tx: &mut Tx, asks: &[Ask]) -> Result<Vec<Answer>, StoreError> {
        let now = self.clock.now();
        let whose: BTreeSet<Whose> = asks.iter().flat_map(Ask::members).collect();
        let mut tenants: BTreeSet<TenantId> = whose.iter().map(|(tenant, _)| *tenant).collect();
        let told: BTreeSet<TenantId> = asks.iter().flat_map(Ask::told).collect();
        tenants.extend(&told);
        let mut people = store::load(tx.connection(), &whose).await?;
        let shops = self.shops(tx, &tenants, &people, now).await?;

        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(match decide(&mut people, &shops, ask, now) {
                Ok(()) => Answer::Done,
                Err(cause) => Answer::CannotApply(cause),
            });
        }

        // Cursors move for what was applied and for nothing else: what could not be is heard again, alone.
        for (ask, answer) in asks.iter().zip(&answers) {
            if let (Ask::Hear { heard, deeds }, Answer::Done) = (ask, answer) {
                heard.settle(tx, now).await?;
                for deed in deeds {
                    if let DeedKind::Settled(settled) = &deed.kind {
                        ::terms::keep(tx, deed.tenant, settled, now).await?;
                    }
                }
            }
        }
        store::write(tx, &people, &shops, now).await?;
        store::bring_snapshots_forward(tx, &told, &shops, now).await?;
        eventlog::append(tx, events::said(&people), now)?;
        Ok(answers)
    }

    async fn shops(
        &self,
        tx: &mut Tx,
        tenants: &BTreeSet<TenantId>,
        people: &People,
        now: Timestamp,
    ) -> Result<Shops, StoreError> {
        let held = self.schemes.within(tx, tenants).await?;
        let mut taken = store::snapshots_since(tx.connection(), tenants, people).await?;
        let shop = |tenant: &TenantId| {
            let held = held.get(tenant).cloned().unwrap_or_default();
            (*tenant, Shop::new(unsorted(&held, now), taken.remove(tenant).unwrap_or_default()))
        };
        Ok(tenants.iter().map(shop).collect())
    }
}

impl Desk for MemberDesk {
    type Ask = Ask;
    type Answer = Answer;

    fn place(ask: &Ask) -> Place {
        let mut place = match ask {
            Ask::Hear { heard, deeds } => {
                let mut place = heard.place();
                // What is heard brings the tenant's snapshot forward: under the same lock that a snapshot is taken under.
                place.shards.extend(deeds.iter().map(|deed| Shard::of_tenant(deed.tenant)));
                place
            }
            Ask::Settle { .. } => Place::default(),
        };
        for (tenant, member) in ask.members() {
            place.tenants.insert(tenant);
            place.shards.insert(Shard::of_member(member));
        }
        place
    }

    fn work<'a>(&'a self, tx: &'a mut Tx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Answer>, StoreError>> {
        Box::pin(self.work_off(tx, asks))
    }
}

/// Decides one request. Where one of its deeds cannot be applied, none is.
fn decide(people: &mut People, shops: &Shops, ask: &Ask, now: Timestamp) -> Result<(), String> {
    match ask {
        Ask::Settle { tenant, members } => {
            for (member, until) in members {
                if let (Some(person), Some(shop)) = (people.get_mut(&(*tenant, *member)), shops.get(tenant)) {
                    person.settle(shop, *until);
                    // The timer that rang is to be set anew, even where nothing came of it.
                    person.touched = true;
                }
            }
            Ok(())
        }
        Ask::Hear { deeds, .. } => {
            let mut changed = People::new();
            for deed in deeds {
                let (Some(member), Some(shop)) = (deed.member(), shops.get(&deed.tenant)) else { continue };
                let whose = (deed.tenant, member);
                let person = changed
                    .entry(whose)
                    .or_insert_with(|| people.get(&whose).cloned().unwrap_or_else(|| Person::newcomer(member, shop)));
                apply(person, shop, &deed.kind, now)?;
            }
            people.extend(changed);
            Ok(())
        }
    }
}

fn apply(person: &mut Person, shop: &Shop, kind: &DeedKind, now: Timestamp) -> Result<(), String> {
    match kind {
        DeedKind::Joined { at, .. } => person.join(*at),
        DeedKind::Bought { purchase, historic, .. } => person.buy(purchase.clone(), *historic, shop, now),
        DeedKind::Returned { order, cause, returned_minor, whole, occurred_at, historic, .. } => {
            let known = person.purchases.iter().find(|known| known.order == *order);
            let purchase = known.ok_or_else(|| format!("nothing is known of the order {order} that came back"))?;
            let back = Return {
                cause: cause.clone(),
                occurred_at: *occurred_at,
                net_minor: returned_minor.saturating_sub(purchase.returned_minor()).max(0),
                cost_minor: cost_share(purchase, *returned_minor, *whole),
                whole: *whole,
            };
            person.give_back(*order, back, *historic, shop, now);
        }
        DeedKind::Settled(_) => {}
    }
    Ok(())
}
