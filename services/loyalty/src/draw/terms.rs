//! What a draw promises.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::rolling::prize_of;

/// The terms. They never change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What members read.
    pub display_name: String,
    /// What is to be won.
    pub prizes: Vec<Prize>,
    /// Tickets of one member.
    pub most_per_member: Option<i64>,
    /// Tickets of one member on one day.
    pub most_per_member_a_day: Option<i64>,
    /// Tickets of all members on one day.
    pub most_a_day: Option<i64>,
    /// Points that all prizes may give together.
    pub budget_points: Option<i64>,
    /// From then on tickets are drawn.
    pub from: Option<Timestamp>,
    /// Until then.
    pub until: Option<Timestamp>,
}

/// What is to be won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prize {
    /// Unique in the draw.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// Odds of a ticket.
    pub odds_millionths: u32,
    /// How many there are.
    pub stock: i64,
    /// Points of it.
    pub points: i64,
    /// A coupon of this campaign.
    pub campaign: Option<String>,
}

impl Prize {
    /// Whether there is something to be given by this service.
    pub const fn is_given_here(&self) -> bool {
        self.points > 0 || self.campaign.is_some()
    }
}

/// What became of a ticket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It wins this prize.
    Won(String),
    /// It wins nothing.
    Nothing,
    /// It would have won this prize, which has run out.
    Gone(String),
}

/// How much of a draw was won: by prize, and points in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Won {
    /// How many of each prize.
    pub prizes: BTreeMap<String, i64>,
    /// Points.
    pub points: i64,
}

impl Won {
    /// Whether a prize can still be won.
    pub fn has(&self, terms: &Terms, prize: &Prize) -> bool {
        let won = self.prizes.get(&prize.code).copied().unwrap_or(0);
        let fits = |budget: i64| self.points.saturating_add(prize.points) <= budget;
        won < prize.stock && terms.budget_points.is_none_or(fits)
    }

    /// Whether none can be won any more.
    pub fn is_all(&self, terms: &Terms) -> bool {
        !terms.prizes.iter().any(|prize| self.has(terms, prize))
    }

    /// Decides a roll, and takes what it wins.
    pub fn take(&mut self, terms: &Terms, roll: u32) -> Outcome {
        let Some(prize) = prize_of(terms, roll) else { return Outcome::Nothing };
        if !self.has(terms, prize) {
            return Outcome::Gone(prize.code.clone());
        }
        let won = self.prizes.entry(prize.code.clone()).or_default();
        *won = won.saturating_add(1);
        self.points = self.points.saturating_add(prize.points);
        Outcome::Won(prize.code.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prize(code: &str, odds_millionths: u32, stock: i64, points: i64) -> Prize {
        Prize { code: code.to_owned(), display_name: code.to_owned(), odds_millionths, stock, points, campaign: None }
    }

    #[test]
    fn a_prize_that_has_run_out_is_told_and_its_odds_go_to_nobody() {
        let prizes = vec![prize("cup", 500_000, 1, 0), prize("tea", 400_000, 2, 0)];
        let terms = Terms { prizes, ..Terms::default() };
        let mut won = Won::default();
        let (cup, tea) = (|| "cup".to_owned(), || "tea".to_owned());
        let rolls = [(0, Outcome::Won(cup())), (499_999, Outcome::Gone(cup())), (500_000, Outcome::Won(tea()))];
        for (roll, outcome) in rolls {
            assert_eq!(won.take(&terms, roll), outcome, "{roll}");
        }
        assert_eq!(won.take(&terms, 900_000), Outcome::Nothing);
        assert!(!won.is_all(&terms));
        assert_eq!(won.take(&terms, 899_999), Outcome::Won(tea()));
        assert!(won.is_all(&terms));
    }

    #[test]
    fn a_prize_that_does_not_fit_the_budget_is_gone() {
        let prizes = vec![prize("large", 500_000, 9, 60), prize("small", 500_000, 9, 30)];
        let terms = Terms { prizes, budget_points: Some(100), ..Terms::default() };
        let mut won = Won::default();
        assert_eq!(won.take(&terms, 0), Outcome::Won("large".to_owned()));
        assert_eq!(won.take(&terms, 0), Outcome::Gone("large".to_owned()));
        assert_eq!(won.take(&terms, 500_000), Outcome::Won("small".to_owned()));
        assert_eq!(won.take(&terms, 500_000), Outcome::Gone("small".to_owned()));
        assert!(won.is_all(&terms) && won.points == 90);
    }
}
