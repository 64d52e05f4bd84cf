//! What a reward promises.

use jiff::Timestamp;
use kernel::Currency;
use serde::{Deserialize, Serialize};

use crate::audience::facts::MemberWords;
use crate::programme::rules::Condition;

/// One version of a reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// What members read.
    pub display_name: String,
    /// What they read about it.
    pub description: String,
    /// What it costs.
    pub points: i64,
    /// What is given.
    pub gives: Gives,
    /// Of the amounts below.
    pub currency: Currency,
    /// What is paid beside the points.
    pub co_payment_minor: i64,
    /// What one would cost the member without points.
    pub worth_minor: i64,
    /// What one costs the shop.
    pub cost_minor: i64,
    /// How many a member can have.
    pub max_per_member: Option<i64>,
    /// For whom it is.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub audience: Condition<MemberWords>,
    /// From when on it can be had.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// How many there are.
    pub stock: Option<i64>,
    /// Where so many or fewer are left, it is running low.
    pub low_stock: i64,
    /// Until when a claim can be cancelled.
    pub cancels: CancelRule,
}

/// What is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gives {
    /// A coupon of a campaign.
    Coupon {
        /// Its code.
        campaign: String,
    },
    /// Something that is handed over.
    Goods {
        /// The shop's product code.
        product: String,
    },
    /// The points go to a good cause.
    Charity {
        /// What the shop calls it.
        cause: String,
    },
}

impl Gives {
    /// Whether a claim of it has nothing left to be handed over.
    pub const fn at_once(&self) -> bool {
        match self {
            Self::Coupon { .. } | Self::Charity { .. } => true,
            Self::Goods { .. } => false,
        }
    }
}

/// Until when a claim can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CancelRule {
    /// Until it is handed over, or its coupon is used.
    UntilFulfilled,
    /// After that, too, but for a used coupon.
    Always,
    /// Never.
    Never,
}

impl Terms {
    /// What a claim saves the member: of goods alone, for a coupon saves when it is used, and a gift to others saves nothing.
    pub fn saved_minor(&self) -> i64 {
        match self.gives {
            Gives::Goods { .. } => self.worth_minor.saturating_sub(self.co_payment_minor).max(0),
            Gives::Coupon { .. } | Gives::Charity { .. } => 0,
        }
    }

    /// Whether so few are left that it is told.
    pub fn is_low(&self, left: Option<i64>) -> bool {
        left.is_some_and(|left| left <= self.low_stock)
    }
}
