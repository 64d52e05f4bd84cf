//! Working an attribution off: lock, find out who invited, lock whoever stands above them, judge, write.

use std::collections::BTreeSet;

use ::store::{StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{MemberId, ReferralId, Shard};
use terms::{Held, Version};
use wire::{Stop, known, patiently};

use super::super::decision::{Decision, facts};
use super::super::life::{Happening, State};
use super::super::qualifying::follow;
use super::super::record::Referral;
use super::super::{Attribution, Origin, Receipt, ReferralRefusal, Referrals, desk, one, store};
use super::{Case, Fit, judge};
use crate::codes::{self, CodeRefusal, Issued};
use crate::offer::Offer;
use crate::people;
use crate::receipt::Reached;
use crate::touches;

enum Step {
    Done(Box<Receipt>),
    /// These shards have to be locked too.
    Wider(BTreeSet<Shard>),
}

/// Where a touch has led.
struct Found {
    issued: Issued,
    touched_at: Timestamp,
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Referrals {
    /// Says who invited a member.
    pub async fn attribute(&self, ask: &Attribution) -> Result<Receipt, Stop<ReferralRefusal>> {
        patiently(|| async {
            let mut shards = BTreeSet::from([Shard::of_member(ask.member)]);
            shards.insert(match &ask.origin {
                Origin::Code(code) => codes::shard_of(ask.tenant, code),
                Origin::Visitor(visitor) => touches::shard_of(ask.tenant, visitor),
            });
            loop {
                match self.try_attribute(ask, &shards).await? {
                    Step::Done(receipt) => return Ok(*receipt),
                    Step::Wider(more) => shards.extend(more),
                }
            }
        })
        .await
    }

    async fn try_attribute(&self, ask: &Attribution, shards: &BTreeSet<Shard>) -> Result<Step, Stop<ReferralRefusal>> {
        let (tenant, home) = (ask.tenant, Shard::of_member(ask.member));
        let mut tx = self.store.begin(tenant, shards.iter().copied()).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, home, &ask.key, now).await?)? {
            return Ok(Step::Done(Box::new(receipt)));
        }
        let held = self.held(&mut tx, tenant).await?;
        if held.settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        let version = held.versions.at(now).ok_or(Stop::Refused(ReferralRefusal::NoTerms { at: now }))?;
        free_to_be_invited(&mut tx, ask).await?;
        let found = find(&mut tx, ask, &version.terms, now).await?;
        let above = store::above(tx.connection(), tenant, found.issued.member).await?;
        let all = std::iter::once(found.issued.member).chain(above.iter().copied()).map(Shard::of_member);
        let wider: BTreeSet<Shard> =
            all.chain([codes::shard_of(tenant, &found.issued.code)]).filter(|shard| !shards.contains(shard)).collect();
        if !wider.is_empty() {
            tx.roll_back().await?;
            return Ok(Step::Wider(wider));
        }
        let referral = self.judged(&mut tx, ask, &found, &above, version, &held, now).await?;
        let decision = ask.explain.then(|| referral.grounds.clone());
        let mut receipt = Receipt {
            referral: referral.id,
            inviter: referral.inviter,
            state: referral.state,
            decision,
            reached: Reached::default(),
        };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Step::Done(Box::new(receipt)));
        }
        desk::write(&mut tx, tenant, &referral, now).await?;
        receipt.reached = Reached::of(&tx, home);
        tx.remember(tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(Step::Done(Box::new(receipt)))
    }

    /// The referral that begins, moved as far as what is known already leads it.
    #[expect(clippy::too_many_arguments, reason = "everything one judgement rests on, each used once")]
    async fn judged(
        &self,
        tx: &mut Tx,
        ask: &Attribution,
        found: &Found,
        above: &[MemberId],
        version: &Version<Offer>,
        held: &Held<Offer>,
        now: Timestamp,
    ) -> Result<Referral, Stop<ReferralRefusal>> {
        let (tenant, inviter, offer) = (ask.tenant, found.issued.member, &version.terms);
        let orders = people::bought(tx, &[(tenant, ask.member)]).await?.into_values().next().unwrap_or_default();
        let since = now.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
        let case = Case {
            inviter,
            invitee: ask.member,
            code: &found.issued.code,
            touched_at: found.touched_at,
            joined_at: people::joined_at(tx, tenant, ask.member).await?,
            orders: &orders,
            checkout: ask.order,
            shared_identity: people::shared_identity(tx, tenant, inviter, ask.member).await?,
            above,
            within_an_hour: store::attributions(tx.connection(), tenant, &found.issued.code, since).await?,
            terms_version: version.number,
            now,
        };
        let fit = judge(&case, offer).map_err(|unfit| Stop::Refused(ReferralRefusal::Unfit(unfit)))?;
        let mut referral = beginning(ask, found, version, fit.grounds.clone(), now);
        begin(&mut referral, ask, &fit);
        follow(&mut referral, &orders, offer, &held.settled.zone).map_err(StoreError::unreadable)?;
        Ok(referral)
    }
}

/// Members may be invited who are known, and have no inviter.
async fn free_to_be_invited(tx: &mut Tx, ask: &Attribution) -> Result<(), Stop<ReferralRefusal>> {
    let (tenant, member) = (ask.tenant, ask.member);
    if let Some(known) = one(tx, (tenant, member)).await? {
        let refusal = ReferralRefusal::AlreadyAttributed { referral: known.id, inviter: known.inviter };
        return Err(Stop::Refused(refusal));
    }
    if !ask.known && !people::is_known(tx, tenant, member).await? {
        return Err(Stop::Refused(ReferralRefusal::MemberNotFound { member }));
    }
    Ok(())
}

/// The code that attributes: the one that was given, or that of the last touch which still counts.
async fn find(tx: &mut Tx, ask: &Attribution, offer: &Offer, now: Timestamp) -> Result<Found, Stop<ReferralRefusal>> {
    let visitor = match &ask.origin {
        Origin::Code(code) => {
            let issued = codes::live(tx, ask.tenant, code).await.map_err(of_code)?;
            return Ok(Found { issued, touched_at: now });
        }
        Origin::Visitor(visitor) => visitor,
    };
    for touch in touches::since(tx, ask.tenant, visitor, offer.touches_since(now)).await? {
        match codes::live(tx, ask.tenant, &touch.code).await {
            Ok(issued) => return Ok(Found { issued, touched_at: touch.touched_at }),
            Err(Stop::Refused(_)) => {}
            Err(stop) => return Err(of_code(stop)),
        }
    }
    Err(Stop::Refused(ReferralRefusal::NoValidTouch { days: offer.touch_days }))
}

fn of_code(stop: Stop<CodeRefusal>) -> Stop<ReferralRefusal> {
    match stop {
        Stop::Refused(refusal) => Stop::Refused(ReferralRefusal::Code(refusal)),
        Stop::RequestIdReused { field } => Stop::RequestIdReused { field },
        Stop::RequestIdTooOld { kept_days } => Stop::RequestIdTooOld { kept_days },
        Stop::TenantSuspended => Stop::TenantSuspended,
        Stop::Failed(error) => Stop::Failed(error),
    }
}

fn beginning(
    ask: &Attribution,
    found: &Found,
    version: &Version<Offer>,
    grounds: Decision,
    now: Timestamp,
) -> Referral {
    Referral {
        // A member has one inviter for ever, so their id names their referral.
        id: ReferralId::derived_from(ask.member.uuid(), "referral"),
        inviter: found.issued.member,
        invitee: ask.member,
        code: found.issued.code.clone(),
        point: ask.point,
        touched_at: found.touched_at,
        attributed_at: now,
        checkout: ask.order,
        terms_version: version.number,
        inviter_points: version.terms.inviter_points,
        invitee_points: version.terms.invitee_points,
        grounds,
        state: State::Attributed,
        entered_at: now,
        flagged_from: None,
        order: None,
        hold_ends_at: None,
        approved_at: None,
        inviter_entry: None,
        invitee_entry: None,
        moves: 0,
        made: Vec::new(),
        errands: Vec::new(),
    }
}

fn begin(referral: &mut Referral, ask: &Attribution, fit: &Fit) {
    let reason = match &ask.origin {
        Origin::Code(_) => "CODE",
        Origin::Visitor(_) => "TOUCH",
    };
    let evidence = facts([("code", referral.code.to_string()), ("touch_time", referral.touched_at.to_string())]);
    referral.begin(reason, evidence);
    if fit.suspicious {
        let evidence = fit.grounds.facts.iter().filter(|(name, _)| name == "attributions_within_an_hour").cloned();
        let (evidence, at) = (evidence.collect(), referral.attributed_at);
        referral.happen(Happening::Suspected, "MANY_AT_ONCE", evidence, at);
    }
}
