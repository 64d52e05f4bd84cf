//! What is owed for missions, paid and taken back step by step: whatever step the process ends at, the next ring goes on
//! from there, and nothing is done twice.
//!
//! 1. The budget is taken with the mission's shard and the member's locked; without one left, the reward is not given.
//! 2. Points are given at the desk of accounts, once for the reward's id.
//! 3. The coupon is made in the transaction that says the reward is given.
//! 4. Taking back goes the same way: the coupon, where it was not used, then the points by the rules of a grant that is taken
//!    back, then the budget. A coupon that was used stays used, and is not given a second time.

use std::collections::BTreeSet;

use ::store::{Digests, RequestKey, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{EntryId, MemberId, Points, RequestId, Shard, TenantId};
use wire::Stop;

use super::judging::{Paid, Reward};
use super::store::members;
use super::{Missions, shard_of, store, timer};
use crate::account::wallet::WalletCode;
use crate::account::{AccountRefusal, Grant, Revocation};
use crate::coupon;

/// Tried again after so long where somebody has to do something first: a suspended tenant, no programme.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// Steps of one ring; what is left is done at the next.
const MOST_STEPS: usize = 100;

/// A member's rewards are looked at this far.
const MOST_REWARDS: i64 = 10_000;

/// What became of a step.
enum Step {
    Done,
    /// It cannot be done now.
    Later,
}

impl Missions {
    /// Pays what is owed to a member.
    pub(crate) async fn ring(&self, tenant: TenantId, member: MemberId) -> Result<(), StoreError> {
        let mut waiting = BTreeSet::new();
        for _ in 0..MOST_STEPS {
            let mut reading = self.store.read(tenant).await?;
            let found = members::rewards(reading.connection(), (tenant, member), i64::MAX, MOST_REWARDS).await?;
            drop(reading);
            let owed = |reward: &Reward| reward.is_owed() && !waiting.contains(&reward.id(member));
            let Some(owed) = found.into_iter().rfind(owed) else {
                if waiting.is_empty() {
                    return self.rest((tenant, member)).await;
                }
                let mut tx = self.store.begin(tenant, [Shard::of_member(member)]).await?;
                let later = self.clock.now().saturating_add(PAUSE).unwrap_or(Timestamp::MAX);
                timers::set(&mut tx, &[timer((tenant, member), Some(later))]).await?;
                return tx.commit().await;
            };
            // One that waits holds no other up.
            let id = owed.id(member);
            if let Step::Later = self.step((tenant, member), owed).await? {
                waiting.insert(id);
            }
        }
        Ok(())
    }

    /// Clears the timer, unless something was heard meanwhile.
    async fn rest(&self, whose: (TenantId, MemberId)) -> Result<(), StoreError> {
        let mut tx = self.store.begin(whose.0, [Shard::of_member(whose.1)]).await?;
        let found = members::rewards(tx.connection(), whose, i64::MAX, MOST_REWARDS).await?;
        if !found.iter().any(Reward::is_owed) {
            timers::set(&mut tx, &[timer(whose, None)]).await?;
        }
        tx.commit().await
    }

    async fn step(&self, whose: (TenantId, MemberId), owed: Reward) -> Result<Step, StoreError> {
        match owed.paid {
            Paid::Not | Paid::Taken => self.advance(whose, &owed, None).await,
            Paid::Giving => match self.give_points(whose, &owed).await? {
                Some(entry) => self.advance(whose, &owed, entry).await,
                None => Ok(Step::Later),
            },
            Paid::Given => self.advance(whose, &owed, None).await,
            Paid::Taking => {
                if !self.take_points(whose, &owed).await? {
                    return Ok(Step::Later);
                }
                self.advance(whose, &owed, None).await
            }
            Paid::Denied => Ok(Step::Done),
        }
    }

    /// Writes down the next step of a reward, if it still stands where it was seen.
    async fn advance(
        &self,
        whose: (TenantId, MemberId),
        seen: &Reward,
        entry: Option<EntryId>,
    ) -> Result<Step, StoreError> {
        let (tenant, member) = whose;
        let mut tx = self.store.begin(tenant, [Shard::of_member(member), shard_of(tenant, &seen.mission)]).await?;
        let found = members::rewards(tx.connection(), whose, i64::MAX, MOST_REWARDS).await?;
        let place = (seen.place, seen.attempt, seen.paid);
        let found = found.into_iter().find(|reward| (reward.place, reward.attempt, reward.paid) == place);
        let Some(reward) = found.filter(Reward::is_owed) else { return tx.roll_back().await.map(|()| Step::Done) };
        let now = self.clock.now();
        let reward = moved(&mut tx, whose, reward, entry, now).await?;
        members::write_reward(tx.connection(), whose, &reward).await?;
        tx.commit().await?;
        Ok(Step::Done)
    }

    /// The entry that gives the points, none inside where there are none to give; none where it cannot be done now.
    async fn give_points(
        &self,
        (tenant, member): (TenantId, MemberId),
        owed: &Reward,
    ) -> Result<Option<Option<EntryId>>, StoreError> {
        if owed.points == 0 {
            return Ok(Some(None));
        }
        let cause = owed.id(member);
        let grant = Grant {
            tenant,
            member,
            wallet: WalletCode::POINTS,
            points: Points(owed.points),
            cause: cause.to_string(),
            reason: format!("mission {}", owed.mission),
            known: true,
            validate_only: false,
            key: key("GrantPoints", RequestId::caused_by(cause.uuid(), "give")),
        };
        match self.accounts.grant(grant).await {
            Ok(receipt) => Ok(Some(receipt.entry)),
            Err(Stop::Refused(AccountRefusal::AlreadyGranted { entry, .. })) => Ok(Some(Some(entry))),
            Err(stop) => later(stop).map(|()| None),
        }
    }

    /// Whether the points are taken back.
    async fn take_points(&self, (tenant, member): (TenantId, MemberId), owed: &Reward) -> Result<bool, StoreError> {
        let Some(entry) = owed.entry else { return Ok(true) };
        let revocation = Revocation {
            tenant,
            member,
            entry,
            reason: format!("mission {}: what had completed it came back", owed.mission),
            validate_only: false,
            key: key("RevokeGrant", RequestId::caused_by(owed.id(member).uuid(), "take back")),
        };
        match self.accounts.revoke(revocation).await {
            Ok(_) | Err(Stop::Refused(AccountRefusal::AlreadyReversed { .. })) => Ok(true),
            Err(stop) => later(stop).map(|()| false),
        }
    }
}

/// The reward one step further.
async fn moved(
    tx: &mut Tx,
    whose: (TenantId, MemberId),
    mut reward: Reward,
    entry: Option<EntryId>,
    now: Timestamp,
) -> Result<Reward, StoreError> {
    let (tenant, member) = whose;
    match reward.paid {
        Paid::Not | Paid::Taken => {
            if reward.paid == Paid::Taken {
                reward.attempt = reward.attempt.saturating_add(1);
                reward.entry = None;
            }
            // A coupon that stayed is what the budget was taken for; it is not given a second time.
            let taken = reward.coupon.is_some() || store::take(tx.connection(), tenant, &reward.mission).await?;
            reward.paid = if taken { Paid::Giving } else { Paid::Denied };
        }
        Paid::Giving => {
            if let (Some(campaign), None) = (&reward.campaign, reward.coupon) {
                let (cause, reason) = (reward.id(member).uuid(), format!("mission {}", reward.mission));
                reward.coupon = coupon::give(tx, whose, campaign, (cause, &reason), now).await?;
            }
            reward.entry = entry;
            let nothing = reward.entry.is_none() && reward.coupon.is_none();
            if nothing {
                store::give_back(tx.connection(), tenant, &reward.mission).await?;
            }
            reward.paid = if nothing { Paid::Denied } else { Paid::Given };
        }
        Paid::Given => {
            if let Some(coupon) = reward.coupon
                && coupon::withdraw(tx, whose, coupon, now).await?
            {
                reward.coupon = None;
            }
            reward.paid = Paid::Taking;
        }
        Paid::Taking => {
            if reward.coupon.is_none() {
                store::give_back(tx.connection(), tenant, &reward.mission).await?;
            }
            reward.paid = Paid::Taken;
        }
        Paid::Denied => {}
    }
    Ok(reward)
}

fn key(rpc: &'static str, id: RequestId) -> RequestKey {
    RequestKey { rpc, id, digests: Digests::default() }
}

/// What is refused now may not be later; what fails is tried again by the clockwork.
fn later(stop: Stop<AccountRefusal>) -> Result<(), StoreError> {
    match stop {
        Stop::Failed(error) => Err(error),
        Stop::Refused(refusal) => {
            tracing::warn!(?refusal, "a reward of a mission waits");
            Ok(())
        }
        Stop::TenantSuspended | Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. } => Ok(()),
    }
}
