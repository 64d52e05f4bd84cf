//! Calls about terms, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{Currency, Points, TenantId};
use proto::referrals::v1::*;
use store::RequestKey;
use terms::NewTerms;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use crate::offer::Offer;
use crate::offer::promise::usual_checkout_hours;

/// A look at terms.
pub(super) struct TermsLook {
    pub tenant: TenantId,
    pub number: Option<i32>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

pub(super) fn new_terms(keys: &Keys, call: Request<PutTermsRequest>) -> Result<NewTerms<Offer>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    if ask.terms.is_none() {
        bad.add("terms", "are required");
    }
    let told = ask.terms.clone().unwrap_or_default();
    let effective = bad.instant("terms.effective_time", told.effective_time.as_ref());
    if told.effective_time.is_none() {
        bad.add("terms.effective_time", "is required");
    }
    let offer = offer(&mut bad, &told);
    let read = id.zip(effective).zip(offer).map(|((id, effective_at), terms)| NewTerms {
        tenant: envelope.tenant,
        key: RequestKey { rpc: "PutTerms", id, digests: digests(keys, &ask) },
        effective_at: kernel::to_microsecond(effective_at),
        terms,
        validate_only: ask.validate_only,
    });
    bad.settle(read)
}

fn offer(bad: &mut Violations, told: &Terms) -> Option<Offer> {
    let currency = bad.take("terms.currency_code", Currency::parse(&told.currency_code));
    let least = bad.number("terms.least_order_minor", told.least_order_minor.unwrap_or(1), 1..=Points::MOST.0);
    let inviter_points = bad.number("terms.inviter_points", told.inviter_points, 0..=Points::MOST.0);
    let invitee_points = bad.number("terms.invitee_points", told.invitee_points, 0..=Points::MOST.0);
    let reason = match told.reason.as_str() {
        "" => Some("referral".to_owned()),
        text => bad.text("terms.reason", text, 1..=200),
    };
    let hold_days = days(bad, "terms.hold_days", told.hold_days.unwrap_or(14), 0, 365);
    let return_window_days = days(bad, "terms.return_window_days", told.return_window_days.unwrap_or(14), 0, 365);
    let touch_days = days(bad, "terms.touch_days", told.touch_days.unwrap_or(30), 1, 365);
    let most_per_inviter = bad.number("terms.most_per_inviter", told.most_per_inviter, 0..=1_000_000);
    let per_days = days(bad, "terms.per_days", told.per_days, 0, 3_650);
    let enrolled = days(bad, "terms.enrolled_at_most_days", told.enrolled_at_most_days, 0, 3_650);
    let flag_per_hour = bad.number("terms.flag_per_hour", told.flag_per_hour, 0..=1_000_000);
    let hours = told.checkout_hours.unwrap_or(usual_checkout_hours());
    let checkout_hours = bad.number("terms.checkout_hours", i64::from(hours), 0..=720).map(|_| hours);
    Some(Offer {
        currency: currency?,
        least_order_minor: least?,
        inviter_points: inviter_points?,
        invitee_points: invitee_points?,
        reason: reason?,
        hold_days: hold_days?,
        return_window_days: return_window_days?,
        touch_days: touch_days?,
        most_per_inviter: most_per_inviter?,
        per_days: per_days?,
        only_new_members: told.only_new_members.unwrap_or(true),
        enrolled_at_most_days: enrolled?,
        flag_per_hour: flag_per_hour?,
        checkout_hours: checkout_hours?,
    })
}

fn days(bad: &mut Violations, field: &str, days: i32, least: i64, most: i64) -> Option<i32> {
    bad.number(field, i64::from(days), least..=most).map(|_| days)
}

pub(super) fn which_terms(keys: &Keys, call: Request<GetTermsRequest>) -> Result<TermsLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let number = bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let at = bad.instant("at", ask.at.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (_, freshness) = bad.settle(number.zip(freshness))?;
    let number = (ask.version > 0).then_some(ask.version);
    Ok(TermsLook { tenant: envelope.tenant, number, at, freshness })
}
