//! Parked events tried again, or given up, because somebody asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Shard, TenantId};
use serde::{Deserialize, Serialize};
use store::{RequestKey, StoreError, Tenants};
use wire::{Refusal, Stop, known};

use crate::consumer::attempt;
use crate::heard::Heard;
use crate::repair::{installation, remembered_in};
use crate::{Consumer, parked};

/// What became of a subject's parked events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retried {
    pub applied: usize,
    pub parked: usize,
}

/// The event to give up, and why.
pub(crate) struct Drop<'a> {
    pub source: &'a str,
    pub shard: Shard,
    pub position: i64,
    pub reason: &'a str,
}

impl Consumer {
    /// Tries one subject's parked events again, in order, until one fails; for one tenant's people, or for an operator.
    pub(crate) async fn retry_parked(
        &self,
        key: &RequestKey,
        tenant: Option<TenantId>,
        subject: &str,
    ) -> Result<Retried, Stop<Refusal>> {
        // Each event is applied in a transaction of its own. So twins wait here for each other: one that ran beside its
        // twin would count only what that had left.
        let _turn = self.retrying().lock().await;
        let (tenants, owner) = (parked::tenants_of(tenant), tenant.unwrap_or_else(installation));
        let home = remembered_in(owner, key);
        let mut tx = self.store().begin(tenants.clone(), [home]).await?;
        if let Some(done) = known(tx.recall(owner, home, key, self.clock().now()).await?)? {
            return Ok(done);
        }
        tx.roll_back().await?;
        let (applied, parked) = self.try_parked(&tenants, subject).await?;
        let done = Retried { applied, parked };
        let mut tx = self.store().begin(tenants, [home]).await?;
        // A twin in another process may have been first.
        if let Some(done) = known(tx.recall(owner, home, key, self.clock().now()).await?)? {
            return Ok(done);
        }
        tx.remember(owner, home, key, &done, self.clock().now())?;
        tx.commit().await?;
        Ok(done)
    }

    /// Tries one subject's parked events without remembering that anybody asked. Answers how many were applied and how
    /// many are still parked.
    pub async fn try_parked(&self, tenants: &Tenants, subject: &str) -> Result<(usize, usize), StoreError> {
        let mut applied = 0;
        loop {
            // Again, until there is nothing: others may have been parked behind these meanwhile.
            let events = parked::of_subject(self.store(), tenants.clone(), subject).await?;
            if events.is_empty() {
                return Ok((applied, 0));
            }
            let mut left = events.len();
            for (source, event) in events {
                let Some(listening) = self.listening(&source) else {
                    return Ok((applied, left));
                };
                let (aside, moves) = (Vec::new(), BTreeMap::new());
                let heard = Heard { source: listening.source, events: vec![event], aside, moves, retried: true };
                if !matches!(attempt(listening, &Arc::new(heard)).await, Ok(None)) {
                    return Ok((applied, left));
                }
                (applied, left) = (applied + 1, left - 1);
            }
        }
    }

    /// Gives one parked event up for good; false where it is not parked.
    pub(crate) async fn drop_parked(
        &self,
        key: &RequestKey,
        tenant: Option<TenantId>,
        asked: Drop<'_>,
    ) -> Result<bool, Stop<Refusal>> {
        let owner = tenant.unwrap_or_else(installation);
        let home = remembered_in(owner, key);
        let mut tx = self.store().begin(parked::tenants_of(tenant), [asked.shard, home]).await?;
        if let Some(dropped) = known(tx.recall(owner, home, key, self.clock().now()).await?)? {
            return Ok(dropped);
        }
        let dropped = parked::drop_one(&mut tx, &asked).await?;
        if dropped {
            tx.remember(owner, home, key, &dropped, self.clock().now())?;
        }
        tx.commit().await?;
        Ok(dropped)
    }
}
