//! Calls about the programme, read.

use jiff::Timestamp;
use kernel::{Currency, Rounding, TenantId};
use proto::loyalty::v1 as wire_v1;
use store::{RequestKey, StoreError};
use terms::NewTerms;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use super::parse_ladders::read_ladders;
use super::parse_rules::read_rules;
use crate::programme::terms::{DeficitPolicy, EarnBasis, EarnRate, Expiry, Pending, PendingFrom, Programme, Zone};

/// Which terms to look at.
pub(super) struct WhichTerms {
    pub tenant: TenantId,
    pub version: Option<i32>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

pub(super) fn which_terms(keys: &Keys, call: Request<wire_v1::GetProgrammeRequest>) -> Result<WhichTerms, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let at = bad.instant("at", ask.at.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let version = Some(ask.version).filter(|version| *version > 0);
    Ok(WhichTerms { tenant: envelope.tenant, version, at, freshness: bad.settle(freshness)? })
}

/// Reads new terms off the threads that serve others: conditions of rules take a while to be read.
pub(super) async fn new_terms(
    keys: Keys,
    call: Request<wire_v1::PutProgrammeRequest>,
) -> Result<NewTerms<Programme>, Status> {
    let read = tokio::task::spawn_blocking(move || read_new_terms(&keys, call));
    read.await.unwrap_or_else(|error| Err(wire::failure(StoreError::unreadable(error))))
}

fn read_new_terms(keys: &Keys, call: Request<wire_v1::PutProgrammeRequest>) -> Result<NewTerms<Programme>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    let read = match &ask.programme {
        Some(programme) => {
            // Both are read, whatever the first comes to: every wrong field is told at once.
            let (effective, terms) = (effective(&mut bad, programme), read_programme(&mut bad, programme));
            effective.zip(terms)
        }
        None => {
            bad.add("programme", "is required");
            None
        }
    };
    let read = id.zip(read).map(|(id, (effective_at, terms))| NewTerms {
        tenant: envelope.tenant,
        key: RequestKey { rpc: "PutProgramme", id, digests: digests(keys, &ask) },
        effective_at: kernel::to_microsecond(effective_at),
        terms,
        validate_only: ask.validate_only,
    });
    bad.settle(read)
}

fn effective(bad: &mut Violations, programme: &wire_v1::Programme) -> Option<Timestamp> {
    if programme.effective_time.is_none() {
        bad.add("programme.effective_time", "is required");
    }
    bad.instant("programme.effective_time", programme.effective_time.as_ref())
}

fn read_programme(bad: &mut Violations, programme: &wire_v1::Programme) -> Option<Programme> {
    let display_name = bad.text("programme.display_name", &programme.display_name, 1..=100);
    let zone = bad.take("programme.zone", Zone::parse(&programme.zone));
    let rates = read_rates(bad, &programme.earn_rates);
    let expiry = read_expiry(bad, programme.expiry.as_ref());
    let ladders = read_ladders(bad, programme);
    let grace_days = bad.number("programme.grace_days", i64::from(programme.grace_days.unwrap_or(14)), 0..=366);
    let deficit = match wire_v1::DeficitPolicy::try_from(programme.deficit) {
        Ok(wire_v1::DeficitPolicy::OnlyPending) => Some(DeficitPolicy::OnlyPending),
        Ok(wire_v1::DeficitPolicy::WithinBalance) => Some(DeficitPolicy::WithinBalance),
        Ok(wire_v1::DeficitPolicy::Unspecified | wire_v1::DeficitPolicy::Unlimited) => Some(DeficitPolicy::Unlimited),
        Err(_) => unknown(bad, "programme.deficit"),
    };
    let pending = match &programme.pending {
        Some(pending) => read_pending(bad, pending).map(Some),
        None => Some(None),
    };
    let rules = read_rules(bad, &programme.earn_rules);
    let (ladder, further_ladders) = ladders?;
    Some(Programme {
        display_name: display_name?,
        zone: zone?,
        rates: rates?,
        expiry: expiry?,
        ladder,
        further_ladders,
        grace_days: i32::try_from(grace_days?).ok()?,
        deficit: deficit?,
        pending: pending?,
        rules: rules?,
    })
}

fn read_pending(bad: &mut Violations, pending: &wire_v1::PendingPolicy) -> Option<Pending> {
    let days = bad.number("programme.pending.days", i64::from(pending.days), 1..=366);
    let from = match wire_v1::PendingFrom::try_from(pending.from) {
        Ok(wire_v1::PendingFrom::Unspecified | wire_v1::PendingFrom::Order) => Some(PendingFrom::Order),
        Ok(wire_v1::PendingFrom::Receipt) => Some(PendingFrom::Receipt),
        Err(_) => unknown(bad, "programme.pending.from"),
    };
    Some(Pending { days: i32::try_from(days?).ok()?, from: from? })
}

pub(super) fn unknown<T>(bad: &mut Violations, field: &str) -> Option<T> {
    bad.add(field, "is not one of the values of its enum");
    None
}

fn read_rates(bad: &mut Violations, rates: &[wire_v1::EarnRate]) -> Option<Vec<EarnRate>> {
    bad.count("programme.earn_rates", rates.len(), 0..=20);
    let mut read: Vec<EarnRate> = Vec::with_capacity(rates.len());
    let mut complete = true;
    for (place, rate) in rates.iter().enumerate().take(20) {
        let field = |name: &str| format!("programme.earn_rates[{place}].{name}");
        let currency = bad.take(&field("currency_code"), Currency::parse(&rate.currency_code));
        let points = bad.number(&field("points"), rate.points, 1..=1_000_000);
        let per_minor = bad.number(&field("per_minor"), rate.per_minor, 1..=1_000_000_000);
        let rounding = match wire_v1::Rounding::try_from(rate.rounding) {
            Ok(wire_v1::Rounding::Unspecified | wire_v1::Rounding::Floor) => Some(Rounding::Floor),
            Ok(wire_v1::Rounding::HalfUp) => Some(Rounding::HalfUp),
            Ok(wire_v1::Rounding::HalfEven) => Some(Rounding::HalfEven),
            Err(_) => unknown(bad, &field("rounding")),
        };
        let basis = match wire_v1::EarnBasis::try_from(rate.basis) {
            Ok(wire_v1::EarnBasis::Gross) => Some(EarnBasis::Gross),
            Ok(wire_v1::EarnBasis::Net) => Some(EarnBasis::Net),
            Ok(wire_v1::EarnBasis::Unspecified | wire_v1::EarnBasis::NetOfPoints) => Some(EarnBasis::NetOfPoints),
            Ok(wire_v1::EarnBasis::NetWithoutTax) => Some(EarnBasis::NetWithoutTax),
            Err(_) => unknown(bad, &field("basis")),
        };
        if currency.is_some_and(|currency| read.iter().any(|known| known.currency == currency)) {
            bad.add(field("currency_code"), "has a rate already");
        }
        match (currency, points, per_minor, rounding, basis) {
            (Some(currency), Some(points), Some(per_minor), Some(rounding), Some(basis)) => {
                read.push(EarnRate { currency, points, per_minor, rounding, basis });
            }
            _ => complete = false,
        }
    }
    complete.then_some(read)
}

fn read_expiry(bad: &mut Violations, expiry: Option<&wire_v1::ExpiryPolicy>) -> Option<Expiry> {
    use wire_v1::expiry_policy::Policy;
    match expiry.and_then(|expiry| expiry.policy.as_ref()) {
        None => {
            bad.add("programme.expiry", "is required: never, after or period_end");
            None
        }
        Some(Policy::Never(_)) => Some(Expiry::Never),
        Some(Policy::After(after)) => {
            let months = bad.number("programme.expiry.after.months", i64::from(after.months), 0..=1_200);
            let days = bad.number("programme.expiry.after.days", i64::from(after.days), 0..=36_600);
            months.zip(days)?;
            Some(Expiry::After { months: after.months, days: after.days, to_month_end: after.to_month_end })
        }
        Some(Policy::PeriodEnd(end)) => {
            let month = bad.number("programme.expiry.period_end.last_month", i64::from(end.last_month), 0..=12);
            let years = bad.number("programme.expiry.period_end.years_after", i64::from(end.years_after), 0..=100);
            years?;
            let last_month = i8::try_from(month?).ok().map(|month| if month == 0 { 12 } else { month })?;
            Some(Expiry::PeriodEnd { last_month, years_after: end.years_after })
        }
    }
}
