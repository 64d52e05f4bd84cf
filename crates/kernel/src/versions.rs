//! Versions of terms, and which one rules.

use std::ops::{Deref, DerefMut};

use jiff::Timestamp;

/// One version of a tenant's terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version<T> {
    /// Counts from one.
    pub number: i32,
    /// From when on it rules.
    pub effective_at: Timestamp,
    /// What it says.
    pub terms: T,
}

/// Who has a version has what it says.
impl<T> Deref for Version<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.terms
    }
}

impl<T> DerefMut for Version<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.terms
    }
}

/// All versions of a tenant's terms, in the order they were put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions<T>(Vec<Version<T>>);

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Versions<T> {
    /// In any order.
    #[must_use]
    pub fn new(mut all: Vec<Version<T>>) -> Self {
        all.sort_by_key(|version| version.number);
        Self(all)
    }

    /// All of them, in the order they were put.
    pub fn iter(&self) -> impl Iterator<Item = &Version<T>> {
        self.0.iter()
    }

    /// The version that rules at a moment: the latest that is effective then.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Option<&Version<T>> {
        self.0.iter().rev().find(|version| version.effective_at <= moment)
    }

    /// A version by its number.
    #[must_use]
    pub fn version(&self, number: i32) -> Option<&Version<T>> {
        self.0.iter().find(|version| version.number == number)
    }

    /// The last version put.
    #[must_use]
    pub fn last(&self) -> Option<&Version<T>> {
        self.0.last()
    }

    /// The next instant after a moment at which another version begins to rule.
    #[must_use]
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        self.0.iter().map(|version| version.effective_at).filter(|effective| *effective > after).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_version_rules_from_its_effective_instant_on() {
        let versions =
            Versions::new(vec![Version { number: 1, effective_at: at("2026-06-01T00:00:00Z"), terms: "first" }]);
        assert!(versions.at(at("2026-05-31T23:59:59Z")).is_none());
        assert_eq!(versions.at(at("2026-06-01T00:00:00Z")).map(|version| version.number), Some(1));
        assert_eq!(versions.next_change(at("2026-05-31T23:59:59Z")), Some(at("2026-06-01T00:00:00Z")));
        assert_eq!(versions.next_change(at("2026-06-01T00:00:00Z")), None);
    }
}
