//! Tiers as people write them into a file, and as the wire carries them.

use proto::loyalty::v1 as wire;
use proto::loyalty::v1::qualification_window::Window;
use serde::{Deserialize, Serialize};

use super::Demotion;
use crate::client::CliError;

/// Tiers and how they are reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// ISO 4217 of the thresholds.
    pub currency: String,
    /// Over which time spending counts.
    pub window: Counted,
    /// Months a tier is kept before it is reviewed.
    #[serde(default)]
    pub term_months: i32,
    /// What a review may do.
    #[serde(default)]
    pub demotion: Demotion,
    /// From the lowest to the highest.
    pub tiers: Vec<Tier>,
}

/// Over which time spending counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The last so many months.
    RollingMonths(i32),
    /// The calendar year.
    CalendarYear,
    /// Everything.
    SinceJoining,
}

/// One tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Lower case letters, digits, hyphens.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// To be reached within the window.
    pub enter_minor: i64,
    /// To be kept; what is to be reached where not said.
    #[serde(default)]
    pub keep_minor: i64,
    /// Points are multiplied by so many hundredths; 100 where not said.
    #[serde(default)]
    pub multiplier_percent: i32,
}

impl From<Ladder> for wire::TierLadder {
    fn from(ladder: Ladder) -> Self {
        let window = match ladder.window {
            Counted::RollingMonths(months) => Window::RollingMonths(months),
            Counted::CalendarYear => Window::CalendarYear(wire::CalendarYear {}),
            Counted::SinceJoining => Window::SinceJoining(wire::SinceJoining {}),
        };
        Self {
            tiers: ladder.tiers.into_iter().map(Into::into).collect(),
            window: Some(wire::QualificationWindow { window: Some(window) }),
            term_months: ladder.term_months,
            demotion: ladder.demotion.into(),
            currency_code: ladder.currency,
        }
    }
}

impl From<Tier> for wire::Tier {
    fn from(tier: Tier) -> Self {
        let Tier { code, display_name, enter_minor, keep_minor, multiplier_percent } = tier;
        Self { code, display_name, enter_minor, keep_minor, multiplier_percent }
    }
}

pub(super) fn ladder(ladder: wire::TierLadder) -> Result<Ladder, CliError> {
    let window = match ladder.window.and_then(|window| window.window) {
        Some(Window::RollingMonths(months)) => Counted::RollingMonths(months),
        Some(Window::CalendarYear(_)) => Counted::CalendarYear,
        Some(Window::SinceJoining(_)) => Counted::SinceJoining,
        None => return Err(CliError::odd("the suite gave a ladder without a window")),
    };
    let tier = |tier: wire::Tier| {
        let wire::Tier { code, display_name, enter_minor, keep_minor, multiplier_percent } = tier;
        Tier { code, display_name, enter_minor, keep_minor, multiplier_percent }
    };
    Ok(Ladder {
        currency: ladder.currency_code,
        window,
        term_months: ladder.term_months,
        demotion: Demotion::of(ladder.demotion),
        tiers: ladder.tiers.into_iter().map(tier).collect(),
    })
}
