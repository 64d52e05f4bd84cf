//! Calls about schemes, read: every wrong field is told at once.

use jiff::Timestamp;
use kernel::{Currency, TenantId};
use proto::segmentation::v1;
use store::RequestKey;
use terms::NewTerms;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, digests, open};

use crate::scheme::terms::{Cut, Precedence, Scheme};

/// Which scheme to read.
pub(super) struct SchemeLook {
    pub tenant: TenantId,
    pub version: Option<i32>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

pub(super) fn which_scheme(keys: &Keys, call: Request<v1::GetSchemeRequest>) -> Result<SchemeLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let version = bad.number("version", i64::from(ask.version), 0..=i64::from(i32::MAX));
    let at = bad.instant("at", ask.at.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let (_, freshness) = bad.settle(version.zip(freshness))?;
    let version = Some(ask.version).filter(|version| *version > 0);
    Ok(SchemeLook { tenant: envelope.tenant, version, at, freshness })
}

pub(super) fn new_scheme(keys: &Keys, call: Request<v1::PutSchemeRequest>) -> Result<NewTerms<Scheme>, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let id = bad.request_id(&ask.request_id);
    if ask.scheme.is_none() {
        bad.add("scheme", "is required");
    }
    let wire = ask.scheme.clone().unwrap_or_default();
    let effective_at = bad.instant("scheme.effective_time", wire.effective_time.as_ref());
    if ask.scheme.is_some() && wire.effective_time.is_none() {
        bad.add("scheme.effective_time", "is required");
    }
    let terms = scheme(&mut bad, &wire);
    let read = id.zip(effective_at).zip(terms).map(|((id, effective_at), terms)| NewTerms {
        tenant: envelope.tenant,
        key: RequestKey { rpc: "PutScheme", id, digests: digests(keys, &ask) },
        effective_at,
        terms,
        validate_only: ask.validate_only,
    });
    bad.settle(read)
}

fn scheme(bad: &mut Violations, wire: &v1::Scheme) -> Option<Scheme> {
    let usual = Scheme::default();
    let mut number = |field: &str, told: Option<i32>, otherwise: i32, bounds: std::ops::RangeInclusive<i64>| {
        let told = i64::from(told.unwrap_or(otherwise));
        bad.number(&format!("scheme.{field}"), told, bounds).and_then(|number| i32::try_from(number).ok())
    };
    let months = number("rfm_period_months", wire.rfm_period_months, usual.rfm_period_months, 1..=120);
    let own = number("own_cycle_purchases", wire.own_cycle_purchases, usual.own_cycle_purchases, 2..=100);
    let days = number("default_cycle_days", wire.default_cycle_days, usual.default_cycle_days, 1..=3_650);
    let weeks = number("ltv_least_weeks", wire.ltv_least_weeks, usual.ltv_least_weeks, 1..=520);
    let recency = cut(bad, "recency", wire.recency.as_ref(), 36_500);
    let frequency = cut(bad, "frequency", wire.frequency.as_ref(), i64::MAX);
    let monetary = cut(bad, "monetary", wire.monetary.as_ref(), i64::MAX);
    let precedence = precedence(bad, wire.precedence);
    let currency = match wire.currency_code.as_str() {
        "" => Some(None),
        code => bad.take("scheme.currency_code", Currency::parse(code)).map(Some),
    };
    Some(Scheme {
        rfm_period_months: months?,
        recency: recency?,
        frequency: frequency?,
        monetary: monetary?,
        tie_is_high: wire.tie_is_high.unwrap_or(usual.tie_is_high),
        precedence: precedence?,
        own_cycle_purchases: own?,
        default_cycle_days: days?,
        ltv_least_weeks: weeks?,
        currency: currency?,
    })
}

fn cut(bad: &mut Violations, field: &str, wire: Option<&v1::Cut>, most: i64) -> Option<Cut> {
    match wire.and_then(|cut| cut.rule.as_ref()) {
        None | Some(v1::cut::Rule::Median(_)) => Some(Cut::Median),
        Some(v1::cut::Rule::Mean(_)) => Some(Cut::Mean),
        Some(v1::cut::Rule::Value(value)) => {
            bad.number(&format!("scheme.{field}.value"), *value, 0..=most).map(Cut::Value)
        }
        Some(v1::cut::Rule::QuantilePermille(permille)) => {
            let field = format!("scheme.{field}.quantile_permille");
            bad.number(&field, i64::from(*permille), 1..=999).map(|_| Cut::Quantile(*permille))
        }
    }
}

fn precedence(bad: &mut Violations, wire: i32) -> Option<Precedence> {
    let read = v1::Precedence::try_from(wire).map_err(|_| "must be a precedence that is known");
    match bad.take("scheme.precedence", read)? {
        v1::Precedence::Unspecified | v1::Precedence::NewActiveFirst => Some(Precedence::NewActiveFirst),
        v1::Precedence::SleepingLostFirst => Some(Precedence::SleepingLostFirst),
    }
}
