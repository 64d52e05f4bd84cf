//! What an order would earn now, without being one: assessed by the very rules that book orders, on holdings in memory.

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use wire::Stop;

use super::assessing::{Assessed, assess, rung};
use super::earning::{OrderFacts, earn};
use super::facing::Buyer;
use super::holdings::{Holdings, OutOfRange};
use super::judging::Judged;
use super::reviewing;
use super::standing::{StandingView, standing};
use super::{AccountRefusal, Accounts};
use crate::programme::expiry::lapse_instant;
use crate::programme::terms::{Terms, Versions};

/// What an order would earn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The version that would decide.
    pub programme_version: i32,
    /// Points in all.
    pub points: i64,
    /// Of these by the base rate.
    pub base: i64,
    /// Of these by the tier.
    pub by_tier: i64,
    /// What members read of that tier; empty where none multiplies.
    pub tier: String,
    /// What each rule came to.
    pub rules: Vec<Judged>,
    /// When these points would lapse.
    pub lapses_at: Option<Timestamp>,
    /// Where the member would stand after it; none of a guest, and where there are no tiers.
    pub standing_after: Option<StandingView>,
}

impl Accounts {
    /// What an order would earn now. Nothing is written.
    pub async fn quote(
        &self,
        tenant: TenantId,
        member: Option<MemberId>,
        order: OrderFacts,
    ) -> Result<Quote, Stop<AccountRefusal>> {
        let (holdings, versions, now) = match member {
            Some(member) => self.settled_with_uses(tenant, member).await?,
            None => {
                let (held, now) = (self.programmes.of(tenant).await?, self.clock.now());
                (Holdings::new(MemberId::new_at(now), now), held.versions, now)
            }
        };
        let terms = versions.at(now).ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at: now }))?;
        let order = OrderFacts { occurred_at: now, ..order };
        let quoted = quote(holdings, &versions, terms, &order, member.is_some(), now);
        quoted.map_err(|refusal| match refusal {
            Some(OutOfRange) => Stop::Refused(AccountRefusal::OutOfRange),
            None => Stop::Failed(StoreError::unreadable("the standing of a member")),
        })
    }
}

/// The error is none where an account that was read makes no sense.
fn quote(
    mut holdings: Holdings,
    versions: &Versions,
    terms: &Terms,
    order: &OrderFacts,
    is_member: bool,
    now: Timestamp,
) -> Result<Quote, Option<OutOfRange>> {
    if is_member {
        reviewing::begin(&mut holdings, terms, now)?;
    }
    let buyer = is_member.then(|| Buyer::of(&holdings, order));
    let assessed = match terms.rate(order.currency) {
        Some(rate) => assess(terms, rate, order, buyer.as_ref(), &holdings.uses)?,
        None => Assessed { basis: 0, multiplier: 100, base: 0, tiered: 0, judged: Vec::new(), points: 0 },
    };
    let lapses_at = lapse_instant(terms, now).map_err(OutOfRange::from)?.filter(|_| assessed.points > 0);
    let standing_after = if is_member {
        earn(&mut holdings, versions, order, None, now).map_err(|_| OutOfRange)?;
        standing(&holdings, terms, now).map_err(|_| None)?.map(|(view, _)| view)
    } else {
        None
    };
    let tier = buyer.and_then(|buyer| buyer.tier).filter(|_| assessed.multiplier != 100);
    let tier = tier.and_then(|code| rung(terms, &code)).map(|rung| rung.display_name.clone());
    Ok(Quote {
        programme_version: terms.number,
        points: assessed.points,
        base: assessed.base,
        by_tier: assessed.tiered.saturating_sub(assessed.base),
        tier: tier.unwrap_or_default(),
        rules: assessed.judged,
        lapses_at,
        standing_after,
    })
}
