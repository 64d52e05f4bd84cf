//! What members are compared with: the cuts and cycles of the whole shop at one moment.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, calendar};
use serde::{Deserialize, Serialize};

use super::cut::high_from;
use super::cycle::{Gaps, category_names, days_of};
use super::purchase::Purchase;
use super::rfm::{PeriodFigures, period_figures};
use crate::scheme::terms::{Cut, Scheme};

/// The least value that is high, of each letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cuts {
    /// R, in whole seconds since 1970.
    pub recency_from: i64,
    /// F.
    pub frequency_from: i64,
    /// M, in minor units.
    pub monetary_from: i64,
}

/// The shop at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    /// The version of the scheme; 0 for the built-in one.
    pub version: i32,
    /// What it says.
    pub scheme: Scheme,
    /// What counts as money; none until the tenant's currency is heard.
    pub currency: Option<Currency>,
    /// Where days and months begin.
    #[serde(with = "zone_name")]
    pub zone: TimeZone,
    /// Buyers of the period.
    pub population: i64,
    /// None without population.
    pub cuts: Option<Cuts>,
    /// The shop's median gap; none where nobody has bought on two days.
    pub shop_cycle: Option<i64>,
    /// The same by category.
    pub category_cycles: BTreeMap<String, i64>,
}

impl Frame {
    /// Nothing is known of the shop yet.
    pub fn new(version: i32, scheme: Scheme, currency: Option<Currency>, zone: TimeZone) -> Self {
        let currency = scheme.currency.or(currency);
        let (cuts, shop_cycle, category_cycles) = (None, None, BTreeMap::new());
        Self { version, scheme, currency, zone, population: 0, cuts, shop_cycle, category_cycles }
    }

    /// Whether members stand the same under both.
    pub fn compares_as(&self, other: &Self) -> bool {
        *self == Self { population: self.population, ..other.clone() }
    }

    /// When a purchase ceases to count for R, F and M: the same wall-clock time, so many months later.
    pub fn leaves_period_at(&self, bought: Timestamp) -> Timestamp {
        calendar::months_before(bought, self.scheme.rfm_period_months.saturating_neg(), &self.zone)
            .unwrap_or(Timestamp::MAX)
    }

    /// What R, F and M are worked out from, of a member with a purchase in the period.
    pub fn period_figures(&self, purchases: &[&Purchase], moment: Timestamp) -> Option<PeriodFigures> {
        let within = purchases.iter().filter(|purchase| self.leaves_period_at(purchase.occurred_at) > moment);
        period_figures(within.map(|one| (one.occurred_at, one.money_at(moment, self.currency).unwrap_or(0))))
    }
}

/// A frame in the making: members are shown to it one after the other, in any order.
#[derive(Clone, Debug)]
pub struct Making {
    frame: Frame,
    moment: Timestamp,
    recency: Vec<i64>,
    frequency: Vec<i64>,
    monetary: Vec<i64>,
    shop: Gaps,
    categories: BTreeMap<String, Gaps>,
    by_itself: Option<Timestamp>,
}

impl Making {
    /// Of a moment; `frame` says what rules.
    pub fn new(frame: Frame, moment: Timestamp) -> Self {
        let (recency, frequency, monetary) = (Vec::new(), Vec::new(), Vec::new());
        let (shop, categories) = (Gaps::default(), BTreeMap::new());
        Self { frame, moment, recency, frequency, monetary, shop, categories, by_itself: None }
    }

    /// One member's purchases.
    pub fn add(&mut self, purchases: &[Purchase]) {
        let standing: Vec<&Purchase> = purchases.iter().filter(|one| one.stands_at(self.moment)).collect();
        let leaving = standing.iter().map(|one| self.frame.leaves_period_at(one.occurred_at));
        let to_come = purchases.iter().filter_map(|one| one.next_fact_after(self.moment));
        let changes = leaving.chain(to_come).filter(|at| *at > self.moment && *at < Timestamp::MAX);
        self.by_itself = changes.chain(self.by_itself).min();
        if let Some(figures) = self.frame.period_figures(&standing, self.moment) {
            self.recency.push(figures.last_second);
            self.frequency.push(figures.purchases);
            self.monetary.push(figures.total_minor);
        }
        self.shop.add(days_of(standing.iter().copied(), &self.frame.zone));
        let mut by_category: BTreeMap<&str, Vec<&Purchase>> = BTreeMap::new();
        for purchase in &standing {
            for name in category_names(purchase) {
                by_category.entry(name).or_default().push(purchase);
            }
        }
        for (name, bought) in by_category.into_iter().filter(|(_, bought)| bought.len() > 1) {
            let gaps = self.categories.entry(name.to_owned()).or_default();
            gaps.add(days_of(bought.into_iter(), &self.frame.zone));
        }
    }

    /// The first instant after the moment at which another frame may come out although nothing more is heard: a purchase
    /// leaves the period, or something that is known to come about does. A cut of R in days moves on with every instant.
    pub fn changes_by_itself_at(&self) -> Option<Timestamp> {
        let moves_on = matches!(self.frame.scheme.recency, Cut::Value(_)) && !self.recency.is_empty();
        if moves_on { self.moment.checked_add(SignedDuration::from_micros(1)).ok() } else { self.by_itself }
    }

    /// Everybody has been shown.
    pub fn finish(mut self) -> Frame {
        let tie = self.frame.scheme.tie_is_high;
        self.frame.population = i64::try_from(self.recency.len()).unwrap_or(i64::MAX);
        let recency = since_days(self.frame.scheme.recency, self.moment);
        self.frame.cuts = high_from(recency, tie, &mut self.recency)
            .zip(high_from(self.frame.scheme.frequency, tie, &mut self.frequency))
            .zip(high_from(self.frame.scheme.monetary, tie, &mut self.monetary))
            .map(|((recency_from, frequency_from), monetary_from)| Cuts {
                recency_from,
                frequency_from,
                monetary_from,
            });
        self.frame.shop_cycle = self.shop.median();
        let cycles = self.categories.into_iter();
        self.frame.category_cycles = cycles.filter_map(|(name, gaps)| Some((name, gaps.median()?))).collect();
        self.frame
    }
}

/// A cut of R that is a number of days is an instant so many days ago.
fn since_days(rule: Cut, moment: Timestamp) -> Cut {
    match rule {
        Cut::Value(days) => Cut::Value(moment.as_second().saturating_sub(days.saturating_mul(86_400))),
        Cut::Mean | Cut::Median | Cut::Quantile(_) => rule,
    }
}

/// A zone by its name.
mod zone_name {
    use jiff::tz::TimeZone;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(zone: &TimeZone, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(zone.iana_name().unwrap_or("UTC"))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<TimeZone, D::Error> {
        kernel::calendar::zone(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}
