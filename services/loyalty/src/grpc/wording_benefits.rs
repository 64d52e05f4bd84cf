//! Why a benefit does not apply, and what to look at before one is put, as a person reads it.
//!
//! The sentences themselves stand beside those of refusals, one for each and language.

use kernel::Currency;
use proto::common::v1::LocalizedMessage;
use proto::loyalty::v1::{BenefitIssue, BenefitObstacleKind};
use wire::Language;
use wire::messages::localized;

use super::wording_rewards::in_words;
use crate::benefit::checking::Obstacle;
use crate::benefit::terms::Issue;

/// Why, by its name on the wire.
pub(super) const fn obstacle(obstacle: &Obstacle) -> BenefitObstacleKind {
    match obstacle {
        Obstacle::NotYet { .. } => BenefitObstacleKind::NotYet,
        Obstacle::Over { .. } => BenefitObstacleKind::Over,
        Obstacle::NotMet { .. } => BenefitObstacleKind::ConditionNotMet,
        Obstacle::OtherCurrency => BenefitObstacleKind::OtherCurrency,
        Obstacle::NothingCounts => BenefitObstacleKind::NothingCounts,
        Obstacle::SavesNothing => BenefitObstacleKind::SavesNothing,
        Obstacle::Outbid => BenefitObstacleKind::Outbid,
        Obstacle::UsedUp => BenefitObstacleKind::UsedUp,
        Obstacle::MemberUsedUp => BenefitObstacleKind::MemberUsedUp,
    }
}

/// The same in a sentence.
pub(super) fn in_the_way(language: Language, why: &Obstacle) -> Option<LocalizedMessage> {
    let facts = match why {
        Obstacle::NotYet { from } => vec![("from", from.to_string())],
        Obstacle::Over { until } => vec![("until", until.to_string())],
        Obstacle::NotMet { needed, .. } => vec![("needed", in_words(needed))],
        Obstacle::OtherCurrency
        | Obstacle::NothingCounts
        | Obstacle::SavesNothing
        | Obstacle::Outbid
        | Obstacle::UsedUp
        | Obstacle::MemberUsedUp => Vec::new(),
    };
    localized(obstacle(why).as_str_name(), language, facts)
}

/// What to look at, by its name on the wire.
pub(super) const fn issue(issue: Issue) -> BenefitIssue {
    match issue {
        Issue::NormallySold { .. } => BenefitIssue::NormallySold,
        Issue::HiddenConditions => BenefitIssue::HiddenConditions,
        Issue::WorthNothing => BenefitIssue::WorthNothing,
    }
}

/// The same in a sentence. Amounts are in minor units.
pub(super) fn warned(language: Language, why: Issue, currency: Currency) -> Option<LocalizedMessage> {
    let facts = match why {
        Issue::NormallySold { forgone_minor } => {
            vec![("currency", currency.to_string()), ("forgone", forgone_minor.to_string())]
        }
        Issue::HiddenConditions | Issue::WorthNothing => Vec::new(),
    };
    localized(issue(why).as_str_name(), language, facts)
}
