//! Missions as the wire tells them.

use kernel::MemberId;
use proto::loyalty::v1;
use tonic::Response;
use wire::{Keys, PageToken};

use super::parse_missions::{LIST, REWARDS, Rewards};
use super::parse_page::Page;
use crate::mission::judging::{Paid, Reward};
use crate::mission::terms::{Counted, Definition, DoneBy, Goal, Terms, Unit, Window};
use crate::mission::{AcceptReceipt, HappenedReceipt, MemberMission, MissionState, PutReceipt, Standing};

pub(super) fn put(keys: &Keys, receipt: &PutReceipt) -> Response<v1::PutMissionResponse> {
    let freshness = receipt.reached.freshness().seal(keys);
    Response::new(v1::PutMissionResponse { version: receipt.version, freshness })
}

pub(super) fn page(keys: &Keys, ask: &Page, page: Vec<Standing>) -> Response<v1::ListMissionsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().filter(|_| is_full).map(|last| last.definition.code.clone());
    Response::new(v1::ListMissionsResponse {
        next_page_token: last.map_or_else(String::new, |last| PageToken(vec![last]).seal(keys, &[LIST])),
        missions: page.into_iter().map(standing).collect(),
    })
}

pub(super) fn standing(found: Standing) -> v1::GetMissionResponse {
    v1::GetMissionResponse {
        version: found.definition.version,
        r#use: Some(v1::MissionUse { rewards: found.taken }),
        record_time: Some(proto::timestamp(found.recorded_at)),
        mission: Some(terms(&found.definition)),
    }
}

pub(super) fn accepted(keys: &Keys, receipt: AcceptReceipt) -> Response<v1::AcceptMissionResponse> {
    Response::new(v1::AcceptMissionResponse {
        window: receipt.window,
        version: receipt.version,
        accept_time: Some(proto::timestamp(receipt.accepted_at)),
        until_time: receipt.until.map(proto::timestamp),
        freshness: receipt.reached.freshness().seal(keys),
    })
}

pub(super) fn recorded(keys: &Keys, receipt: HappenedReceipt) -> Response<v1::RecordMissionEventResponse> {
    Response::new(v1::RecordMissionEventResponse {
        missions: receipt.missions,
        repeated_event: receipt.repeated,
        freshness: receipt.reached.freshness().seal(keys),
    })
}

pub(super) fn rewards(keys: &Keys, ask: &Rewards, page: Vec<Reward>) -> Response<v1::ListMissionRewardsResponse> {
    let is_full = i64::try_from(page.len()).is_ok_and(|shown| shown == ask.limit);
    let last = page.last().map(|last| last.place).filter(|place| is_full && *place > 1);
    let next_page_token = last.map_or_else(String::new, |last| {
        PageToken(vec![last.to_string()]).seal(keys, &[REWARDS, &ask.member.to_string()])
    });
    let rewards = page.iter().map(|one| reward(ask.member, one)).collect();
    Response::new(v1::ListMissionRewardsResponse { rewards, next_page_token })
}

pub(super) fn of_member(member: MemberId, found: Vec<MemberMission>) -> Response<v1::ListMemberMissionsResponse> {
    let missions = found.into_iter().map(|one| seen(member, one)).collect();
    Response::new(v1::ListMemberMissionsResponse { missions })
}

fn seen(member: MemberId, found: MemberMission) -> v1::MemberMission {
    let state = match found.state {
        MissionState::NotYet => v1::MissionState::NotYet,
        MissionState::NotForMember => v1::MissionState::NotForMember,
        MissionState::ToAccept => v1::MissionState::ToAccept,
        MissionState::Open => v1::MissionState::Open,
        MissionState::Completed => v1::MissionState::Completed,
        MissionState::Over => v1::MissionState::Over,
    };
    v1::MemberMission {
        mission: Some(terms(&found.mission)),
        state: state.into(),
        progress: progress(&found),
        rewards: found.rewards.iter().map(|one| reward(member, one)).collect(),
    }
}

fn progress(found: &MemberMission) -> Option<v1::MissionProgress> {
    let (round, reached) = (found.round.as_ref()?, &found.reached);
    let target = found.mission.terms.goal.target();
    Some(v1::MissionProgress {
        window: round.span.key.clone(),
        version: round.version,
        from_time: Some(proto::timestamp(round.span.from)),
        until_time: round.span.until.map(proto::timestamp),
        accept_time: round.accepted_at.map(proto::timestamp),
        done: reached.done,
        target,
        missing: target.saturating_sub(reached.done).max(0),
        days_left: i32::try_from(found.days_left).unwrap_or(i32::MAX),
        have: reached.have.clone(),
        next_step: reached.next_step.clone().unwrap_or_default(),
        streak_until_time: reached.streak_until.map(proto::timestamp),
        completions: i32::try_from(reached.completed.len()).unwrap_or(i32::MAX),
    })
}

fn reward(member: MemberId, one: &Reward) -> v1::MissionRewardGiven {
    let state = match (one.wanted, one.paid) {
        (true, Paid::Given) => v1::MissionRewardState::Given,
        (true, Paid::Denied) => v1::MissionRewardState::NotGiven,
        (true, Paid::Not | Paid::Giving | Paid::Taking | Paid::Taken) => v1::MissionRewardState::OnTheWay,
        (false, Paid::Giving | Paid::Given | Paid::Taking) => v1::MissionRewardState::BeingTakenBack,
        (false, Paid::Not | Paid::Denied | Paid::Taken) => v1::MissionRewardState::TakenBack,
    };
    v1::MissionRewardGiven {
        reward: one.id(member).to_string(),
        mission: one.mission.clone(),
        version: one.version,
        window: one.window.clone(),
        number: i32::try_from(one.number).unwrap_or(i32::MAX),
        state: state.into(),
        points: one.points,
        entry: one.entry.map(|entry| entry.to_string()).unwrap_or_default(),
        campaign: one.campaign.clone().unwrap_or_default(),
        coupon: one.coupon.map(|coupon| coupon.to_string()).unwrap_or_default(),
        complete_time: Some(proto::timestamp(one.completed_at)),
    }
}

fn terms(found: &Definition) -> v1::Mission {
    let terms: &Terms = &found.terms;
    let (window, window_days) = match terms.window {
        Window::Whole => (v1::MissionWindow::Whole, 0),
        Window::Week => (v1::MissionWindow::Week, 0),
        Window::Month => (v1::MissionWindow::Month, 0),
        Window::AfterJoining(days) => (v1::MissionWindow::AfterJoining, days),
        Window::AfterAccepting(days) => (v1::MissionWindow::AfterAccepting, days),
    };
    let campaign = terms.reward.campaign.clone().unwrap_or_default();
    v1::Mission {
        code: found.code.clone(),
        display_name: terms.display_name.clone(),
        text: terms.text.clone(),
        goal: Some(goal(&terms.goal)),
        when: terms.when.text().to_owned(),
        lines: terms.lines.text().to_owned(),
        audience: terms.audience.text().to_owned(),
        from_time: Some(proto::timestamp(found.starts())),
        until_time: terms.until.map(proto::timestamp),
        window: window.into(),
        window_days,
        opt_in: terms.opt_in,
        reward: Some(v1::MissionReward { points: terms.reward.points, campaign }),
        most_per_window: small(terms.most_per_window),
        most_in_all: small(terms.most_in_all.unwrap_or(0)),
        budget: terms.budget.unwrap_or(0),
    }
}

fn small(number: i64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn goal(goal: &Goal) -> v1::mission::Goal {
    match goal {
        Goal::Count { of, target } => {
            let mut count = v1::MissionCount { target: *target, ..v1::MissionCount::default() };
            let counted = match of {
                Counted::Orders => v1::MissionCounted::Orders,
                Counted::Units => v1::MissionCounted::Units,
                Counted::Products => v1::MissionCounted::Products,
                Counted::Categories => v1::MissionCounted::Categories,
                Counted::Spend(currency) => {
                    count.currency_code = currency.to_string();
                    v1::MissionCounted::Spend
                }
                Counted::Events(name) => {
                    count.event.clone_from(name);
                    v1::MissionCounted::Events
                }
            };
            count.counted = counted.into();
            v1::mission::Goal::Count(count)
        }
        Goal::Stamps { per_order, card } => {
            v1::mission::Goal::Stamps(v1::MissionStamps { per_order: small(*per_order), card: small(*card) })
        }
        Goal::Streak { unit, length } => {
            let unit = match unit {
                Unit::Week => v1::MissionUnit::Week,
                Unit::Month => v1::MissionUnit::Month,
            };
            v1::mission::Goal::Streak(v1::MissionStreak { unit: unit.into(), length: small(*length) })
        }
        Goal::Sequence { steps } => {
            let steps = steps.iter().map(|step| v1::MissionStep {
                display_name: step.display_name.clone(),
                done_by: Some(match &step.by {
                    DoneBy::Order(when) => v1::mission_step::DoneBy::OrderWhen(when.text().to_owned()),
                    DoneBy::Event(name) => v1::mission_step::DoneBy::Event(name.clone()),
                }),
            });
            v1::mission::Goal::Sequence(v1::MissionSequence { steps: steps.collect() })
        }
    }
}
