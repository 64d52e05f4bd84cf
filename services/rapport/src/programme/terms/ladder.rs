//! Tiers as people write them into a file, and as the wire carries them.

use proto::loyalty::v1 as wire;
use proto::loyalty::v1::qualification_window::Window;
use serde::{Deserialize, Serialize};

use super::{Demotion, Metric, Renewal};
use crate::client::CliError;

/// Tiers and how they are reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// Lower case letters, digits, hyphens; "main" where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// What counts; money where not said.
    #[serde(default)]
    pub metric: Metric,
    /// ISO 4217 of the thresholds, where money counts.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// Over which time it counts.
    pub window: Counted,
    /// Months a tier is kept before it is reviewed.
    #[serde(default)]
    pub term_months: i32,
    /// What a review may do.
    #[serde(default)]
    pub demotion: Demotion,
    /// What exceeds the threshold at a promotion counts for the term that begins with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carry_over: bool,
    /// Days after a term in which the threshold to keep may still be met.
    #[serde(default)]
    pub grace_days: i32,
    /// So many days before a review, those at risk are told.
    #[serde(default)]
    pub notice_days: i32,
    /// What becomes of a term within which the threshold to keep is met anew.
    #[serde(default)]
    pub renewal: Renewal,
    /// From the lowest to the highest.
    pub tiers: Vec<Tier>,
}

/// Over which time something counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The last so many months.
    RollingMonths(i32),
    /// The calendar year.
    CalendarYear,
    /// The member's year, from the day they joined.
    MemberYear,
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
    /// To be reached within the window, in what counts.
    #[serde(default)]
    pub enter_minor: i64,
    /// To be kept; what is to be reached where not said.
    #[serde(default)]
    pub keep_minor: i64,
    /// Points are multiplied by so many hundredths; 100 where not said.
    #[serde(default)]
    pub multiplier_percent: i32,
    /// Nobody reaches it by what counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invitation_only: bool,
    /// What else it is good for, as codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub benefits: Vec<String>,
    /// Given with each promotion into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_gift: Option<Gift>,
    /// Given whenever it is kept by what was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_gift: Option<Gift>,
}

/// What is given for a decision about a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gift {
    /// So many points.
    #[serde(default)]
    pub points: i64,
    /// A coupon of the campaign with this code; none where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
}

impl From<Ladder> for wire::TierLadder {
    fn from(ladder: Ladder) -> Self {
        let window = match ladder.window {
            Counted::RollingMonths(months) => Window::RollingMonths(months),
            Counted::CalendarYear => Window::CalendarYear(wire::CalendarYear {}),
            Counted::MemberYear => Window::MemberYear(wire::MemberYear {}),
            Counted::SinceJoining => Window::SinceJoining(wire::SinceJoining {}),
        };
        Self {
            tiers: ladder.tiers.into_iter().map(Into::into).collect(),
            window: Some(wire::QualificationWindow { window: Some(window) }),
            term_months: ladder.term_months,
            demotion: ladder.demotion.into(),
            currency_code: ladder.currency,
            code: ladder.code,
            metric: ladder.metric.into(),
            carry_over: ladder.carry_over,
            grace_days: ladder.grace_days,
            notice_days: ladder.notice_days,
            renewal: ladder.renewal.into(),
        }
    }
}

impl From<Tier> for wire::Tier {
    fn from(tier: Tier) -> Self {
        let gift = |gift: Gift| wire::TierGift { points: gift.points, campaign: gift.campaign };
        Self {
            code: tier.code,
            display_name: tier.display_name,
            enter_minor: tier.enter_minor,
            keep_minor: tier.keep_minor,
            multiplier_percent: tier.multiplier_percent,
            invitation_only: tier.invitation_only,
            benefits: tier.benefits,
            promotion_gift: tier.promotion_gift.map(gift),
            retention_gift: tier.retention_gift.map(gift),
        }
    }
}

pub(super) fn ladder(ladder: wire::TierLadder) -> Result<Ladder, CliError> {
    let window = match ladder.window.and_then(|window| window.window) {
        Some(Window::RollingMonths(months)) => Counted::RollingMonths(months),
        Some(Window::CalendarYear(_)) => Counted::CalendarYear,
        Some(Window::MemberYear(_)) => Counted::MemberYear,
        Some(Window::SinceJoining(_)) => Counted::SinceJoining,
        None => return Err(CliError::odd("the suite gave a ladder without a window")),
    };
    Ok(Ladder {
        code: ladder.code,
        metric: Metric::of(ladder.metric),
        currency: ladder.currency_code,
        window,
        term_months: ladder.term_months,
        demotion: Demotion::of(ladder.demotion),
        carry_over: ladder.carry_over,
        grace_days: ladder.grace_days,
        notice_days: ladder.notice_days,
        renewal: Renewal::of(ladder.renewal),
        tiers: ladder.tiers.into_iter().map(tier).collect(),
    })
}

fn tier(tier: wire::Tier) -> Tier {
    let gift = |gift: wire::TierGift| Gift { points: gift.points, campaign: gift.campaign };
    Tier {
        code: tier.code,
        display_name: tier.display_name,
        enter_minor: tier.enter_minor,
        keep_minor: tier.keep_minor,
        multiplier_percent: tier.multiplier_percent,
        invitation_only: tier.invitation_only,
        benefits: tier.benefits,
        promotion_gift: tier.promotion_gift.map(gift),
        retention_gift: tier.retention_gift.map(gift),
    }
}
