//! What came of many lives, under two sets of terms: sums, months, tiers, and who gains by how much.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::calendar::day_of;
use kernel::{Currency, MemberId};

use super::Prepared;
use crate::account::holdings::{Holdings, OutOfRange, TierChangeKind, Totals};
use crate::account::replaying::{Happened, Life, Lived, live};
use crate::programme::terms::{Ladder, MAIN, Versions};

/// Members named of those who gain, and of those who lose.
const NAMED: usize = 10;

/// A calendar month: year and month.
pub type Month = (i16, i8);

/// What one set of terms came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// All points that moved.
    pub flow: Totals,
    /// Month by month.
    pub months: BTreeMap<Month, Totals>,
    /// At the end: points that can be spent or are held.
    pub outstanding: i64,
    /// Points that wait.
    pub pending: i64,
    /// Points owed.
    pub deficit: i64,
    /// By code; of no tier under an empty one.
    pub tiers: BTreeMap<String, Standers>,
    /// Points that were spent and were not there.
    pub unmet: i64,
    /// Returns of unknown orders.
    pub unmatched: i64,
}

/// Who stands in a tier, and how they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standers {
    /// At the end.
    pub members: i64,
    /// Of them, who ever bought.
    pub buyers: i64,
    /// How often somebody rose into it.
    pub promotions: i64,
    /// How often somebody fell into it.
    pub demotions: i64,
}

/// One member under both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// More points than under the baseline.
    pub points: i64,
    /// Who.
    pub member: MemberId,
    /// Earned less taken back, under the baseline.
    pub baseline: i64,
    /// The same under the draft.
    pub draft: i64,
    /// The tier at the end, under the baseline.
    pub baseline_tier: String,
    /// The same under the draft.
    pub draft_tier: String,
}

/// A draft against a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// More points, of each member.
    differences: Vec<i64>,
    /// Who gains most.
    most_gained: BTreeSet<Difference>,
    /// Who loses most.
    most_lost: BTreeSet<Difference>,
    /// Who stands elsewhere, by where.
    pub moves: BTreeMap<(String, String), i64>,
    /// Who stands higher.
    pub rise: i64,
    /// Who stands lower.
    pub fall: i64,
}

/// What came of all lives that were added.
#[derive(Clone, Debug)]
pub struct Weighing {
    zone: TimeZone,
    ladder: Option<Ladder>,
    /// Under the baseline, where there is one.
    pub baseline: Option<Side>,
    /// Under the draft.
    pub draft: Side,
    /// The one against the other.
    pub comparison: Comparison,
    /// Orders.
    pub orders: i64,
    /// Their lines.
    pub lines: i64,
    /// Returns.
    pub returns: i64,
    /// Lives.
    pub members: i64,
    /// Lives with an order.
    pub buyers: i64,
    /// The first order or return.
    pub first: Option<Timestamp>,
    /// What was bought, less what came back of it, by the month it was bought in.
    pub revenue: BTreeMap<Currency, BTreeMap<Month, i64>>,
}

impl Weighing {
    /// Nothing yet. Months are those of the draft's zone, and so is the ladder that says who rises.
    pub fn new(zone: TimeZone, ladder: Option<Ladder>, compares: bool) -> Self {
        Self {
            zone,
            ladder,
            baseline: compares.then(Side::default),
            draft: Side::default(),
            comparison: Comparison::default(),
            orders: 0,
            lines: 0,
            returns: 0,
            members: 0,
            buyers: 0,
            first: None,
            revenue: BTreeMap::new(),
        }
    }

    /// The same for a rehearsal.
    pub fn of(prepared: &Prepared) -> Self {
        let rules = &prepared.draft_rules;
        Self::new(rules.zone.rules().clone(), rules.ladder.clone(), prepared.baseline.is_some())
    }

    /// Lives one member's history under both, up to a moment.
    pub fn add(
        &mut self,
        life: &Life,
        baseline: Option<&Versions>,
        draft: &Versions,
        until: Timestamp,
    ) -> Result<(), OutOfRange> {
        let drafted = live(life, draft, until)?;
        self.count(life, &drafted.holdings)?;
        let first = self.ladder.as_ref().map_or(MAIN, |ladder| ladder.code.as_str());
        self.draft.add(&drafted, (first, &self.zone))?;
        if let (Some(versions), Some(side)) = (baseline, &mut self.baseline) {
            let based = live(life, versions, until)?;
            side.add(&based, (first, &self.zone))?;
            self.comparison.add(&based.holdings, &drafted.holdings, self.ladder.as_ref())?;
        }
        Ok(())
    }

    /// What does not depend on terms.
    fn count(&mut self, life: &Life, holdings: &Holdings) -> Result<(), OutOfRange> {
        add(&mut self.members, 1)?;
        add(&mut self.buyers, i64::from(!holdings.purchases.is_empty()))?;
        for recorded in &life.recorded {
            let at = match &recorded.what {
                Happened::Bought { order, .. } => {
                    add(&mut self.orders, 1)?;
                    add(&mut self.lines, i64::try_from(order.lines.len()).map_err(|_| OutOfRange)?)?;
                    order.occurred_at
                }
                Happened::Returned(back) => {
                    add(&mut self.returns, 1)?;
                    back.occurred_at
                }
                Happened::Spent { .. }
                | Happened::GivenBack { .. }
                | Happened::ByHand { .. }
                | Happened::Given { .. }
                | Happened::Brought { .. }
                | Happened::Occurred { .. }
                | Happened::TakenBack { .. }
                | Happened::PassedOn { .. }
                | Happened::Received { .. } => continue,
            };
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
        }
        for purchase in holdings.purchases.values() {
            let months = self.revenue.entry(purchase.currency).or_default();
            add(months.entry(month(purchase.occurred_at, &self.zone)).or_default(), purchase.kept_minor())?;
        }
        Ok(())
    }

    /// What was bought in a currency, in all.
    pub fn revenue_in(&self, currency: Currency) -> i64 {
        let months = self.revenue.get(&currency).into_iter().flat_map(BTreeMap::values);
        months.fold(0, |sum, minor| sum.saturating_add(*minor))
    }

    /// The month an instant lies in.
    pub fn month_of(&self, at: Timestamp) -> Month {
        month(at, &self.zone)
    }
}

impl Side {
    /// Of the tiers, those of the first ladder are weighed.
    fn add(&mut self, lived: &Lived, (first, zone): (&str, &TimeZone)) -> Result<(), OutOfRange> {
        let holdings = &lived.holdings;
        for posting in &holdings.postings {
            self.flow.count(posting.kind, posting.points)?;
            self.months.entry(month(posting.occurred_at, zone)).or_default().count(posting.kind, posting.points)?;
        }
        for change in holdings.changes.iter().filter(|change| change.ladder == first) {
            let into = self.tiers.entry(change.to.clone()).or_default();
            match change.kind {
                TierChangeKind::Promoted => add(&mut into.promotions, 1)?,
                TierChangeKind::Demoted => add(&mut into.demotions, 1)?,
                TierChangeKind::Retained
                | TierChangeKind::Renewed
                | TierChangeKind::Assigned
                | TierChangeKind::Released
                | TierChangeKind::Shortened
                | TierChangeKind::Imported => {}
            }
        }
        let standers = self.tiers.entry(tier(holdings, first).to_owned()).or_default();
        add(&mut standers.members, 1)?;
        add(&mut standers.buyers, i64::from(!holdings.purchases.is_empty()))?;
        add(&mut self.outstanding, holdings.spendable().checked_add(holdings.held()).ok_or(OutOfRange)?)?;
        add(&mut self.pending, holdings.pending())?;
        add(&mut self.deficit, holdings.deficit)?;
        add(&mut self.unmet, lived.unmet)?;
        add(&mut self.unmatched, lived.unmatched)
    }

    /// The balance at the end of each month.
    pub fn balances(&self) -> BTreeMap<Month, i64> {
        let mut balance = 0_i64;
        let after = self.months.iter().map(|(month, flow)| {
            balance = balance.saturating_add(net(flow));
            (*month, balance)
        });
        after.collect()
    }
}

/// What points a flow leaves.
pub fn net(flow: &Totals) -> i64 {
    let given = flow.earned.saturating_add(flow.redemption_reversed).saturating_add(flow.adjusted);
    let given = given.saturating_add(flow.transferred);
    given.saturating_sub(flow.earn_reversed).saturating_sub(flow.redeemed).saturating_sub(flow.lapsed)
}

impl Comparison {
    fn add(&mut self, baseline: &Holdings, draft: &Holdings, ladder: Option<&Ladder>) -> Result<(), OutOfRange> {
        let kept = |holdings: &Holdings| holdings.totals.earned.checked_sub(holdings.totals.earn_reversed);
        let (before, after) = kept(baseline).zip(kept(draft)).ok_or(OutOfRange)?;
        let points = after.checked_sub(before).ok_or(OutOfRange)?;
        self.differences.push(points);
        let first = ladder.map_or(MAIN, |ladder| ladder.code.as_str());
        let (from, to) = (tier(baseline, first), tier(draft, first));
        if from != to {
            add(self.moves.entry((from.to_owned(), to.to_owned())).or_default(), 1)?;
            match place(ladder, from).cmp(&place(ladder, to)) {
                std::cmp::Ordering::Less => add(&mut self.rise, 1)?,
                std::cmp::Ordering::Greater => add(&mut self.fall, 1)?,
                std::cmp::Ordering::Equal => {}
            }
        }
        let of = || Difference {
            points,
            member: draft.member,
            baseline: before,
            draft: after,
            baseline_tier: from.to_owned(),
            draft_tier: to.to_owned(),
        };
        if points > 0 {
            self.most_gained.insert(of());
            if self.most_gained.len() > NAMED {
                self.most_gained.pop_first();
            }
        }
        if points < 0 {
            self.most_lost.insert(of());
            if self.most_lost.len() > NAMED {
                self.most_lost.pop_last();
            }
        }
        Ok(())
    }

    /// How many gain, lose, and neither.
    pub fn counts(&self) -> (i64, i64, i64) {
        let of = |sign: i64| self.differences.iter().filter(|points| points.signum() == sign).count();
        let count = |sign| i64::try_from(of(sign)).unwrap_or(i64::MAX);
        (count(1), count(-1), count(0))
    }

    /// What those who gain do, and what those who lose.
    pub fn sums(&self) -> (i64, i64) {
        self.differences.iter().fold((0, 0), |(gained, lost), points| {
            (gained.saturating_add((*points).max(0)), lost.saturating_add((*points).min(0).saturating_neg()))
        })
    }

    /// The least, the nine deciles, the most: of n members in order, the one at the place (n - 1) * k / 10, rounded down.
    pub fn deciles(&self) -> Vec<i64> {
        let mut all = self.differences.clone();
        all.sort_unstable();
        let Some(last) = all.len().checked_sub(1) else { return Vec::new() };
        let at = |tenth: usize| last.checked_mul(tenth).and_then(|place| place.checked_div(10));
        (0..=10).filter_map(|tenth| all.get(at(tenth)?).copied()).collect()
    }

    /// Who gains most, the most first.
    pub fn most_gained(&self) -> impl Iterator<Item = &Difference> {
        self.most_gained.iter().rev()
    }

    /// Who loses most, the most first.
    pub fn most_lost(&self) -> impl Iterator<Item = &Difference> {
        self.most_lost.iter()
    }
}

/// The tier on the first ladder of the draft; on the baseline's where it has another.
fn tier<'a>(holdings: &'a Holdings, first: &str) -> &'a str {
    let standing = holdings.standings.get(first).or_else(|| holdings.standings.values().next());
    standing.map_or("", |standing| &standing.tier)
}

/// The place on a ladder, from 1; 0 for who is not on it.
fn place(ladder: Option<&Ladder>, code: &str) -> usize {
    let place = ladder.and_then(|ladder| ladder.tiers.iter().position(|tier| tier.code == code));
    place.map_or(0, |place| place.saturating_add(1))
}

fn month(at: Timestamp, zone: &TimeZone) -> Month {
    let day = day_of(at, zone);
    (day.year(), day.month())
}

fn add(sum: &mut i64, more: i64) -> Result<(), OutOfRange> {
    *sum = sum.checked_add(more).ok_or(OutOfRange)?;
    Ok(())
}
