//! Why something was decided: written down by the rule that decided, told again when somebody asks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The grounds of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// In one word.
    pub outcome: String,
    /// The version of the terms that decided.
    pub terms_version: i32,
    /// The moment it speaks about.
    pub decided_for: Timestamp,
    /// The facts used.
    pub facts: Facts,
    /// What was looked at, and how it came out.
    pub steps: Vec<(String, String)>,
    /// The fact that would have to change, by how much, and what would come of it.
    pub flip: Option<(String, i64, String)>,
}

/// Facts by name, in the order they were used.
pub type Facts = Vec<(String, String)>;

impl Decision {
    /// With no facts and no steps yet.
    pub fn new(outcome: &str, terms_version: i32, decided_for: Timestamp) -> Self {
        let outcome = outcome.to_owned();
        Self { outcome, terms_version, decided_for, facts: Vec::new(), steps: Vec::new(), flip: None }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, name: &str, detail: impl Into<String>) -> Self {
        self.steps.push((name.to_owned(), detail.into()));
        self
    }

    /// Says what would have altered the outcome.
    #[must_use]
    pub fn unless(mut self, fact: &str, change: i64, outcome: &str) -> Self {
        self.flip = Some((fact.to_owned(), change, outcome.to_owned()));
        self
    }
}

/// Facts of a move, written in one breath.
pub fn facts<const N: usize>(all: [(&str, String); N]) -> Facts {
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
