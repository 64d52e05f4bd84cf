//! What happened because time passed: lots lapse, tiers are reviewed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{MemberId, TenantId};
use store::StoreError;
use timers::{Due, Ring};

use crate::account::Accounts;

/// Rings for accounts. It decides as of the due instants, however late it rings.
pub(crate) struct Bell {
    accounts: Accounts,
}

impl Bell {
    pub(crate) const fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<MemberId>> = BTreeMap::new();
        for timer in due {
            by_tenant.entry(timer.tenant).or_default().push(MemberId::from(timer.subject));
        }
        for (tenant, members) in by_tenant {
            self.accounts.settle(tenant, members).await?;
        }
        Ok(())
    }
}
