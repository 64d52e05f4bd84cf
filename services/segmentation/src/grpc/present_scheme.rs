//! Schemes and snapshots as the wire tells them.

use jiff::Timestamp;
use kernel::TenantId;
use proto::segmentation::v1;
use terms::{TermsPut, TermsRefusal, Version};
use tonic::{Response, Status};
use wire::{Keys, Stop};

use super::parse_scheme::SchemeLook;
use super::refuse;
use crate::members::snapshot::Snapshot;
use crate::scheme::terms::{Cut, Precedence, Scheme};

pub(super) fn put(keys: &Keys, tenant: TenantId, put: &TermsPut) -> Response<v1::PutSchemeResponse> {
    let freshness = put.freshness(crate::SERVICE, tenant).seal(keys);
    Response::new(v1::PutSchemeResponse { version: put.version, freshness })
}

/// The scheme that was found, or the built-in one where none rules and no version was named.
pub(super) fn scheme(
    ask: &SchemeLook,
    found: Result<Version<Scheme>, Stop<TermsRefusal>>,
) -> Result<Response<v1::GetSchemeResponse>, Status> {
    let told = match found {
        Ok(version) => {
            let mut told = wire_scheme(&version.terms);
            told.version = version.number;
            told.effective_time = Some(proto::timestamp(version.effective_at));
            told
        }
        Err(Stop::Refused(TermsRefusal::NotFound { .. })) if ask.version.is_none() => wire_scheme(&Scheme::default()),
        Err(stop) => return Err(refuse::scheme(stop)),
    };
    Ok(Response::new(v1::GetSchemeResponse { scheme: Some(told) }))
}

fn wire_scheme(scheme: &Scheme) -> v1::Scheme {
    let precedence = match scheme.precedence {
        Precedence::NewActiveFirst => v1::Precedence::NewActiveFirst,
        Precedence::SleepingLostFirst => v1::Precedence::SleepingLostFirst,
    };
    v1::Scheme {
        version: 0,
        effective_time: None,
        rfm_period_months: Some(scheme.rfm_period_months),
        recency: Some(cut(scheme.recency)),
        frequency: Some(cut(scheme.frequency)),
        monetary: Some(cut(scheme.monetary)),
        tie_is_high: Some(scheme.tie_is_high),
        precedence: precedence.into(),
        own_cycle_purchases: Some(scheme.own_cycle_purchases),
        default_cycle_days: Some(scheme.default_cycle_days),
        ltv_least_weeks: Some(scheme.ltv_least_weeks),
        currency_code: scheme.currency.map(|currency| currency.to_string()).unwrap_or_default(),
    }
}

const fn cut(cut: Cut) -> v1::Cut {
    let rule = match cut {
        Cut::Value(value) => v1::cut::Rule::Value(value),
        Cut::Mean => v1::cut::Rule::Mean(v1::CutByMean {}),
        Cut::Median => v1::cut::Rule::Median(v1::CutByMedian {}),
        Cut::Quantile(permille) => v1::cut::Rule::QuantilePermille(permille),
    };
    v1::Cut { rule: Some(rule) }
}

pub(super) fn snapshot_read(snapshot: Snapshot) -> Response<v1::GetSnapshotResponse> {
    Response::new(v1::GetSnapshotResponse { snapshot: Some(wire_snapshot(snapshot)) })
}

pub(super) fn wire_snapshot(snapshot: Snapshot) -> v1::Snapshot {
    let Snapshot { number, taken_at, frame, recorded_at, .. } = snapshot;
    let rules = [frame.scheme.recency, frame.scheme.frequency, frame.scheme.monetary];
    let cycles = frame.category_cycles.into_iter();
    v1::Snapshot {
        number,
        take_time: Some(proto::timestamp(taken_at)),
        record_time: Some(proto::timestamp(recorded_at)),
        scheme_version: frame.version,
        population: frame.population,
        recency_from: frame.cuts.and_then(|cuts| instant_of(cuts.recency_from)),
        frequency_from: frame.cuts.map_or(0, |cuts| cuts.frequency_from),
        monetary_from: frame.cuts.map_or(0, |cuts| cuts.monetary_from),
        cut_rules: rules.iter().map(Cut::to_string).collect(),
        shop_cycle_days: frame.shop_cycle.unwrap_or(0),
        category_cycles: cycles.map(|(category, days)| v1::CategoryCycle { category, days }).collect(),
        currency_code: frame.currency.map(|currency| currency.to_string()).unwrap_or_default(),
        zone: frame.zone.iana_name().unwrap_or("UTC").to_owned(),
    }
}

/// A cut of R as an instant; none where a scheme puts it before the calendar begins.
pub(super) fn instant_of(second: i64) -> Option<prost_types::Timestamp> {
    Timestamp::from_second(second).ok().map(proto::timestamp)
}
