//! Whether members may pass points on, as people write it into a file, and as the wire carries it.

use proto::loyalty::v1 as wire;
use serde::{Deserialize, Serialize};

/// To whom points may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// To every member.
    Anybody,
}

impl From<Allowed> for wire::TransferScope {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Anybody => Self::Anybody,
        }
    }
}

impl From<wire::TransferScope> for Allowed {
    fn from(scope: wire::TransferScope) -> Self {
        match scope {
            wire::TransferScope::Unspecified | wire::TransferScope::Anybody => Self::Anybody,
        }
    }
}

/// How members may pass points on. What is left out, or zero, is no limit and no fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfers {
    /// To whom.
    pub allowed: Allowed,
    /// So many points vanish with each.
    #[serde(default)]
    pub fee_points: i64,
    /// So many hundredths of a percent of what goes vanish beside it.
    #[serde(default)]
    pub fee_basis_points: i32,
    /// How many go at once at least.
    #[serde(default)]
    pub least_points: i64,
    /// How many go at once at most.
    #[serde(default)]
    pub most_points: i64,
    /// How many a member passes on at most in a calendar day.
    #[serde(default)]
    pub most_points_day: i64,
    /// In a calendar month.
    #[serde(default)]
    pub most_points_month: i64,
    /// In a calendar year.
    #[serde(default)]
    pub most_points_year: i64,
    /// Points go only if they keep so many whole days after today.
    #[serde(default)]
    pub least_days_left: i32,
}

impl From<Transfers> for wire::TransferPolicy {
    fn from(policy: Transfers) -> Self {
        Self {
            allowed: wire::TransferScope::from(policy.allowed).into(),
            fee_points: policy.fee_points,
            fee_basis_points: policy.fee_basis_points,
            least_points: policy.least_points,
            most_points: policy.most_points,
            most_points_day: policy.most_points_day,
            most_points_month: policy.most_points_month,
            most_points_year: policy.most_points_year,
            least_days_left: policy.least_days_left,
        }
    }
}

impl From<wire::TransferPolicy> for Transfers {
    fn from(policy: wire::TransferPolicy) -> Self {
        Self {
            allowed: policy.allowed().into(),
            fee_points: policy.fee_points,
            fee_basis_points: policy.fee_basis_points,
            least_points: policy.least_points,
            most_points: policy.most_points,
            most_points_day: policy.most_points_day,
            most_points_month: policy.most_points_month,
            most_points_year: policy.most_points_year,
            least_days_left: policy.least_days_left,
        }
    }
}
