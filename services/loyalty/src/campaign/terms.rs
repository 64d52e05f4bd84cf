//! What a campaign promises, as a plain value.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use kernel::Currency;
use serde::{Deserialize, Serialize};

/// The terms of one version of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What members read.
    pub display_name: String,
    /// What is given.
    pub benefit: Benefit,
    /// Of the carts it applies to, and of its budget.
    pub currency: Currency,
    /// What has to be spent on the lines that count.
    pub minimum_minor: i64,
    /// Before or after other discounts.
    pub basis: MinimumBasis,
    /// Products that count.
    pub products: BTreeSet<String>,
    /// Categories that count.
    pub categories: BTreeSet<String>,
    /// From when on it can be used.
    pub valid_from: Option<Timestamp>,
    /// Until when, exclusive.
    pub valid_until: Option<Timestamp>,
    /// So many days after it was issued it ends.
    pub valid_days: Option<i64>,
    /// So many days after it was issued it begins.
    pub delay_days: i64,
    /// Days of the week without it, 1 for Monday.
    pub excluded_weekdays: BTreeSet<i8>,
    /// Days without it, in the tenant's zone.
    pub excluded_dates: BTreeSet<Date>,
    /// At most one of a group is used for an order; empty for no group.
    pub group: String,
    /// Alone or not at all.
    pub exclusive: bool,
    /// How it reaches members.
    pub distribution: Distribution,
    /// The code everybody types, as it is kept.
    pub shared_code: Option<String>,
    /// How often all of them together can be used.
    pub max_uses: Option<i64>,
    /// What all of them together may save.
    pub budget_minor: Option<i64>,
    /// How often one member can use it.
    pub max_uses_per_member: Option<i64>,
    /// How many one member can hold unused.
    pub max_held: Option<i64>,
    /// What a returned order does.
    pub returns: ReturnRule,
    /// The conditions as members read them.
    pub conditions: String,
}

/// What is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Benefit {
    /// Money off.
    AmountOff {
        /// How much.
        minor: i64,
    },
    /// A share off, rounded down.
    PercentOff {
        /// From 1 to 100.
        percent: i64,
        /// At most so much.
        most_minor: Option<i64>,
    },
    /// A product.
    Gift {
        /// Which.
        product: String,
        /// What it is worth.
        worth_minor: i64,
    },
    /// Delivery.
    FreeDelivery {
        /// At most so much.
        most_minor: Option<i64>,
    },
}

/// What a minimum is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MinimumBasis {
    /// Lines before any discount.
    BeforeDiscounts,
    /// Lines less what other discounts took off.
    AfterDiscounts,
}

/// How it reaches members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distribution {
    /// Issued to members only.
    Members,
    /// One code for everybody.
    SharedCode,
    /// Many codes, each used once.
    UniqueCodes,
}

/// What an order that came back whole does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnRule {
    /// The use comes back.
    ComesBack,
    /// It stays used.
    StaysUsed,
}

/// Which sort of benefit a saving came of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Money off.
    AmountOff,
    /// A share off.
    PercentOff,
    /// A product.
    Gift,
    /// Delivery.
    FreeDelivery,
}

/// When a coupon or a code can be used; half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Option<Timestamp>,
}

const HOURS_A_DAY: i64 = 24;

impl Terms {
    /// When something of these terms can be used that was issued at a moment. What lies beyond the calendar never comes.
    pub fn window(&self, issued_at: Timestamp) -> Window {
        let after = |from: Timestamp, days: i64| {
            let days = SignedDuration::from_hours(days.saturating_mul(HOURS_A_DAY));
            from.saturating_add(days).unwrap_or(Timestamp::MAX)
        };
        let from = after(issued_at, self.delay_days);
        // What is issued before its campaign begins does not run out before it.
        let begins = self.valid_from.map_or(issued_at, |valid_from| valid_from.max(issued_at));
        let own_end = self.valid_days.map(|days| after(begins, days));
        let until = [self.valid_until, own_end].into_iter().flatten().min();
        Window { from: self.valid_from.map_or(from, |valid_from| from.max(valid_from)), until }
    }

    /// Whether it cannot be used on a day of the tenant's calendar.
    pub fn excludes(&self, day: Date) -> bool {
        self.excluded_dates.contains(&day) || self.excluded_weekdays.contains(&day.weekday().to_monday_one_offset())
    }

    /// Whether a line of these counts.
    pub fn counts(&self, product: &str, category: &str) -> bool {
        let all = self.products.is_empty() && self.categories.is_empty();
        all || self.products.contains(product) || self.categories.contains(category)
    }

    /// What a saving of it is booked as.
    pub const fn kind(&self) -> Kind {
        match self.benefit {
            Benefit::AmountOff { .. } => Kind::AmountOff,
            Benefit::PercentOff { .. } => Kind::PercentOff,
            Benefit::Gift { .. } => Kind::Gift,
            Benefit::FreeDelivery { .. } => Kind::FreeDelivery,
        }
    }

    /// The first thing that two versions of one campaign must agree on and do not.
    pub fn differs_in(&self, other: &Self) -> Option<&'static str> {
        if self.currency != other.currency {
            Some("currency_code")
        } else if self.distribution != other.distribution {
            Some("distribution")
        } else if self.shared_code != other.shared_code {
            Some("shared_code")
        } else {
            None
        }
    }
}

impl Window {
    /// Whether its time has come and not passed.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from <= now && !self.is_over(now)
    }

    /// Whether its time has passed.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}
