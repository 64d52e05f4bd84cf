//! How often a member buys: the median of the days between days of purchase.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::rounding::share;
use kernel::{Rounding, calendar};

use super::frame::Frame;
use super::purchase::Purchase;

/// Gaps by how many days they are. Several purchases of one day are one occasion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps(BTreeMap<i64, u64>);

impl Gaps {
    /// Adds the gaps between days.
    pub fn add(&mut self, mut days: Vec<Date>) {
        days.sort_unstable();
        days.dedup();
        for pair in days.windows(2) {
            let gap = pair[0].duration_until(pair[1]).as_hours() / 24;
            *self.0.entry(gap).or_default() += 1;
        }
    }

    /// The median in whole days, half-even, at least one; none without gaps.
    pub fn median(&self) -> Option<i64> {
        let count: u64 = self.0.values().sum();
        let (low, high) = (self.nth(count.checked_sub(1)? / 2)?, self.nth(count / 2)?);
        Some(share(low.saturating_add(high), 1, 2, Rounding::HalfEven)?.max(1))
    }

    /// The mean in whole days, half-even; none without gaps.
    pub fn mean(&self) -> Option<i64> {
        let count: u64 = self.0.values().sum();
        let sum = self.0.iter().map(|(gap, times)| i128::from(*gap) * i128::from(*times)).sum();
        super::cut::half_even(sum, i128::from(count))
    }

    fn nth(&self, place: u64) -> Option<i64> {
        let mut seen = 0;
        self.0
            .iter()
            .find(|(_, times)| {
                seen += **times;
                seen > place
            })
            .map(|(gap, _)| *gap)
    }
}

/// A member's cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// Days of 24 hours.
    pub days: i64,
    /// Where it comes from.
    pub source: CycleSource,
    /// The category, where it comes from one.
    pub category: Option<String>,
}

/// Where a cycle comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CycleSource {
    /// The member's own purchases.
    Own,
    /// All members' purchases of the category they buy most.
    Category,
    /// All members' purchases.
    Shop,
    /// The scheme.
    Default,
}

/// The days of some purchases in a zone.
pub fn days_of<'a>(purchases: impl Iterator<Item = &'a Purchase>, zone: &TimeZone) -> Vec<Date> {
    purchases.map(|purchase| calendar::day_of(purchase.occurred_at, zone)).collect()
}

/// The cycle to measure a member by: their own where enough is known, else that of their most bought category, else the
/// shop's, else the scheme's. The purchases are those that stand.
pub fn estimate(purchases: &[&Purchase], frame: &Frame) -> Cycle {
    let enough = usize::try_from(frame.scheme.own_cycle_purchases).unwrap_or(usize::MAX);
    if purchases.len() >= enough {
        let mut gaps = Gaps::default();
        gaps.add(days_of(purchases.iter().copied(), &frame.zone));
        if let Some(days) = gaps.median() {
            return Cycle { days, source: CycleSource::Own, category: None };
        }
    }
    let favourite = most_bought(purchases);
    if let Some((category, days)) = favourite.and_then(|name| frame.category_cycles.get_key_value(name)) {
        return Cycle { days: *days, source: CycleSource::Category, category: Some(category.clone()) };
    }
    match frame.shop_cycle {
        Some(days) => Cycle { days, source: CycleSource::Shop, category: None },
        None => {
            Cycle { days: i64::from(frame.scheme.default_cycle_days), source: CycleSource::Default, category: None }
        }
    }
}

/// The category that most purchases contain; of several, the one bought last, then the first by name.
fn most_bought<'a>(purchases: &[&'a Purchase]) -> Option<&'a str> {
    let mut found: BTreeMap<&str, (usize, Timestamp)> = BTreeMap::new();
    for purchase in purchases {
        for name in category_names(purchase) {
            let (count, last) = found.entry(name).or_insert((0, Timestamp::MIN));
            *count += 1;
            *last = (*last).max(purchase.occurred_at);
        }
    }
    // Of equals, max_by_key answers the last: names go backwards so that it is the first by name.
    found.into_iter().rev().max_by_key(|(_, score)| *score).map(|(name, _)| name)
}

/// The named categories of a purchase, each once.
pub fn category_names(purchase: &Purchase) -> impl Iterator<Item = &str> {
    purchase.categories.iter().map(|part| part.name.as_str()).filter(|name| !name.is_empty())
}
