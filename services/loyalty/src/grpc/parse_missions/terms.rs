//! The terms of a mission, read.

use kernel::Currency;
use proto::loyalty::v1::{
    Mission, MissionCount, MissionCounted, MissionSequence, MissionStreak, MissionUnit, MissionWindow, mission,
    mission_step,
};
use wire::Violations;

use super::super::parse_page::read_lines;
use super::whole;
use crate::grpc::parse_programme::unknown;
use crate::grpc::parse_rules::condition;
use crate::mission::terms::{Counted, DoneBy, Goal, Reward, Step, Terms, Unit, Window};

const MOST: i64 = 1_000_000_000_000;

pub(super) fn read(bad: &mut Violations, said: &Mission) -> Option<Terms> {
    let display_name = bad.text("mission.display_name", &said.display_name, 1..=100);
    let text = read_lines(bad, "mission.text", &said.text);
    let goal = read_goal(bad, said.goal.as_ref());
    let when = condition(bad, "mission.when", &said.when);
    let lines = condition(bad, "mission.lines", &said.lines);
    let audience = condition(bad, "mission.audience", &said.audience);
    let from = bad.instant("mission.from_time", said.from_time.as_ref());
    let until = bad.instant("mission.until_time", said.until_time.as_ref());
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        bad.add("mission.until_time", "must be after from_time");
    }
    let window = read_window(bad, said);
    let points = bad.number("mission.reward.points", said.reward.as_ref().map_or(0, |one| one.points), 0..=MOST);
    let campaign = match said.reward.as_ref().map_or("", |one| one.campaign.as_str()) {
        "" => Some(None),
        code => bad.code("mission.reward.campaign", code, 1..=40).map(Some),
    };
    if points == Some(0) && campaign == Some(None) {
        bad.add("mission.reward", "needs points, a campaign, or both");
    }
    let most_per_window = bad.number("mission.most_per_window", i64::from(said.most_per_window), 0..=1_000);
    let most_in_all = bad.number("mission.most_in_all", i64::from(said.most_in_all), 0..=1_000_000);
    let budget = bad.number("mission.budget", said.budget, 0..=MOST);
    Some(Terms {
        display_name: display_name?,
        text: text?,
        goal: goal?,
        when: when?,
        lines: lines?,
        audience: audience?,
        from: whole(from),
        until: whole(until),
        window: window?,
        opt_in: said.opt_in,
        reward: Reward { points: points?, campaign: campaign? },
        most_per_window: most_per_window?.max(1),
        most_in_all: Some(most_in_all?).filter(|most| *most > 0),
        budget: Some(budget?).filter(|budget| *budget > 0),
    })
}

fn read_goal(bad: &mut Violations, goal: Option<&mission::Goal>) -> Option<Goal> {
    match goal {
        None => {
            bad.add("mission.goal", "is required: count, stamps, streak or sequence");
            None
        }
        Some(mission::Goal::Count(count)) => read_count(bad, count),
        Some(mission::Goal::Stamps(stamps)) => {
            let per_order = bad.number("mission.stamps.per_order", i64::from(stamps.per_order), 1..=100);
            let card = bad.number("mission.stamps.card", i64::from(stamps.card), 1..=1_000);
            per_order.zip(card).map(|(per_order, card)| Goal::Stamps { per_order, card })
        }
        Some(mission::Goal::Streak(streak)) => read_streak(bad, streak),
        Some(mission::Goal::Sequence(sequence)) => read_sequence(bad, sequence),
    }
}

fn read_count(bad: &mut Violations, count: &MissionCount) -> Option<Goal> {
    let target = bad.number("mission.count.target", count.target, 1..=MOST);
    let of = match MissionCounted::try_from(count.counted) {
        Ok(MissionCounted::Unspecified) => {
            bad.add("mission.count.counted", "is required");
            None
        }
        Ok(MissionCounted::Orders) => Some(Counted::Orders),
        Ok(MissionCounted::Units) => Some(Counted::Units),
        Ok(MissionCounted::Products) => Some(Counted::Products),
        Ok(MissionCounted::Categories) => Some(Counted::Categories),
        Ok(MissionCounted::Spend) => {
            bad.take("mission.count.currency_code", Currency::parse(&count.currency_code)).map(Counted::Spend)
        }
        Ok(MissionCounted::Events) => bad.code("mission.count.event", &count.event, 1..=40).map(Counted::Events),
        Err(_) => unknown(bad, "mission.count.counted"),
    };
    Some(Goal::Count { of: of?, target: target? })
}

fn read_streak(bad: &mut Violations, streak: &MissionStreak) -> Option<Goal> {
    let length = bad.number("mission.streak.length", i64::from(streak.length), 2..=120);
    let unit = match MissionUnit::try_from(streak.unit) {
        Ok(MissionUnit::Unspecified) => {
            bad.add("mission.streak.unit", "is required");
            None
        }
        Ok(MissionUnit::Week) => Some(Unit::Week),
        Ok(MissionUnit::Month) => Some(Unit::Month),
        Err(_) => unknown(bad, "mission.streak.unit"),
    };
    Some(Goal::Streak { unit: unit?, length: length? })
}

fn read_sequence(bad: &mut Violations, sequence: &MissionSequence) -> Option<Goal> {
    if !bad.count("mission.sequence.steps", sequence.steps.len(), 2..=20) {
        return None;
    }
    let mut steps = Vec::with_capacity(sequence.steps.len());
    let mut complete = true;
    for (place, step) in sequence.steps.iter().enumerate() {
        let field = |name: &str| format!("mission.sequence.steps[{place}].{name}");
        let display_name = bad.text(&field("display_name"), &step.display_name, 1..=100);
        let by = match &step.done_by {
            None => {
                bad.add(field("done_by"), "is required: order_when or event");
                None
            }
            Some(mission_step::DoneBy::OrderWhen(when)) => {
                condition(bad, &field("order_when"), when).map(DoneBy::Order)
            }
            Some(mission_step::DoneBy::Event(name)) => bad.code(&field("event"), name, 1..=40).map(DoneBy::Event),
        };
        match display_name.zip(by) {
            Some((display_name, by)) => steps.push(Step { display_name, by }),
            None => complete = false,
        }
    }
    complete.then_some(Goal::Sequence { steps })
}

fn read_window(bad: &mut Violations, said: &Mission) -> Option<Window> {
    let asked = MissionWindow::try_from(said.window).ok().or_else(|| unknown(bad, "mission.window"))?;
    let mut days = || bad.number("mission.window_days", i64::from(said.window_days), 1..=3_660);
    let days = match asked {
        MissionWindow::AfterJoining | MissionWindow::AfterAccepting => days().and_then(|days| i32::try_from(days).ok()),
        MissionWindow::Unspecified | MissionWindow::Whole | MissionWindow::Week | MissionWindow::Month => {
            if said.window_days != 0 {
                bad.add("mission.window_days", "goes with AFTER_JOINING and AFTER_ACCEPTING only");
            }
            None
        }
    };
    if asked == MissionWindow::AfterAccepting && !said.opt_in {
        bad.add("mission.opt_in", "goes with AFTER_ACCEPTING");
    }
    match asked {
        MissionWindow::Unspecified | MissionWindow::Whole => Some(Window::Whole),
        MissionWindow::Week => Some(Window::Week),
        MissionWindow::Month => Some(Window::Month),
        MissionWindow::AfterJoining => days.map(Window::AfterJoining),
        MissionWindow::AfterAccepting => days.map(Window::AfterAccepting),
    }
}
