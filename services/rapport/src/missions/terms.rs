//! A mission as people write it into a file, and as the wire carries it.

use jiff::Timestamp;
use proto::loyalty::v1 as wire;
use serde::{Deserialize, Serialize};

use crate::client::CliError;
use crate::member::instant;

/// What members are asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mission {
    /// Names it for ever.
    pub code: String,
    /// What members read.
    pub display_name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// What is to be done.
    pub goal: Goal,
    /// Which orders count.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// Which of their lines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lines: String,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub audience: String,
    /// From then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// In which time.
    #[serde(default)]
    pub window: Window,
    /// Days after joining or accepting.
    #[serde(default)]
    pub window_days: i32,
    /// Only after it is accepted.
    #[serde(default)]
    pub opt_in: bool,
    /// Points that are given.
    #[serde(default)]
    pub points: i64,
    /// A coupon of this campaign.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// How often in one window; once where 0.
    #[serde(default)]
    pub most_per_window: i32,
    /// How often a member; no limit where 0.
    #[serde(default)]
    pub most_in_all: i32,
    /// How many rewards; no limit where 0.
    #[serde(default)]
    pub budget: i64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Goal {
    /// So many of something.
    Count(Count),
    /// A card of stamps.
    Stamps(Stamps),
    /// A purchase in each of so many in a row.
    Streak(Streak),
    /// One after another.
    Sequence(Vec<Step>),
}

/// So many of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// Of what.
    pub of: Counted,
    /// How many.
    pub target: i64,
    /// ISO 4217, for spend.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub currency: String,
    /// Its name, for events.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event: String,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Orders.
    Orders,
    /// Units.
    Units,
    /// Different products.
    Products,
    /// Different categories.
    Categories,
    /// Money.
    Spend,
    /// Events.
    Events,
}

/// A card of stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamps {
    /// For each order.
    pub per_order: i32,
    /// Of a full card.
    pub card: i32,
}

/// A purchase in each of so many in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Streak {
    /// Of what.
    pub unit: Unit,
    /// How many.
    pub length: i32,
}

/// A unit of a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// From Monday.
    Week,
    /// Of the calendar.
    Month,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What members read.
    pub display_name: String,
    /// What does it.
    #[serde(flatten)]
    pub by: DoneBy,
}

/// What does a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoneBy {
    /// An order of which this holds.
    OrderWhen(String),
    /// An event of this name.
    Event(String),
}

/// In which time a goal is to be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All of the mission's.
    #[default]
    Whole,
    /// Each week.
    Week,
    /// Each calendar month.
    Month,
    /// So many days after joining.
    AfterJoining,
    /// So many days after accepting.
    AfterAccepting,
}

impl From<Mission> for wire::Mission {
    fn from(mission: Mission) -> Self {
        let window = match mission.window {
            Window::Whole => wire::MissionWindow::Whole,
            Window::Week => wire::MissionWindow::Week,
            Window::Month => wire::MissionWindow::Month,
            Window::AfterJoining => wire::MissionWindow::AfterJoining,
            Window::AfterAccepting => wire::MissionWindow::AfterAccepting,
        };
        Self {
            code: mission.code,
            display_name: mission.display_name,
            text: mission.text,
            goal: Some(mission.goal.into()),
            when: mission.when,
            lines: mission.lines,
            audience: mission.audience,
            from_time: mission.from.map(proto::timestamp),
            until_time: mission.until.map(proto::timestamp),
            window: window.into(),
            window_days: mission.window_days,
            opt_in: mission.opt_in,
            reward: Some(wire::MissionReward { points: mission.points, campaign: mission.campaign }),
            most_per_window: mission.most_per_window,
            most_in_all: mission.most_in_all,
            budget: mission.budget,
        }
    }
}

impl From<Goal> for wire::mission::Goal {
    fn from(goal: Goal) -> Self {
        match goal {
            Goal::Count(count) => {
                let counted = match count.of {
                    Counted::Orders => wire::MissionCounted::Orders,
                    Counted::Units => wire::MissionCounted::Units,
                    Counted::Products => wire::MissionCounted::Products,
                    Counted::Categories => wire::MissionCounted::Categories,
                    Counted::Spend => wire::MissionCounted::Spend,
                    Counted::Events => wire::MissionCounted::Events,
                };
                let (target, currency_code, event) = (count.target, count.currency, count.event);
                Self::Count(wire::MissionCount { counted: counted.into(), target, currency_code, event })
            }
            Goal::Stamps(Stamps { per_order, card }) => Self::Stamps(wire::MissionStamps { per_order, card }),
            Goal::Streak(Streak { unit, length }) => {
                let unit = match unit {
                    Unit::Week => wire::MissionUnit::Week,
                    Unit::Month => wire::MissionUnit::Month,
                };
                Self::Streak(wire::MissionStreak { unit: unit.into(), length })
            }
            Goal::Sequence(steps) => {
                let steps = steps.into_iter().map(|step| wire::MissionStep {
                    display_name: step.display_name,
                    done_by: Some(match step.by {
                        DoneBy::OrderWhen(when) => wire::mission_step::DoneBy::OrderWhen(when),
                        DoneBy::Event(name) => wire::mission_step::DoneBy::Event(name),
                    }),
                });
                Self::Sequence(wire::MissionSequence { steps: steps.collect() })
            }
        }
    }
}

impl TryFrom<wire::Mission> for Mission {
    type Error = CliError;

    fn try_from(mission: wire::Mission) -> Result<Self, CliError> {
        let window = match mission.window() {
            wire::MissionWindow::Unspecified | wire::MissionWindow::Whole => Window::Whole,
            wire::MissionWindow::Week => Window::Week,
            wire::MissionWindow::Month => Window::Month,
            wire::MissionWindow::AfterJoining => Window::AfterJoining,
            wire::MissionWindow::AfterAccepting => Window::AfterAccepting,
        };
        let reward = mission.reward.clone().unwrap_or_default();
        Ok(Self {
            goal: goal(mission.goal.clone().ok_or_else(|| CliError::odd("the suite gave no goal"))?)?,
            code: mission.code,
            display_name: mission.display_name,
            text: mission.text,
            when: mission.when,
            lines: mission.lines,
            audience: mission.audience,
            from: instant(mission.from_time.as_ref()),
            until: instant(mission.until_time.as_ref()),
            window,
            window_days: mission.window_days,
            opt_in: mission.opt_in,
            points: reward.points,
            campaign: reward.campaign,
            most_per_window: mission.most_per_window,
            most_in_all: mission.most_in_all,
            budget: mission.budget,
        })
    }
}

fn goal(goal: wire::mission::Goal) -> Result<Goal, CliError> {
    let odd = || CliError::odd("the suite gave a goal this program does not know");
    Ok(match goal {
        wire::mission::Goal::Count(count) => {
            let of = match count.counted() {
                wire::MissionCounted::Unspecified => return Err(odd()),
                wire::MissionCounted::Orders => Counted::Orders,
                wire::MissionCounted::Units => Counted::Units,
                wire::MissionCounted::Products => Counted::Products,
                wire::MissionCounted::Categories => Counted::Categories,
                wire::MissionCounted::Spend => Counted::Spend,
                wire::MissionCounted::Events => Counted::Events,
            };
            Goal::Count(Count { of, target: count.target, currency: count.currency_code, event: count.event })
        }
        wire::mission::Goal::Stamps(stamps) => Goal::Stamps(Stamps { per_order: stamps.per_order, card: stamps.card }),
        wire::mission::Goal::Streak(streak) => {
            let unit = match streak.unit() {
                wire::MissionUnit::Unspecified => return Err(odd()),
                wire::MissionUnit::Week => Unit::Week,
                wire::MissionUnit::Month => Unit::Month,
            };
            Goal::Streak(Streak { unit, length: streak.length })
        }
        wire::mission::Goal::Sequence(sequence) => {
            let step = |step: wire::MissionStep| {
                let by = match step.done_by.ok_or_else(odd)? {
                    wire::mission_step::DoneBy::OrderWhen(when) => DoneBy::OrderWhen(when),
                    wire::mission_step::DoneBy::Event(name) => DoneBy::Event(name),
                };
                Ok(Step { display_name: step.display_name, by })
            };
            Goal::Sequence(sequence.steps.into_iter().map(step).collect::<Result<_, CliError>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_as_it_was_put() {
        let goals = [
            r#"{"count": {"of": "spend", "target": 3000, "currency": "TWD"}}"#,
            r#"{"stamps": {"per_order": 1, "card": 10}}"#,
            r#"{"streak": {"unit": "week", "length": 4}}"#,
            r#"{"sequence": [{"display_name": "Buy", "order_when": "true"}, {"display_name": "Tell", "event": "review"}]}"#,
        ];
        for goal in goals {
            let text = format!(
                r#"{{"code": "m", "display_name": "M", "goal": {goal}, "window": "month", "points": 50,
                     "until": "2027-01-01T00:00:00Z", "when": "order.net_minor >= 100"}}"#
            );
            let read: Mission = serde_json::from_str(&text).expect("it can be read");
            let there = wire::Mission::from(read.clone());
            assert_eq!(Mission::try_from(there).expect("and back"), read, "{goal}");
            let shown = serde_json::to_string(&read).expect("it can be written");
            assert_eq!(serde_json::from_str::<Mission>(&shown).expect("and read"), read);
        }
    }
}
