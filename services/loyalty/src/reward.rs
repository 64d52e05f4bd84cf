//! The reward: what members can have for points, and the claims they make.
//!
//! 1. A version is written once. A claim keeps the terms it was made with; stock, limits and the price are those of the
//!    last version.
//! 2. `claimed - cancelled <= stock` whenever one is taken, checked and taken in one conditional statement with the
//!    reward's shard locked.
//! 3. A claim spends points, takes one from the stock and gives its coupon in one transaction, which has locked the member's
//!    shard and the reward's: all of it or nothing. Points are spent by the account's own rules (`account::within`), coupons
//!    given by the coupon's (`coupon::offer`).
//! 4. The points of a claim come back with it, and not alone: reversing its entry by hand is refused.
//! 5. What one costs the shop is booked with each claim, and taken back with it.
//!
//! Life cycle: claimed -> fulfilled | cancelled; fulfilled -> cancelled, where its terms say so or its coupon is unused.
//! Cost of a claim: some twenty statements in a commit that is shared with concurrent calls.

mod desk;
mod events;
pub mod judging;
pub mod life;
mod reading;
mod store;
pub mod terms;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::store::{RequestKey, Store, StoreError, Writer};
use jiff::Timestamp;
use kernel::{ClaimId, Clock, MemberId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use wire::{Stop, known, patiently};

use self::desk::{Answer, Ask, RewardDesk};
use self::judging::Obstacle;
use self::life::{Claim, Ended};
pub use self::reading::{Catalogue, Offer};
use self::terms::{Gives, Terms};
use crate::account::{AccountRefusal, Accounts};
use crate::campaign;
use crate::coupon::CouponRefusal;
use crate::programme::Programmes;
use crate::receipt::Reached;

/// A reward to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Its code.
    pub reward: String,
    /// The whole of it.
    pub terms: Terms,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `put` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReceipt {
    /// The version it has become.
    pub version: i32,
    /// Where the tenant's log stood.
    pub reached: Reached,
}

/// A reward to take.
#[derive(Clone, Debug)]
pub struct Take {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who takes it.
    pub member: MemberId,
    /// Which.
    pub reward: String,
    /// What they were told it costs.
    pub told: Option<i64>,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// A claim to give up, or that was handed over.
#[derive(Clone, Debug)]
pub struct End {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Whose claim.
    pub member: MemberId,
    /// Which.
    pub claim: ClaimId,
    /// It was handed over; else it is given up.
    pub fulfil: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller keeps of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// As it stood.
    pub claim: Claim,
    /// What the member could spend after it.
    pub spendable: i64,
    /// Where the member's log stood.
    pub reached: Reached,
}

/// What a reward has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Use {
    /// Claims, also those that were cancelled.
    pub claimed: i64,
    /// Claims that were cancelled.
    pub cancelled: i64,
    /// Of those that were not, handed over.
    pub fulfilled: i64,
    /// Points spent on it.
    pub points: i64,
    /// What it has cost the shop.
    pub cost_minor: i64,
}

impl Use {
    /// Claims that stand.
    pub const fn standing(&self) -> i64 {
        self.claimed.saturating_sub(self.cancelled)
    }
}

/// A version of a reward, and what all versions have come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Its code.
    pub reward: String,
    /// The version of the terms.
    pub version: i32,
    /// What it promises.
    pub terms: Terms,
    /// How many there are, by the last version.
    pub stock: Option<i64>,
    /// What it has come to.
    pub taken: Use,
    /// When the version was put.
    pub recorded_at: Timestamp,
}

impl Standing {
    /// How many are left.
    pub fn left(&self) -> Option<i64> {
        judging::left(self.stock, self.taken.standing())
    }
}

/// Rewards as they were asked for: a version, or 0 for the last.
pub type Standings = BTreeMap<(String, i32), Standing>;

/// Why a reward was not put, found or taken, or a claim not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RewardRefusal {
    /// None has this code, or not this version.
    NotFound {
        /// The code.
        reward: String,
    },
    /// What it is does not change.
    Fixed {
        /// The code.
        reward: String,
        /// What would change.
        field: &'static str,
    },
    /// It costs something else than the member was told.
    Changed {
        /// The code.
        reward: String,
        /// What they were told.
        told: i64,
        /// What it costs.
        points: i64,
    },
    /// The member cannot have it.
    Kept {
        /// The code.
        reward: String,
        /// Why.
        obstacle: Obstacle,
    },
    /// The account says no.
    Account(AccountRefusal),
    /// The coupon cannot be given.
    Coupon(CouponRefusal),
    /// The member has no such claim.
    NoClaim {
        /// The id.
        claim: ClaimId,
    },
    /// It has ended another way.
    Over {
        /// The claim.
        claim: ClaimId,
        /// How.
        ended: Ended,
    },
}

/// Where a reward lies.
pub(crate) fn shard_of(tenant: TenantId, reward: &str) -> Shard {
    Shard::of_text(tenant, &["reward", reward])
}

/// More often the place of a request does not change between two looks.
const LOOKS: usize = 3;

/// All rewards.
#[derive(Clone)]
pub struct Rewards {
    store: Store,
    clock: Clock,
    accounts: Accounts,
    writer: Writer<RewardDesk>,
}

impl Rewards {
    pub(crate) fn open(store: Store, clock: Clock, programmes: Programmes, accounts: Accounts) -> Self {
        let writer = Writer::start(store.clone(), Arc::new(RewardDesk::new(clock.clone(), programmes)));
        Self { store, clock, accounts, writer }
    }

    /// Puts a reward.
    pub async fn put(&self, ask: &Put) -> Result<PutReceipt, Stop<RewardRefusal>> {
        patiently(|| self.try_put(ask)).await
    }

    async fn try_put(&self, ask: &Put) -> Result<PutReceipt, Stop<RewardRefusal>> {
        let (tenant, home, tenants) = (ask.tenant, shard_of(ask.tenant, &ask.reward), Shard::of_tenant(ask.tenant));
        let mut tx = self.store.begin(tenant, [home, tenants]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, tenants, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let last = store::load(tx.connection(), tenant, &BTreeSet::from([(ask.reward.clone(), 0)])).await?;
        let last = last.into_values().next();
        if last.as_ref().is_some_and(|last| last.terms.currency != ask.terms.currency) {
            return Err(Stop::Refused(RewardRefusal::Fixed { reward: ask.reward.clone(), field: "currency_code" }));
        }
        if let Gives::Coupon { campaign } = &ask.terms.gives {
            let asked = BTreeSet::from([(campaign.clone(), 0)]);
            if campaign::within(tx.connection(), tenant, &asked, now).await?.is_empty() {
                let campaign = campaign.clone();
                return Err(Stop::Refused(RewardRefusal::Coupon(CouponRefusal::CampaignNotFound { campaign })));
            }
        }
        let version = last.as_ref().map_or(1, |last| last.version.saturating_add(1));
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(PutReceipt { version, reached: Reached::default() });
        }
        store::put(tx.connection(), ask, version, now).await?;
        eventlog::append(&mut tx, [events::put(tenant, &ask.reward, version, now)], now)?;
        let receipt = PutReceipt { version, reached: Reached::of(&tx, tenants) };
        tx.remember(tenant, tenants, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Takes a reward for a member.
    pub async fn claim(&self, ask: Take) -> Result<Receipt, Stop<RewardRefusal>> {
        settled(self.writer.write(Ask::Claim(Box::new(ask))).await?)
    }

    /// Gives a claim up, or says that it was handed over.
    pub async fn end(&self, ask: End) -> Result<Receipt, Stop<RewardRefusal>> {
        for _ in 0..LOOKS {
            let mut reading = self.store.read(ask.tenant).await?;
            let found = life::store::by_id(reading.connection(), ask.tenant, ask.member, ask.claim).await?;
            drop(reading);
            let reward = found.map(|claim| claim.reward);
            let answer = self.writer.write(Ask::End { ask: Box::new(ask.clone()), reward }).await?;
            if !matches!(answer, Answer::Again) {
                return settled(answer);
            }
        }
        Err(Stop::Failed(StoreError::Full))
    }
}

fn settled(answer: Answer) -> Result<Receipt, Stop<RewardRefusal>> {
    match answer {
        Answer::Done(receipt) => Ok(*receipt),
        Answer::Refused(refusal) => Err(Stop::Refused(refusal)),
        Answer::Reused { field } => Err(Stop::RequestIdReused { field }),
        Answer::TooOld { kept_days } => Err(Stop::RequestIdTooOld { kept_days }),
        Answer::Suspended => Err(Stop::TenantSuspended),
        Answer::Again => Err(Stop::Failed(StoreError::unreadable("a call was answered as something else"))),
    }
}
