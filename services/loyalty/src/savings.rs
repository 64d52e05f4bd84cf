//! What membership saved a member: coupons and codes, benefits, and goods for points, and whether it paid for itself.
//!
//! Each part is summed where it is booked; what came back is in none of them.

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, Money, TenantId};
use wire::Stop;

use crate::benefit::Benefits;
use crate::benefit::terms::Sort;
use crate::campaign::terms::Kind;
use crate::reservation::{ReservationRefusal, Reservations};
use crate::reward::Rewards;

/// With what something was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Coupons and codes of a kind.
    Coupon(Kind),
    /// Goods for points.
    Reward,
    /// Benefits of a sort.
    Benefit(Sort),
}

/// What was saved with one of them, in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saving {
    /// With what.
    pub by: By,
    /// How often.
    pub uses: i64,
    /// How much.
    pub saved: Money,
}

/// What was paid for membership, beside what it saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worth {
    /// What was paid.
    pub fee: Money,
    /// What was saved in that currency.
    pub saved_minor: i64,
}

impl Worth {
    /// Of savings and a fee.
    pub fn of(savings: &[Saving], fee: Money) -> Self {
        let own = savings.iter().filter(|one| one.saved.currency == fee.currency);
        Self { fee, saved_minor: own.fold(0_i64, |sum, one| sum.saturating_add(one.saved.minor)) }
    }

    /// What was saved beyond the fee; less than zero where the fee was more.
    pub const fn net_minor(&self) -> i64 {
        self.saved_minor.saturating_sub(self.fee.minor)
    }
}

/// All savings.
#[derive(Clone)]
pub struct Savings {
    reservations: Reservations,
    rewards: Rewards,
    benefits: Benefits,
}

impl Savings {
    pub(crate) const fn new(reservations: Reservations, rewards: Rewards, benefits: Benefits) -> Self {
        Self { reservations, rewards, benefits }
    }

    /// What a member saved in a time.
    pub async fn of(
        &self,
        tenant: TenantId,
        member: MemberId,
        (since, until): (Option<Timestamp>, Option<Timestamp>),
    ) -> Result<Vec<Saving>, Stop<ReservationRefusal>> {
        let coupons = self.reservations.savings(tenant, member, since, until).await?;
        let mut all: Vec<Saving> = coupons
            .into_iter()
            .map(|one| Saving { by: By::Coupon(one.kind), uses: one.uses, saved: one.saved })
            .collect();
        all.extend(self.others(tenant, member, since, until).await?);
        Ok(all)
    }

    async fn others(
        &self,
        tenant: TenantId,
        member: MemberId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Saving>, StoreError> {
        let goods = self.rewards.savings(tenant, member, since, until).await?;
        let benefits = self.benefits.savings(tenant, member, since, until).await?;
        let goods = goods.into_iter().map(|(uses, saved)| Saving { by: By::Reward, uses, saved });
        let benefits = benefits.into_iter();
        Ok(goods
            .chain(benefits.map(|one| Saving { by: By::Benefit(one.sort), uses: one.uses, saved: one.saved }))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_in_the_fees_currency_pays_for_it() {
        let money = |code: &str, minor| Money { currency: kernel::Currency::parse(code).expect("listed"), minor };
        let saving = |saved| Saving { by: By::Reward, uses: 1, saved };
        let all = [saving(money("TWD", 300)), saving(money("GBP", 900)), saving(money("TWD", 250))];
        for (fee, net) in [(499, 51), (550, 0), (600, -50)] {
            assert_eq!(Worth::of(&all, money("TWD", fee)).net_minor(), net);
        }
        assert_eq!(Worth::of(&[], money("TWD", 1)).net_minor(), -1);
    }
}
