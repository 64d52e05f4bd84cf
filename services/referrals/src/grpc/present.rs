//! Codes, touches and referrals as the wire tells them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::rounding::share;
use kernel::{Rounding, TenantId};
use proto::common::v1 as common;
use proto::referrals::v1;
use store::StoreError;
use terms::{TermsPut, Version};
use tonic::Response;
use wire::messages::localized;
use wire::{Keys, Language};

use super::parse::{CodeLook, InvitationsLook};
use super::wording;
use crate::codes::{Codes, IssueReceipt, Issued, RetireReceipt};
use crate::offer::Offer;
use crate::referral::Receipt;
use crate::referral::decision::{Decision, Facts};
use crate::referral::life::State;
use crate::referral::reading::{Recorded, Sums, Told};
use crate::referral::record::{Point, Referral};
use crate::touches::TouchReceipt;

fn time(moment: Timestamp) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(moment))
}

pub(super) fn terms_put(keys: &Keys, tenant: TenantId, put: &TermsPut) -> Response<v1::PutTermsResponse> {
    let freshness = put.freshness(crate::SERVICE, tenant).seal(keys);
    Response::new(v1::PutTermsResponse { version: put.version, freshness })
}

pub(super) fn terms(version: Version<Offer>) -> Response<v1::GetTermsResponse> {
    let offer = version.terms;
    let terms = v1::Terms {
        version: version.number,
        effective_time: time(version.effective_at),
        currency_code: offer.currency.to_string(),
        least_order_minor: Some(offer.least_order_minor),
        inviter_points: offer.inviter_points,
        invitee_points: offer.invitee_points,
        reason: offer.reason,
        hold_days: Some(offer.hold_days),
        return_window_days: Some(offer.return_window_days),
        touch_days: Some(offer.touch_days),
        most_per_inviter: offer.most_per_inviter,
        per_days: offer.per_days,
        only_new_members: Some(offer.only_new_members),
        enrolled_at_most_days: offer.enrolled_at_most_days,
        flag_per_hour: offer.flag_per_hour,
        checkout_hours: Some(offer.checkout_hours),
    };
    Response::new(v1::GetTermsResponse { terms: Some(terms) })
}

pub(super) fn issued(keys: &Keys, receipt: &IssueReceipt) -> Response<v1::IssueCodeResponse> {
    Response::new(v1::IssueCodeResponse {
        code: receipt.code.as_ref().map(ToString::to_string).unwrap_or_default(),
        issued: receipt.issued,
        freshness: receipt.reached.freshness().seal(keys),
    })
}

pub(super) fn retired(keys: &Keys, receipt: &RetireReceipt) -> Response<v1::RetireCodeResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::RetireCodeResponse { member: receipt.member.to_string(), freshness })
}

/// What a text is; one that cannot be a code is not looked for.
pub(super) async fn looked_up(codes: &Codes, ask: CodeLook) -> Result<v1::LookUpCodeResponse, StoreError> {
    let code = match ask.code {
        Ok(code) => code,
        Err(malformed) => {
            let standing = v1::CodeStanding::Malformed.into();
            return Ok(v1::LookUpCodeResponse { standing, detail: malformed.to_string(), ..Default::default() });
        }
    };
    let found = codes.look_up(ask.tenant, &code).await?;
    let standing = match &found {
        None => v1::CodeStanding::Unknown,
        Some(issued) if issued.retired_at.is_some() => v1::CodeStanding::Retired,
        Some(_) => v1::CodeStanding::Live,
    };
    Ok(v1::LookUpCodeResponse {
        standing: standing.into(),
        code: code.to_string(),
        inviter: found.map(|issued| issued.member.to_string()).unwrap_or_default(),
        detail: String::new(),
    })
}

pub(super) fn code(issued: &Issued) -> Response<v1::GetCodeResponse> {
    Response::new(v1::GetCodeResponse { code: issued.code.to_string(), issue_time: time(issued.issued_at) })
}

pub(super) fn touched(keys: &Keys, receipt: &TouchReceipt) -> Response<v1::RecordTouchResponse> {
    Response::new(v1::RecordTouchResponse {
        inviter: receipt.inviter.to_string(),
        touch_time: time(receipt.touched_at),
        freshness: receipt.reached.freshness().seal(keys),
    })
}

pub(super) fn attributed(keys: &Keys, language: Language, receipt: Receipt) -> Response<v1::AttributeResponse> {
    let wording = receipt.decision.as_ref().map(|grounds| wording::of_beginning(&receipt, grounds));
    Response::new(v1::AttributeResponse {
        referral: receipt.referral.to_string(),
        inviter: receipt.inviter.to_string(),
        state: state(receipt.state).into(),
        freshness: receipt.reached.freshness().seal(keys),
        decision: receipt.decision.zip(wording).map(|(grounds, wording)| decision(language, wording, grounds)),
    })
}

pub(super) fn reviewed(keys: &Keys, receipt: &Receipt) -> Response<v1::ReviewResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::ReviewResponse { state: state(receipt.state).into(), freshness })
}

pub(super) fn told(language: Language, told: Told) -> Response<v1::GetReferralResponse> {
    let wording = told.decision.as_ref().map(|grounds| wording::of_referral(&told, grounds));
    Response::new(v1::GetReferralResponse {
        referral: Some(referral(told.referral)),
        moves: told.moves.into_iter().map(step).collect(),
        decision: told.decision.zip(wording).map(|(grounds, wording)| decision(language, wording, grounds)),
    })
}

pub(super) fn told_of(language: Language, of: Told) -> Response<v1::GetReferralOfResponse> {
    let v1::GetReferralResponse { referral, moves, decision } = told(language, of).into_inner();
    Response::new(v1::GetReferralOfResponse { referral, moves, decision })
}

pub(super) fn invitations(
    keys: &Keys,
    ask: &InvitationsLook,
    found: Vec<Referral>,
) -> Response<v1::ListInvitationsResponse> {
    let full = i64::try_from(found.len()).is_ok_and(|shown| shown == ask.page.limit);
    let last = found.last().filter(|_| full).map(|last| (last.attributed_at, last.id));
    let next_page_token = last.map(|last| ask.after(keys, last)).unwrap_or_default();
    let referrals = found.into_iter().map(referral).collect();
    Response::new(v1::ListInvitationsResponse { referrals, next_page_token })
}

pub(super) fn overview(sums: &BTreeMap<State, Sums>) -> Response<v1::GetOverviewResponse> {
    let referrals = sums.values().map(|one| one.referrals).sum();
    let rewarded = sums.get(&State::Rewarded);
    Response::new(v1::GetOverviewResponse {
        states: sums
            .values()
            .map(|one| v1::StateCount { state: state(one.state).into(), referrals: one.referrals })
            .collect(),
        referrals,
        inviter_points: rewarded.map_or(0, |one| one.inviter_points),
        invitee_points: rewarded.map_or(0, |one| one.invitee_points),
        rewarded_rate: rate(rewarded.map_or(0, |one| one.referrals), referrals),
    })
}

/// A share as a decimal of four digits.
fn rate(part: i64, whole: i64) -> String {
    let tenthousandths = (whole > 0).then(|| share(10_000, part, whole, Rounding::HalfEven)).flatten();
    tenthousandths.map_or_else(String::new, |share| format!("{}.{:04}", share / 10_000, share % 10_000))
}

const fn state(state: State) -> v1::ReferralState {
    match state {
        State::Attributed => v1::ReferralState::Attributed,
        State::Qualified => v1::ReferralState::Qualified,
        State::Held => v1::ReferralState::Held,
        State::Approved => v1::ReferralState::Approved,
        State::Rewarded => v1::ReferralState::Rewarded,
        State::Flagged => v1::ReferralState::Flagged,
        State::Rejected => v1::ReferralState::Rejected,
        State::Reversed => v1::ReferralState::Reversed,
    }
}

fn referral(referral: Referral) -> v1::Referral {
    let point = match referral.point {
        Point::Enrolment => v1::AttributionPoint::Enrolment,
        Point::Checkout => v1::AttributionPoint::Checkout,
    };
    v1::Referral {
        id: referral.id.to_string(),
        inviter: referral.inviter.to_string(),
        invitee: referral.invitee.to_string(),
        code: referral.code.to_string(),
        state: state(referral.state).into(),
        state_time: time(referral.entered_at),
        point: point.into(),
        touch_time: time(referral.touched_at),
        attribution_time: time(referral.attributed_at),
        order: referral.order.map(|order| order.to_string()).unwrap_or_default(),
        hold_end_time: referral.hold_ends_at.and_then(time),
        inviter_points: referral.inviter_points,
        invitee_points: referral.invitee_points,
        inviter_entry: referral.inviter_entry.map(|entry| entry.to_string()).unwrap_or_default(),
        invitee_entry: referral.invitee_entry.map(|entry| entry.to_string()).unwrap_or_default(),
        terms_version: referral.terms_version,
    }
}

fn step(recorded: Recorded) -> v1::Move {
    let step = recorded.step;
    v1::Move {
        number: step.number,
        from_state: step.from.map_or(v1::ReferralState::Unspecified, state).into(),
        to_state: state(step.to).into(),
        reason: step.reason,
        evidence: facts(step.evidence),
        occur_time: time(step.occurred_at),
        record_time: time(recorded.recorded_at),
    }
}

fn facts(facts: Facts) -> Vec<common::Fact> {
    facts.into_iter().map(|(name, value)| common::Fact { name, value }).collect()
}

fn decision(
    language: Language,
    (reason, said): (common::DecisionReason, wording::Facts),
    decision: Decision,
) -> common::Decision {
    let said = said.iter().map(|(name, value)| (name.as_str(), value.clone()));
    common::Decision {
        outcome: decision.outcome,
        rule_version: format!("terms/{}", decision.terms_version),
        decided_for: time(decision.decided_for),
        facts: facts(decision.facts),
        steps: decision
            .steps
            .into_iter()
            .map(|(name, detail)| common::Step { name, detail, ..common::Step::default() })
            .collect(),
        nearest_flip: decision.flip.map(|(fact, change, outcome)| common::NearestFlip { fact, change, outcome }),
        reason: reason.into(),
        message: localized(reason.as_str_name(), language, said),
    }
}
