//! Terms: what registry settled for a tenant, as far as the journal needs it.
//!
//! 1. Registry owns a tenant's settings; this is what was last heard of them.
//! 2. Until something is heard, amounts are written with the usual digits of their currency, months are those of UTC,
//!    and a call must name its currency.
//! 3. A suspended tenant reads on and writes nothing. The journal asks inside its transaction, after a repeated call has
//!    had its answer.
//!
//! Cost: one row by its key.

mod store;

use ::store::{Store, StoreError, Tx};
use jiff::Timestamp;
use kernel::{Currency, Shard, TenantId};

/// What counts for a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What its shops are paid in; none until it is heard.
    pub currency: Option<Currency>,
    /// Digits after the point of that currency.
    pub minor_digits: u32,
    /// IANA name of its zone.
    pub zone: String,
    /// It may not write.
    pub suspended: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self { currency: None, minor_digits: 0, zone: "UTC".to_owned(), suspended: false }
    }
}

impl Terms {
    /// Digits after the point of a currency.
    pub fn digits_of(&self, currency: Currency) -> u32 {
        if self.currency == Some(currency) { self.minor_digits } else { currency.usual_minor_digits() }
    }
}

/// What is known now, read outside of any transaction.
pub async fn now(store: &Store, tenant: TenantId) -> Result<Terms, StoreError> {
    let mut reading = store.read(tenant).await?;
    store::read(reading.connection(), tenant).await
}

/// What is known, read inside a transaction.
pub async fn within(tx: &mut Tx, tenant: TenantId) -> Result<Terms, StoreError> {
    store::read(tx.connection(), tenant).await
}

/// Keeps what was heard last; the shard of the tenant must be locked.
pub async fn keep(tx: &mut Tx, tenant: TenantId, terms: &Terms, recorded_at: Timestamp) -> Result<(), StoreError> {
    store::write(tx.connection(), tenant, Shard::of_tenant(tenant), terms, recorded_at).await
}
