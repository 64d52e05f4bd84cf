//! How often, and for how much, something can still be used. Whatever has a limit is counted here: a campaign, a code, what
//! one member uses of a campaign.

use std::collections::BTreeMap;

use super::applying::Obstacle;

/// A limit with what is taken of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Reserved and redeemed.
    pub taken: i64,
    /// How much there is; none for no limit.
    pub most: Option<i64>,
}

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Uses of a campaign.
    CampaignUses,
    /// The budget of a campaign.
    CampaignBudget,
    /// Uses of a code.
    CodeUses,
    /// One member's uses of a campaign.
    MemberUses,
}

/// All counters that uses of one campaign by one member touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Uses of all members.
    pub uses: Counter,
    /// What they saved.
    pub budget: Counter,
    /// Uses of this member.
    pub member: Counter,
}

/// What some uses of a campaign would take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Wanted {
    /// How often.
    pub uses: i64,
    /// How much.
    pub minor: i64,
}

impl Counter {
    /// Whether so much more fits.
    pub fn fits(&self, more: i64) -> bool {
        self.most.is_none_or(|most| self.taken.saturating_add(more) <= most)
    }
}

impl Room {
    /// The first limit that does not hold as much, with what it is.
    pub fn refuses(&self, wanted: Wanted) -> Option<(Limit, i64)> {
        let limits = [
            (Limit::CampaignUses, self.uses, wanted.uses),
            (Limit::CampaignBudget, self.budget, wanted.minor),
            (Limit::MemberUses, self.member, wanted.uses),
        ];
        let full = limits.into_iter().find(|(_, counter, more)| !counter.fits(*more));
        full.map(|(limit, counter, _)| (limit, counter.most.unwrap_or(0)))
    }
}

impl Limit {
    /// What is told to whoever only asks.
    pub const fn obstacle(self) -> Obstacle {
        match self {
            Self::CampaignUses | Self::CodeUses => Obstacle::UsedUp,
            Self::CampaignBudget => Obstacle::BudgetSpent,
            Self::MemberUses => Obstacle::MemberUsedUp,
        }
    }
}

/// What several uses want of each campaign.
pub fn wanted<'a>(uses: impl IntoIterator<Item = (&'a str, i64)>) -> BTreeMap<&'a str, Wanted> {
    let mut all: BTreeMap<&str, Wanted> = BTreeMap::new();
    for (campaign, minor) in uses {
        let sum = all.entry(campaign).or_default();
        sum.uses = sum.uses.saturating_add(1);
        sum.minor = sum.minor.saturating_add(minor);
    }
    all
}
