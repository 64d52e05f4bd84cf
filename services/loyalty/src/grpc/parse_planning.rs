//! Calls that look ahead and back, read.

use kernel::{Currency, TenantId};
use proto::loyalty::v1;
use store::StoreError;
use tonic::{Request, Status};
use wire::{Freshness, Keys, Violations, open};

use super::parse_programme::{read_programme, unknown};
use crate::planning::{Baseline, Planning, PointValue, Rehearsal};

/// The most that so many points may be.
const MOST_POINTS: i64 = 1_000_000_000;
const MOST_MINOR: i64 = 1_000_000_000_000;

/// A look ahead.
pub(super) struct ForecastLook {
    pub tenant: TenantId,
    pub value: Option<PointValue>,
    pub freshness: Freshness,
}

/// A look back.
pub(super) struct Reconciliation {
    pub tenant: TenantId,
    pub skip: usize,
}

/// Reads a draft off the threads that serve others: conditions of rules take a while to be read.
pub(super) async fn rehearsal(call: Request<v1::SimulateRequest>) -> Result<Rehearsal, Status> {
    let read = tokio::task::spawn_blocking(move || read_rehearsal(call));
    read.await.unwrap_or_else(|error| Err(wire::failure(StoreError::unreadable(error))))
}

fn read_rehearsal(call: Request<v1::SimulateRequest>) -> Result<Rehearsal, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let baseline = match v1::Baseline::try_from(ask.baseline) {
        Ok(v1::Baseline::Unspecified | v1::Baseline::InForce) => Some(Baseline::InForce),
        Ok(v1::Baseline::AsRuled) => Some(Baseline::AsRuled),
        Ok(v1::Baseline::None) => Some(Baseline::None),
        Err(_) => unknown(&mut bad, "baseline"),
    };
    let value = value(&mut bad, ask.value.as_ref());
    let read = match &ask.programme {
        Some(programme) => {
            let effective = bad.instant("programme.effective_time", programme.effective_time.as_ref());
            read_programme(&mut bad, programme).map(|draft| (draft, effective))
        }
        None => {
            bad.add("programme", "is required");
            None
        }
    };
    let read = read.zip(baseline).zip(value).map(|(((draft, effective_at), baseline), value)| Rehearsal {
        tenant: envelope.tenant,
        draft,
        effective_at: effective_at.map(kernel::to_microsecond),
        baseline,
        value,
    });
    bad.settle(read)
}

pub(super) fn forecast(keys: &Keys, call: Request<v1::ForecastLiabilityRequest>) -> Result<ForecastLook, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let value = value(&mut bad, ask.value.as_ref());
    let freshness = bad.take("at_least_as_fresh", Freshness::open(keys, &ask.at_least_as_fresh));
    let read = value.zip(freshness);
    bad.settle(read.map(|(value, freshness)| ForecastLook { tenant: envelope.tenant, value, freshness }))
}

pub(super) fn reconciliation(call: Request<v1::ReconcileRequest>) -> Result<Reconciliation, Status> {
    let (envelope, ask) = open(call)?;
    let mut bad = Violations::new();
    let parts = i64::try_from(Planning::parts().len()).unwrap_or(i64::MAX);
    let skip = bad.number("skip", i64::from(ask.skip), 0..=parts);
    let skip = skip.and_then(|skip| usize::try_from(skip).ok());
    bad.settle(skip.map(|skip| Reconciliation { tenant: envelope.tenant, skip }))
}

/// None where something is wrong with it.
fn value(bad: &mut Violations, value: Option<&v1::PointValue>) -> Option<Option<PointValue>> {
    let Some(value) = value else { return Some(None) };
    let currency = bad.take("value.currency_code", Currency::parse(&value.currency_code));
    let minor = bad.number("value.minor", value.minor, 0..=MOST_MINOR);
    let points = bad.number("value.points", value.points, 1..=MOST_POINTS);
    Some(Some(PointValue { currency: currency?, minor: minor?, points: points? }))
}
