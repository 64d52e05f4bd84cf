//! Occasion rules: what members earn because they joined, on their birthday, or for something they did that is no order.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::{Condition, Limit};
use super::wallets::code;
use super::words::OccasionWords;
use crate::account::wallet::WalletCode;

/// One occasion rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OccasionRule {
    /// Unique in the programme, earn rules included; what limits are counted by, from version to version.
    pub code: String,
    /// Where its points go.
    #[serde(default, skip_serializing_if = "WalletCode::is_points", with = "code")]
    pub wallet: WalletCode,
    /// What members read.
    pub display_name: String,
    /// On which occasion.
    pub on: On,
    /// Which of them count.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub when: Condition<OccasionWords>,
    /// What it gives in points.
    pub award: OccasionAward,
    /// Of which campaign it gives a coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The first moment an occasion may be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The first moment it may no longer be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How much it gives at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// On which occasion a rule gives something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum On {
    /// The member joins.
    Enrolment,
    /// Their birthday.
    Birthday,
    /// The shop tells of an event with this code.
    Event(String),
}

/// What an occasion rule gives in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OccasionAward {
    /// None: it gives a coupon alone.
    Nothing,
    /// So many.
    Fixed(i64),
    /// So many for each of the occasion's quantity.
    Each(i64),
}

/// When birthdays are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birthdays {
    /// The whole calendar month, and not the day alone.
    pub whole_month: bool,
    /// Those of 29 February are on 1 March in other years, and not on 28 February.
    pub leap_day_in_march: bool,
}

impl Birthdays {
    /// Whether nothing else was said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl OccasionRule {
    /// Whether it speaks about occasions of a sort and a moment at all.
    pub fn rules(&self, on: &On, at: Timestamp) -> bool {
        self.on == *on && self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }

    /// Whether what a member earned by it before has to be known.
    pub const fn counts(&self) -> bool {
        !self.limits.is_empty()
    }
}
