//! What happens because time passed: members move on, snapshots are taken, everybody is looked at again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use store::StoreError;
use timers::{Due, Ring};

use crate::members::{Members, Rung};

/// Rings for members. It decides as of the due instants, in their order, however late it rings.
pub(crate) struct Bell {
    members: Members,
}

impl Bell {
    pub(crate) const fn new(members: Members) -> Self {
        Self { members }
    }

    async fn settle(&self, due: &[Due]) -> Result<(), StoreError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<(MemberId, Timestamp)>> = BTreeMap::new();
        for timer in due {
            by_tenant.entry(timer.tenant).or_default().push((MemberId::from(timer.subject), timer.due_at));
        }
        for (tenant, members) in by_tenant {
            self.members.settle(tenant, members).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, mut due: Vec<Due>) -> Result<(), StoreError> {
        // At one instant a snapshot is taken first, then members are marked, then they are looked at.
        due.sort_by_key(|timer| (timer.due_at, Rung::of(&timer.kind)));
        for run in due.chunk_by(|one, next| Rung::of(&one.kind) == Rung::of(&next.kind)) {
            match run.first().map(|timer| Rung::of(&timer.kind)) {
                Some(Rung::Member) => self.settle(run).await?,
                Some(Rung::Snapshot) => {
                    for timer in run {
                        self.members.snapshot_due(timer.tenant, timer.due_at).await?;
                    }
                }
                Some(Rung::Sweep) => {
                    for timer in run {
                        self.members.sweep(timer.tenant).await?;
                    }
                }
                None => {}
            }
        }
        Ok(())
    }
}
