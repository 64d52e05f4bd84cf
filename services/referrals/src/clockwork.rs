//! What happened because time passed: holds end.

use async_trait::async_trait;
use store::StoreError;
use timers::{Due, Ring};

use crate::referral::Referrals;

/// Rings for referrals. It decides as of the due instants, however late it rings.
pub(crate) struct Bell {
    referrals: Referrals,
}

impl Bell {
    pub(crate) const fn new(referrals: Referrals) -> Self {
        Self { referrals }
    }
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError> {
        self.referrals.end_holds(due).await
    }
}
