//! What stands in the way of a coupon, and what members may feel tricked by, as a person reads it.
//!
//! The sentences themselves stand beside those of refusals, one for each and language.

use kernel::Currency;
use proto::common::v1::LocalizedMessage;
use proto::loyalty::v1::{CouponObstacleKind, FairnessIssue};
use wire::Language;
use wire::messages::localized;

use crate::campaign::fairness::Issue;
use crate::reservation::applying::Obstacle;

/// What stands in the way, by its name on the wire.
pub(super) const fn obstacle(obstacle: &Obstacle) -> CouponObstacleKind {
    match obstacle {
        Obstacle::Unknown => CouponObstacleKind::Unknown,
        Obstacle::Mistyped => CouponObstacleKind::Mistyped,
        Obstacle::NotFree => CouponObstacleKind::NotFree,
        Obstacle::NotYet { .. } => CouponObstacleKind::NotYet,
        Obstacle::Over { .. } => CouponObstacleKind::Over,
        Obstacle::ExcludedDay => CouponObstacleKind::ExcludedDay,
        Obstacle::OtherCurrency => CouponObstacleKind::OtherCurrency,
        Obstacle::NothingCounts => CouponObstacleKind::NothingCounts,
        Obstacle::MinimumNotMet { .. } => CouponObstacleKind::MinimumNotMet,
        Obstacle::SavesNothing => CouponObstacleKind::SavesNothing,
        Obstacle::UsedUp => CouponObstacleKind::UsedUp,
        Obstacle::BudgetSpent => CouponObstacleKind::BudgetSpent,
        Obstacle::MemberUsedUp => CouponObstacleKind::MemberUsedUp,
    }
}

/// What is missing to the minimum.
pub(super) const fn missing(obstacle: &Obstacle) -> i64 {
    match obstacle {
        Obstacle::MinimumNotMet { missing_minor } => *missing_minor,
        Obstacle::Unknown
        | Obstacle::Mistyped
        | Obstacle::NotFree
        | Obstacle::NotYet { .. }
        | Obstacle::Over { .. }
        | Obstacle::ExcludedDay
        | Obstacle::OtherCurrency
        | Obstacle::NothingCounts
        | Obstacle::SavesNothing
        | Obstacle::UsedUp
        | Obstacle::BudgetSpent
        | Obstacle::MemberUsedUp => 0,
    }
}

/// What stands in the way, in a sentence. Amounts have so many digits after the point.
pub(super) fn in_the_way(
    language: Language,
    why: &Obstacle,
    (currency, digits): (Currency, u32),
) -> Option<LocalizedMessage> {
    let mut facts = vec![("currency", currency.to_string()), ("missing", amount(missing(why), digits))];
    match why {
        Obstacle::NotYet { from } => facts.push(("from", from.to_string())),
        Obstacle::Over { until } => facts.push(("until", until.to_string())),
        Obstacle::Unknown
        | Obstacle::Mistyped
        | Obstacle::NotFree
        | Obstacle::ExcludedDay
        | Obstacle::OtherCurrency
        | Obstacle::NothingCounts
        | Obstacle::MinimumNotMet { .. }
        | Obstacle::SavesNothing
        | Obstacle::UsedUp
        | Obstacle::BudgetSpent
        | Obstacle::MemberUsedUp => {}
    }
    localized(obstacle(why).as_str_name(), language, facts)
}

/// An amount as people write it: 2050 with two digits is 20.50.
fn amount(minor: i64, digits: u32) -> String {
    let digits = usize::try_from(digits).unwrap_or(0);
    let text = format!("{minor:0>width$}", width = digits.saturating_add(1));
    match text.split_at_checked(text.len().saturating_sub(digits)) {
        Some((whole, part)) if !part.is_empty() => format!("{whole}.{part}"),
        Some(_) | None => text,
    }
}

/// What members may feel tricked by, by its name on the wire.
pub(super) const fn issue(issue: &Issue) -> FairnessIssue {
    match issue {
        Issue::HiddenConditions => FairnessIssue::HiddenConditions,
        Issue::NextTimeOnly { .. } => FairnessIssue::NextTimeOnly,
        Issue::ExcludesDays { .. } => FairnessIssue::ExcludesDays,
        Issue::MinimumSeldomMet { .. } => FairnessIssue::MinimumSeldomMet,
        Issue::ShorterThanCycle { .. } => FairnessIssue::ShorterThanCycle,
    }
}

/// The same in a sentence.
pub(super) fn warned(language: Language, why: &Issue) -> Option<LocalizedMessage> {
    let facts = match why {
        Issue::HiddenConditions => Vec::new(),
        Issue::NextTimeOnly { days } => vec![("days", days.to_string())],
        Issue::ExcludesDays { weekdays, dates } => {
            vec![("weekdays", weekdays.to_string()), ("dates", dates.to_string())]
        }
        Issue::MinimumSeldomMet { baskets, meet } => {
            vec![("baskets", baskets.to_string()), ("meet", meet.to_string())]
        }
        Issue::ShorterThanCycle { days, cycle_days, .. } => {
            vec![("days", days.to_string()), ("cycle_days", cycle_days.to_string())]
        }
    };
    localized(issue(why).as_str_name(), language, facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        let table = [(20, 0, "20"), (2_050, 2, "20.50"), (5, 2, "0.05"), (0, 0, "0"), (100, 3, "0.100")];
        for (minor, digits, expected) in table {
            assert_eq!(amount(minor, digits), expected);
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let gbp = Currency::parse("GBP").expect("listed");
        let why = Obstacle::MinimumNotMet { missing_minor: 2_000 };
        let told = in_the_way(Language::En, &why, (gbp, 2)).expect("it has a sentence").message;
        assert_eq!(told, "GBP 20.00 more and it applies.");
    }
}
