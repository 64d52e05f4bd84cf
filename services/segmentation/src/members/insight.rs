//! Everything that is told about one member, worked out from their purchases and a frame.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{Currency, MemberId};

use super::cut::half_even;
use super::cycle::{Cycle, Gaps, category_names, days_of};
use super::decision::{Decision, of_group, of_lifecycle};
use super::evaluation::{Look, Standing, next_change};
use super::frame::{Cuts, Frame};
use super::lifecycle::Windows;
use super::person::Person;
use super::rfm::Letters;
use super::value::{LifetimeValue, lifetime_value};

/// Beside the period of the scheme, these last days are looked at.
pub(super) const WINDOW_DAYS: [i32; 3] = [30, 90, 365];

/// What a member bought in the last days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// So many days of 24 hours.
    pub days: i32,
    /// Purchases.
    pub purchases: i64,
    /// Money.
    pub total_minor: i64,
}

/// What a member did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// The first purchase and the last.
    pub first_and_last: Option<(Timestamp, Timestamp)>,
    /// Purchases of their whole life.
    pub purchases: i64,
    /// Money of their whole life.
    pub total_minor: i64,
    /// By purchase of the currency that counts.
    pub average_minor: i64,
    /// Purchases in the period.
    pub period_purchases: i64,
    /// Money in the period.
    pub period_minor: i64,
    /// What they bought in the last days, the shortest window first.
    pub windows: [Window; 3],
    /// Purchases by channel.
    pub channels: BTreeMap<String, i64>,
    /// Purchases by category.
    pub categories: BTreeMap<String, i64>,
    /// Mean days between days of purchase.
    pub mean_gap_days: Option<i64>,
    /// Whole days since the last purchase.
    pub days_since_last: Option<i64>,
}

/// Everything about a member at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// Who.
    pub member: MemberId,
    /// The moment.
    pub as_of: Timestamp,
    /// When they joined.
    pub joined_at: Option<Timestamp>,
    /// What counts as money.
    pub currency: Option<Currency>,
    /// What they did.
    pub features: Features,
    /// High or low.
    pub letters: Letters,
    /// What the letters were compared with.
    pub cuts: Option<Cuts>,
    /// Where they stand.
    pub standing: Standing,
    /// Since when in the group.
    pub group_since: Option<Timestamp>,
    /// Since when in the lifecycle.
    pub lifecycle_since: Option<Timestamp>,
    /// Purchases by window.
    pub windows: Windows,
    /// Whether their only purchase is their first ever.
    pub first_ever: bool,
    /// What changes by itself next.
    pub next: Option<(Timestamp, Standing)>,
    /// Why the group.
    pub group_decision: Decision,
    /// Why the lifecycle.
    pub lifecycle_decision: Decision,
    /// How often they buy.
    pub cycle: Cycle,
    /// What they are worth.
    pub value: LifetimeValue,
    /// The snapshot they are compared with.
    pub snapshot: i64,
}

/// Everything about a member at a moment, under a frame.
pub fn insight(person: &Person, frame: &Frame, snapshot: i64, moment: Timestamp) -> Insight {
    let look = Look::at(&person.purchases, frame, moment);
    let standing = look.standing(moment);
    let next = next_change(&person.purchases, frame, moment, standing);
    let value = look
        .first_and_last()
        .map(|(first, _)| lifetime_value(look.total().0, first, moment, frame.scheme.ltv_least_weeks));
    Insight {
        member: person.member,
        as_of: moment,
        joined_at: person.joined_at,
        currency: frame.currency,
        features: features(&look, frame, moment),
        letters: look.letters(moment),
        cuts: frame.cuts,
        standing,
        group_since: person.group_since.or(person.joined_at),
        lifecycle_since: person.lifecycle_since.or(person.joined_at),
        windows: look.windows(moment),
        first_ever: look.purchases.len() == 1,
        next,
        group_decision: of_group(&look, frame, moment),
        lifecycle_decision: of_lifecycle(&look, frame, moment, next),
        value: value.unwrap_or_default(),
        snapshot,
        cycle: look.cycle,
    }
}

fn features(look: &Look<'_>, frame: &Frame, moment: Timestamp) -> Features {
    let mut features = Features { first_and_last: look.first_and_last(), ..Features::default() };
    let (total_minor, paid) = look.total();
    features.purchases = i64::try_from(look.purchases.len()).unwrap_or(i64::MAX);
    features.total_minor = total_minor;
    features.average_minor = half_even(i128::from(total_minor), i128::from(paid)).unwrap_or(0);
    if let Some(figures) = look.period_figures(moment) {
        features.period_purchases = figures.purchases;
        features.period_minor = figures.total_minor;
    }
    features.windows = WINDOW_DAYS.map(|days| {
        let (purchases, total_minor) = look.within_days(days, moment);
        Window { days, purchases, total_minor }
    });
    for purchase in &look.purchases {
        *features.channels.entry(purchase.channel.clone()).or_default() += 1;
        for name in category_names(purchase) {
            *features.categories.entry(name.to_owned()).or_default() += 1;
        }
    }
    let mut gaps = Gaps::default();
    gaps.add(days_of(look.purchases.iter().copied(), &frame.zone));
    features.mean_gap_days = gaps.mean();
    features.days_since_last = look.first_and_last().map(|(_, last)| moment.duration_since(last).as_hours() / 24);
    features
}
