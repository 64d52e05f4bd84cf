//! Where a member stands on a ladder, what that rests on, and what became of it.

use jiff::Timestamp;
use kernel::{Currency, OrderId};
use serde::{Deserialize, Serialize};

use super::holdings::{Holdings, OutOfRange};
use super::qualification::rank;
use crate::programme::terms::Ladder;

/// Standings that are kept behind one another: more than any ladder has tiers, and few enough to be read back.
const DEPTH: usize = 24;

/// Where a member stands on a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Code of the tier they have reached themselves.
    pub tier: String,
    /// Since when.
    pub since: Timestamp,
    /// What it rests on.
    pub qualified: Qualified,
    /// When it is tested next; never in the lowest tier.
    pub review_at: Option<Timestamp>,
    /// Where they stood before they were promoted, or renewed, within this term: there they stand again when the order
    /// that did it comes back.
    pub before: Option<Box<Standing>>,
    /// When it is looked at whether it is at risk; once for each term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice_at: Option<Timestamp>,
    /// The end of the term, where it is over and the threshold to keep may still be met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What exceeded the threshold when it was won counts for its term.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub carries: bool,
    /// What was given for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift: Option<Gifted>,
    /// Where an operator has put them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned: Option<Assigned>,
    /// Changed since it was read.
    #[serde(skip)]
    pub touched: bool,
}

/// What a tier rests on: a promotion, a renewal or a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Qualified {
    /// The moment whose window was looked at.
    pub at: Timestamp,
    /// What had to be reached in that window, and was. Nothing where none was asked: in the lowest tier, or where somebody
    /// was let stay.
    pub needed_minor: Option<i64>,
    /// The version of the programme that decided.
    pub by_version: i32,
    /// Of it, what was carried over: it is not looked for a second time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub carried: i64,
    /// Only what was reached after this moment counted: that of a renewal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Timestamp>,
    /// What was reached until this moment counted, beyond the window: that of days of grace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Qualified {
    /// By what was reached in the window of a moment.
    pub const fn at(at: Timestamp, needed_minor: Option<i64>, by_version: i32) -> Self {
        Self { at, needed_minor, by_version, carried: 0, after: None, until: None }
    }
}

/// What was given for a decision about a tier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gifted {
    /// What they stand under on the statement.
    pub cause: String,
    /// How many points; there may be none.
    pub points: i64,
    /// What members read of the tier.
    pub named: String,
    /// Of which campaign a coupon was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
}

/// A tier that an operator has put a member into: a floor under what they reach themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// Code of the tier.
    pub tier: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, where that is said.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// By whom.
    pub actor: String,
}

impl Standing {
    /// A standing whose term has no end: in the lowest tier.
    pub const fn resting(tier: String, since: Timestamp, qualified: Qualified) -> Self {
        Self {
            tier,
            since,
            qualified,
            review_at: None,
            before: None,
            notice_at: None,
            ended_at: None,
            carries: false,
            gift: None,
            assigned: None,
            touched: true,
        }
    }

    /// Code of the tier that counts: the higher of what they reached and what they were put into.
    pub fn held(&self, ladder: &Ladder) -> &str {
        match &self.assigned {
            Some(assigned) if rank(ladder, &assigned.tier) > rank(ladder, &self.tier) => &assigned.tier,
            Some(_) | None => &self.tier,
        }
    }

    /// Since when that tier counts.
    pub fn held_since(&self, ladder: &Ladder) -> Timestamp {
        match &self.assigned {
            Some(assigned) if rank(ladder, &assigned.tier) > rank(ladder, &self.tier) => assigned.since,
            Some(_) | None => self.since,
        }
    }

    /// The next instant at which something happens to it by itself.
    pub fn due_at(&self) -> Option<Timestamp> {
        let until = self.assigned.as_ref().and_then(|assigned| assigned.until);
        self.notice_at.into_iter().chain(self.review_at).chain(until).min()
    }

    /// The same to be kept behind another. What no return can lead back to any more is let go.
    pub fn behind(self, moment: Timestamp) -> Option<Box<Self>> {
        let mut kept = Vec::new();
        let mut next = Some(Box::new(self));
        while let Some(mut standing) = next.take() {
            let over = standing.review_at.is_some_and(|review| review <= moment);
            if over || kept.len() >= DEPTH {
                break;
            }
            next = standing.before.take();
            (standing.assigned, standing.touched) = (None, false);
            kept.push(standing);
        }
        kept.into_iter().rev().fold(None, |before, mut standing| {
            standing.before = before;
            Some(standing)
        })
    }
}

/// What happened to a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TierChangeKind {
    /// Rose.
    Promoted,
    /// Reviewed and kept.
    Retained,
    /// Fell.
    Demoted,
    /// Kept before the review, for a longer term.
    Renewed,
    /// Put there by hand.
    Assigned,
    /// No longer put there by hand.
    Released,
    /// What it was renewed with came back.
    Shortened,
    /// Brought along from another system.
    Imported,
}

/// One change of a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierChange {
    /// Its place in the history of all ladders.
    pub number: i64,
    /// On which ladder.
    pub ladder: String,
    /// What happened.
    pub kind: TierChangeKind,
    /// Code before.
    pub from: String,
    /// Code after.
    pub to: String,
    /// The order or return that caused it; empty where time or a person did.
    pub cause: String,
    /// What counted in the window then.
    pub progress_minor: i64,
    /// The programme's version that decided.
    pub programme_version: i32,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Why, where a person did it.
    pub reason: String,
    /// Who did it, where a person did.
    pub actor: String,
    /// Part of a history that is being loaded: nobody is told.
    pub historic: bool,
}

/// A tier that will be lost at its review if nothing more is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtRisk {
    /// On which ladder.
    pub ladder: String,
    /// Code of the tier.
    pub tier: String,
    /// What is missing.
    pub missing_minor: i64,
    /// Of what, where it is money.
    pub currency: Option<Currency>,
    /// When it is reviewed.
    pub review_at: Timestamp,
    /// When that was so.
    pub occurred_at: Timestamp,
    /// Part of a history that is being loaded: nobody is told.
    pub historic: bool,
}

/// What counts for a tier beside what was bought: granted, or corrected by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// On which ladder.
    pub ladder: String,
    /// What for: once for each member and ladder.
    pub cause: String,
    /// How much, in what the ladder counts; negative where something is taken off.
    pub units: i64,
    /// Why.
    pub reason: String,
    /// By whom.
    pub actor: String,
    /// When it happened: it falls out of the window with that.
    pub occurred_at: Timestamp,
    /// Not written yet.
    pub touched: bool,
}

/// Where something that counts comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// An order.
    Order(OrderId),
    /// A credit, by its cause.
    Credit(String),
}

impl Holdings {
    /// Writes a change of a tier down.
    pub fn change_tier(&mut self, change: TierChange) -> Result<i64, OutOfRange> {
        let number = self.tier_changes.checked_add(1).ok_or(OutOfRange)?;
        self.tier_changes = number;
        self.touched = true;
        let change = TierChange { number, historic: self.loading, ..change };
        self.history.push(change.clone());
        self.changes.push(change);
        Ok(number)
    }

    /// Gives a member a standing on a ladder.
    pub fn stand(&mut self, ladder: &str, standing: Standing) -> Option<Standing> {
        self.touched = true;
        self.standings.insert(ladder.to_owned(), Standing { touched: true, ..standing })
    }

    /// The tier that was held on a ladder at a moment.
    pub fn tier_at(&self, ladder: &Ladder, moment: Timestamp) -> Option<&str> {
        let current = self.standings.get(&ladder.code)?;
        if moment >= current.held_since(ladder) {
            return Some(current.held(ladder));
        }
        let mut history = self.history.iter().filter(|change| change.ladder == ladder.code);
        let before = history.clone().rev().find(|change| change.occurred_at <= moment);
        Some(match before {
            Some(change) => &change.to,
            None => history.next().map_or(current.held(ladder), |first| &first.from),
        })
    }

    /// When the first of the tiers changes by itself.
    pub fn next_of_tiers(&self) -> Option<Timestamp> {
        self.standings.values().filter_map(Standing::due_at).chain(self.tiers_due_at).min()
    }
}
