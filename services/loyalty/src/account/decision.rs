//! Why something was decided: written down by the rule that decided, told again when somebody asks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::holdings::EntryKind;

/// The grounds of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// In one word: "earn", "redeem", "lapse", "promote".
    pub outcome: String,
    /// The version of the programme that decided; 0 where none was needed.
    pub programme_version: i32,
    /// The moment it speaks about.
    pub decided_for: Timestamp,
    /// The facts used.
    pub facts: Vec<(String, String)>,
    /// The steps from facts to outcome.
    pub steps: Vec<Step>,
    /// The smallest change that would have altered the outcome.
    pub flip: Option<Flip>,
}

/// One step of a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was applied.
    pub name: String,
    /// How, in words a clerk can read out. Amounts of money stand in the figures: how many digits a tenant writes them
    /// with is not known here.
    pub detail: String,
    /// What it contributed.
    pub contribution: i64,
    /// The numbers it went by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<(String, String)>,
}

/// The smallest change that would have altered an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flip {
    /// The fact that would have to change.
    pub fact: String,
    /// By how much.
    pub change: i64,
    /// What the outcome would be then.
    pub outcome: String,
}

/// Why an entry is as it is: what a caller who asks is told, whether the entry was written just now, long ago, or would
/// only be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What happened.
    pub kind: EntryKind,
    /// Signed.
    pub points: i64,
    /// What caused it.
    pub cause: String,
    /// Why.
    pub grounds: Decision,
}

impl Decision {
    /// With no facts and no steps yet.
    pub fn new(outcome: &str, programme_version: i32, decided_for: Timestamp) -> Self {
        Self {
            outcome: outcome.to_owned(),
            programme_version,
            decided_for,
            facts: Vec::new(),
            steps: Vec::new(),
            flip: None,
        }
    }

    /// Adds a fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl ToString) -> Self {
        self.facts.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a fact, where there is one.
    #[must_use]
    pub fn fact_of(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, name: &str, detail: impl Into<String>, contribution: i64) -> Self {
        let detail = detail.into();
        self.steps.push(Step { name: name.to_owned(), detail, contribution, figures: Vec::new() });
        self
    }

    /// Adds a step that took something away or added something, unless it did not.
    #[must_use]
    pub fn step_of(self, name: &str, detail: &str, contribution: i64) -> Self {
        if contribution == 0 { self } else { self.step(name, detail, contribution) }
    }

    /// Adds a number that the last step went by.
    #[must_use]
    pub fn figure(mut self, name: &str, value: impl ToString) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.figures.push((name.to_owned(), value.to_string()));
        }
        self
    }

    /// Says what would have altered the outcome.
    #[must_use]
    pub fn unless(mut self, fact: &str, change: i64, outcome: impl Into<String>) -> Self {
        self.flip = Some(Flip { fact: fact.to_owned(), change, outcome: outcome.into() });
        self
    }
}
