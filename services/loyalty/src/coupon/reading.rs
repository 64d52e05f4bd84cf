//! Looking at a member's coupons, exact to the moment.

use std::collections::BTreeSet;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use wire::Stop;

use super::standing::{Coupon, State};
use super::{CouponRefusal, Coupons, store};
use crate::campaign;

/// A coupon with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CouponView {
    /// As it is written.
    pub coupon: Coupon,
    /// What members read.
    pub display_name: String,
    /// Where it stands.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
}

impl Coupons {
    /// A page of a member's coupons, newest first.
    pub async fn of(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<CouponView>, Stop<CouponRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let page = store::page(reading.connection(), tenant, member, before.unwrap_or(i64::MAX), limit).await?;
        let now = self.clock.now();
        let asked: BTreeSet<_> = page.iter().map(|coupon| (coupon.campaign.clone(), coupon.version)).collect();
        let campaigns = campaign::within(reading.connection(), tenant, &asked, now).await?;
        let told = page.into_iter().map(|coupon| {
            let known = campaigns.get(&(coupon.campaign.clone(), coupon.version));
            let campaign = known.ok_or_else(|| StoreError::unreadable("a coupon of no campaign"))?;
            let (state, since) = coupon.at(now);
            Ok(CouponView { display_name: campaign.terms.display_name.clone(), state, since, coupon })
        });
        Ok(told.collect::<Result<_, StoreError>>()?)
    }
}
