//! The reservation: coupons and codes put aside for an order, used or given up.
//!
//! 1. It is keyed by member and order. The same order with the same coupons, codes and cart is the same reservation, said
//!    under whatever request id; an order has one live reservation at most.
//! 2. All of it or none: every counter touched (campaign, budget, code, what the member used) is checked and taken in one
//!    transaction that holds the locks of the member, each campaign and each code. None can be overrun.
//! 3. It ends by itself. From its instant on nothing of it counts, whether or not that is written: what is held of
//!    campaigns and codes has that instant in its row, and whoever comes next sweeps it. A timer writes down the rest.
//! 4. `free + reserved + redeemed = limit` for every counter, at every moment.
//! 5. What is redeemed is booked with what it saved. An order that comes back whole gives the use back, where the terms say
//!    so and the refund is none that only avoids a chargeback; a part that comes back changes nothing.
//! 6. A return is heard together with the account's cursors, in the shard of the member ([`heard`]). What it owes to
//!    campaigns and codes is paid by a timer that is due at once: their shards need not be locked by whoever hears.
//!
//! Life cycle: reserved -> redeemed | cancelled | lapsed; redeemed -> returned.
//! Cost: a dozen statements each, in a commit that is shared with whatever arrives meanwhile. Where they write is read
//! before the locks are taken, and read again after: coupons and codes never change their campaign.

pub mod applying;
pub mod combining;
mod desk;
mod events;
pub mod judging;
pub mod life;
pub mod limits;
mod reading;
mod store;

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows is to fail loudly")]
mod laws;

use std::collections::BTreeSet;
use std::sync::Arc;

use ::store::{RequestKey, Store, StoreError, Tx, Writer};
use eventlog::NewEvent;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, CouponId, MemberId, OrderId, ReservationId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use timers::Timer;
use wire::Stop;

use self::applying::{Cart, Obstacle};
use self::desk::{Answer, Ask, ReservationDesk};
use self::life::{OrderKey, Reservation, State};
use self::limits::Limit;
pub use self::reading::{OneQuoted, Quote, Quoted, Saving};
use crate::receipt::Reached;
use crate::{campaign, codes, coupon};

/// The kind of timer that rings when a reservation ends, or owes something; its subject is the reservation.
pub(crate) const DUE: &str = "reservation";

/// What to put aside.
#[derive(Clone, Debug)]
pub struct Reserve {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose coupons.
    pub member: MemberId,
    /// For which order.
    pub order: OrderKey,
    /// What is bought.
    pub cart: Cart,
    /// Coupons of the member.
    pub coupons: Vec<CouponId>,
    /// Codes, as they are kept.
    pub codes: Vec<String>,
    /// How long.
    pub lifetime: SignedDuration,
    /// What was asked, but for how long: another is another reservation.
    pub asked: [u8; 32],
    /// Registry knows the member.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// How a reservation is to end.
#[derive(Clone, Debug)]
pub struct End {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose reservation.
    pub member: MemberId,
    /// For which order.
    pub order: OrderKey,
    /// Used, or given up.
    pub redeem: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// As it stood.
    pub reservation: Reservation,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// Why nothing was put aside, used or given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReservationRefusal {
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// The member has no such coupon.
    CouponNotFound {
        /// The id.
        coupon: CouponId,
    },
    /// There is no such code.
    CodeNotFound {
        /// As it was typed, in its kept form.
        code: String,
    },
    /// It was used, is put aside for something else, or is over.
    NotFree {
        /// The coupon.
        coupon: CouponId,
        /// Where it stands.
        state: coupon::standing::State,
    },
    /// It does not apply.
    NotApplicable {
        /// The coupon or code.
        what: String,
        /// Why.
        obstacle: Obstacle,
    },
    /// Two exclude each other.
    Apart {
        /// A coupon or code.
        one: String,
        /// Another.
        other: String,
    },
    /// A limit is reached.
    UsedUp {
        /// The campaign or code.
        what: String,
        /// Which limit.
        limit: Limit,
        /// How much there is.
        most: i64,
    },
    /// Nothing was put aside for this order.
    NotFound {
        /// The order.
        order: OrderKey,
    },
    /// It has ended another way.
    Over {
        /// The order.
        order: OrderKey,
        /// How.
        state: State,
    },
    /// Something else is put aside for this order.
    OrderReserved {
        /// The order.
        order: OrderKey,
        /// What is put aside.
        reservation: ReservationId,
    },
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
    /// An order was recorded: from now on its returns are known by its id.
    Ordered {
        /// Its id.
        order: OrderId,
        /// Its name.
        key: OrderKey,
    },
    /// All of it came back.
    CameBack {
        /// Its id.
        order: OrderId,
        /// When.
        at: Timestamp,
    },
}

/// Applies what was heard of orders, within the transaction of whoever hears it; the shards of the members must be locked.
///
/// A return that is heard before its order was redeemed here changes nothing.
pub(crate) async fn heard(tx: &mut Tx, deeds: &[Deed], now: Timestamp) -> Result<(), StoreError> {
    if deeds.is_empty() {
        return Ok(());
    }
    let ordered: Vec<_> = deeds
        .iter()
        .filter_map(|deed| match &deed.kind {
            DeedKind::Ordered { order, key } => Some((deed.tenant, deed.member, *order, key)),
            DeedKind::CameBack { .. } => None,
        })
        .collect();
    store::bind(tx.connection(), &ordered).await?;
    for deed in deeds {
        if let DeedKind::CameBack { order, at } = deed.kind {
            came_back(tx, (deed.tenant, deed.member), order, at, now).await?;
        }
    }
    Ok(())
}

async fn came_back(
    tx: &mut Tx,
    whose: (TenantId, MemberId),
    order: OrderId,
    at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (tenant, member) = whose;
    let Some(found) = store::of_purchase(tx.connection(), tenant, member, order).await? else { return Ok(()) };
    if found.at(now).0 == State::Reserved {
        // Nobody pays for what is back already. What campaigns and codes keep for it ends at its own instant.
        coupon::free(tx, whose, found.id, None, now).await?;
        return store::end(tx.connection(), whose, found.id, (State::Cancelled, now)).await;
    }
    let back: Vec<_> = found.parts.iter().filter(|part| part.comes_back && part.returned_at.is_none()).collect();
    if found.state != State::Redeemed || back.is_empty() {
        return Ok(());
    }
    store::take_back(tx.connection(), whose, found.id, now).await?;
    let coupons: Vec<CouponId> = back.iter().filter_map(|part| part.what.coupon()).collect();
    coupon::free(tx, whose, found.id, Some(&coupons), now).await?;
    timers::set(tx, &[timer(whose, found.id, Some(now))]).await?;
    let said: Vec<NewEvent> = back.iter().map(|part| events::returned(whose, &found, part, at)).collect();
    eventlog::append(tx, said, now)
}

fn timer((tenant, member): (TenantId, MemberId), reservation: ReservationId, due_at: Option<Timestamp>) -> Timer {
    Timer { tenant, shard: Shard::of_member(member), subject: reservation.uuid(), kind: DUE, due_at }
}

/// More often the place of a request does not change between two looks.
const LOOKS: usize = 5;

/// All reservations.
#[derive(Clone)]
pub struct Reservations {
    store: Store,
    clock: Clock,
    writer: Writer<ReservationDesk>,
}

impl Reservations {
    pub(crate) fn open(store: Store, clock: Clock) -> Self {
        let writer = Writer::start(store.clone(), Arc::new(ReservationDesk::new(clock.clone())));
        Self { store, clock, writer }
    }

    /// Puts coupons and codes aside for an order.
    pub async fn reserve(&self, ask: Reserve) -> Result<Receipt, Stop<ReservationRefusal>> {
        for _ in 0..LOOKS {
            let at = self.places_of(&ask).await?;
            let answer = self.writer.write(Ask::Reserve { ask: Box::new(ask.clone()), at }).await?;
            if !matches!(answer, Answer::Again) {
                return settled(answer);
            }
        }
        Err(Stop::Failed(StoreError::Full))
    }

    /// Uses what is put aside, or gives it up.
    pub async fn end(&self, ask: End) -> Result<Receipt, Stop<ReservationRefusal>> {
        for _ in 0..LOOKS {
            let mut reading = self.store.read(ask.tenant).await?;
            let found = store::of_order(reading.connection(), ask.tenant, ask.member, &ask.order).await?;
            drop(reading);
            let at = found.map_or_else(BTreeSet::new, |found| touched(ask.tenant, &found));
            let answer = self.writer.write(Ask::End { ask: Box::new(ask.clone()), at }).await?;
            if !matches!(answer, Answer::Again) {
                return settled(answer);
            }
        }
        Err(Stop::Failed(StoreError::Full))
    }

    /// Does what time, or a return, has left to do for a reservation.
    pub(crate) async fn ring(&self, tenant: TenantId, shard: Shard, id: ReservationId) -> Result<(), StoreError> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::by_id(reading.connection(), tenant, shard, id).await?;
        drop(reading);
        let at = found.map_or_else(BTreeSet::new, |found| touched(tenant, &found));
        self.writer.write(Ask::Ring { tenant, shard, reservation: id, at }).await.map(|_| ())
    }

    /// The shards of all campaigns and codes that are asked for.
    async fn places_of(&self, ask: &Reserve) -> Result<BTreeSet<Shard>, StoreError> {
        let mut reading = self.store.read(ask.tenant).await?;
        let connection = reading.connection();
        let mut campaigns = coupon::campaigns_of(connection, ask.tenant, ask.member, &ask.coupons).await?;
        let asked = ask.codes.iter().cloned().collect();
        let typed = codes::within(connection, ask.tenant, &asked, self.clock.now()).await?;
        let codes = typed.keys().map(|code| codes::shard_of(ask.tenant, code)).collect::<Vec<_>>();
        campaigns.extend(typed.into_values().map(|typed| typed.campaign));
        Ok(codes.into_iter().chain(campaigns.iter().map(|one| campaign::shard_of(ask.tenant, one))).collect())
    }
}

/// The shards of all campaigns and codes of a reservation.
fn touched(tenant: TenantId, reservation: &Reservation) -> BTreeSet<Shard> {
    let campaigns = reservation.parts.iter().map(|part| campaign::shard_of(tenant, &part.campaign));
    let codes = reservation.parts.iter().filter_map(|part| part.what.code());
    campaigns.chain(codes.map(|code| codes::shard_of(tenant, code))).collect()
}

fn settled(answer: Answer) -> Result<Receipt, Stop<ReservationRefusal>> {
    match answer {
        Answer::Done(receipt) => Ok(*receipt),
        Answer::Refused(refusal) => Err(Stop::Refused(refusal)),
        Answer::Reused { field } => Err(Stop::RequestIdReused { field }),
        Answer::TooOld { kept_days } => Err(Stop::RequestIdTooOld { kept_days }),
        Answer::Suspended => Err(Stop::TenantSuspended),
        Answer::Settled | Answer::Again => {
            Err(Stop::Failed(StoreError::unreadable("a call was answered as something else")))
        }
    }
}
