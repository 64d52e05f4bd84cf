//! Whose rows a connection may see.

use std::fmt::Write as _;

use kernel::TenantId;

/// The tenants a transaction or a read is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// These, and nobody else's rows exist.
    These(Vec<TenantId>),
    /// Everybody's, on the tables that serve the suite itself: the event log, timers, parked events. Of a ledger of points,
    /// to be read by its auditor.
    Every,
}

impl Tenants {
    /// As the setting `rapport.tenants` writes it.
    pub(crate) fn setting(&self) -> String {
        match self {
            Self::Every => "*".to_owned(),
            Self::These(tenants) => {
                let mut text = String::with_capacity(2 + tenants.len() * 37);
                text.push('{');
                for (place, tenant) in tenants.iter().enumerate() {
                    let comma = if place == 0 { "" } else { "," };
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{comma}{}", tenant.uuid());
                }
                text.push('}');
                text
            }
        }
    }
}

impl From<TenantId> for Tenants {
    fn from(tenant: TenantId) -> Self {
        Self::These(vec![tenant])
    }
}

impl FromIterator<TenantId> for Tenants {
    fn from_iter<I: IntoIterator<Item = TenantId>>(tenants: I) -> Self {
        let mut all: Vec<TenantId> = tenants.into_iter().collect();
        all.sort_unstable();
        all.dedup();
        Self::These(all)
    }
}
