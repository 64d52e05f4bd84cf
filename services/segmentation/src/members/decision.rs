//! Why a member stands where they stand, told by what decided it.

use jiff::Timestamp;

use super::evaluation::{Look, Standing};
use super::frame::Frame;
use super::lifecycle::{Windows, chosen, labels};
use super::rfm::{Group, Letters};

/// The grounds of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// In one word: a group or a label.
    pub outcome: &'static str,
    /// The version of the scheme that decided.
    pub version: i32,
    /// The moment it speaks about.
    pub decided_for: Timestamp,
    /// The facts used, and what they were compared with.
    pub facts: Vec<(&'static str, String)>,
    /// The steps from facts to outcome: what was applied, how, and whether it holds.
    pub steps: Vec<(&'static str, String, bool)>,
    /// The smallest change that would have altered the outcome: the fact, by how much, the outcome then.
    pub flip: Option<(&'static str, i64, &'static str)>,
}

/// Why the group.
pub fn of_group(look: &Look<'_>, frame: &Frame, moment: Timestamp) -> Decision {
    let standing = look.standing(moment);
    let figures = look.period_figures(moment);
    let mut facts = vec![
        ("rfm_period_months", frame.scheme.rfm_period_months.to_string()),
        ("purchases", look.purchases.len().to_string()),
    ];
    facts.push(("period_purchases", figures.map_or(0, |figures| figures.purchases).to_string()));
    if let Some(figures) = figures {
        facts.push(("last_purchase_second", figures.last_second.to_string()));
        facts.push(("period_minor", figures.total_minor.to_string()));
    }
    if let Some(currency) = frame.currency {
        facts.push(("currency", currency.to_string()));
    }
    let mut steps = Vec::new();
    if let (Some(figures), Some(cuts)) = (figures, frame.cuts) {
        facts.push(("recency_from_second", cuts.recency_from.to_string()));
        facts.push(("frequency_from", cuts.frequency_from.to_string()));
        facts.push(("monetary_from_minor", cuts.monetary_from.to_string()));
        let letters = look.letters(moment);
        let scheme = &frame.scheme;
        let compared = |name: &str, rule: String| format!("{name} compared with the cut by {rule}");
        steps.push(("R", compared("the last purchase", scheme.recency.to_string()), letters.recency));
        steps.push(("F", compared("purchases in the period", scheme.frequency.to_string()), letters.frequency));
        steps.push(("M", compared("money in the period", scheme.monetary.to_string()), letters.monetary));
        debug_assert!(figures.purchases > 0, "who has figures has bought");
    } else {
        steps.push(("period", "a purchase in the period".to_owned(), figures.is_some()));
    }
    let flip = group_flip(look, frame, standing.group, moment);
    Decision { outcome: standing.group.name(), version: frame.version, decided_for: moment, facts, steps, flip }
}

/// So many purchases more or fewer, at the same money, and the group would be another.
fn group_flip(
    look: &Look<'_>,
    frame: &Frame,
    group: Group,
    moment: Timestamp,
) -> Option<(&'static str, i64, &'static str)> {
    let cuts = frame.cuts?;
    let Some(figures) = look.period_figures(moment) else {
        // A purchase now is as recent as can be.
        let first = Letters { recency: true, frequency: 1 >= cuts.frequency_from, monetary: 0 >= cuts.monetary_from };
        return Some(("period_purchases", 1, first.group().name()));
    };
    let letters = look.letters(moment);
    let change = match letters.frequency {
        true => cuts.frequency_from.saturating_sub(1).saturating_sub(figures.purchases),
        false => cuts.frequency_from.saturating_sub(figures.purchases),
    };
    let then = match figures.purchases.saturating_add(change) > 0 {
        true => Letters { frequency: !letters.frequency, ..letters }.group(),
        false => Group::Dormant,
    };
    (then != group).then(|| ("period_purchases", change, then.name()))
}

/// Why the label.
pub fn of_lifecycle(
    look: &Look<'_>,
    frame: &Frame,
    moment: Timestamp,
    next: Option<(Timestamp, Standing)>,
) -> Decision {
    let standing = look.standing(moment);
    let windows = look.windows(moment);
    let facts = vec![
        ("cycle_days", look.cycle.days.to_string()),
        ("within_one_cycle", windows.within_one.to_string()),
        ("within_three_cycles", (windows.within_one + windows.within_three).to_string()),
        ("within_three_to_six_cycles", windows.within_six.to_string()),
        ("older", windows.older.to_string()),
    ];
    let steps = standing
        .labels
        .all()
        .map(|label| {
            let detail = if label == standing.lifecycle { "matches, and is chosen" } else { "matches" };
            (label.name(), detail.to_owned(), label == standing.lifecycle)
        })
        .collect();
    let with_one_more = Windows { within_one: windows.within_one + 1, ..windows };
    let bought_again = chosen(labels(with_one_more), frame.scheme.precedence);
    let flip = if bought_again == standing.lifecycle {
        let later = next.filter(|(_, then)| then.lifecycle != standing.lifecycle);
        later.map(|(at, then)| ("days", days_until(moment, at), then.lifecycle.name()))
    } else {
        Some(("purchases", 1, bought_again.name()))
    };
    Decision { outcome: standing.lifecycle.name(), version: frame.version, decided_for: moment, facts, steps, flip }
}

/// Days of 24 hours until an instant, the last one begun counted whole.
fn days_until(moment: Timestamp, at: Timestamp) -> i64 {
    let seconds = at.as_second().saturating_sub(moment.as_second());
    seconds.saturating_add(86_399).div_euclid(86_400)
}
