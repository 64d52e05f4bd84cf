//! What an order would earn now, without being one: assessed by the very rules that book orders, on holdings in memory.

use jiff::Timestamp;

use super::assessing::{Assessed, assess, best};
use super::earning::{OrderFacts, earn};
use super::facing::Buyer;
use super::holdings::{Holdings, OutOfRange};
use super::judging::Judged;
use super::reviewing;
use super::standing::{StandingView, standing};
use super::uses::RuleUse;
use crate::account::wallet::WalletCode;
use crate::programme::expiry::{lapse_instant, usable_instant};
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
    /// What it would earn in other wallets.
    pub wallets: Vec<QuotedWallet>,
}

/// A wallet beside points in which an order may earn.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Which.
    pub wallet: WalletCode,
    /// What members read.
    pub display_name: String,
    /// Its terms.
    pub terms: Terms,
    /// What was earned by limited rules in it.
    pub uses: Vec<RuleUse>,
}

/// What an order would earn in a wallet beside points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotedWallet {
    /// Which.
    pub wallet: WalletCode,
    /// What members read.
    pub display_name: String,
    /// In all.
    pub points: i64,
    /// Of these by the base rate.
    pub base: i64,
    /// What each rule came to.
    pub rules: Vec<Judged>,
    /// When it would lapse.
    pub lapses_at: Option<Timestamp>,
}

/// Assesses an order of this moment, and books it in holdings that nobody keeps.
pub fn quote(
    mut holdings: Holdings,
    versions: &Versions,
    terms: &Terms,
    order: &OrderFacts,
    is_member: bool,
    beside: &[Beside],
) -> Result<Quote, OutOfRange> {
    let now = order.occurred_at;
    if is_member {
        reviewing::begin(&mut holdings, terms, now)?;
    }
    let buyer = is_member.then(|| Buyer::of(&holdings, order, Some(terms)));
    let (assessed, lapses_at) = worth(terms, order, buyer.as_ref(), &holdings.uses)?;
    let wallets = beside.iter().map(|wallet| quote_beside(wallet, order, buyer.as_ref())).collect::<Result<_, _>>()?;
    let standing_after = if is_member {
        earn(&mut holdings, versions, order, None, now).map_err(|_| OutOfRange)?;
        standing(&holdings, terms, None, now)?.map(|(view, _)| view)
    } else {
        None
    };
    let tier = buyer.as_ref().filter(|_| assessed.multiplier != 100).and_then(|buyer| best(terms, buyer));
    let tier = tier.map(|rung| rung.display_name.clone());
    Ok(Quote {
        programme_version: terms.number,
        points: assessed.points,
        base: assessed.base,
        by_tier: assessed.tiered.saturating_sub(assessed.base),
        tier: tier.unwrap_or_default(),
        rules: assessed.judged,
        lapses_at,
        standing_after,
        wallets,
    })
}

fn quote_beside(beside: &Beside, order: &OrderFacts, buyer: Option<&Buyer>) -> Result<QuotedWallet, OutOfRange> {
    let (assessed, lapses_at) = worth(&beside.terms, order, buyer, &beside.uses)?;
    Ok(QuotedWallet {
        wallet: beside.wallet,
        display_name: beside.display_name.clone(),
        points: assessed.points,
        base: assessed.base,
        rules: assessed.judged,
        lapses_at,
    })
}

/// What an order is worth in a wallet, and when that would lapse.
fn worth(
    terms: &Terms,
    order: &OrderFacts,
    buyer: Option<&Buyer>,
    uses: &[RuleUse],
) -> Result<(Assessed, Option<Timestamp>), OutOfRange> {
    let assessed = match terms.rate(order.currency) {
        Some(rate) => assess(terms, rate, order, buyer, uses)?,
        None => Assessed { basis: 0, multiplier: 100, base: 0, tiered: 0, judged: Vec::new(), points: 0 },
    };
    let now = order.occurred_at;
    let earned_at = usable_instant(terms, now, order.received_at)?.unwrap_or(now);
    let lapses_at = lapse_instant(terms, earned_at)?.filter(|_| assessed.points > 0);
    Ok((assessed, lapses_at))
}
