//! Occasion rules as people write them into a file, and as the wire carries them.

use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use proto::loyalty::v1::occasion_rule::Award as WireAward;
use serde::{Deserialize, Serialize};

use super::rules::{Limit, is_zero};
use crate::client::CliError;

/// What is earned on an occasion that is no order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OccasionRule {
    /// Lower case letters, digits, hyphens.
    pub code: String,
    /// Code of the wallet that its points go to; points where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wallet: String,
    /// What members read.
    pub display_name: String,
    /// On which occasion.
    pub on: Occasion,
    /// Which of them, in CEL; all where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// So many points …
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fixed_points: i64,
    /// … or so many for each of an event's quantity.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub points_each: i64,
    /// A coupon of the campaign with this code; none where not said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// Occasions from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Occasions before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How much it gives at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
}

/// On which occasion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The member joins.
    Enrolment,
    /// Their birthday.
    Birthday,
    /// An event with this code.
    Event(String),
}

/// When birthdays are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Birthdays {
    /// The whole month, and not the day alone.
    #[serde(default)]
    pub whole_month: bool,
    /// Those of 29 February are on 1 March in other years, and not on 28 February.
    #[serde(default)]
    pub leap_day_in_march: bool,
}

impl Birthdays {
    /// Whether nothing else was said.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn wire(self) -> Option<wire::BirthdayPolicy> {
        let period = if self.whole_month { wire::BirthdayPeriod::Month } else { wire::BirthdayPeriod::Day };
        let leap_day =
            if self.leap_day_in_march { wire::LeapDay::LeapDay1March } else { wire::LeapDay::LeapDay28February };
        let said = wire::BirthdayPolicy { period: period.into(), leap_day: leap_day.into() };
        (!self.is_default()).then_some(said)
    }

    pub(super) fn of(policy: wire::BirthdayPolicy) -> Self {
        Self {
            whole_month: policy.period() == wire::BirthdayPeriod::Month,
            leap_day_in_march: policy.leap_day() == wire::LeapDay::LeapDay1March,
        }
    }
}

impl From<OccasionRule> for wire::OccasionRule {
    fn from(rule: OccasionRule) -> Self {
        let (kind, event) = match rule.on {
            Occasion::Enrolment => (wire::OccasionKind::Enrolment, String::new()),
            Occasion::Birthday => (wire::OccasionKind::Birthday, String::new()),
            Occasion::Event(event) => (wire::OccasionKind::Event, event),
        };
        let award = match (rule.fixed_points, rule.points_each) {
            (0, 0) => None,
            (0, each) => Some(WireAward::PointsEach(each)),
            (points, _) => Some(WireAward::FixedPoints(points)),
        };
        Self {
            code: rule.code,
            display_name: rule.display_name,
            kind: kind.into(),
            event,
            when: rule.when,
            award,
            campaign: rule.campaign,
            from_time: rule.from.map(proto::timestamp),
            until_time: rule.until.map(proto::timestamp),
            limits: rule.limits.into_iter().map(Into::into).collect(),
            wallet: rule.wallet,
        }
    }
}

impl TryFrom<wire::OccasionRule> for OccasionRule {
    type Error = CliError;

    fn try_from(rule: wire::OccasionRule) -> Result<Self, CliError> {
        let on = match rule.kind() {
            wire::OccasionKind::Enrolment => Occasion::Enrolment,
            wire::OccasionKind::Birthday => Occasion::Birthday,
            wire::OccasionKind::Event => Occasion::Event(rule.event),
            wire::OccasionKind::Unspecified => {
                return Err(CliError::odd("the suite gave an occasion rule without an occasion"));
            }
        };
        let (fixed_points, points_each) = match rule.award {
            None => (0, 0),
            Some(WireAward::FixedPoints(points)) => (points, 0),
            Some(WireAward::PointsEach(points)) => (0, points),
        };
        let instant = |time: Option<prost_types::Timestamp>| time.as_ref().and_then(|time| proto::instant(time).ok());
        Ok(Self {
            code: rule.code,
            wallet: rule.wallet,
            display_name: rule.display_name,
            on,
            when: rule.when,
            fixed_points,
            points_each,
            campaign: rule.campaign,
            from: instant(rule.from_time),
            until: instant(rule.until_time),
            limits: rule.limits.into_iter().map(Limit::try_from).collect::<Result<_, _>>()?,
        })
    }
}
