//! Occasion rules and occasions as the wire tells them.

use proto::loyalty::v1;
use proto::loyalty::v1::occasion_rule::Award as WireAward;
use tonic::{Response, Status};
use wire::{Freshness, Keys, Language, PageToken, Stop};

use super::parse_occasions::{LIST, PageOfOccasions};
use super::{present, present_rules, refuse};
use crate::account::occasion::{OccasionCoupon, OccasionGift};
use crate::account::{AccountRefusal, OccasionView, Receipt};
use crate::programme::occasions::{Birthdays, OccasionAward, OccasionRule, On};

pub(super) fn rule(rule: OccasionRule) -> v1::OccasionRule {
    let award = match rule.award {
        OccasionAward::Nothing => None,
        OccasionAward::Fixed(points) => Some(WireAward::FixedPoints(points)),
        OccasionAward::Each(points) => Some(WireAward::PointsEach(points)),
    };
    let (kind, event) = on(rule.on);
    v1::OccasionRule {
        code: rule.code,
        display_name: rule.display_name,
        kind: kind.into(),
        event,
        when: rule.when.into(),
        award,
        campaign: rule.campaign.unwrap_or_default(),
        from_time: rule.from.map(proto::timestamp),
        until_time: rule.until.map(proto::timestamp),
        limits: rule.limits.iter().map(present_rules::limit).collect(),
        wallet: rule.wallet.to_string(),
    }
}

/// Told where it is not what holds without.
pub(super) fn birthdays(birthdays: Birthdays) -> Option<v1::BirthdayPolicy> {
    let period = if birthdays.whole_month { v1::BirthdayPeriod::Month } else { v1::BirthdayPeriod::Day };
    let leap_day =
        if birthdays.leap_day_in_march { v1::LeapDay::LeapDay1March } else { v1::LeapDay::LeapDay28February };
    let told = v1::BirthdayPolicy { period: period.into(), leap_day: leap_day.into() };
    (!birthdays.is_default()).then_some(told)
}

fn on(on: On) -> (v1::OccasionKind, String) {
    match on {
        On::Enrolment => (v1::OccasionKind::Enrolment, String::new()),
        On::Birthday => (v1::OccasionKind::Birthday, String::new()),
        On::Event(event) => (v1::OccasionKind::Event, event),
    }
}

type Outcome = Result<Receipt, Stop<AccountRefusal>>;

/// What became of an event that was told alone.
pub(super) fn event(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Outcome>,
) -> Result<Response<v1::RecordEventResponse>, Status> {
    let receipt =
        outcomes.into_iter().next().map_or_else(|| Ok(Receipt::default()), |one| one.map_err(refuse::account));
    receipt.map(|receipt| Response::new(recorded(keys, language, receipt)))
}

pub(super) fn events(
    keys: &Keys,
    language: Language,
    outcomes: Vec<Outcome>,
) -> Result<Response<v1::RecordEventBatchResponse>, Status> {
    let done = |receipt| v1::RecordEventOutcome {
        receipt: Some(recorded(keys, language, receipt)),
        ..v1::RecordEventOutcome::default()
    };
    let refused = |refusal: wire::Refusal| v1::RecordEventOutcome {
        receipt: None,
        message: refusal.localized(language),
        refusal: refusal.reason.to_owned(),
        detail: refusal.text,
    };
    let (outcomes, all): (_, Freshness) = present::each(outcomes, done, refused)?;
    Ok(Response::new(v1::RecordEventBatchResponse { outcomes, freshness: all.seal(keys) }))
}

fn recorded(keys: &Keys, language: Language, receipt: Receipt) -> v1::RecordEventResponse {
    let freshness = present::freshness(&receipt).seal(keys);
    let told = receipt.occasion.map(|told| *told).unwrap_or_default();
    v1::RecordEventResponse {
        occasion: told.occasion.map(|id| id.to_string()).unwrap_or_default(),
        repeated_event: told.repeated,
        gifts: told.gifts.into_iter().map(gift).collect(),
        coupons: told.coupons.into_iter().map(coupon).collect(),
        missions: told.missions,
        decision: receipt.why.map(|why| present::explained(language, *why)),
        freshness,
    }
}

fn gift(gift: OccasionGift) -> v1::OccasionGift {
    v1::OccasionGift {
        wallet: gift.wallet,
        entry: gift.entry.map(|entry| entry.to_string()).unwrap_or_default(),
        points: gift.points,
        lapse_time: gift.lapses_at.map(proto::timestamp),
    }
}

fn coupon(one: OccasionCoupon) -> v1::OccasionCoupon {
    let coupon = one.coupon.map(|coupon| coupon.to_string()).unwrap_or_default();
    v1::OccasionCoupon { campaign: one.campaign, coupon }
}

pub(super) fn page(
    keys: &Keys,
    language: Language,
    ask: &PageOfOccasions,
    page: Vec<OccasionView>,
) -> Response<v1::ListOccasionsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().filter(|_| is_full);
    let next_page_token = last.map_or_else(String::new, |last| {
        let place = vec![last.recorded_at.to_string(), last.occasion.facts.id.to_string()];
        PageToken(place).seal(keys, &[LIST, &ask.member.to_string()])
    });
    let occasions = page.into_iter().map(|view| occasion(language, view)).collect();
    Response::new(v1::ListOccasionsResponse { occasions, next_page_token })
}

fn occasion(language: Language, view: OccasionView) -> v1::Occasion {
    let decision = view.explanation().map(|why| present::explained(language, why));
    let (facts, recorded_at) = (view.occasion.facts, view.recorded_at);
    let (kind, event) = on(facts.on);
    v1::Occasion {
        id: facts.id.to_string(),
        kind: kind.into(),
        event,
        external_id: facts.external_id,
        occur_time: Some(proto::timestamp(facts.occurred_at)),
        record_time: Some(proto::timestamp(recorded_at)),
        quantity: facts.quantity,
        channel: facts.channel,
        gifts: view.occasion.gifts.into_iter().map(gift).collect(),
        coupons: view.occasion.coupons.into_iter().map(coupon).collect(),
        decision,
    }
}
