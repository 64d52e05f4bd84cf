//! What a mission asks for and gives.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::Currency;
use serde::{Deserialize, Serialize};

use super::words::{MemberWords, MissionWords};
use crate::programme::rules::Condition;
use crate::programme::words::LineWords;

/// The terms of one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// What members read.
    pub display_name: String,
    /// What it is about.
    pub text: String,
    /// What is to be done.
    pub goal: Goal,
    /// Which orders count.
    pub when: Condition<MissionWords>,
    /// Which of their lines.
    pub lines: Condition<LineWords>,
    /// Whom it is for.
    pub audience: Condition<MemberWords>,
    /// From then on what happens counts.
    pub from: Option<Timestamp>,
    /// Until then.
    pub until: Option<Timestamp>,
    /// In which time the goal is to be reached.
    pub window: Window,
    /// Only what happens after the member has accepted counts.
    pub opt_in: bool,
    /// What is given.
    pub reward: Reward,
    /// How often in one window at most; at least 1.
    pub most_per_window: i64,
    /// How often a member at most.
    pub most_in_all: Option<i64>,
    /// How many rewards all members together.
    pub budget: Option<i64>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    /// So many of something.
    Count {
        /// Of what.
        of: Counted,
        /// How many.
        target: i64,
    },
    /// A card of stamps.
    Stamps {
        /// For each order.
        per_order: i64,
        /// Of a full card.
        card: i64,
    },
    /// A purchase in each of so many in a row.
    Streak {
        /// Of what.
        unit: Unit,
        /// How many.
        length: i64,
    },
    /// One after another.
    Sequence {
        /// The steps.
        steps: Vec<Step>,
    },
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// Orders.
    Orders,
    /// Units of lines that count.
    Units,
    /// Different products.
    Products,
    /// Different categories.
    Categories,
    /// Money, in this currency.
    Spend(Currency),
    /// Events of this name.
    Events(String),
}

/// A unit of a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// From Monday.
    Week,
    /// Of the calendar.
    Month,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What members read.
    pub display_name: String,
    /// What does it.
    pub by: DoneBy,
}

/// What does a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DoneBy {
    /// An order.
    Order(Condition<MissionWords>),
    /// An event of this name.
    Event(String),
}

/// In which time a goal is to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// All of the mission's.
    Whole,
    /// Each week.
    Week,
    /// Each calendar month.
    Month,
    /// So many days after joining.
    AfterJoining(i32),
    /// So many days after accepting.
    AfterAccepting(i32),
}

/// What is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    /// Points.
    pub points: i64,
    /// A coupon of this campaign.
    pub campaign: Option<String>,
}

impl Goal {
    /// What makes it complete.
    pub fn target(&self) -> i64 {
        match self {
            Self::Count { target, .. } => *target,
            Self::Stamps { card, .. } => *card,
            Self::Streak { length, .. } => *length,
            Self::Sequence { steps } => i64::try_from(steps.len()).unwrap_or(i64::MAX),
        }
    }

    /// Whether events of a name matter to it.
    pub fn hears(&self, name: &str) -> bool {
        match self {
            Self::Count { of: Counted::Events(asked), .. } => asked == name,
            Self::Sequence { steps } => steps.iter().any(|step| step.by.is_event(name)),
            Self::Count { .. } | Self::Stamps { .. } | Self::Streak { .. } => false,
        }
    }
}

impl DoneBy {
    /// Whether an event of a name does it.
    pub fn is_event(&self, name: &str) -> bool {
        match self {
            Self::Event(asked) => asked == name,
            Self::Order(_) => false,
        }
    }
}

/// A version of a mission.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// The mission's code.
    pub code: String,
    /// The version.
    pub version: i32,
    /// When the mission was first put: what happened before does not count.
    pub put_at: Timestamp,
    /// Its terms.
    pub terms: Arc<Terms>,
}

impl Definition {
    /// From then on what happens counts.
    pub fn starts(&self) -> Timestamp {
        self.terms.from.map_or(self.put_at, |from| from.max(self.put_at))
    }

    /// Whether something of a moment may count.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.starts() <= at && self.terms.until.is_none_or(|until| at < until)
    }
}
