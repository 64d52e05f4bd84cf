//! Calls that change something, read: every wrong field is told at once.

use jiff::civil::{Date, DateTime};
use kernel::{MemberId, RequestId, SubscriptionId, TenantId};
use proto::subscriptions::v1;
use store::RequestKey;
use tonic::Request;
use wire::{Keys, Violations, digests, open};

use super::parse::{Asked, read_zone};
use super::parse_plan::{read_cadence, read_local, required_cadence};
use crate::plan::cadence::Cadence;
use crate::provider::script::looks_like_a_card;
use crate::subscription::charging::{Answer, Decline};
use crate::subscription::{Mutation, Report, Subscribing};

/// A provider's token, which is never the number of a card.
fn read_token(bad: &mut Violations, token: &str) -> Option<String> {
    let read = bad.text("payment_token", token, 1..=200)?;
    if looks_like_a_card(&read) {
        bad.add("payment_token", "looks like the number of a card; give the provider's token of it");
        return None;
    }
    Some(read)
}

fn read_reason(bad: &mut Violations, reason: &str) -> Option<String> {
    if reason.is_empty() { Some(String::new()) } else { bad.code("reason", reason, 1..=40) }
}

pub(super) fn subscribing(keys: &Keys, call: Request<v1::SubscribeRequest>) -> Asked<Subscribing> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let member = bad.take("member", MemberId::parse(&ask.member));
    let plan = bad.code("plan", &ask.plan, 1..=40);
    let token = read_token(&mut bad, &ask.payment_token);
    let cadence = match &ask.cadence {
        None => Some(None),
        Some(cadence) => read_cadence(&mut bad, "cadence", cadence).map(Some),
    };
    let anchor = read_local(&mut bad, "anchor", ask.anchor.as_ref());
    let zone = read_zone(&mut bad, &ask.zone);
    let whose = id.zip(member).zip(plan).zip(token);
    let read =
        whose.zip(cadence).zip(anchor.zip(zone)).map(|(((((id, member), plan), token), cadence), (anchor, zone))| {
            Subscribing {
                tenant: envelope.tenant,
                member,
                plan,
                token,
                cadence,
                anchor,
                zone,
                known: false,
                validate_only: ask.validate_only,
                key: RequestKey { rpc: "Subscribe", id, digests: digests(keys, &ask) },
            }
        });
    bad.settle(read)
}

/// What every change of a subscription begins with.
fn mutation(
    bad: &mut Violations,
    (tenant, rpc): (TenantId, &'static str),
    (id, subscription, validate_only): (&str, &str, bool),
    digests: store::Digests,
) -> Option<Mutation> {
    let id: Option<RequestId> = bad.request_id(id);
    let subscription = bad.take("subscription", SubscriptionId::parse(subscription));
    let (id, subscription) = id.zip(subscription)?;
    Some(Mutation { tenant, subscription, key: RequestKey { rpc, id, digests }, validate_only })
}

macro_rules! begin {
    ($keys:expr, $envelope:ident, $ask:ident, $bad:ident, $rpc:literal) => {{
        let said = ($ask.request_id.as_str(), $ask.subscription.as_str(), $ask.validate_only);
        mutation(&mut $bad, ($envelope.tenant, $rpc), said, digests($keys, &$ask))
    }};
}

pub(super) fn skip(keys: &Keys, call: Request<v1::SkipOccurrenceRequest>) -> Asked<(Mutation, i64)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "SkipOccurrence");
    let number = bad.number("number", ask.number, 0..=i64::MAX);
    bad.settle(change.zip(number))
}

pub(super) fn unskip(keys: &Keys, call: Request<v1::UnskipOccurrenceRequest>) -> Asked<(Mutation, i64)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "UnskipOccurrence");
    let number = bad.number("number", ask.number, 0..=i64::MAX);
    bad.settle(change.zip(number))
}

pub(super) fn pause(keys: &Keys, call: Request<v1::PauseSubscriptionRequest>) -> Asked<(Mutation, String)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "PauseSubscription");
    let reason = read_reason(&mut bad, &ask.reason);
    bad.settle(change.zip(reason))
}

pub(super) fn resume(keys: &Keys, call: Request<v1::ResumeSubscriptionRequest>) -> Asked<(Mutation, String)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "ResumeSubscription");
    let reason = read_reason(&mut bad, &ask.reason);
    bad.settle(change.zip(reason))
}

pub(super) fn cancel(keys: &Keys, call: Request<v1::CancelSubscriptionRequest>) -> Asked<(Mutation, (String, bool))> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "CancelSubscription");
    let reason = read_reason(&mut bad, &ask.reason);
    bad.settle(change.zip(reason.map(|reason| (reason, ask.at_once))))
}

pub(super) fn refund(keys: &Keys, call: Request<v1::RefundMembershipRequest>) -> Asked<(Mutation, String)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "RefundMembership");
    let reason = read_reason(&mut bad, &ask.reason);
    bad.settle(change.zip(reason))
}

pub(super) fn rhythm(
    keys: &Keys,
    call: Request<v1::ChangeCadenceRequest>,
) -> Asked<(Mutation, (Cadence, Option<DateTime>))> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "ChangeCadence");
    let cadence = required_cadence(&mut bad, "cadence", ask.cadence.as_ref());
    let anchor = read_local(&mut bad, "anchor", ask.anchor.as_ref());
    bad.settle(change.zip(cadence.zip(anchor)))
}

pub(super) fn token(keys: &Keys, call: Request<v1::UpdatePaymentTokenRequest>) -> Asked<(Mutation, String)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "UpdatePaymentToken");
    let token = read_token(&mut bad, &ask.payment_token);
    bad.settle(change.zip(token))
}

pub(super) fn order(keys: &Keys, call: Request<v1::RetryOrderRequest>) -> Asked<(Mutation, i64)> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let change = begin!(keys, envelope, ask, bad, "RetryOrder");
    let number = bad.number("number", ask.number, 0..=i64::MAX);
    bad.settle(change.zip(number))
}

pub(super) fn report(keys: &Keys, call: Request<v1::ReportChargeRequest>) -> Asked<Report> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let token = read_token(&mut bad, &ask.payment_token);
    let day = match &ask.day {
        Some(day) => bad.take("day", Date::try_from(day)),
        None => bad.take("day", Err("is required")),
    };
    let code = bad.text("code", &ask.code, 0..=40);
    let reference = bad.text("reference", &ask.reference, 0..=100);
    let answer = code.zip(reference).and_then(|(code, reference)| read_answer(&mut bad, ask.outcome, code, reference));
    let read = id.zip(token).zip(day).zip(answer).map(|(((id, token), day), answer)| Report {
        tenant: envelope.tenant,
        token,
        day,
        answer,
        validate_only: ask.validate_only,
        key: RequestKey { rpc: "ReportCharge", id, digests: digests(keys, &ask) },
    });
    bad.settle(read)
}

fn read_answer(bad: &mut Violations, outcome: i32, code: String, reference: String) -> Option<Answer> {
    let declined = |class| Some(Answer::Declined { class, code });
    match v1::ChargeOutcome::try_from(outcome) {
        Ok(v1::ChargeOutcome::Succeeded) => Some(Answer::Charged { reference }),
        Ok(v1::ChargeOutcome::DeclinedNever) => declined(Decline::Never),
        Ok(v1::ChargeOutcome::DeclinedAfterCardUpdate) => declined(Decline::AfterCardUpdate),
        Ok(v1::ChargeOutcome::DeclinedLater) => declined(Decline::Later),
        Ok(v1::ChargeOutcome::Unspecified) => {
            bad.add("outcome", "is required");
            None
        }
        Err(_) => {
            bad.add("outcome", "is not one of the values of its enum");
            None
        }
    }
}
