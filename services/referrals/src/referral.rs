//! The referral: one member invited by another.
//!
//! 1. A member has one inviter for ever: the referral lies in the invitee's shard, under the invitee's id.
//! 2. It keeps the terms it began under. Every step is a row with its reason and evidence, and an event.
//! 3. Until the hold has ended, orders and returns are judged all together each time one is heard, so that hearing them twice
//!    or in another order comes to the same. What has come to an end stays there. At the end of the hold it is judged once
//!    more: limits, and identities heard of since.
//! 4. Points are given by loyalty. The calls are written with the approval, sent after it, and known again there by ids
//!    that follow from the referral: each side is given its points once, and a revocation goes after its grant.
//! 5. Whoever stands above an inviter is locked while somebody is attributed to them, so that no ring can close.
//!
//! Life: attributed -> qualified -> held -> approved -> rewarded; out of it flagged, rejected, reversed.
//! Cost: attributing usually two transactions, the first of which finds out whom to lock; an end of hold one; an answer of
//! loyalty one.

pub mod decision;
pub(crate) mod desk;
mod events;
pub mod explaining;
pub mod judging;
pub mod life;
pub mod qualifying;
pub mod reading;
pub mod record;
mod store;

use std::collections::BTreeSet;

use ::store::{RequestKey, Store, StoreError, Tx};
use eventlog::CannotApply;
use jiff::Timestamp;
use kernel::{Clock, EntryId, MemberId, OrderId, ReferralId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use terms::Held;
use wire::{Stop, known, patiently};

use self::decision::{Decision, facts};
use self::judging::Unfit;
use self::life::{Happening, State};
use self::qualifying::follow;
use self::record::{Point, Referral, Side};
use crate::codes::{Code, CodeRefusal};
use crate::offer::{Offer, Offers};
use crate::people::{self, Whose};
use crate::receipt::Reached;

/// How somebody's inviter is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They gave a code.
    Code(Code),
    /// The shop knew them before by this digest.
    Visitor(String),
}

/// Somebody was invited.
#[derive(Clone, Debug)]
pub struct Attribution {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who.
    pub member: MemberId,
    /// By whom.
    pub origin: Origin,
    /// Where they said so.
    pub point: Point,
    /// The order they are paying.
    pub order: Option<OrderId>,
    /// Registry knows the member, though nothing was heard of them yet.
    pub known: bool,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// Tell why.
    pub explain: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// A person decides on a flagged referral.
#[derive(Clone, Debug)]
pub struct Review {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Which.
    pub referral: ReferralId,
    /// It may go on.
    pub approve: bool,
    /// Why.
    pub reason: String,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The referral.
    pub referral: ReferralId,
    /// Who invited.
    pub inviter: MemberId,
    /// Where it stood.
    pub state: State,
    /// Why, where that was asked for.
    pub decision: Option<Decision>,
    /// Where the invitee's log stood.
    pub reached: Reached,
}

/// Why nobody was attributed, or no referral was found or reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferralRefusal {
    /// There are no terms.
    NoTerms {
        /// The moment.
        at: Timestamp,
    },
    /// Nobody has this id.
    MemberNotFound {
        /// The id.
        member: MemberId,
    },
    /// The code does not attribute.
    Code(CodeRefusal),
    /// No touch counts.
    NoValidTouch {
        /// For how many days one would.
        days: i32,
    },
    /// They have an inviter.
    AlreadyAttributed {
        /// By this.
        referral: ReferralId,
        /// To this one.
        inviter: MemberId,
    },
    /// They are nobody's invitee.
    Unfit(Unfit),
    /// No referral has this id.
    NotFound {
        /// The id.
        referral: ReferralId,
    },
    /// The member was invited by nobody.
    NoneOf {
        /// Who.
        member: MemberId,
    },
    /// It waits for no review.
    NotFlagged {
        /// Which.
        referral: ReferralId,
        /// Where it stands.
        state: State,
    },
}

/// What loyalty said to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Points were given, with this entry.
    Granted(EntryId),
    /// They were taken back, or there was nothing to take.
    Revoked,
    /// It would not.
    Refused {
        /// Its reason.
        reason: String,
    },
}

/// What a call to loyalty is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Errand {
    pub(crate) referral: ReferralId,
    pub(crate) side: Side,
    pub(crate) member: MemberId,
    pub(crate) points: i64,
    pub(crate) entry: Option<EntryId>,
    pub(crate) reason: String,
}

/// All referrals.
#[derive(Clone)]
pub struct Referrals {
    store: Store,
    clock: Clock,
    offers: Offers,
}

impl Referrals {
    pub(crate) const fn new(store: Store, clock: Clock, offers: Offers) -> Self {
        Self { store, clock, offers }
    }

    /// A person decides on a flagged referral.
    pub async fn review(&self, ask: &Review) -> Result<Receipt, Stop<ReferralRefusal>> {
        patiently(|| self.try_review(ask)).await
    }

    async fn try_review(&self, ask: &Review) -> Result<Receipt, Stop<ReferralRefusal>> {
        let (tenant, id) = (ask.tenant, ask.referral);
        let not_found = || Stop::Refused(ReferralRefusal::NotFound { referral: id });
        let mut reading = self.store.read(tenant).await?;
        let invitee = store::invitee_of(reading.connection(), tenant, id).await?.ok_or_else(not_found)?;
        drop(reading);
        let home = Shard::of_member(invitee);
        let mut tx = self.store.begin(tenant, [home]).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let held = self.held(&mut tx, tenant).await?;
        if held.settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        let mut referral = one(&mut tx, (tenant, invitee)).await?.ok_or_else(not_found)?;
        if referral.state != State::Flagged {
            return Err(Stop::Refused(ReferralRefusal::NotFlagged { referral: id, state: referral.state }));
        }
        let (happening, verdict) =
            if ask.approve { (Happening::LetGoOn, "APPROVE") } else { (Happening::Ended, "REJECT") };
        let evidence = facts([("verdict", verdict.to_owned()), ("note", ask.reason.clone())]);
        referral.happen(happening, "REVIEW", evidence, now);
        self.follow_known(&mut tx, (tenant, invitee), &mut referral, &held).await?;
        let mut receipt = Receipt {
            referral: id,
            inviter: referral.inviter,
            state: referral.state,
            decision: None,
            reached: Reached::default(),
        };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(receipt);
        }
        desk::write(&mut tx, tenant, &referral, now).await?;
        receipt.reached = Reached::of(&tx, home);
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// What has been heard since a referral stood still.
    async fn follow_known(
        &self,
        tx: &mut Tx,
        whose: Whose,
        referral: &mut Referral,
        held: &Held<Offer>,
    ) -> Result<(), StoreError> {
        let orders = people::bought(tx, &[whose]).await?.into_values().next().unwrap_or_default();
        let offer = ruling(held, referral.terms_version)?;
        follow(referral, &orders, offer, &held.settled.zone).map_err(StoreError::unreadable)
    }

    /// Moves the referrals of members of whom something was heard, in the transaction that keeps it.
    pub(crate) async fn hear(&self, tx: &mut Tx, members: &BTreeSet<Whose>, now: Timestamp) -> Result<(), CannotApply> {
        let members: Vec<Whose> = members.iter().copied().collect();
        let referrals = store::of_invitees(tx.connection(), &members).await?;
        if referrals.is_empty() {
            return Ok(());
        }
        let invitees: Vec<Whose> = referrals.keys().copied().collect();
        let orders = people::bought(tx, &invitees).await?;
        let tenants: BTreeSet<TenantId> = invitees.iter().map(|(tenant, _)| *tenant).collect();
        let held = self.offers.within(tx, &tenants).await?;
        for (whose, mut referral) in referrals {
            let Some(held) = held.get(&whose.0) else { continue };
            let orders = orders.get(&whose).map(Vec::as_slice).unwrap_or_default();
            let offer = ruling(held, referral.terms_version)?;
            follow(&mut referral, orders, offer, &held.settled.zone)
                .map_err(|error| CannotApply::Event(format!("the end of the hold {error}")))?;
            if !referral.made.is_empty() {
                desk::write(tx, whose.0, &referral, now).await?;
            }
        }
        Ok(())
    }

    async fn held(&self, tx: &mut Tx, tenant: TenantId) -> Result<Held<Offer>, StoreError> {
        Ok(self.offers.within(tx, &BTreeSet::from([tenant])).await?.remove(&tenant).unwrap_or_default())
    }
}

async fn one(tx: &mut Tx, whose: Whose) -> Result<Option<Referral>, StoreError> {
    Ok(store::of_invitees(tx.connection(), &[whose]).await?.remove(&whose))
}

/// The terms a referral began under. They are written once, so they are there.
fn ruling(held: &Held<Offer>, version: i32) -> Result<&Offer, StoreError> {
    let version = held.versions.version(version);
    version.map(|version| &version.terms).ok_or_else(|| StoreError::unreadable("the terms of a referral"))
}
