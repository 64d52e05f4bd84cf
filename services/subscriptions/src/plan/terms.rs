//! What one version of a plan promises.

use jiff::Timestamp;
use kernel::Currency;
use serde::{Deserialize, Serialize};

use super::cadence::Cadence;

/// One version of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name for ever.
    pub code: String,
    /// 1 and up; 0 before it is put.
    pub version: i32,
    /// What members read.
    pub display_name: String,
    /// What it is about.
    pub kind: Kind,
    /// Of all its amounts.
    pub currency: Currency,
    /// How often.
    pub cadence: Cadence,
    /// Days after the first attempt on which a charge is tried again, rising.
    pub retry_days: Vec<i32>,
    /// What happens to occurrences that fell due while nothing could be charged.
    pub catch_up: CatchUp,
    /// Days from an occurrence to its charge.
    pub charge_offset_days: i32,
    /// So many unpaid occurrences in a row end the subscription; never if 0.
    pub end_after_unpaid: i32,
    /// When it was put.
    pub recorded_at: Timestamp,
}

/// What a plan is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Each paid occurrence becomes an order of these lines.
    Goods {
        /// One or more.
        lines: Vec<Line>,
    },
    /// Each paid occurrence extends a membership by a term.
    Membership {
        /// What a term costs.
        fee_minor: i64,
        /// Codes of what it opens.
        entitlements: Vec<String>,
        /// Days after the term in which it still opens that.
        grace_days: i32,
        /// Months after the term within which a payment runs on from the old date.
        renew_within_months: i32,
    },
}

/// One product of an occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The shop's code.
    pub product: String,
    /// The product's own if empty.
    pub category: String,
    /// More than zero.
    pub quantity: i64,
    /// Price of one.
    pub unit_price_minor: i64,
}

/// What happens to occurrences that fell due while nothing could be charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CatchUp {
    /// Only the latest is charged.
    Latest,
    /// All are charged, one after the other.
    All,
}

impl Plan {
    /// What one occurrence costs; none where it does not fit.
    #[must_use]
    pub fn amount(&self) -> Option<i64> {
        match &self.kind {
            Kind::Goods { lines } => lines
                .iter()
                .try_fold(0_i64, |sum, line| sum.checked_add(line.quantity.checked_mul(line.unit_price_minor)?)),
            Kind::Membership { fee_minor, .. } => Some(*fee_minor),
        }
    }

    /// A membership is paid for.
    #[must_use]
    pub const fn is_membership(&self) -> bool {
        matches!(self.kind, Kind::Membership { .. })
    }

    /// What it opens; nothing for goods.
    #[must_use]
    pub fn entitlements(&self) -> &[String] {
        match &self.kind {
            Kind::Goods { .. } => &[],
            Kind::Membership { entitlements, .. } => entitlements,
        }
    }
}

/// So many minor units as the decimal text of whole ones: 255 with two digits is "2.55".
#[must_use]
pub fn decimal(minor: i64, digits: u32) -> String {
    let digits = usize::try_from(digits).unwrap_or_default();
    let text = format!("{minor:0width$}", width = digits.saturating_add(1));
    let (whole, part) = text.split_at(text.len().saturating_sub(digits));
    if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_written_as_decimals() {
        let table =
            [(255, 2, "2.55"), (5, 2, "0.05"), (1980, 0, "1980"), (0, 0, "0"), (0, 2, "0.00"), (1234, 3, "1.234")];
        for (minor, digits, expected) in table {
            assert_eq!(decimal(minor, digits), expected);
        }
    }
}
