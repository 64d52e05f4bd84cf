//! What a scheme says.

use kernel::Currency;
use serde::{Deserialize, Serialize};

/// By what members are divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scheme {
    /// How far R, F and M look back.
    pub rfm_period_months: i32,
    /// The cut of R; a value is in days.
    pub recency: Cut,
    /// The cut of F; a value is in purchases.
    pub frequency: Cut,
    /// The cut of M; a value is in minor units.
    pub monetary: Cut,
    /// Whether a value equal to the cut is high.
    pub tie_is_high: bool,
    /// Which label is chosen where several match.
    pub precedence: Precedence,
    /// Purchases that must be known before a member's own cycle is used.
    pub own_cycle_purchases: i32,
    /// The cycle where nobody has bought twice.
    pub default_cycle_days: i32,
    /// How long a member is taken to be observed at least.
    pub ltv_least_weeks: i32,
    /// What counts as money; the tenant's currency where it is none.
    pub currency: Option<Currency>,
}

impl Default for Scheme {
    fn default() -> Self {
        Self {
            rfm_period_months: 12,
            recency: Cut::Median,
            frequency: Cut::Median,
            monetary: Cut::Median,
            tie_is_high: true,
            precedence: Precedence::NewActiveFirst,
            own_cycle_purchases: 4,
            default_cycle_days: 30,
            ltv_least_weeks: 4,
            currency: None,
        }
    }
}

/// How a letter is divided into high and low.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cut {
    /// Fixed.
    Value(i64),
    /// At the mean.
    Mean,
    /// At the median.
    #[default]
    Median,
    /// At the least value that so many per mille do not exceed.
    Quantile(i32),
}

impl std::fmt::Display for Cut {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(value) => write!(out, "value {value}"),
            Self::Mean => out.write_str("mean"),
            Self::Median => out.write_str("median"),
            Self::Quantile(permille) => write!(out, "quantile {permille}"),
        }
    }
}

/// Which label is chosen where several match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precedence {
    /// New or active, then sleeping or lost.
    #[default]
    NewActiveFirst,
    /// Sleeping or lost, then new or active.
    SleepingLostFirst,
}
