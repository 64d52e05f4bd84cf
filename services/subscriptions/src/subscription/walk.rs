//! Random walks against a plain model: whatever happens in whatever order, nobody is charged for what was skipped, passed
//! over or paid before, and what was charged is what was paid.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::answering::{answer, update_token};
use super::charging::{Answer, Decline};
use super::samples::{at, begun, coffee};
use super::schedule::{advance, cancel, change_cadence, pause, resume, skip, unskip};
use super::standing::{Stage, Standing};
use crate::plan::cadence::{Cadence, Unit};
use crate::plan::terms::{CatchUp, Plan};

#[derive(Clone, Debug)]
enum Step {
    Hours(i64),
    Ring,
    Answer(u8),
    AnswerAgain,
    Skip(i64),
    Unskip(i64),
    Pause,
    Resume,
    Token,
    Rhythm(i32),
    Cancel,
}

/// What anybody would remember who looks on.
#[derive(Default)]
struct Model {
    skipped: BTreeSet<i64>,
    paid: BTreeSet<i64>,
    paused_since: Option<Timestamp>,
    pauses: Vec<(Timestamp, Timestamp)>,
    cancelled: bool,
    charged_minor: i64,
    placed: usize,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..400_i64).prop_map(Step::Hours),
        4 => Just(Step::Ring),
        6 => (0..10_u8).prop_map(Step::Answer),
        1 => Just(Step::AnswerAgain),
        2 => (0..6_i64).prop_map(Step::Skip),
        1 => (0..6_i64).prop_map(Step::Unskip),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => Just(Step::Token),
        1 => (1..20_i32).prop_map(Step::Rhythm),
        1 => Just(Step::Cancel),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let every = (prop_oneof![Just(Unit::Day), Just(Unit::Week), Just(Unit::Month)], 1..4_i32);
    (every, any::<bool>(), 0..4_i32, 0..4_i32, 0..3_usize).prop_map(|((unit, every), all, offset, end, retries)| Plan {
        cadence: Cadence { every, unit },
        catch_up: if all { CatchUp::All } else { CatchUp::Latest },
        charge_offset_days: offset,
        end_after_unpaid: end,
        retry_days: [1, 4, 9][..retries].to_vec(),
        ..coffee()
    })
}

fn said(number: u8) -> Answer {
    let no = |class| Answer::Declined { class, code: String::new() };
    match number {
        0..=5 => Answer::Charged { reference: String::new() },
        6..=7 => no(Decline::Later),
        8 => no(Decline::AfterCardUpdate),
        _ => no(Decline::Never),
    }
}

fn walk(ours: &mut Standing, model: &mut Model, step: &Step, now: &mut Timestamp) {
    let target = |ahead: &i64, ours: &Standing| ours.next + ahead;
    match step {
        Step::Hours(hours) => *now += SignedDuration::from_hours(*hours),
        Step::Ring => advance(ours, *now),
        Step::Answer(number) => {
            let Some((number, attempt, said)) = ours.charging().map(|one| (one.number, one.attempts, said(*number)))
            else {
                return;
            };
            if matches!(said, Answer::Charged { .. }) {
                assert!(model.paid.insert(number), "occurrence {number} is paid twice");
                model.charged_minor += ours.amount();
            }
            let (before, is_yes) = (ours.placed.len(), matches!(said, Answer::Charged { .. }));
            answer(ours, number, attempt, said, *now);
            if is_yes && ours.plan.catch_up == CatchUp::Latest {
                let mut placed = ours.placed[before..].iter();
                assert!(placed.all(|placed| placed.attempt > 1), "two are charged at once");
            }
        }
        Step::AnswerAgain => {
            let told = ours.answered.last().map(|last| (last.number, last.attempt, last.answer.clone()));
            if let Some((number, attempt, said)) = told {
                let before = ours.answered.len();
                answer(ours, number, attempt, said, *now);
                assert_eq!(ours.answered.len(), before, "an answer was taken twice");
            }
        }
        Step::Skip(ahead) => {
            let number = target(ahead, ours);
            if skip(ours, number, *now).is_ok() {
                model.skipped.insert(number);
            }
        }
        Step::Unskip(ahead) => {
            let number = target(ahead, ours);
            if unskip(ours, number, *now).is_ok() {
                model.skipped.remove(&number);
            }
        }
        Step::Pause => {
            if pause(ours, "", *now).is_ok() {
                model.paused_since = model.paused_since.or(Some(*now));
            }
        }
        Step::Resume => {
            if resume(ours, "", *now).is_ok() {
                model.pauses.extend(model.paused_since.take().map(|since| (since, *now)));
            }
        }
        Step::Token => drop(update_token(ours, "sandbox_ok", false, *now)),
        Step::Rhythm(every) => {
            let (before, next) = (ours.clone(), ours.next);
            let cadence = Cadence { every: *every, unit: Unit::Day };
            if change_cadence(ours, cadence, ours.schedule.zone.wall(*now), *now).is_ok() {
                assert!(ours.next >= next, "numbers go on");
                let skipped = ours.occurrences.values().filter(|one| one.stage == Stage::Skipped);
                model.skipped = skipped.map(|one| one.number).collect();
                drop(before);
            }
        }
        Step::Cancel => {
            cancel(ours, "", false, *now);
            model.cancelled = true;
        }
    }
}

fn check(ours: &Standing, model: &mut Model, now: Timestamp) {
    let charging = ours.occurrences.values().filter(|one| one.stage == Stage::Charging).count();
    assert!(charging <= 1, "two charges are under way");
    for placed in &ours.placed[model.placed..] {
        let number = placed.number;
        let due_at = ours.occurrences[&number].due_at;
        assert!(due_at <= now, "{number} is charged before it is due");
        assert!(!model.skipped.contains(&number), "{number} was skipped and is charged");
        assert!(!model.paid.contains(&number), "{number} was paid and is charged again");
        let in_a_pause = model.pauses.iter().any(|(from, to)| (*from..*to).contains(&due_at) && due_at > *from);
        assert!(!in_a_pause, "{number} fell into a pause and is charged");
        assert_eq!(placed.amount_minor, ours.amount());
        let is_owed = ours.plan.charge_offset_days > 0 && placed.attempt == 1;
        assert!(!model.cancelled || is_owed, "{number} is charged after it was cancelled");
    }
    model.placed = ours.placed.len();
    let paid: BTreeSet<i64> =
        ours.occurrences.values().filter(|one| one.stage == Stage::Paid).map(|one| one.number).collect();
    assert_eq!(paid, model.paid);
    let successes = i64::try_from(model.paid.len()).expect("few");
    assert_eq!(model.charged_minor, successes * ours.amount(), "what was charged is what was paid");
    assert_eq!(ours.orders.len(), model.paid.len(), "each paid occurrence becomes one order");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(testkit::count(testkit::Promise::Walks)))]

    #[test]
    fn nobody_is_charged_for_what_was_not_theirs(plan in plan(), steps in proptest::collection::vec(step(), 1..80)) {
        let (mut ours, mut model, mut now) = (begun(plan), Model::default(), at("2026-01-10T02:00:00Z"));
        for step in &steps {
            walk(&mut ours, &mut model, step, &mut now);
            check(&ours, &mut model, now);
        }
    }
}
