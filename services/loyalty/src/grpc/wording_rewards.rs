//! What keeps a member from a reward, as a person reads it.
//!
//! The sentences themselves stand beside those of refusals, one for each and language.

use proto::common::v1::LocalizedMessage;
use proto::loyalty::v1::{FactNeeded, RewardObstacleKind};
use wire::Language;
use wire::messages::localized;

use crate::audience::facts::Needed;
use crate::reward::judging::Obstacle;

/// What stands in the way, by its name on the wire.
pub(super) const fn obstacle(obstacle: &Obstacle) -> RewardObstacleKind {
    match obstacle {
        Obstacle::NotYet { .. } => RewardObstacleKind::NotYet,
        Obstacle::Over { .. } => RewardObstacleKind::Over,
        Obstacle::LimitReached { .. } => RewardObstacleKind::LimitReached,
        Obstacle::NotForMember { .. } => RewardObstacleKind::NotForMember,
        Obstacle::OutOfStock { .. } => RewardObstacleKind::OutOfStock,
        Obstacle::PointsMissing { .. } => RewardObstacleKind::PointsMissing,
    }
}

/// The same in a sentence.
pub(super) fn in_the_way(language: Language, why: &Obstacle) -> Option<LocalizedMessage> {
    let facts = match why {
        Obstacle::NotYet { from } => vec![("from", from.to_string())],
        Obstacle::Over { until } => vec![("until", until.to_string())],
        Obstacle::LimitReached { claimed, most } => {
            vec![("claimed", claimed.to_string()), ("most", most.to_string())]
        }
        Obstacle::NotForMember { needed } => vec![("needed", in_words(needed))],
        Obstacle::OutOfStock { stock } => vec![("stock", stock.to_string())],
        Obstacle::PointsMissing { asked, spendable, .. } => {
            vec![("missing", asked.saturating_sub(*spendable).to_string())]
        }
    };
    localized(obstacle(why).as_str_name(), language, facts)
}

/// What facts would have to be: `member.tier: silver -> gold`.
pub(super) fn in_words(needed: &[Needed]) -> String {
    let said = |one: &Needed| match (one.found.as_str(), one.needed.as_str()) {
        ("", "") => one.fact.clone(),
        (found, "") => format!("{}: {found}", one.fact),
        (found, needed) => format!("{}: {found} -> {needed}", one.fact),
    };
    needed.iter().map(said).collect::<Vec<_>>().join("; ")
}

/// What facts would have to be, one by one.
pub(super) fn needs(needed: Vec<Needed>) -> Vec<FactNeeded> {
    let told = |one: Needed| FactNeeded { fact: one.fact, found: one.found, needed: one.needed, more: one.more };
    needed.into_iter().map(told).collect()
}
