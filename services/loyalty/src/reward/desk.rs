//! The desk of rewards, batch by batch: the locks of all are taken together, then each is decided and written in turn.
//!
//! Everything a claim needs is decided before anything is written: the reward's own terms, then the points, by the
//! account's rules, then the coupon, by the coupon's.

use std::collections::{BTreeSet, HashMap};

use ::store::{Desk, Place, Recall, RequestKey, StoreError, Tx};
use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{ClaimId, Clock, EntryId, Points, RequestId, Shard, TenantId};

use super::judging::{Obstacle, Taken, left, obstacles};
use super::life::{self, Claim, Ended, State, can_cancel};
use super::terms::Gives;
use super::{End, Receipt, RewardRefusal, Standing, Take, events, shard_of, store};
use crate::account::wallet::WalletCode;
use crate::account::{self, within};
use crate::coupon;
use crate::programme::Programmes;
use crate::receipt::Reached;

/// A request to the desk. Of a claim that ends, its reward as it was looked up before the lock.
#[derive(Debug)]
pub(super) enum Ask {
    Claim(Box<Take>),
    End { ask: Box<End>, reward: Option<String> },
}

/// The desk's answer.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Done(Box<Receipt>),
    /// It writes elsewhere than was thought.
    Again,
    Refused(RewardRefusal),
    Reused {
        field: String,
    },
    TooOld {
        kept_days: u16,
    },
    Suspended,
}

type Twin = (TenantId, Shard, &'static str, RequestId);

impl Ask {
    fn key(&self) -> (TenantId, Shard, &RequestKey) {
        match self {
            Self::Claim(ask) => (ask.tenant, Shard::of_member(ask.member), &ask.key),
            Self::End { ask, .. } => (ask.tenant, Shard::of_member(ask.member), &ask.key),
        }
    }

    fn only_validates(&self) -> bool {
        match self {
            Self::Claim(ask) => ask.validate_only,
            Self::End { ask, .. } => ask.validate_only,
        }
    }
}

fn done(claim: Claim, spendable: i64) -> Answer {
    Answer::Done(Box::new(Receipt { claim, spendable, reached: Reached::default() }))
}

const fn refused(refusal: RewardRefusal) -> Answer {
    Answer::Refused(refusal)
}

pub(super) struct RewardDesk {
    clock: Clock,
    programmes: Programmes,
}

impl RewardDesk {
    pub(super) const fn new(clock: Clock, programmes: Programmes) -> Self {
        Self { clock, programmes }
    }

    async fn work_off(&self, tx: &mut Tx, asks: &[Ask]) -> Result<Vec<Answer>, StoreError> {
        let now = self.clock.now();
        let keyed: Vec<_> = asks.iter().map(Ask::key).collect();
        let recalled = tx.recall_all(&keyed, now).await?;
        let mut first: HashMap<Twin, (Answer, &RequestKey)> = HashMap::new();
        let mut answers = Vec::with_capacity(asks.len());
        for (ask, known) in asks.iter().zip(recalled) {
            let (tenant, shard, key) = ask.key();
            let place = (tenant, shard, key.rpc, key.id);
            let twin = first.get(&place).cloned();
            let answer = match (known, twin) {
                (Recall::Done(kept), _) => Answer::Done(serde_json::from_value(kept).map_err(StoreError::unreadable)?),
                (Recall::Reused { field }, _) => Answer::Reused { field },
                (Recall::TooOld { kept_days }, _) => Answer::TooOld { kept_days },
                (Recall::New, Some((known, before))) => match before.digests.first_difference(&key.digests) {
                    Some(field) => Answer::Reused { field: field.to_owned() },
                    None => known,
                },
                (Recall::New, None) => {
                    let answer = self.carry_out(tx, ask, now).await?;
                    first.insert(place, (answer.clone(), key));
                    answer
                }
            };
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Works a call off and writes its receipt down.
    async fn carry_out(&self, tx: &mut Tx, ask: &Ask, now: Timestamp) -> Result<Answer, StoreError> {
        let (tenant, shard, key) = ask.key();
        if ::terms::of(tx, tenant).await?.suspended {
            return Ok(Answer::Suspended);
        }
        let answer = match ask {
            Ask::Claim(ask) => self.claim(tx, ask, now).await?,
            Ask::End { ask, .. } => self.end(tx, ask, now).await?,
        };
        let Answer::Done(receipt) = &answer else { return Ok(answer) };
        if ask.only_validates() {
            return Ok(answer);
        }
        let receipt = Receipt { reached: Reached::of(tx, shard), ..(**receipt).clone() };
        tx.remember(tenant, shard, key, &receipt, now)?;
        Ok(Answer::Done(Box::new(receipt)))
    }

    async fn claim(&self, tx: &mut Tx, ask: &Take, now: Timestamp) -> Result<Answer, StoreError> {
        let asked = BTreeSet::from([(ask.reward.clone(), 0)]);
        let found = store::load(tx.connection(), ask.tenant, &asked).await?.into_values().next();
        let Some(found) = found else {
            return Ok(refused(RewardRefusal::NotFound { reward: ask.reward.clone() }));
        };
        let points = found.terms.points;
        if let Some(told) = ask.told.filter(|told| *told != points) {
            return Ok(refused(RewardRefusal::Changed { reward: ask.reward.clone(), told, points }));
        }
        if let Some(obstacle) = self.in_the_way(tx, ask, &found, now).await? {
            return Ok(refused(RewardRefusal::Kept { reward: ask.reward.clone(), obstacle }));
        }
        let id = ClaimId::derived_from(ask.key.id.uuid(), &ask.member.to_string());
        let spending = account::Ask::Redeem(account::Redemption {
            tenant: ask.tenant,
            member: ask.member,
            wallet: WalletCode::POINTS,
            points: Points(points),
            spent_on: id.to_string(),
            validate_only: ask.validate_only,
            explain: false,
            key: ask.key.clone(),
        });
        let spent = match within::decide(&self.programmes, tx, &spending, now).await? {
            Ok(decided) => decided,
            Err(refusal) => return Ok(refused(RewardRefusal::Account(refusal))),
        };
        let given = match &found.terms.gives {
            Gives::Coupon { campaign } => match coupon::offer(tx, &given(ask, campaign, id), now).await? {
                Ok(offered) => Some(offered),
                Err(refusal) => return Ok(refused(RewardRefusal::Coupon(refusal))),
            },
            Gives::Goods { .. } | Gives::Charity { .. } => None,
        };
        let number = life::store::last(tx.connection(), ask.tenant, ask.member).await?.saturating_add(1);
        let mut claim = made(ask, &found, number, now);
        let spendable = spent.receipt().spendable;
        if ask.validate_only {
            return Ok(done(claim, spendable));
        }
        claim.id = Some(id);
        claim.entry = spent.receipt().entry;
        spent.write(tx, now).await?;
        if let Some(given) = &given {
            given.write(tx, now).await?;
            claim.coupon = given.receipt().coupon;
        }
        let at_once = claim.state == State::Fulfilled;
        let (whose, booked) = ((ask.tenant, ask.reward.as_str()), (claim.points, claim.cost_minor));
        if !store::take(tx.connection(), whose, booked, at_once).await? {
            return Err(StoreError::unreadable(
                "a stock that was read under its lock is another when it is taken from",
            ));
        }
        life::store::insert(tx.connection(), ask.tenant, &claim).await?;
        let left = left(found.stock, found.taken.standing().saturating_add(1));
        eventlog::append(tx, [events::claimed(ask.tenant, &claim, left)], now)?;
        Ok(done(claim, spendable))
    }

    /// What keeps the member from it first. Points are the account's own matter.
    async fn in_the_way(
        &self,
        tx: &mut Tx,
        ask: &Take,
        found: &Standing,
        now: Timestamp,
    ) -> Result<Option<Obstacle>, StoreError> {
        let (member, _) = within::facts(&self.programmes, tx, (ask.tenant, ask.member), now).await?;
        let rewards = [ask.reward.clone()];
        let held = life::store::held(tx.connection(), ask.tenant, ask.member, &rewards).await?;
        let by_member = held.get(&ask.reward).copied().unwrap_or(0);
        let taken = Taken { by_all: found.taken.standing(), by_member };
        let first = obstacles(&found.terms, taken, &member).into_iter().next();
        Ok(first.filter(|obstacle| !matches!(obstacle, Obstacle::PointsMissing { .. })))
    }

    async fn end(&self, tx: &mut Tx, ask: &End, now: Timestamp) -> Result<Answer, StoreError> {
        let found = life::store::by_id(tx.connection(), ask.tenant, ask.member, ask.claim).await?;
        let Some(claim) = found else {
            return Ok(refused(RewardRefusal::NoClaim { claim: ask.claim }));
        };
        if !tx.heads().contains_key(&shard_of(ask.tenant, &claim.reward)) {
            return Ok(Answer::Again);
        }
        match (claim.state, ask.fulfil) {
            (State::Fulfilled, true) | (State::Cancelled, false) => Ok(done(claim, 0)),
            (State::Cancelled, true) => Ok(refused(RewardRefusal::Over { claim: ask.claim, ended: Ended::Cancelled })),
            (State::Claimed, true) => fulfil(tx, ask, claim, now).await,
            (State::Claimed | State::Fulfilled, false) => self.cancel(tx, ask, claim, now).await,
        }
    }

    async fn cancel(&self, tx: &mut Tx, ask: &End, claim: Claim, now: Timestamp) -> Result<Answer, StoreError> {
        let whose = (ask.tenant, ask.member);
        let coupon = match claim.coupon {
            Some(coupon) => coupon::state_of(tx, whose, coupon, now).await?,
            None => None,
        };
        if let Err(ended) = can_cancel(&claim, coupon) {
            return Ok(refused(RewardRefusal::Over { claim: ask.claim, ended }));
        }
        let entry = claim.entry.ok_or_else(|| StoreError::unreadable("a claim without its entry"))?;
        let back = match within::decide(&self.programmes, tx, &reversal(ask, entry), now).await? {
            Ok(decided) => decided,
            Err(refusal) => return Ok(refused(RewardRefusal::Account(refusal))),
        };
        let was_fulfilled = claim.state == State::Fulfilled;
        let reversal = back.receipt().entry;
        let cancelled = Claim { state: State::Cancelled, state_at: now, reversal, ..claim };
        let spendable = back.receipt().spendable;
        if ask.validate_only {
            return Ok(done(cancelled, spendable));
        }
        back.write(tx, now).await?;
        if let Some(coupon) = cancelled.coupon
            && !coupon::withdraw(tx, whose, coupon, now).await?
        {
            return Err(StoreError::unreadable("a coupon that was unused under its lock"));
        }
        let booked = (cancelled.points, cancelled.cost_minor);
        store::put_back(tx.connection(), (ask.tenant, &cancelled.reward), booked, was_fulfilled).await?;
        life::store::moved(tx.connection(), ask.tenant, &cancelled).await?;
        eventlog::append(tx, [events::cancelled(ask.tenant, &cancelled)], now)?;
        Ok(done(cancelled, spendable))
    }
}

impl Desk for RewardDesk {
    type Ask = Ask;
    type Answer = Answer;

    fn place(ask: &Ask) -> Place {
        let (tenant, home, _) = ask.key();
        let reward = match ask {
            Ask::Claim(ask) => Some(ask.reward.as_str()),
            Ask::End { reward, .. } => reward.as_deref(),
        };
        let shards = [home].into_iter().chain(reward.map(|reward| shard_of(tenant, reward)));
        Place { tenants: [tenant].into(), shards: shards.collect() }
    }

    fn work<'a>(&'a self, tx: &'a mut Tx, asks: &'a [Ask]) -> BoxFuture<'a, Result<Vec<Answer>, StoreError>> {
        Box::pin(self.work_off(tx, asks))
    }
}

async fn fulfil(tx: &mut Tx, ask: &End, claim: Claim, now: Timestamp) -> Result<Answer, StoreError> {
    let handed = Claim { state: State::Fulfilled, state_at: now, ..claim };
    if ask.validate_only {
        return Ok(done(handed, 0));
    }
    store::hand_over(tx.connection(), ask.tenant, &handed.reward).await?;
    life::store::moved(tx.connection(), ask.tenant, &handed).await?;
    eventlog::append(tx, [events::fulfilled(ask.tenant, &handed)], now)?;
    Ok(done(handed, 0))
}

/// The coupon a claim gives. Whoever has points is a member.
fn given(ask: &Take, campaign: &str, claim: ClaimId) -> coupon::Issue {
    coupon::Issue {
        opening: None,
        tenant: ask.tenant,
        member: ask.member,
        campaign: campaign.to_owned(),
        reason: claim.to_string(),
        known: true,
        validate_only: ask.validate_only,
        // The same id may be used for another call, and makes another coupon there.
        key: RequestKey { id: RequestId::caused_by(claim.uuid(), "coupon"), ..ask.key.clone() },
    }
}

/// The points come back with the claim.
fn reversal(ask: &End, entry: EntryId) -> account::Ask {
    account::Ask::Reverse(account::Reversal {
        tenant: ask.tenant,
        member: ask.member,
        entry,
        claim: Some(ask.claim),
        validate_only: ask.validate_only,
        explain: false,
        key: ask.key.clone(),
    })
}

fn made(ask: &Take, found: &Standing, number: i64, now: Timestamp) -> Claim {
    let terms = &found.terms;
    Claim {
        id: None,
        member: ask.member,
        number,
        reward: ask.reward.clone(),
        version: found.version,
        display_name: terms.display_name.clone(),
        gives: terms.gives.clone(),
        cancels: terms.cancels,
        coupon: None,
        state: if terms.gives.at_once() { State::Fulfilled } else { State::Claimed },
        state_at: now,
        points: terms.points,
        entry: None,
        reversal: None,
        currency: terms.currency,
        co_payment_minor: terms.co_payment_minor,
        saved_minor: terms.saved_minor(),
        cost_minor: terms.cost_minor,
        claimed_at: now,
    }
}
