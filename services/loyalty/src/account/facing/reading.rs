//! How a member stands, for nouns beside the account.

use kernel::{MemberId, TenantId};
use wire::Stop;

use crate::account::{AccountRefusal, Accounts};
use crate::mission::facts::Who;

impl Accounts {
    /// A member's tier, orders and joining as they are now.
    pub(crate) async fn who(&self, tenant: TenantId, member: MemberId) -> Result<Who, Stop<AccountRefusal>> {
        let settled = self.settled(tenant, member).await?;
        let terms = settled.versions.points().at(settled.now).cloned();
        let (holdings, now) = settled.into_points();
        let ladder = terms.as_ref().and_then(|terms| terms.ladder.as_ref());
        let kept = holdings.purchases.values().filter(|known| known.net_minor > known.returned_minor).count();
        let hours = now.duration_since(holdings.joined_at).as_hours().max(0);
        Ok(Who {
            tier: ladder.and_then(|ladder| holdings.tier_at(ladder, now)).map(str::to_owned),
            orders: i64::try_from(kept).unwrap_or(i64::MAX),
            joined_at: holdings.joined_at,
            days_since_joining: hours.checked_div(24).unwrap_or_default(),
        })
    }
}
