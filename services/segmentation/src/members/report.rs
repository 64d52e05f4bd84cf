//! Sums over a tenant: members are shown to it one after the other, in any order.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::calendar;

use super::cut::{mean, permille, quantile};
use super::evaluation::{Look, Standing};
use super::frame::Frame;
use super::lifecycle::Lifecycle;
use super::purchase::Purchase;
use super::rfm::Group;
use super::value::lifetime_value;

/// How values are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distribution {
    /// How many values.
    pub count: i64,
    /// The least, the tenth part, the fourth, the half, three quarters, nine tenths, the greatest.
    pub quantiles: [i64; 7],
    /// The mean.
    pub mean: i64,
}

/// The best fifth of a population.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BestFifth {
    /// Who was ranked.
    pub population: i64,
    /// How many the best fifth are.
    pub members: i64,
    /// What they account for.
    pub share_minor: i64,
    /// What all account for.
    pub total_minor: i64,
    /// The share in per mille.
    pub share_permille: i64,
}

/// Sums over a tenant at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Members who ever bought.
    pub buyers: i64,
    /// Members who bought twice or more.
    pub repeat_buyers: i64,
    /// Their share in per mille.
    pub repurchase_permille: i64,
    /// Yearly lifetime values.
    pub lifetime_values: Distribution,
    /// By revenue of the period.
    pub by_revenue: BestFifth,
    /// By profit of the period, where the cost is known.
    pub by_profit: BestFifth,
    /// Revenue of the period whose cost is known.
    pub revenue_with_cost_minor: i64,
}

/// How many members stand where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By group.
    pub groups: BTreeMap<Group, i64>,
    /// By lifecycle.
    pub lifecycles: BTreeMap<Lifecycle, i64>,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, standing: Standing) {
        *self.groups.entry(standing.group).or_default() += 1;
        *self.lifecycles.entry(standing.lifecycle).or_default() += 1;
    }

    /// All of them.
    pub fn members(&self) -> i64 {
        self.groups.values().sum()
    }
}

/// Sums in the making.
#[derive(Debug)]
pub struct Summing<'a> {
    frame: &'a Frame,
    moment: Timestamp,
    values: Vec<i64>,
    revenues: Vec<i64>,
    profits: Vec<i64>,
    sums: Sums,
    /// Where members stand at the moment.
    pub counts: Counts,
}

impl<'a> Summing<'a> {
    /// At a moment.
    pub fn new(frame: &'a Frame, moment: Timestamp) -> Self {
        let (values, revenues, profits) = (Vec::new(), Vec::new(), Vec::new());
        Self { frame, moment, values, revenues, profits, sums: Sums::default(), counts: Counts::default() }
    }

    /// One member, who may have bought nothing.
    pub fn add(&mut self, purchases: &[Purchase]) {
        let look = Look::at(purchases, self.frame, self.moment);
        self.counts.add(look.standing(self.moment));
        let Some((first, _)) = look.first_and_last() else { return };
        self.sums.buyers += 1;
        self.sums.repeat_buyers += i64::from(look.purchases.len() > 1);
        let least_weeks = self.frame.scheme.ltv_least_weeks;
        self.values.push(lifetime_value(look.total().0, first, self.moment, least_weeks).yearly_minor);
        let leaves = |one: &&&Purchase| self.frame.leaves_period_at(one.occurred_at) > self.moment;
        let within: Vec<&&Purchase> = look.purchases.iter().filter(leaves).collect();
        if within.is_empty() {
            return;
        }
        let money = |one: &Purchase| one.money_at(self.moment, self.frame.currency);
        self.revenues.push(within.iter().filter_map(|one| money(one)).fold(0, i64::saturating_add));
        let costed = within.iter().filter_map(|one| Some((money(one)?, one.cost_at(self.moment)?)));
        let known = costed.fold(None, |sum: Option<(i64, i64)>, (money, cost)| {
            let (revenue, profit) = sum.unwrap_or_default();
            Some((revenue.saturating_add(money), profit.saturating_add(money.saturating_sub(cost))))
        });
        if let Some((revenue, profit)) = known {
            self.sums.revenue_with_cost_minor = self.sums.revenue_with_cost_minor.saturating_add(revenue);
            self.profits.push(profit);
        }
    }

    /// Everybody has been shown.
    pub fn finish(mut self) -> (Sums, Counts) {
        self.sums.repurchase_permille = permille(self.sums.repeat_buyers, self.sums.buyers);
        self.sums.lifetime_values = distribution(&mut self.values);
        self.sums.by_revenue = best_fifth(&mut self.revenues);
        self.sums.by_profit = best_fifth(&mut self.profits);
        (self.sums, self.counts)
    }
}

/// How values are spread.
pub fn distribution(values: &mut [i64]) -> Distribution {
    values.sort_unstable();
    let at = |permille| quantile(values, permille).unwrap_or(0);
    Distribution {
        count: i64::try_from(values.len()).unwrap_or(i64::MAX),
        quantiles: [at(0), at(100), at(250), at(500), at(750), at(900), at(1_000)],
        mean: mean(values).unwrap_or(0),
    }
}

/// What the best fifth of some values, rounded up, sum to.
pub fn best_fifth(values: &mut [i64]) -> BestFifth {
    values.sort_unstable_by(|a, b| b.cmp(a));
    let members = values.len().div_ceil(5);
    let sum = |some: &[i64]| some.iter().fold(0, |sum: i64, value| sum.saturating_add(*value));
    let (share_minor, total_minor) = (sum(&values[..members]), sum(values));
    BestFifth {
        population: i64::try_from(values.len()).unwrap_or(i64::MAX),
        members: i64::try_from(members).unwrap_or(i64::MAX),
        share_minor,
        total_minor,
        share_permille: permille(share_minor, total_minor),
    }
}

/// Who began in one month: how many they are, and how many of them bought in each later month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cohort {
    /// How many began.
    pub members: i64,
    /// Buyers by later month.
    pub months: BTreeMap<String, i64>,
}

/// Adds one member to their cohort.
pub fn add_to_cohort(cohorts: &mut BTreeMap<String, Cohort>, purchases: &[Purchase], frame: &Frame, moment: Timestamp) {
    let standing = purchases.iter().filter(|one| one.stands_at(moment));
    let mut months: BTreeSet<String> =
        standing.map(|one| calendar::month_label(one.occurred_at, &frame.zone)).collect();
    let Some(first) = months.pop_first() else { return };
    let cohort = cohorts.entry(first).or_default();
    cohort.members += 1;
    for month in months {
        *cohort.months.entry(month).or_default() += 1;
    }
}
