//! Where a member stands at a moment, from their purchases alone, and when that changes by itself.

use jiff::{SignedDuration, Timestamp};

use super::cycle::{Cycle, estimate};
use super::frame::Frame;
use super::lifecycle::{Labels, Lifecycle, Windows, chosen, labels};
use super::purchase::Purchase;
use super::rfm::{Group, Letters, PeriodFigures, group, letters, period_figures};

/// Where a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// By recency, frequency and money.
    pub group: Group,
    /// By time.
    pub lifecycle: Lifecycle,
    /// All labels that match.
    pub labels: Labels,
}

impl Standing {
    /// Of somebody who has never bought.
    pub const PROSPECT: Self =
        Self { group: Group::Prospect, lifecycle: Lifecycle::Prospect, labels: Labels(1 << Lifecycle::Prospect as u8) };
}

/// A member's purchases as they stand at a moment, measured by the frame. It holds until a fact that is known to come
/// about later does.
#[derive(Debug)]
pub struct Look<'a> {
    /// The purchases that stand.
    pub purchases: Vec<&'a Purchase>,
    /// The member's cycle.
    pub cycle: Cycle,
    frame: &'a Frame,
    moment: Timestamp,
    leaving: Vec<(Timestamp, Timestamp)>,
}

impl<'a> Look<'a> {
    /// At a moment.
    pub fn at(purchases: &'a [Purchase], frame: &'a Frame, moment: Timestamp) -> Self {
        let purchases: Vec<&Purchase> = purchases.iter().filter(|one| one.stands_at(moment)).collect();
        let cycle = estimate(&purchases, frame);
        let leaving = purchases.iter().map(|one| (one.occurred_at, frame.leaves_period_at(one.occurred_at))).collect();
        Self { purchases, cycle, frame, moment, leaving }
    }

    /// Purchases by window.
    pub fn windows(&self, moment: Timestamp) -> Windows {
        let [one, three, six] = [1, 3, 6].map(|times| self.cycles(times));
        let mut windows = Windows::default();
        for purchase in &self.purchases {
            let ago = moment.duration_since(purchase.occurred_at);
            let count = match ago {
                ago if ago < one => &mut windows.within_one,
                ago if ago < three => &mut windows.within_three,
                ago if ago < six => &mut windows.within_six,
                _ => &mut windows.older,
            };
            *count += 1;
        }
        windows
    }

    /// What R, F and M are worked out from. Money is what was left of it when the look was taken.
    pub fn period_figures(&self, moment: Timestamp) -> Option<PeriodFigures> {
        let within = self.purchases.iter().zip(&self.leaving).filter(|(_, (_, leaves))| *leaves > moment);
        let money = |one: &Purchase| one.money_at(self.moment, self.frame.currency).unwrap_or(0);
        period_figures(within.map(|(one, _)| (one.occurred_at, money(one))))
    }

    /// How many purchases lie within so many days of 24 hours before a moment, and their money, by the rules of the
    /// period. A purchase exactly so long ago is no longer within.
    pub fn within_days(&self, days: i32, moment: Timestamp) -> (i64, i64) {
        let length = SignedDuration::from_hours(24 * i64::from(days));
        let within = self.purchases.iter().filter(|one| moment.duration_since(one.occurred_at) < length);
        within.fold((0, 0), |(count, sum), one| {
            let money = one.money_at(self.moment, self.frame.currency).unwrap_or(0);
            (count + 1, money.saturating_add(sum))
        })
    }

    /// The letters.
    pub fn letters(&self, moment: Timestamp) -> Letters {
        letters(self.period_figures(moment), self.frame.cuts)
    }

    /// Where the member stands at a moment, as long as no fact comes about.
    pub fn standing(&self, moment: Timestamp) -> Standing {
        let labels = labels(self.windows(moment));
        Standing {
            group: group(!self.purchases.is_empty(), self.period_figures(moment), self.frame.cuts),
            lifecycle: chosen(labels, self.frame.scheme.precedence),
            labels,
        }
    }

    /// All money of the member's life, and how many purchases of that currency there were.
    pub fn total(&self) -> (i64, i64) {
        let paid = self.purchases.iter().filter_map(|one| one.money_at(self.moment, self.frame.currency));
        paid.fold((0, 0), |(sum, count), money| (money.saturating_add(sum), count + 1))
    }

    /// The first and the last purchase.
    pub fn first_and_last(&self) -> Option<(Timestamp, Timestamp)> {
        let times = || self.purchases.iter().map(|one| one.occurred_at);
        times().min().zip(times().max())
    }

    /// The instants after a moment at which a purchase leaves a window, ascending.
    fn candidates(&self, after: Timestamp) -> Vec<Timestamp> {
        let windows = [1, 3, 6].map(|times| self.cycles(times));
        let mut all: Vec<Timestamp> = self
            .leaving
            .iter()
            .flat_map(|(bought, leaves)| {
                let ends = windows.map(|window| bought.checked_add(window).unwrap_or(Timestamp::MAX));
                ends.into_iter().chain([*leaves])
            })
            .filter(|candidate| *candidate > after && *candidate < Timestamp::MAX)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn cycles(&self, times: i64) -> SignedDuration {
        SignedDuration::from_secs(self.cycle.days.saturating_mul(86_400).saturating_mul(times))
    }
}

/// Where a member stands at a moment.
pub fn standing_at(purchases: &[Purchase], frame: &Frame, moment: Timestamp) -> Standing {
    Look::at(purchases, frame, moment).standing(moment)
}

/// The first instant after a moment at which a member stands elsewhere than `now` by itself, and where.
pub fn next_change(
    purchases: &[Purchase],
    frame: &Frame,
    after: Timestamp,
    now: Standing,
) -> Option<(Timestamp, Standing)> {
    let mut from = after;
    loop {
        let look = Look::at(purchases, frame, from);
        let fact = purchases.iter().filter_map(|purchase| purchase.next_fact_after(from)).min();
        let before_the_fact = |candidate: &Timestamp| fact.is_none_or(|fact| *candidate < fact);
        let found = look
            .candidates(from)
            .into_iter()
            .take_while(before_the_fact)
            .map(|candidate| (candidate, look.standing(candidate)))
            .find(|(_, standing)| *standing != now);
        if found.is_some() {
            return found;
        }
        from = fact?;
        let standing = standing_at(purchases, frame, from);
        if standing != now {
            return Some((from, standing));
        }
    }
}
