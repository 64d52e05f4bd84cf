//! The ladders of a programme: what counts on them, over which time, and how tiers are reached, kept and lost.

use kernel::Currency;
use serde::{Deserialize, Serialize};

/// The code of a ladder that was given none.
pub const MAIN: &str = "main";

/// The tiers and how they are reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ladder {
    /// Members stand on it by this code, whatever else of it changes.
    #[serde(default = "main")]
    pub code: String,
    /// From the lowest to the highest.
    pub tiers: Vec<Tier>,
    /// What counts.
    #[serde(default)]
    pub metric: Metric,
    /// Over which time it counts.
    pub window: Window,
    /// How long a tier is kept before it is reviewed.
    pub term_months: i32,
    /// What happens to who no longer meets the threshold.
    pub demotion: Demotion,
    /// Of the thresholds, where money counts.
    pub currency: Option<Currency>,
    /// What exceeds the threshold at a promotion counts for the term that begins with it.
    #[serde(default)]
    pub carry_over: bool,
    /// Days after a term in which the threshold to keep may still be met.
    #[serde(default)]
    pub grace_days: i32,
    /// So many days before a review, those at risk are told; nobody where zero.
    #[serde(default)]
    pub notice_days: i32,
    /// What becomes of a term within which the threshold to keep is met anew.
    #[serde(default)]
    pub renewal: Renewal,
}

fn main() -> String {
    MAIN.to_owned()
}

/// What counts towards a tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Metric {
    /// Money spent, in the ladder's currency.
    #[default]
    Spend,
    /// Orders of which something was kept.
    Orders,
    /// Points that orders earned.
    PointsEarned,
    /// What is granted, and nothing else.
    Granted,
}

/// What becomes of a term within which the threshold to keep is met anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Renewal {
    /// Nothing, until its end.
    #[default]
    AtReview,
    /// It begins anew.
    Restarts,
    /// Another is appended.
    Appends,
}

/// One tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Unique in the ladder.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// To be reached within the window, in what the metric counts.
    pub enter_minor: i64,
    /// To be kept at a review.
    pub keep_minor: i64,
    /// Points of an order are multiplied by so many hundredths.
    pub multiplier_percent: i64,
    /// Nobody reaches it by what counts.
    #[serde(default)]
    pub invitation_only: bool,
    /// What else it is good for, as codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub benefits: Vec<String>,
    /// Given with each promotion into it.
    #[serde(default)]
    pub promotion_gift: Gift,
    /// Given whenever it is kept by what was reached, or renewed.
    #[serde(default)]
    pub retention_gift: Gift,
}

/// What is given for a decision about a tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gift {
    /// So many points.
    pub points: i64,
    /// A coupon of this campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
}

/// Over which time something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// The last so many months.
    RollingMonths(i32),
    /// The calendar year.
    CalendarYear,
    /// Since joining.
    SinceJoining,
    /// The member's year, from the day they joined.
    MemberYear,
}

/// What happens at a review to who no longer meets the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Demotion {
    /// Nothing.
    None,
    /// One step down.
    OneStep,
    /// To the highest tier that is met.
    ToWhatIsMet,
}
