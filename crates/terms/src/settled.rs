//! What registry settled for a tenant.

use std::collections::BTreeSet;

use eventlog::{CannotApply, HeardEvent};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{Currency, TenantId};
use proto::registry::events::v1::TenantSettled;
use store::{Store, StoreError, Tx};

use crate::statements;

/// What counts for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What its shops are paid in; none until it is heard.
    pub currency: Option<Currency>,
    /// Digits after the point of that currency.
    pub minor_digits: u32,
    /// Its zone, where days and months begin.
    pub zone: TimeZone,
    /// It may not write.
    pub suspended: bool,
}

impl Default for Settled {
    fn default() -> Self {
        Self { currency: None, minor_digits: 0, zone: TimeZone::UTC, suspended: false }
    }
}

impl Settled {
    /// The zone's IANA name, as the database knows zones.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Digits after the point of a currency.
    #[must_use]
    pub fn digits_of(&self, currency: Currency) -> u32 {
        if self.currency == Some(currency) { self.minor_digits } else { currency.usual_minor_digits() }
    }
}

/// What an event settles, where it settles something; [`keep`] it with the tenant's shard locked.
pub fn heard(event: &HeardEvent) -> Option<Result<Settled, CannotApply>> {
    Some(event.payload::<TenantSettled>()?.and_then(|settled| read(&settled)))
}

/// What is known now, read outside of any transaction.
///
/// # Errors
/// The database fails.
pub async fn now(store: &Store, tenant: TenantId) -> Result<Settled, StoreError> {
    let mut reading = store.read(tenant).await?;
    let mut known = statements::settled(reading.connection(), &BTreeSet::from([tenant])).await?;
    Ok(known.remove(&tenant).unwrap_or_default())
}

/// What is known, read inside a transaction.
///
/// # Errors
/// The database fails.
pub async fn of(tx: &mut Tx, tenant: TenantId) -> Result<Settled, StoreError> {
    let mut known = statements::settled(tx.connection(), &BTreeSet::from([tenant])).await?;
    Ok(known.remove(&tenant).unwrap_or_default())
}

/// Keeps what was heard last; the shard of the tenant must be locked.
///
/// # Errors
/// The database fails.
pub async fn keep(tx: &mut Tx, tenant: TenantId, settled: &Settled, recorded_at: Timestamp) -> Result<(), StoreError> {
    statements::keep(tx.connection(), tenant, settled, recorded_at).await
}

fn read(settled: &TenantSettled) -> Result<Settled, CannotApply> {
    let wrong = |what: String| CannotApply::Event(what);
    let currency = Currency::parse(&settled.currency_code).map_err(|error| wrong(format!("currency_code {error}")))?;
    let zone = kernel::calendar::zone(&settled.zone).map_err(|error| wrong(format!("zone {error}")))?;
    let minor_digits =
        u32::try_from(settled.minor_digits).map_err(|_| wrong("minor_digits must not be negative".to_owned()))?;
    Ok(Settled { currency: Some(currency), minor_digits, zone, suspended: settled.suspended })
}
