//! What to beware of in a draft, as a person reads it. The sentences stand beside those of refusals.

use proto::loyalty::v1::{PlanningWarning, PlanningWarningKind};
use wire::Language;
use wire::messages::localized;

use crate::planning::warning::Warning;

/// What to beware of, in figures and in a sentence.
pub(super) fn warning(language: Language, warning: &Warning) -> PlanningWarning {
    let nothing = String::new;
    let (kind, tier, observed, threshold) = match warning {
        Warning::PointsRace { percent } => (PlanningWarningKind::PointsRace, nothing(), *percent, 100),
        Warning::LiabilityOutgrowsRevenue { balance, revenue } => {
            (PlanningWarningKind::LiabilityOutgrowsRevenue, nothing(), *balance, *revenue)
        }
        Warning::TierOutOfReach { tier, members } => (PlanningWarningKind::TierOutOfReach, tier.clone(), 0, *members),
        Warning::TierForEverybody { tier, permille } => {
            (PlanningWarningKind::TierForEverybody, tier.clone(), *permille, 800)
        }
        Warning::MoreLoseThanGain { losing, gaining } => {
            (PlanningWarningKind::MoreLoseThanGain, nothing(), *losing, *gaining)
        }
        Warning::SpendingNotCovered { points } => (PlanningWarningKind::SpendingNotCovered, nothing(), *points, 0),
        Warning::HistoryIncomplete { orders } => (PlanningWarningKind::HistoryIncomplete, nothing(), *orders, 0),
        Warning::PointsNeverLapse { points } => (PlanningWarningKind::PointsNeverLapse, nothing(), *points, 0),
    };
    let facts = vec![
        ("tier", tier.clone()),
        ("observed", observed.to_string()),
        ("threshold", threshold.to_string()),
        ("observed_percent", tenths(observed)),
        ("threshold_percent", tenths(threshold)),
    ];
    let message = localized(kind.as_str_name(), language, facts);
    PlanningWarning { kind: kind.into(), message, tier, observed, threshold }
}

/// Thousandths as percent with one digit: 1,234 is 123.4.
fn tenths(thousandths: i64) -> String {
    let sign = if thousandths < 0 { "-" } else { "" };
    let magnitude = thousandths.unsigned_abs();
    let (whole, part) = (magnitude.checked_div(10).unwrap_or(0), magnitude.checked_rem(10).unwrap_or(0));
    format!("{sign}{whole}.{part}")
}
