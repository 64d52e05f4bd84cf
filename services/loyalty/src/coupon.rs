//! The coupon: what a member holds, and uses once.
//!
//! 1. A coupon belongs to one member and keeps the terms it was issued with. A member may hold several of one campaign, as
//!    many as the campaign lets them.
//! 2. Where it stands follows from its row and the moment: what was reserved is free again at its instant, and what was not
//!    used is gone at its own, whether or not either is written yet ([`standing`]).
//! 3. A coupon whose time ends while it is reserved can still be used for that order. Given up after its time, it lapses.
//! 4. Issuing takes nothing of a campaign's budget: what counts is what is used.
//!
//! Life cycle: issued -> reserved -> redeemed; reserved -> issued | lapsed; issued -> lapsed; redeemed -> issued | lapsed,
//! where the order comes back.
//! Cost: coupons are issued in batches, with six statements whatever their number.

mod desk;
mod events;
mod giving;
mod reading;
pub mod standing;
mod store;

use std::sync::Arc;

use ::store::{RequestKey, Store, StoreError, Tx, Writer};
use jiff::Timestamp;
use kernel::{Clock, CouponId, MemberId, ReservationId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use timers::Timer;

use wire::Stop;

use self::desk::{Answer, Ask, CouponDesk};
pub(crate) use self::giving::{give, offer, state_of, withdraw};
pub use self::reading::CouponView;
use self::standing::{Coupon, State};
pub(crate) use self::store::{hold, lapsing_first, of_member, redeem};
use crate::campaign::Connection;
use crate::campaign::terms::Window;
use crate::receipt::Reached;

/// The kind of timer that rings when a coupon's time is over; its subject is the coupon.
pub(crate) const OVER: &str = "coupon";

/// A coupon to give.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who is given it.
    pub member: MemberId,
    /// Of which campaign.
    pub campaign: String,
    /// What of another system it is, where it was brought along.
    pub opening: Option<Brought>,
    /// Why.
    pub reason: String,
    /// Registry knows the member.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// A coupon that its member holds in another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// What that system calls it.
    pub reference: String,
    /// From when on it can be used; at once where not said.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl Brought {
    /// Its id here: what is brought along a second time is seen by it.
    pub(crate) fn id(&self, member: MemberId) -> CouponId {
        CouponId::derived_from(member.uuid(), &format!("opening/{}", self.reference))
    }

    /// When it can be used; what could be used at once begins when it is brought.
    pub(crate) fn window(&self, now: Timestamp) -> Window {
        Window { from: self.from.unwrap_or(now), until: self.until }
    }

    /// The first field in which what was brought before says something else.
    fn differs_in(&self, campaign: &str, before: &Coupon) -> Option<&'static str> {
        if campaign != before.campaign {
            Some("campaign")
        } else if self.until != before.window.until {
            Some("valid_until_time")
        } else if self.from.is_some_and(|from| from != before.window.from) {
            Some("valid_from_time")
        } else {
            None
        }
    }
}

/// What the caller of `issue` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueReceipt {
    /// The coupon; none where nothing was to be written.
    pub coupon: Option<CouponId>,
    /// The version whose terms it has.
    pub version: i32,
    /// From when on it can be used.
    pub valid_from: Timestamp,
    /// Until when.
    pub valid_until: Option<Timestamp>,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// Why a coupon was not issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CouponRefusal {
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// No campaign has this code.
    CampaignNotFound {
        /// The code.
        campaign: String,
    },
    /// Its time is over.
    Over {
        /// The campaign.
        campaign: String,
        /// Since when.
        until: Timestamp,
    },
    /// It was brought along before, under another request id.
    AlreadyBrought {
        /// What the other system calls it.
        reference: String,
        /// The coupon.
        coupon: CouponId,
    },
    /// Something else was brought along under its reference.
    BroughtDiffers {
        /// The reference.
        reference: String,
        /// The first field that differs.
        field: &'static str,
        /// The coupon that was.
        coupon: CouponId,
    },
    /// The time it had in another system has passed.
    BroughtOver {
        /// Since when.
        until: Timestamp,
    },
    /// The member holds as many as they may.
    TooManyHeld {
        /// Of which campaign.
        campaign: String,
        /// How many they hold.
        held: i64,
        /// How many they may.
        most: i64,
    },
}

/// Frees coupons of a reservation, those that are named or all, as of a moment: those whose time is over lapse. The member's
/// shard must be locked.
pub(crate) async fn free(
    tx: &mut Tx,
    (tenant, member): (TenantId, MemberId),
    reservation: ReservationId,
    only: Option<&[CouponId]>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let freed = store::free(tx.connection(), tenant, member, reservation, only, now).await?;
    let (over, held): (Vec<Coupon>, Vec<Coupon>) = freed.into_iter().partition(|coupon| coupon.state == State::Lapsed);
    let timers: Vec<Timer> = held.iter().map(|coupon| timer(tenant, coupon)).collect();
    timers::set(tx, &timers).await?;
    let said: Vec<_> = over.iter().map(|coupon| events::lapsed(tenant, coupon, now)).collect();
    eventlog::append(tx, said, now)
}

/// Which campaigns some coupons are of; what a member has not is left out.
pub(crate) async fn campaigns_of(
    connection: &mut Connection,
    tenant: TenantId,
    member: MemberId,
    coupons: &[CouponId],
) -> Result<Vec<String>, StoreError> {
    let found = of_member(connection, tenant, member, coupons).await?;
    Ok(found.into_iter().map(|coupon| coupon.campaign).collect())
}

fn timer(tenant: TenantId, coupon: &Coupon) -> Timer {
    let due_at = coupon.window.until.filter(|_| coupon.state == State::Issued);
    Timer { tenant, shard: Shard::of_member(coupon.member), subject: coupon.id.uuid(), kind: OVER, due_at }
}

/// All coupons.
#[derive(Clone)]
pub struct Coupons {
    store: Store,
    clock: Clock,
    writer: Writer<CouponDesk>,
}

impl Coupons {
    pub(crate) fn open(store: Store, clock: Clock) -> Self {
        let writer = Writer::start(store.clone(), Arc::new(CouponDesk::new(clock.clone())));
        Self { store, clock, writer }
    }

    /// Gives coupons; each has its own outcome.
    pub async fn issue_all(&self, asks: Vec<Issue>) -> Vec<Result<IssueReceipt, Stop<CouponRefusal>>> {
        futures::future::join_all(asks.into_iter().map(|ask| self.issue(ask))).await
    }

    /// Gives a coupon.
    pub async fn issue(&self, ask: Issue) -> Result<IssueReceipt, Stop<CouponRefusal>> {
        match self.writer.write(Ask::Issue(ask)).await? {
            Answer::Done(receipt) => Ok(receipt),
            Answer::Refused(refusal) => Err(Stop::Refused(refusal)),
            Answer::Reused { field } => Err(Stop::RequestIdReused { field }),
            Answer::TooOld { kept_days } => Err(Stop::RequestIdTooOld { kept_days }),
            Answer::Suspended => Err(Stop::TenantSuspended),
            Answer::Settled => Err(Stop::Failed(StoreError::unreadable("a call was answered as something else"))),
        }
    }

    /// Lets coupons lapse whose time is over.
    pub(crate) async fn lapse(&self, tenant: TenantId, coupons: Vec<(Shard, CouponId)>) -> Result<(), StoreError> {
        self.writer.write(Ask::Lapse { tenant, coupons }).await.map(|_| ())
    }
}
