//! What to beware of in a draft, from what it says and from what came of it.

use kernel::Currency;

use super::weighing::{Month, Side, Weighing};
use crate::programme::terms::{EarnRate, Expiry, Programme};

/// Of a thousand members who ever bought, so many in one tier or above it make it a tier for everybody.
const EVERYBODY: i64 = 800;

/// Something to beware of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The draft is the baseline with more points for the same money.
    PointsRace {
        /// Points for every 100 of the baseline's, in the currency where it is most.
        percent: i64,
    },
    /// The balance grew faster than revenue, over twelve months.
    LiabilityOutgrowsRevenue {
        /// Growth of the balance in thousandths.
        balance: i64,
        /// Growth of the revenue in thousandths.
        revenue: i64,
    },
    /// Nobody is in a tier or above it, and nobody ever rose into it.
    TierOutOfReach {
        /// Its code.
        tier: String,
        /// Of so many members.
        members: i64,
    },
    /// Nearly everybody is in a tier or above it.
    TierForEverybody {
        /// Its code.
        tier: String,
        /// So many of a thousand who bought.
        permille: i64,
    },
    /// More members lose than gain.
    MoreLoseThanGain {
        /// Who loses.
        losing: i64,
        /// Who gains.
        gaining: i64,
    },
    /// Points that were spent would not have been there.
    SpendingNotCovered {
        /// How many.
        points: i64,
    },
    /// Orders that are booked are not in the history.
    HistoryIncomplete {
        /// How many.
        orders: i64,
    },
    /// Points never lapse.
    PointsNeverLapse {
        /// Outstanding at the end.
        points: i64,
    },
}

/// Everything there is to beware of.
pub fn warnings(
    weighing: &Weighing,
    (baseline, draft): (Option<&Programme>, &Programme),
    now: Month,
    orders_unseen: i64,
) -> Vec<Warning> {
    let mut found = Vec::new();
    found.extend(baseline.and_then(|baseline| points_race(baseline, draft)));
    found.extend(draft.rates.first().and_then(|rate| outgrows(weighing, rate.currency, now)));
    found.extend(tiers(weighing, draft));
    let (gaining, losing, _) = weighing.comparison.counts();
    if losing > gaining {
        found.push(Warning::MoreLoseThanGain { losing, gaining });
    }
    let unmet = weighing.draft.unmet.saturating_sub(weighing.baseline.as_ref().map_or(0, |side| side.unmet));
    if unmet > 0 {
        found.push(Warning::SpendingNotCovered { points: unmet });
    }
    if orders_unseen > 0 {
        found.push(Warning::HistoryIncomplete { orders: orders_unseen });
    }
    if draft.expiry == Expiry::Never && weighing.draft.outstanding > 0 {
        found.push(Warning::PointsNeverLapse { points: weighing.draft.outstanding });
    }
    found
}

/// The same promises but for more points: 「會員給點數100點,我就給200點」.
fn points_race(baseline: &Programme, draft: &Programme) -> Option<Warning> {
    let (display_name, rates) = (draft.display_name.clone(), draft.rates.clone());
    let alike = Programme { display_name, rates, ..baseline.clone() };
    if alike != *draft || baseline.rates.len() != draft.rates.len() {
        return None;
    }
    let ratio = |rate: &EarnRate| {
        let before = baseline.rate(rate.currency)?;
        if (before.rounding, before.basis) != (rate.rounding, rate.basis) {
            return None;
        }
        let now = rate.points.checked_mul(before.per_minor)?.checked_mul(100)?;
        now.checked_div(before.points.checked_mul(rate.per_minor)?)
    };
    let ratios = draft.rates.iter().map(ratio).collect::<Option<Vec<i64>>>()?;
    let most = ratios.iter().copied().max().filter(|_| ratios.iter().all(|percent| *percent >= 100))?;
    (most > 100).then_some(Warning::PointsRace { percent: most })
}

/// Whether the balance grew faster than revenue over twelve months; where there are twenty-four to tell it from.
fn outgrows(weighing: &Weighing, currency: Currency, now: Month) -> Option<Warning> {
    let (year_ago, two_ago) = (months_before(now, 12), months_before(now, 24));
    let first = weighing.month_of(weighing.first?);
    let revenue = weighing.revenue.get(&currency)?;
    let between = |after: Month, until: Month| {
        let of = revenue.iter().filter(|(month, _)| **month > after && **month <= until);
        of.fold(0_i64, |sum, (_, minor)| sum.saturating_add(*minor))
    };
    let balances = weighing.draft.balances();
    let at = |month: Month| balances.range(..=month).next_back().map_or(0, |(_, balance)| *balance);
    let balance = growth(at(year_ago), at(now))?;
    let revenue = growth(between(two_ago, year_ago), between(year_ago, now))?;
    (first <= two_ago && balance > revenue).then_some(Warning::LiabilityOutgrowsRevenue { balance, revenue })
}

/// Growth in thousandths; none from nothing.
fn growth(before: i64, after: i64) -> Option<i64> {
    let more = after.checked_sub(before)?.checked_mul(1_000)?;
    if before > 0 { more.checked_div(before) } else { None }
}

fn months_before((year, month): Month, months: i32) -> Month {
    let all =
        i32::from(year).saturating_mul(12).saturating_add(i32::from(month)).saturating_sub(1).saturating_sub(months);
    let year = i16::try_from(all.div_euclid(12)).unwrap_or(i16::MIN);
    let month = i8::try_from(all.rem_euclid(12).saturating_add(1)).unwrap_or(1);
    (year, month)
}

fn tiers(weighing: &Weighing, draft: &Programme) -> Vec<Warning> {
    let tiers = draft.ladder.as_ref().map(|ladder| ladder.tiers.as_slice()).unwrap_or_default();
    let side: &Side = &weighing.draft;
    let mut found = Vec::new();
    for (place, tier) in tiers.iter().enumerate().skip(1).filter(|(_, tier)| !tier.invitation_only) {
        let here = tiers.iter().skip(place).filter_map(|above| side.tiers.get(&above.code));
        let (members, buyers) = here.clone().fold((0_i64, 0_i64), |(members, buyers), standers| {
            (members.saturating_add(standers.members), buyers.saturating_add(standers.buyers))
        });
        let ever = here.fold(0_i64, |sum, standers| sum.saturating_add(standers.promotions));
        let permille = buyers.saturating_mul(1_000).checked_div(weighing.buyers).unwrap_or(0);
        if members == 0 && ever == 0 && weighing.buyers > 0 {
            found.push(Warning::TierOutOfReach { tier: tier.code.clone(), members: weighing.members });
        } else if permille >= EVERYBODY {
            found.push(Warning::TierForEverybody { tier: tier.code.clone(), permille });
        }
    }
    found
}
