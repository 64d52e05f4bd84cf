//! The terms of a programme: what a member was promised.

use std::collections::BTreeSet;
use std::fmt;

use jiff::tz::TimeZone;
use kernel::calendar::{self, ZoneError};
use kernel::{Currency, Rounding};
use serde::{Deserialize, Serialize};

pub use super::ladder::{Demotion, Gift, Ladder, MAIN, Metric, Renewal, Tier, Window};
use super::occasions::{Birthdays, OccasionRule, On};
use super::rules::EarnRule;
use super::transfers::Transfers;
use super::wallets::{ByWallet, Wallet};

/// One version of a programme.
pub type Terms = kernel::Version<Programme>;

/// All versions of a programme.
pub type Versions = kernel::Versions<Programme>;

/// What one version of a programme says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Programme {
    /// What members read.
    pub display_name: String,
    /// In which its days begin and end.
    pub zone: Zone,
    /// What is earned, by currency.
    pub rates: Vec<EarnRate>,
    /// How long points keep.
    pub expiry: Expiry,
    /// The first ladder, where there is any: the one that earn rules know.
    pub ladder: Option<Ladder>,
    /// Ladders beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further_ladders: Vec<Ladder>,
    /// Days for what would be born lapsed, or comes back lapsed.
    pub grace_days: i32,
    /// What a reversed earn may take.
    pub deficit: DeficitPolicy,
    /// How long the points of an order wait, where they do.
    #[serde(default)]
    pub pending: Option<Pending>,
    /// What orders earn beyond the base rate, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<EarnRule>,
    /// What is earned without an order, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occasions: Vec<OccasionRule>,
    /// When birthdays are kept.
    #[serde(default, skip_serializing_if = "Birthdays::is_default")]
    pub birthdays: Birthdays,
    /// What is earned beside points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wallets: Vec<Wallet>,
    /// How members may pass points on, where they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfers: Option<Transfers>,
}

/// Whether what members earned by rules has to be counted: some version limits one over a time. An order, an occasion or
/// a return may be of any version's time.
pub fn has_limits(versions: &Versions) -> bool {
    let counts =
        |terms: &Terms| terms.rules.iter().any(EarnRule::counts) || terms.occasions.iter().any(OccasionRule::counts);
    versions.iter().any(counts)
}

/// Whether what lies in a wallet may keep longer because more is earned: some version says so.
pub fn may_slide(versions: &Versions) -> bool {
    let slides = |expiry: &Expiry| matches!(expiry, Expiry::Inactivity(_));
    versions.iter().any(|terms| slides(&terms.expiry) || terms.wallets.iter().any(|wallet| slides(&wallet.expiry)))
}

impl Programme {
    /// The rate of a currency, where it earns anything.
    pub fn rate(&self, currency: Currency) -> Option<&EarnRate> {
        self.rates.iter().find(|rate| rate.currency == currency)
    }

    /// All ladders, the first one first.
    pub fn ladders(&self) -> impl Iterator<Item = &Ladder> {
        self.ladder.iter().chain(&self.further_ladders)
    }

    /// Codes of the campaigns of which it gives coupons.
    pub fn campaigns(&self) -> BTreeSet<String> {
        let tiers = self.ladders().flat_map(|ladder| &ladder.tiers);
        let gifts = tiers.flat_map(|tier| [&tier.promotion_gift, &tier.retention_gift]);
        let of_tiers = gifts.filter_map(|gift| gift.campaign.clone());
        self.occasions.iter().filter_map(|rule| rule.campaign.clone()).chain(of_tiers).collect()
    }

    /// Whether something is given on birthdays.
    pub fn keeps_birthdays(&self) -> bool {
        self.occasions.iter().any(|rule| rule.on == On::Birthday)
    }

    /// A ladder by its code.
    pub fn ladder_of(&self, code: &str) -> Option<&Ladder> {
        self.ladders().find(|ladder| ladder.code == code)
    }
}

/// A time zone by its IANA name.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// By name.
    pub fn parse(name: &str) -> Result<Self, ZoneError> {
        Ok(Self { name: name.to_owned(), rules: calendar::zone(name)? })
    }

    /// Its rules.
    pub const fn rules(&self) -> &TimeZone {
        &self.rules
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(name: String) -> Result<Self, ZoneError> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

/// Points for money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarnRate {
    /// In which currency.
    pub currency: Currency,
    /// So many points …
    pub points: i64,
    /// … for every so many minor units.
    pub per_minor: i64,
    /// How the points of one order become a whole number.
    pub rounding: Rounding,
    /// What of the order's money counts.
    pub basis: EarnBasis,
}

/// What of an order's money counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EarnBasis {
    /// Before discounts.
    Gross,
    /// Net of discounts.
    Net,
    /// Net of discounts and of the part paid with points.
    NetOfPoints,
    /// As the last, without the tax contained.
    NetWithoutTax,
}

/// How long points keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expiry {
    /// For ever.
    Never,
    /// So long after they were earned.
    After {
        /// Whole months, counted from the day earned.
        months: i32,
        /// Days on top.
        days: i32,
        /// Rounded up to the end of the month.
        to_month_end: bool,
    },
    /// So long after the member last earned or spent.
    Inactivity(Slide),
    /// Until the end of a year.
    PeriodEnd {
        /// The month the year ends with.
        last_month: i8,
        /// Whole years added.
        years_after: i32,
    },
}

/// How long points keep without their member coming by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slide {
    /// Whole months, counted from the day.
    pub months: i32,
    /// Days on top.
    pub days: i32,
}

/// How long the points of an order wait before they can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Through so many days after the one that is counted from.
    pub days: i32,
    /// From which day.
    pub from: PendingFrom,
}

/// From which day points wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PendingFrom {
    /// The day of the order.
    Order,
    /// The day the buyer had the goods; that of the order where it is not told.
    Receipt,
}

/// What a reversed earn may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeficitPolicy {
    /// Only what still waits of its own.
    OnlyPending,
    /// Only what is there.
    WithinBalance,
    /// All of it.
    Unlimited,
}

/// What the rules need to know of a tenant.
#[derive(Clone, Debug, Default)]
pub struct TenantTerms {
    /// All versions of its programme.
    pub versions: ByWallet,
    /// It may not write.
    pub suspended: bool,
}
