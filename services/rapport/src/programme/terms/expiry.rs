//! How long points keep, as a file says it.

use proto::loyalty::v1 as wire;
use proto::loyalty::v1::expiry_policy::Policy;
use serde::{Deserialize, Serialize};

/// How long points keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expiry {
    /// For ever.
    #[default]
    Never,
    /// So long after they were earned.
    After {
        /// Whole months.
        #[serde(default)]
        months: i32,
        /// Days on top.
        #[serde(default)]
        days: i32,
        /// Up to the end of the month.
        #[serde(default)]
        to_month_end: bool,
    },
    /// So long after the member last earned or spent.
    Inactivity {
        /// Whole months.
        #[serde(default)]
        months: i32,
        /// Days on top.
        #[serde(default)]
        days: i32,
    },
    /// Until the end of a calendar year.
    PeriodEnd {
        /// The month the year ends with.
        #[serde(default)]
        last_month: i32,
        /// Whole years on top.
        #[serde(default)]
        years_after: i32,
    },
}

impl From<Expiry> for wire::ExpiryPolicy {
    fn from(expiry: Expiry) -> Self {
        let policy = match expiry {
            Expiry::Never => Policy::Never(wire::NeverLapse {}),
            Expiry::After { months, days, to_month_end } => {
                Policy::After(wire::LapseAfter { months, days, to_month_end })
            }
            Expiry::Inactivity { months, days } => Policy::Inactivity(wire::LapseAfterInactivity { months, days }),
            Expiry::PeriodEnd { last_month, years_after } => {
                Policy::PeriodEnd(wire::LapseAtPeriodEnd { last_month, years_after })
            }
        };
        Self { policy: Some(policy) }
    }
}

impl From<Option<wire::ExpiryPolicy>> for Expiry {
    fn from(expiry: Option<wire::ExpiryPolicy>) -> Self {
        match expiry.and_then(|expiry| expiry.policy) {
            None | Some(Policy::Never(_)) => Self::Never,
            Some(Policy::After(after)) => {
                Self::After { months: after.months, days: after.days, to_month_end: after.to_month_end }
            }
            Some(Policy::Inactivity(kept)) => Self::Inactivity { months: kept.months, days: kept.days },
            Some(Policy::PeriodEnd(end)) => {
                Self::PeriodEnd { last_month: end.last_month, years_after: end.years_after }
            }
        }
    }
}
