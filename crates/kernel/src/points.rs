//! Points: whole, signed, checked.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// A number of points.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Points(pub i64);

impl Points {
    /// None.
    pub const ZERO: Self = Self(0);

    /// The most a single call may move: 10^12.
    pub const MOST: Self = Self(1_000_000_000_000);

    /// The sum, unless it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it does not fit.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The opposite.
    pub fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// More than none.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// None at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// Sums stay in range because single movements and balances are bounded by [`Points::MOST`]; at the edge they saturate
/// rather than wrap, and the balance check of the ledger refuses.
impl Sum for Points {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, |sum, next| Self(sum.0.saturating_add(next.0)))
    }
}

impl fmt::Display for Points {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

impl fmt::Debug for Points {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} points", self.0)
    }
}
