//! How a member stands, for nouns beside the account.

use kernel::{MemberId, TenantId};
use wire::Stop;

use crate::account::{AccountRefusal, Accounts};
use crate::mission::facts::Who;

impl Accounts {
    /// A member's tier, orders and joining as they are now.
    pub(crate) async fn who(&self, tenant: TenantId, member: MemberId) -> Result<Who, Stop<AccountRefusal>> {
        let (holdings, now) = self.settled(tenant, member).await?.into_points();
        let kept = holdings.purchases.values().filter(|known| known.net_minor > known.returned_minor).count();
        let hours = now.duration_since(holdings.joined_at).as_hours().max(0);
        Ok(Who {
            tier: holdings.tier_at(now).map(str::to_owned),
            orders: i64::try_from(kept).unwrap_or(i64::MAX),
            joined_at: holdings.joined_at,
            days_since_joining: hours.checked_div(24).unwrap_or_default(),
        })
    }
}
