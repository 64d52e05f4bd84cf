//! What happened because time passed: lots lapse, tiers are reviewed, coupons lapse, reservations end, rewards
//! are paid, birthdays come.

use std::collections::BTreeMap;

use async_trait::async_trait;
use kernel::{CouponId, MemberId, ReservationId, Shard, TenantId};
use store::StoreError;
use timers::{Due, Ring};
use uuid::Uuid;

use crate::account::Accounts;
use crate::birthday::Birthdays;
use crate::coupon::{self, Coupons};
use crate::draw::{self, Draws};
use crate::mission::{self, Missions};
use crate::programme;
use crate::reservation::{self, Reservations};

/// Rings for accounts, coupons, reservations, missions, draws and birthdays. It decides as of the due instants, however late it rings.
pub(crate) struct Bell {
    accounts: Accounts,
    coupons: Coupons,
    reservations: Reservations,
    missions: Missions,
    draws: Draws,
    birthdays: Birthdays,
}

/// What is due of one tenant.
#[derive(Default)]
struct DueOf {
    members: Vec<MemberId>,
    coupons: Vec<(Shard, CouponId)>,
    reservations: Vec<(Shard, ReservationId)>,
    owed: Vec<MemberId>,
    draws: Vec<(Shard, Uuid)>,
    birthdays: bool,
}

impl Bell {
    pub(crate) fn new(
        accounts: Accounts,
        coupons: Coupons,
        reservations: Reservations,
        (missions, draws): (Missions, Draws),
        birthdays: Birthdays,
    ) -> Self {
        Self { accounts, coupons, reservations, missions, draws, birthdays }
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
                mission::OWED => of.owed.push(timer.subject.into()),
                programme::BIRTHDAYS => of.birthdays = true,
                draw::OWED => of.draws.push((timer.shard, timer.subject)),
                _ => of.members.push(timer.subject.into()),
            }
        }
        for (tenant, due) in by_tenant {
            let DueOf { members, coupons, reservations, owed, draws, birthdays } = due;
            if !members.is_empty() {
                self.accounts.settle(tenant, members).await?;
            }
            // First what is put aside: a coupon that is given up after its time lapses with that.
            let ends = reservations.into_iter().map(|(shard, one)| self.reservations.ring(tenant, shard, one));
            futures::future::try_join_all(ends).await?;
            if !coupons.is_empty() {
                self.coupons.lapse(tenant, coupons).await?;
            }
            let paid = owed.into_iter().map(|member| self.missions.ring(tenant, member));
            futures::future::try_join_all(paid).await?;
            let won = draws.into_iter().map(|(shard, subject)| self.draws.ring(tenant, shard, subject));
            futures::future::try_join_all(won).await?;
            if birthdays {
                self.birthdays.ring(tenant).await?;
            }
        }
        Ok(())
    }
}
