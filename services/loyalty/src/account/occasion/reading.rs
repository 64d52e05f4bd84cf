//! Looking at the occasions of a member.

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, OccasionId, TenantId};

use super::{Occasion, store};
use crate::account::Accounts;
use crate::account::decision::Explanation;
use crate::account::holdings::EntryKind;

/// An occasion as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OccasionView {
    /// Whose.
    pub member: MemberId,
    /// It, and what it brought.
    pub occasion: Occasion,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl OccasionView {
    /// Why it brought what it did; none where no rule spoke of it.
    pub fn explanation(&self) -> Option<Explanation> {
        let Occasion { facts, gifts, grounds, .. } = &self.occasion;
        let of_points = gifts.iter().find(|gift| gift.wallet.is_empty()).map_or(0, |gift| gift.points);
        let (cause, grounds) = (facts.id.to_string(), grounds.clone()?);
        Some(Explanation { kind: EntryKind::Earn, points: of_points, cause, grounds })
    }
}

impl Accounts {
    /// A page of a member's occasions, newest first.
    pub async fn occasions(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<(Timestamp, OccasionId)>,
        limit: i64,
    ) -> Result<Vec<OccasionView>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::page(reading.connection(), (tenant, member), before, limit).await
    }

    /// One of them.
    pub(in crate::account) async fn occasion(
        &self,
        tenant: TenantId,
        member: MemberId,
        occasion: OccasionId,
    ) -> Result<Option<OccasionView>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::one(reading.connection(), (tenant, member), occasion).await
    }
}
