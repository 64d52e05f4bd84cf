//! Earn rules: what an order earns beyond the base rate, under which condition, and how much of it at most.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Currency;
use kernel::calendar::day_of;
use rule::{Fault, Rule};
use serde::{Deserialize, Serialize};

use super::wallets::code;
use super::words::{LineWords, OrderWords, Words};
use crate::account::wallet::WalletCode;

/// Rules of one programme.
pub const MOST_RULES: usize = 200;

/// One earn rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarnRule {
    /// Unique in the programme; what limits are counted by, from version to version.
    pub code: String,
    /// Where what it gives goes.
    #[serde(default, skip_serializing_if = "WalletCode::is_points", with = "code")]
    pub wallet: WalletCode,
    /// What members read.
    pub display_name: String,
    /// Which orders earn by it.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub when: Condition<OrderWords>,
    /// Which of their lines count.
    #[serde(default, skip_serializing_if = "Condition::is_empty")]
    pub lines: Condition<LineWords>,
    /// What it gives.
    pub award: Award,
    /// The first moment an order may be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// The first moment it may no longer be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of the rules of one group an order earns by the best for the member alone; empty: it adds up with all others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// How much it gives at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// What a rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Award {
    /// So many points for the order.
    Fixed(i64),
    /// So many points for so much money of the lines that count, in this currency.
    Rate {
        /// Of the money.
        currency: Currency,
        /// So many points …
        points: i64,
        /// … for every so many minor units.
        per_minor: i64,
    },
    /// What the base rate gave for the lines that count, multiplied by so many hundredths: 200 gives as much again.
    Multiplied(i64),
}

/// How much a rule gives at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// In which time.
    pub per: LimitPeriod,
    /// So many.
    #[serde(rename = "points")]
    pub most: i64,
    /// Of what.
    #[serde(default, skip_serializing_if = "Counted::is_points")]
    pub of: Counted,
    /// What becomes of an order that would bring more.
    pub over: OverLimit,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// Points that a rule gave.
    #[default]
    Points,
    /// Orders that earned by it; one that came back whole is none.
    Orders,
}

impl Counted {
    /// Whether points are counted.
    pub fn is_points(&self) -> bool {
        *self == Self::Points
    }
}

/// Over which time a limit counts; days, weeks (from Monday), months and years are those of the programme's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LimitPeriod {
    /// One order.
    Order,
    /// A member's calendar day.
    Day,
    /// A member's week.
    Week,
    /// A member's calendar month.
    Month,
    /// A member's calendar year.
    Year,
    /// All of a member's orders.
    Ever,
}

/// What becomes of an order that would bring more than a limit leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverLimit {
    /// It earns what is left.
    Cap,
    /// It earns nothing by this rule.
    Refuse,
}

impl EarnRule {
    /// Whether it speaks about orders of a moment and a currency at all.
    pub fn rules(&self, at: Timestamp, currency: Currency) -> bool {
        let in_time = self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until);
        let of_currency = match self.award {
            Award::Rate { currency: own, .. } => own == currency,
            Award::Fixed(_) | Award::Multiplied(_) => true,
        };
        in_time && of_currency
    }

    /// Whether what a member earned by it before has to be known.
    pub fn counts(&self) -> bool {
        self.limits.iter().any(|limit| limit.per != LimitPeriod::Order)
    }
}

impl LimitPeriod {
    /// Whether two orders of a member fall into the same one.
    pub fn same(self, one: Timestamp, other: Timestamp, zone: &TimeZone) -> bool {
        let day = |at: Timestamp| day_of(at, zone);
        let alike = |of: fn(Date) -> (i16, i8)| of(day(one)) == of(day(other));
        match self {
            Self::Order => false,
            Self::Day => day(one) == day(other),
            Self::Week => alike(|day| (day.iso_week_date().year(), day.iso_week_date().week())),
            Self::Month => alike(|day| (day.year(), day.month())),
            Self::Year => alike(|day| (day.year(), 0)),
            Self::Ever => true,
        }
    }

    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::Ever => "ever",
        }
    }
}

/// A condition as it was written. It is read once, where it is asked for the first time, for all copies of it: versions are
/// kept in memory, so that is once for each version and process.
#[derive(Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Condition<W> {
    text: String,
    rule: Arc<OnceLock<Option<Rule>>>,
    words: PhantomData<W>,
}

impl<W: Words> Condition<W> {
    /// Reads a condition that is about to be kept.
    ///
    /// # Errors
    /// What is wrong with it, and where. An empty one is always met.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let condition = Self::from(text.to_owned());
        if !condition.is_empty() {
            let rule = Rule::parse(text, W::schema())?;
            condition.rule.get_or_init(|| Some(rule));
        }
        Ok(condition)
    }

    /// What it says; none where nothing is asked.
    ///
    /// # Errors
    /// It was kept by another version of this program, which knew other words.
    pub fn rule(&self) -> Result<Option<&Rule>, Unreadable> {
        if self.is_empty() {
            return Ok(None);
        }
        let read = || Rule::parse(&self.text, W::schema()).ok();
        self.rule.get_or_init(read).as_ref().map(Some).ok_or(Unreadable)
    }
}

impl<W> Condition<W> {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// A kept condition that cannot be read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl<W> Default for Condition<W> {
    fn default() -> Self {
        Self::from(String::new())
    }
}

impl<W> Clone for Condition<W> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), rule: self.rule.clone(), words: PhantomData }
    }
}

impl<W> PartialEq for Condition<W> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<W> From<String> for Condition<W> {
    fn from(text: String) -> Self {
        Self { text, rule: Arc::default(), words: PhantomData }
    }
}

impl<W> From<Condition<W>> for String {
    fn from(condition: Condition<W>) -> Self {
        condition.text
    }
}

impl<W> fmt::Debug for Condition<W> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.text)
    }
}
