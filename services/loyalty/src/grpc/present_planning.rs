//! Forecasts and reconciliations as the wire tells them.

use std::collections::BTreeMap;

use kernel::Currency;
use proto::common::v1::Money;
use proto::loyalty::v1;
use proto::loyalty::v1::MismatchKind;
use tonic::Response;

use crate::planning::PointValue;
use crate::planning::forecasting::{Basis, Forecast, LOTS_NEEDED, Lapsing};
use crate::planning::matching::{Kind, Matched, Mismatch, Sum};

pub(super) fn forecast(told: Forecast, value: Option<PointValue>) -> Response<v1::ForecastLiabilityResponse> {
    let redemption = told.breakage.map(|breakage| told.outstanding.saturating_sub(breakage));
    Response::new(v1::ForecastLiabilityResponse {
        as_of: Some(proto::timestamp(told.as_of)),
        outstanding: told.outstanding,
        never_lapsing: told.never,
        deficit: told.deficit,
        liability: value.map(|value| money(value, told.outstanding)),
        months: told.months.into_iter().map(lapsing).collect(),
        basis: Some(basis(told.basis)),
        expected_breakage: told.breakage,
        expected_redemption: redemption,
        expected_cost: value.zip(redemption).map(|(value, points)| money(value, points)),
    })
}

/// What points are worth.
pub(super) fn money(value: PointValue, points: i64) -> Money {
    Money { currency_code: value.currency.to_string(), minor: value.of(points) }
}

fn lapsing(month: Lapsing) -> v1::ForecastMonth {
    v1::ForecastMonth {
        month: month.month,
        points: month.left,
        issued: month.issued,
        lots: month.lots,
        expected_breakage: month.breakage,
        expected_redemption: month.breakage.map(|breakage| month.left.saturating_sub(breakage)),
    }
}

fn basis(basis: Basis) -> v1::BreakageBasis {
    let month = |(month, lots, issued, lapsed)| v1::BreakageMonth { month, lots, issued, lapsed };
    v1::BreakageBasis {
        lots: basis.lots,
        lots_needed: LOTS_NEEDED,
        issued: basis.issued,
        lapsed: basis.lapsed,
        breakage_ppm: basis.ppm,
        least_ppm: basis.range.map(|(least, _)| least),
        most_ppm: basis.range.map(|(_, most)| most),
        months: basis.months.into_iter().map(month).collect(),
    }
}

/// One part of a reconciliation, by its place among all.
pub(super) fn matched((place, all): (usize, usize), matched: Matched) -> v1::ReconcileResponse {
    let number = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    v1::ReconcileResponse {
        part: number(place.saturating_add(1)),
        parts: number(all),
        mismatches: matched.named.into_iter().map(mismatch).collect(),
        mismatched: matched.mismatched,
        matched: matched.same,
        activity: sums(matched.told),
        loyalty: sums(matched.booked),
    }
}

fn sums(sums: BTreeMap<Currency, Sum>) -> Vec<v1::LedgerSum> {
    let sum = |(currency, sum): (Currency, Sum)| v1::LedgerSum {
        currency_code: currency.to_string(),
        orders: sum.orders,
        net_minor: sum.net_minor,
        returned_minor: sum.returned_minor,
    };
    sums.into_iter().map(sum).collect()
}

fn mismatch(found: Mismatch) -> v1::Mismatch {
    let kind = match found.kind {
        Kind::NotBooked => MismatchKind::NotBooked,
        Kind::Unknown => MismatchKind::UnknownToActivity,
        Kind::Amount => MismatchKind::Amount,
        Kind::Currency => MismatchKind::Currency,
        Kind::Return => MismatchKind::Return,
        Kind::Moment => MismatchKind::Moment,
    };
    v1::Mismatch {
        kind: kind.into(),
        member: found.member.to_string(),
        order: found.order.to_string(),
        activity_minor: found.told_minor,
        loyalty_minor: found.booked_minor,
        currency_code: found.currency.to_string(),
    }
}
