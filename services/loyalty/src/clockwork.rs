//! What happened because time passed: lots lapse, tiers are reviewed, coupons lapse, reservations end.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{CouponId, MemberId, ReservationId, Shard, TenantId};
use store::StoreError;
use timers::{Due, Ring};

use crate::account::Accounts;
use crate::coupon::{self, Coupons};
use crate::reservation::{self, Reservations};

/// Rings for accounts, coupons and reservations. It decides as of the due instants, however late it rings.
pub(crate) struct Bell {
    accounts: Accounts,
    coupons: Coupons,
    reservations: Reservations,
}

/// What is due of one tenant.
#[derive(Default)]
struct DueOf {
    members: Vec<MemberId>,
    coupons: Vec<(Shard, CouponId)>,
    reservations: Vec<(Shard, ReservationId)>,
}

impl Bell {
    pub(crate) const fn new(accounts: Accounts, coupons: Coupons, reservations: Reservations) -> Self {
        Self { accounts, coupons, reservations }
    }
}

#[async_trait]
impl Ring for Bell {
    async fn ring(&self, due: Vec<Due>) -> Result<(), StoreError> {
        let mut by_tenant: BTreeMap<TenantId, DueOf> = BTreeMap::new();
        for timer in due {
            let of = by_tenant.entry(timer.tenant).or_default();
            match timer.kind.as_str() {
                coupon::OVER => of.coupons.push((timer.shard, timer.subject.into())),
                reservation::DUE => of.reservations.push((timer.shard, timer.subject.into())),
                _ => of.members.push(timer.subject.into()),
            }
        }
        for (tenant, due) in by_tenant {
            let DueOf { members, coupons, reservations } = due;
            if !members.is_empty() {
                self.accounts.settle(tenant, members).await?;
            }
            // First what is put aside: a coupon that is given up after its time lapses with that.
            let ends = reservations.into_iter().map(|(shard, one)| self.reservations.ring(tenant, shard, one));
            futures::future::try_join_all(ends).await?;
            if !coupons.is_empty() {
                self.coupons.lapse(tenant, coupons).await?;
            }
        }
        Ok(())
    }
}
