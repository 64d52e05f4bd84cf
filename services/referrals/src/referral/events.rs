//! What the outside hears of a referral: one message for every move, so that a life is heard in one order and a state that
//! is added later needs no message of its own.

use eventlog::NewEvent;
use kernel::{Shard, TenantId};
use proto::referrals::events::v1::ReferralMoved;

use super::life::State;
use super::record::Referral;

/// Every move a referral has made since it was read.
pub(super) fn said(tenant: TenantId, referral: &Referral) -> Vec<NewEvent> {
    let shard = Shard::of_member(referral.invitee);
    let moves = referral.made.iter().map(|step| {
        let payload = ReferralMoved {
            referral: referral.id.to_string(),
            inviter: referral.inviter.to_string(),
            invitee: referral.invitee.to_string(),
            from: step.from.map(State::word).unwrap_or_default().to_owned(),
            to: step.to.word().to_owned(),
            reason: step.reason.clone(),
            order: referral.order.map(|order| order.to_string()).unwrap_or_default(),
            inviter_points: referral.inviter_points,
            invitee_points: referral.invitee_points,
            terms_version: referral.terms_version,
            occur_time: Some(proto::timestamp(step.occurred_at)),
        };
        NewEvent::new(tenant, shard, referral.invitee, step.occurred_at, &payload)
    });
    moves.collect()
}
