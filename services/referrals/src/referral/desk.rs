//! Working off what happens without a caller: holds end, loyalty answers. And writing what has happened to referrals, with
//! what follows from it: timers, calls to loyalty, events.

use ::store::{StoreError, Tx};
use jiff::Timestamp;
use kernel::{MemberId, RequestId, Shard, TenantId};
use outbox::{Call, Open};
use serde::{Deserialize, Serialize};
use timers::{Due, Timer};

use super::decision::{Facts, facts};
use super::life::{Happening, State};
use super::record::{Errand, Referral, Side};
use super::{Answer, Errand as Said, Referrals, events, one, ruling, store};
use crate::offer::Offer;
use crate::people::{self, Whose};

/// The one kind of timer: the end of a hold. Its subject is the invitee.
pub(super) const HOLD: &str = "hold";
/// Calls that give points.
pub(crate) const GRANT: &str = "grant";
/// Calls that take them back.
pub(crate) const REVOKE: &str = "revoke";

/// What a call to loyalty is made from; the rest is read when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    /// The member who was invited: the referral lies with them.
    pub(crate) invitee: MemberId,
    /// Whose points.
    pub(crate) side: Side,
}

/// Writes a referral that has moved. One that has not stays as it is, but for its entries in loyalty.
pub(super) async fn write(
    tx: &mut Tx,
    tenant: TenantId,
    referral: &Referral,
    now: Timestamp,
) -> Result<(), StoreError> {
    store::write(tx.connection(), tenant, referral, now).await?;
    timers::set(tx, &[timer(tenant, referral)]).await?;
    let calls = referral.errands.iter().map(|errand| call(tenant, referral, *errand)).collect::<Result<Vec<_>, _>>()?;
    outbox::place(tx, &calls, now).await?;
    eventlog::append(tx, events::said(tenant, referral), now)
}

fn timer(tenant: TenantId, referral: &Referral) -> Timer {
    let due_at = referral.hold_ends_at.filter(|_| referral.state == State::Held);
    let (shard, subject) = (Shard::of_member(referral.invitee), referral.invitee.uuid());
    Timer { tenant, shard, subject, kind: HOLD, due_at }
}

/// The id follows from the referral and the side, so a side is given its points once however often it is approved.
fn call(tenant: TenantId, referral: &Referral, errand: Errand) -> Result<Call, StoreError> {
    let (kind, side) = match errand {
        Errand::Grant(side) => (GRANT, side),
        Errand::Revoke(side) => (REVOKE, side),
    };
    let payload = Payload { invitee: referral.invitee, side };
    Ok(Call {
        tenant,
        shard: Shard::of_member(referral.invitee),
        subject: referral.id.uuid(),
        id: RequestId::caused_by(referral.id.uuid(), &format!("{kind} {}", side.word())),
        kind,
        payload: serde_json::to_value(payload).map_err(StoreError::unreadable)?,
    })
}

impl Referrals {
    /// Ends holds, each as of its own end, in the order of their ends and beginnings.
    pub(crate) async fn end_holds(&self, due: Vec<Due>) -> Result<(), StoreError> {
        let mut waiting = Vec::with_capacity(due.len());
        for timer in due {
            let whose = (timer.tenant, MemberId::from(timer.subject));
            let mut reading = self.store.read(timer.tenant).await?;
            let found = store::of_invitees(reading.connection(), &[whose]).await?.remove(&whose);
            let began = found.as_ref().map(|referral| (referral.attributed_at, referral.inviter));
            waiting.push((timer.due_at, began.map(|(at, _)| at), whose, began.map(|(_, inviter)| inviter)));
        }
        waiting.sort_unstable();
        for (_, _, whose, inviter) in waiting {
            self.end_hold(whose, inviter).await?;
        }
        Ok(())
    }

    async fn end_hold(&self, whose: Whose, inviter: Option<MemberId>) -> Result<(), StoreError> {
        let (tenant, invitee) = whose;
        let shards = std::iter::once(invitee).chain(inviter).map(Shard::of_member);
        let mut tx = self.store.begin(tenant, shards).await?;
        let now = self.clock.now();
        let Some(mut referral) = one(&mut tx, whose).await? else { return tx.roll_back().await };
        let held = self.held(&mut tx, tenant).await?;
        self.follow_known(&mut tx, whose, &mut referral, &held).await?;
        let due = referral.hold_ends_at.filter(|ends| referral.state == State::Held && *ends <= now);
        if let Some(ends) = due {
            let at = ends.max(referral.entered_at);
            let offer = ruling(&held, referral.terms_version)?;
            decide_on_approval(&mut tx, tenant, &mut referral, offer, at).await?;
        }
        // Also where somebody else was first: the timer is set again from what is due next, or cleared.
        write(&mut tx, tenant, &referral, now).await?;
        tx.commit().await
    }

    /// What a call is to say, as the referral stands now; none where it is not there.
    pub(crate) async fn errand(&self, call: &Open) -> Result<Option<Said>, StoreError> {
        let payload: Payload = serde_json::from_value(call.payload.clone()).map_err(StoreError::unreadable)?;
        let whose = (call.tenant, payload.invitee);
        let mut reading = self.store.read(call.tenant).await?;
        let Some(referral) = store::of_invitees(reading.connection(), &[whose]).await?.remove(&whose) else {
            return Ok(None);
        };
        drop(reading);
        let held = self.offers.of(call.tenant).await?;
        let reason = ruling(&held, referral.terms_version)?.reason.clone();
        let side = payload.side;
        let (member, points, entry) = (referral.member(side), referral.points(side), referral.entry(side));
        Ok(Some(Said { referral: referral.id, side, member, points, entry, reason }))
    }

    /// Writes down what loyalty said, once.
    pub(crate) async fn answered(&self, call: &Open, answer: Answer) -> Result<(), StoreError> {
        let payload: Payload = serde_json::from_value(call.payload.clone()).map_err(StoreError::unreadable)?;
        let whose = (call.tenant, payload.invitee);
        let mut tx = self.store.begin(call.tenant, [call.shard]).await?;
        if !outbox::settle(&mut tx, call).await? {
            return tx.roll_back().await;
        }
        let now = self.clock.now();
        if let Some(mut referral) = one(&mut tx, whose).await? {
            match answer {
                Answer::Granted(entry) => referral.granted(payload.side, entry, now),
                Answer::Revoked => {}
                Answer::Refused { reason } => {
                    let evidence = facts([("side", payload.side.word().to_owned()), ("refusal", reason)]);
                    refused(&mut referral, &call.kind, evidence, now);
                }
            }
            write(&mut tx, call.tenant, &referral, now).await?;
        }
        tx.commit().await
    }
}

/// A grant that is refused is looked at by a person, who lets it go on or ends it. A revocation that is refused changes no
/// state, for the referral is over: the points are left with who has them, and that is said.
fn refused(referral: &mut Referral, kind: &str, evidence: Facts, now: Timestamp) {
    if kind == REVOKE {
        referral.remark("REVOKE_REFUSED", evidence, now);
    } else {
        referral.happen(Happening::GrantRefused, "GRANT_REFUSED", evidence, now);
    }
}

/// Both shards are locked: what is counted here is exact, and every identity heard of by now is seen.
async fn decide_on_approval(
    tx: &mut Tx,
    tenant: TenantId,
    referral: &mut Referral,
    offer: &Offer,
    at: Timestamp,
) -> Result<(), StoreError> {
    if let Some(key) = people::shared_identity(tx, tenant, referral.inviter, referral.invitee).await? {
        let evidence = facts([("evidence", "shared identity".to_owned()), ("identity_key", key)]);
        referral.happen(Happening::Unfounded, "SELF_REFERRAL", evidence, at);
        return Ok(());
    }
    let since = Some(offer.approvals_since(at)).filter(|since| *since > Timestamp::MIN);
    let approved = store::approvals(tx.connection(), tenant, referral.inviter, since).await?;
    if offer.most_per_inviter > 0 && approved >= offer.most_per_inviter {
        let evidence = facts([
            ("approved", approved.to_string()),
            ("most_per_inviter", offer.most_per_inviter.to_string()),
            ("per_days", offer.per_days.to_string()),
        ]);
        referral.happen(Happening::Unfounded, "LIMIT_REACHED", evidence, at);
        return Ok(());
    }
    store::count_approval(tx.connection(), tenant, referral, at).await?;
    let evidence = facts([("approved_before", approved.to_string())]);
    referral.happen(Happening::HoldEnded, "HOLD_ENDED", evidence, at);
    Ok(())
}
