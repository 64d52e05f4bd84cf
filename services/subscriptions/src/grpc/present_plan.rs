//! Plans as the wire tells them.

use kernel::TenantId;
use proto::subscriptions::v1;
use tonic::Response;
use wire::{Keys, PageToken};

use super::parse_plan::PlansLook;
use super::present::occurrence;
use crate::plan::PlanPut;
use crate::plan::cadence::{Cadence, Unit};
use crate::plan::terms::{CatchUp, Kind, Plan};
use crate::subscription::standing::Occurrence;

pub(super) fn put(keys: &Keys, tenant: TenantId, put: &PlanPut) -> Response<v1::PutPlanResponse> {
    Response::new(v1::PutPlanResponse { version: put.version, freshness: put.freshness(tenant).seal(keys) })
}

pub(super) fn plan(plan: &Plan) -> Response<v1::GetPlanResponse> {
    Response::new(v1::GetPlanResponse { plan: Some(wire_plan(plan)) })
}

pub(super) fn plans(keys: &Keys, ask: &PlansLook, page: &[Plan]) -> Response<v1::ListPlansResponse> {
    let full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().filter(|_| full);
    let next_page_token =
        last.map_or_else(String::new, |last| PageToken(vec![last.code.clone()]).seal(keys, &["plans"]));
    Response::new(v1::ListPlansResponse { plans: page.iter().map(wire_plan).collect(), next_page_token })
}

/// Occurrences of somebody who only thinks about it.
pub(super) fn imagined(plan: &Plan, ahead: &[Occurrence]) -> Response<v1::PreviewOccurrencesResponse> {
    let (amount, currency) = (plan.amount().unwrap_or_default(), plan.currency.to_string());
    let occurrences = ahead.iter().map(|one| occurrence(one, (amount, &currency))).collect();
    Response::new(v1::PreviewOccurrencesResponse { occurrences })
}

pub(super) fn cadence(cadence: Cadence) -> v1::Cadence {
    let unit = match cadence.unit {
        Unit::Day => v1::CadenceUnit::Day,
        Unit::Week => v1::CadenceUnit::Week,
        Unit::Month => v1::CadenceUnit::Month,
        Unit::Year => v1::CadenceUnit::Year,
    };
    v1::Cadence { every: cadence.every, unit: unit.into() }
}

fn wire_plan(plan: &Plan) -> v1::Plan {
    let catch_up = match plan.catch_up {
        CatchUp::Latest => v1::CatchUp::Latest,
        CatchUp::All => v1::CatchUp::All,
    };
    let common = v1::Plan {
        code: plan.code.clone(),
        version: plan.version,
        display_name: plan.display_name.clone(),
        currency_code: plan.currency.to_string(),
        cadence: Some(cadence(plan.cadence)),
        retry_days: plan.retry_days.clone(),
        no_retries: plan.retry_days.is_empty(),
        catch_up: catch_up.into(),
        charge_offset_days: plan.charge_offset_days,
        end_after_unpaid: plan.end_after_unpaid,
        record_time: Some(proto::timestamp(plan.recorded_at)),
        ..v1::Plan::default()
    };
    match &plan.kind {
        Kind::Goods { lines } => v1::Plan {
            kind: v1::PlanKind::Goods.into(),
            lines: lines
                .iter()
                .map(|line| v1::PlanLine {
                    product: line.product.clone(),
                    category: line.category.clone(),
                    quantity: line.quantity,
                    unit_price_minor: line.unit_price_minor,
                })
                .collect(),
            ..common
        },
        Kind::Membership { fee_minor, entitlements, grace_days, renew_within_months } => v1::Plan {
            kind: v1::PlanKind::Membership.into(),
            fee_minor: *fee_minor,
            entitlements: entitlements.clone(),
            grace_days: Some(*grace_days),
            renew_within_months: Some(*renew_within_months),
            ..common
        },
    }
}
