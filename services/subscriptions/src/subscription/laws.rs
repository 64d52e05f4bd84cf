//! The rules as stories: what is done at which time, and how the subscription stands after it.

use jiff::Timestamp;

use super::answering::{answer, report, update_token};
use super::charging::{Answer, Decline};
use super::samples::{at, begun, coffee};
use super::schedule::{advance, cancel, change_cadence, pause, resume, skip, unskip};
use super::standing::{Occurrence, Stage, Standing, State};
use crate::plan::cadence::{Cadence, Unit};
use crate::plan::terms::{CatchUp, Plan};

fn no(class: Decline) -> Answer {
    Answer::Declined { class, code: String::new() }
}

fn yes() -> Answer {
    Answer::Charged { reference: String::new() }
}

/// Does one thing; what is refused is told.
fn act(ours: &mut Standing, what: &str, now: Timestamp) -> String {
    let mut words = what.split(' ');
    let (verb, number) =
        (words.next().unwrap_or_default(), words.next().and_then(|word| word.parse().ok()).unwrap_or(0));
    let charging = ours.charging().map_or((0, 0), |one| (one.number, one.attempts));
    match verb {
        "yes" => answer(ours, charging.0, charging.1, yes(), now),
        "later" => answer(ours, charging.0, charging.1, no(Decline::Later), now),
        "card" => answer(ours, charging.0, charging.1, no(Decline::AfterCardUpdate), now),
        "never" => answer(ours, charging.0, charging.1, no(Decline::Never), now),
        "ring" => advance(ours, now),
        "again" => answer(ours, number, 1, yes(), now),
        "cancel" => cancel(ours, "", false, now),
        _ => return ask(ours, verb, number, now).err().map_or_else(String::new, |_| "refused ".to_owned()),
    }
    String::new()
}

/// What can be refused.
fn ask(ours: &mut Standing, verb: &str, number: i64, now: Timestamp) -> Result<(), super::Refusal> {
    match verb {
        "report" => report(ours, number, (yes(), false), now),
        "moved" => report(ours, number, (yes(), true), now),
        "skip" => skip(ours, number, now),
        "unskip" => unskip(ours, number, now),
        "pause" => pause(ours, "", now),
        "resume" => resume(ours, "", now),
        "rhythm" => {
            let cadence = Cadence { every: i32::try_from(number).expect("few"), unit: Unit::Day };
            change_cadence(ours, cadence, ours.schedule.zone.wall(now), now).map(drop)
        }
        "token" => update_token(ours, "sandbox_ok", false, now),
        other => panic!("nobody can {other}"),
    }
}

fn told(ours: &Standing) -> String {
    let stage = |one: &Occurrence| match one.stage {
        Stage::Planned => "planned",
        Stage::Skipped => "skipped",
        Stage::Due => "due",
        Stage::Charging => "charging",
        Stage::Paid => "paid",
        Stage::Unpaid => "unpaid",
        Stage::Passed => "passed",
        Stage::Refunded => "refunded",
    };
    let state = match ours.state {
        State::Active => "active",
        State::Paused => "paused",
        State::PastDue => "past due",
        State::Cancelled => "cancelled",
        State::Ended => "ended",
    };
    let shown = ours.occurrences.values().filter(|one| one.stage != Stage::Planned);
    let all: Vec<String> = shown.map(|one| format!("{} {}", one.number, stage(one))).collect();
    format!("{state}: {}", all.join(", ")).trim_end().trim_end_matches(':').to_owned()
}

fn story(plan: Plan, text: &str) {
    live(&mut begun(plan), text);
}

/// Day of January (at ten in Taipei) | what is done | how it stands.
fn live(ours: &mut Standing, text: &str) {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [day, what, expected] = cells[..] else { panic!("three cells: {line}") };
        let days: i64 = day.parse().expect("a day");
        let now = at("2026-01-01T02:00:00Z") + jiff::SignedDuration::from_hours(24 * (days - 1));
        let refused = act(ours, what, now);
        assert_eq!(format!("{refused}{}", told(ours)), expected, "{line}");
    }
}

#[test]
fn three_charges_one_of_them_tried_twice() {
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         10 | yes   | active: 0 paid
         16 | ring  | active: 0 paid
         17 | ring  | active: 0 paid, 1 charging
         17 | later | active: 0 paid, 1 due
         17 | ring  | active: 0 paid, 1 due
         18 | ring  | active: 0 paid, 1 charging
         18 | yes   | active: 0 paid, 1 paid
         18 | again 1 | active: 0 paid, 1 paid
         24 | ring  | active: 0 paid, 1 paid, 2 charging
         24 | yes   | active: 0 paid, 1 paid, 2 paid",
    );
}

#[test]
fn when_no_attempt_is_left_it_is_past_due_until_the_next_is_paid() {
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         10 | later | active: 0 due
         11 | ring  | active: 0 charging
         11 | later | active: 0 due
         13 | ring  | active: 0 charging
         13 | later | past due: 0 unpaid
         17 | ring  | past due: 0 unpaid, 1 charging
         17 | yes   | active: 0 unpaid, 1 paid",
    );
    story(
        Plan { end_after_unpaid: 2, retry_days: vec![], ..coffee() },
        "10 | ring  | active: 0 charging
         10 | later | past due: 0 unpaid
         17 | ring  | past due: 0 unpaid, 1 charging
         17 | later | ended: 0 unpaid, 1 unpaid
         24 | ring  | ended: 0 unpaid, 1 unpaid",
    );
}

#[test]
fn another_card_is_waited_for() {
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         10 | card  | past due: 0 due
         17 | ring  | past due: 0 due, 1 passed
         18 | token | past due: 0 charging, 1 passed
         18 | yes   | active: 0 paid, 1 passed
         24 | ring  | active: 0 paid, 1 passed, 2 charging",
    );
}

#[test]
fn after_an_outage_the_latest_is_charged() {
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         10 | yes   | active: 0 paid
         33 | ring  | active: 0 paid, 1 passed, 2 passed, 3 charging
         33 | yes   | active: 0 paid, 1 passed, 2 passed, 3 paid",
    );
    // A provider that is silent for three weeks is no reason to charge three times either.
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         17 | ring  | active: 0 charging, 1 due
         24 | ring  | active: 0 charging, 1 due, 2 due
         25 | yes   | active: 0 paid, 1 passed, 2 passed
         31 | ring  | active: 0 paid, 1 passed, 2 passed, 3 charging",
    );
    // Nor is it one where nothing rang meanwhile.
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         25 | yes   | active: 0 paid, 1 passed, 2 passed
         31 | ring  | active: 0 paid, 1 passed, 2 passed, 3 charging",
    );
    // Where the silence ends with a no, the latest is what is charged.
    story(
        coffee(),
        "10 | ring  | active: 0 charging
         25 | later | past due: 0 unpaid, 1 passed, 2 charging",
    );
    story(
        Plan { catch_up: CatchUp::All, ..coffee() },
        "10 | ring  | active: 0 charging
         25 | ring  | active: 0 charging, 1 due, 2 due
         25 | yes   | active: 0 paid, 1 charging, 2 due
         25 | yes   | active: 0 paid, 1 paid, 2 charging
         25 | yes   | active: 0 paid, 1 paid, 2 paid",
    );
}

#[test]
fn a_retry_gives_way_to_the_next_occurrence() {
    story(
        Plan { retry_days: vec![7], ..coffee() },
        "10 | ring  | active: 0 charging
         10 | later | active: 0 due
         17 | ring  | past due: 0 unpaid, 1 charging
         17 | yes   | active: 0 unpaid, 1 paid",
    );
}

#[test]
fn skipping_and_pausing_move_nothing_else() {
    story(
        coffee(),
        "10 | ring     | active: 0 charging
         10 | yes      | active: 0 paid
         10 | skip 1   | active: 0 paid, 1 skipped
         10 | skip 1   | active: 0 paid, 1 skipped
         10 | skip 2   | active: 0 paid, 1 skipped, 2 skipped
         11 | unskip 2 | active: 0 paid, 1 skipped
         11 | skip 0   | refused active: 0 paid, 1 skipped
         17 | ring     | active: 0 paid, 1 skipped
         17 | unskip 1 | refused active: 0 paid, 1 skipped
         20 | pause    | paused: 0 paid, 1 skipped
         24 | ring     | paused: 0 paid, 1 skipped
         25 | resume   | active: 0 paid, 1 skipped, 2 passed
         31 | ring     | active: 0 paid, 1 skipped, 2 passed, 3 charging",
    );
}

#[test]
fn another_rhythm_within_a_pause_keeps_no_day_of_the_old() {
    story(
        coffee(),
        "10 | ring     | active: 0 charging
         10 | yes      | active: 0 paid
         10 | skip 2   | active: 0 paid, 2 skipped
         11 | pause    | paused: 0 paid, 2 skipped
         20 | rhythm 5 | paused: 0 paid, 1 passed
         20 | resume   | active: 0 paid, 1 passed
         24 | ring     | active: 0 paid, 1 passed
         25 | ring     | active: 0 paid, 1 passed, 2 charging",
    );
}

#[test]
fn what_fell_due_before_a_pause_is_charged_all_the_same() {
    story(
        coffee(),
        "10 | ring   | active: 0 charging
         10 | yes    | active: 0 paid
         18 | pause  | paused: 0 paid, 1 charging
         18 | yes    | paused: 0 paid, 1 paid
         26 | resume | active: 0 paid, 1 paid, 2 passed",
    );
    // What fell due before may also end it: then there is nothing to pause.
    story(
        Plan { end_after_unpaid: 1, retry_days: vec![7], ..coffee() },
        "10 | ring   | active: 0 charging
         10 | later  | active: 0 due
         17 | pause  | refused ended: 0 unpaid, 1 passed",
    );
}

#[test]
fn whoever_cancels_is_not_charged() {
    story(
        coffee(),
        "10 | ring   | active: 0 charging
         10 | later  | active: 0 due
         11 | cancel | cancelled: 0 unpaid
         17 | ring   | cancelled: 0 unpaid
         17 | skip 3 | refused cancelled: 0 unpaid",
    );
    // A charge under way is finished; what was due and not looked at never happens.
    story(
        coffee(),
        "10 | ring   | active: 0 charging
         40 | cancel | cancelled: 0 charging
         40 | yes    | cancelled: 0 paid
         41 | ring   | cancelled: 0 paid",
    );
    // What was delivered first is still owed.
    story(
        Plan { charge_offset_days: 2, ..coffee() },
        "10 | ring   | active: 0 due
         11 | cancel | cancelled: 0 due
         12 | ring   | cancelled: 0 charging
         12 | yes    | cancelled: 0 paid",
    );
    // But what was declined is not tried again.
    story(
        Plan { charge_offset_days: 2, retry_days: vec![3], ..coffee() },
        "10 | ring   | active: 0 due
         12 | ring   | active: 0 charging
         12 | later  | active: 0 due
         13 | cancel | cancelled: 0 unpaid
         15 | ring   | cancelled: 0 unpaid",
    );
}

#[test]
fn every_state_knows_every_answer() {
    // state before | answer | state after, occurrence
    let table = [
        (State::Active, "yes", "active: 0 paid"),
        (State::Active, "later", "active: 0 due"),
        (State::Active, "card", "past due: 0 due"),
        (State::Active, "never", "cancelled: 0 unpaid"),
        (State::Paused, "yes", "paused: 0 paid"),
        (State::Paused, "later", "paused: 0 due"),
        (State::Paused, "card", "paused: 0 due"),
        (State::Paused, "never", "cancelled: 0 unpaid"),
        (State::PastDue, "yes", "active: 0 paid"),
        (State::PastDue, "later", "past due: 0 due"),
        (State::PastDue, "card", "past due: 0 due"),
        (State::PastDue, "never", "cancelled: 0 unpaid"),
        (State::Cancelled, "yes", "cancelled: 0 paid"),
        (State::Cancelled, "later", "cancelled: 0 unpaid"),
        (State::Cancelled, "card", "cancelled: 0 unpaid"),
        (State::Cancelled, "never", "cancelled: 0 unpaid"),
        (State::Ended, "yes", "ended: 0 paid"),
        (State::Ended, "later", "ended: 0 unpaid"),
        (State::Ended, "card", "ended: 0 unpaid"),
        (State::Ended, "never", "ended: 0 unpaid"),
    ];
    for (state, said, expected) in table {
        let (mut ours, now) = (begun(coffee()), at("2026-01-10T02:00:00Z"));
        advance(&mut ours, now);
        ours.state = state;
        act(&mut ours, said, now);
        assert_eq!(told(&ours), expected, "{state:?} and {said}");
    }
}

#[test]
fn a_provider_that_charges_by_itself_reports() {
    let mut ours = begun(coffee());
    ours.by_provider = true;
    live(
        &mut ours,
        "10 | ring     | active: 0 due
         11 | report 0 | active: 0 paid
         11 | report 0 | active: 0 paid
         11 | report 1 | refused active: 0 paid
         24 | ring     | active: 0 paid, 1 due, 2 due
         24 | report 1 | active: 0 paid, 1 paid, 2 due
         25 | pause    | paused: 0 paid, 1 paid, 2 due
         38 | report 4 | refused paused: 0 paid, 1 paid, 2 due
         38 | moved 5  | refused paused: 0 paid, 1 paid, 2 due
         38 | moved 4  | paused: 0 paid, 1 paid, 2 due, 3 passed, 4 paid
         38 | moved 4  | paused: 0 paid, 1 paid, 2 due, 3 passed, 4 paid
         39 | resume   | active: 0 paid, 1 paid, 2 due, 3 passed, 4 paid
         39 | moved 3  | active: 0 paid, 1 paid, 2 due, 3 paid, 4 paid
         40 | cancel   | cancelled: 0 paid, 1 paid, 2 passed, 3 paid, 4 paid
         45 | moved 5  | cancelled: 0 paid, 1 paid, 2 passed, 3 paid, 4 paid, 5 paid",
    );
    assert!(ours.placed.iter().all(|placed| !placed.ask), "it is never asked");
}
