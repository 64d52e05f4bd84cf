//! Laws of missions as small text tables: a goal, what a member did, and what must come of it.
//!
//! A line says `goal | deeds -> rewards wanted, done of target`. Deeds are parted by commas: `05 tea@100+cup*2@50 #a` is an
//! order of 5 January named a, of one tea for 100 and two cups for 50; `06 !review` an event; `back a` all of the order,
//! `back a 1` its first line, `back a 2:30` 30 of the money of its second.

mod walk;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{Currency, OrderId};

use super::facts::{Back, Event, Line, Order, Who};
use super::judging::{Definitions, Paid, Record, Round, judge, progress};
use super::terms::{Counted, Definition, DoneBy, Goal, Reward, Step, Terms, Unit, Window};
use crate::programme::rules::Condition;

pub(super) fn zone() -> TimeZone {
    TimeZone::get("Asia/Taipei").expect("it is known")
}

/// A day of January 2026, or of the month that is named: `05`, `02-14`.
pub(super) fn day(words: &str) -> Timestamp {
    let (month, day) = words.split_once('-').unwrap_or(("01", words));
    format!("2026-{month}-{day}T04:00:00Z").parse().expect("a day")
}

pub(super) fn who() -> Who {
    Who { tier: Some("silver".to_owned()), orders: 3, joined_at: day("01"), days_since_joining: 10 }
}

/// Terms of words such as "spend 500 weekly most 3 in-all 5 when order.net_minor >= 100".
pub(super) fn mission(words: &str) -> Definition {
    let (words, when) = words.split_once(" when ").unwrap_or((words, ""));
    let mut terms = Terms {
        display_name: "Example".to_owned(),
        text: String::new(),
        goal: Goal::Count { of: Counted::Orders, target: 1 },
        when: Condition::parse(when).expect("it can be read"),
        lines: Condition::default(),
        audience: Condition::default(),
        from: None,
        until: None,
        window: Window::Whole,
        opt_in: false,
        reward: Reward { points: 10, campaign: None },
        most_per_window: 1,
        most_in_all: None,
        budget: None,
    };
    let mut words = words.split_whitespace();
    let number = |word: Option<&str>| word.and_then(|word| word.parse::<i64>().ok()).expect("a number follows");
    while let Some(word) = words.next() {
        let mut counted = |of| Goal::Count { of, target: number(words.next()) };
        match word {
            "orders" => terms.goal = counted(Counted::Orders),
            "units" => terms.goal = counted(Counted::Units),
            "products" => terms.goal = counted(Counted::Products),
            "categories" => terms.goal = counted(Counted::Categories),
            "spend" => terms.goal = counted(Counted::Spend(Currency::parse("TWD").expect("listed"))),
            "reviews" => terms.goal = counted(Counted::Events("review".to_owned())),
            "stamps" => {
                terms.goal = Goal::Stamps { per_order: number(words.next()), card: number(words.next()) };
            }
            "weeks" => terms.goal = Goal::Streak { unit: Unit::Week, length: number(words.next()) },
            "months" => terms.goal = Goal::Streak { unit: Unit::Month, length: number(words.next()) },
            "steps" => {
                let steps = words.next().expect("steps follow").split(',').map(step);
                terms.goal = Goal::Sequence { steps: steps.collect() };
            }
            "weekly" => terms.window = Window::Week,
            "monthly" => terms.window = Window::Month,
            "joining" => terms.window = Window::AfterJoining(i32::try_from(number(words.next())).expect("small")),
            "most" => terms.most_per_window = number(words.next()),
            "in-all" => terms.most_in_all = Some(number(words.next())),
            "until" => terms.until = words.next().map(day),
            "lines" => terms.lines = Condition::parse(words.next().expect("a condition")).expect("it can be read"),
            "for" => terms.audience = Condition::parse(words.next().expect("a condition")).expect("it can be read"),
            other => panic!("{other} is no word of terms"),
        }
    }
    Definition { code: "example".to_owned(), version: 1, put_at: day("01"), terms: std::sync::Arc::new(terms) }
}

fn step(word: &str) -> Step {
    let by = match word.strip_prefix('!') {
        Some(name) => DoneBy::Event(name.to_owned()),
        None => DoneBy::Order(Condition::parse(&format!("\"{word}\" in order.products")).expect("it can be read")),
    };
    Step { display_name: word.to_owned(), by }
}

fn order(words: &str, at: Timestamp, place: u128) -> Order {
    let lines = words.split('+').zip(1..).map(|(line, number)| {
        let (what, price) = line.split_once('@').unwrap_or((line, "100"));
        let (product, quantity) = what.split_once('*').unwrap_or((what, "1"));
        Line {
            number,
            product: product.to_owned(),
            category: product.chars().take(1).collect(),
            quantity: quantity.parse().expect("a number"),
            gross_minor: price.parse().expect("a number"),
            discount_minor: 0,
            back_quantity: 0,
            back_minor: 0,
        }
    });
    Order {
        order: OrderId::from(uuid::Uuid::from_u128(place)),
        at,
        currency: Currency::parse("TWD").expect("listed"),
        channel: "web".to_owned(),
        touchpoint: String::new(),
        lines: lines.collect(),
        whole: false,
        who: Some(who()),
        touched: true,
    }
}

/// Does what the words say to a record.
pub(super) fn live(record: &mut Record, words: &str, names: &mut Vec<(String, OrderId)>) {
    let mut words = words.split_whitespace();
    let first = words.next().expect("a day, or back");
    let what = words.next().expect("what happened");
    if first == "back" {
        let id = names.iter().find(|(name, _)| name == what).expect("it was named").1;
        let found = record.orders.iter_mut().find(|order| order.order == id).expect("it is there");
        match words.next() {
            None => found.take_back(&[], true),
            Some(part) => {
                let (number, minor) = part.split_once(':').unwrap_or((part, ""));
                let number: i32 = number.parse().expect("a number");
                let line = found.lines.iter().find(|line| line.number == number).expect("it is there").clone();
                let back = match minor.parse() {
                    Ok(minor) => Back { number, quantity: 0, minor },
                    Err(_) => Back { number, quantity: line.quantity, minor: line.gross_minor },
                };
                found.take_back(&[back], false);
            }
        }
    } else if let Some(name) = what.strip_prefix('!') {
        let external_id = format!("{}", record.events.len());
        record.events.push(Event { name: name.to_owned(), external_id, at: day(first), who: who() });
    } else {
        let place = u128::try_from(record.orders.len()).expect("few") + 1;
        let order = order(what, day(first), place);
        if let Some(name) = words.next() {
            names.push((name.trim_start_matches('#').to_owned(), order.order));
        }
        record.orders.push(order);
    }
}

pub(super) fn only(mission: &Definition) -> Definitions {
    Definitions { last: [(mission.code.clone(), mission.clone())].into(), ..Definitions::default() }
}

/// Rewards wanted, and done of the target in the window that runs at the end.
pub(super) fn outcome(mission: &Definition, record: &Record, now: Timestamp) -> String {
    let wanted = record.rewards.iter().filter(|reward| reward.wanted).count();
    let running = record.rounds.iter().rev().find(|round| round.span.until.is_none_or(|until| now < until));
    let done = running.map_or(0, |round| progress(mission, round, record, now, &zone()).expect("in range").done);
    format!("{wanted}, {done} of {}", mission.terms.goal.target())
}

fn holds(table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (terms, rest) = line.split_once(" | ").expect("a goal, then deeds");
        let (deeds, expected) = rest.split_once(" -> ").expect("deeds, then what comes of them");
        let mission = mission(terms);
        let (mut record, mut names, mut now) = (Record::default(), Vec::new(), day("01"));
        for deed in deeds.split(", ") {
            live(&mut record, deed, &mut names);
            now = now.max(record.orders.iter().map(|order| order.at).max().unwrap_or(now));
            judge(&only(&mission), &mut record, now, &zone()).expect("in range");
        }
        assert_eq!(outcome(&mission, &record, now), expected, "{line}");
    }
}

#[test]
fn what_is_counted() {
    holds(
        "
        orders 3 | 05 tea, 06 tea -> 0, 2 of 3
        orders 3 | 05 tea, 06 tea, 07 tea -> 1, 3 of 3
        orders 2 most 2 | 05 tea, 06 tea, 07 tea -> 1, 1 of 2
        units 5 most 3 | 05 tea*3, 06 cup*4 -> 1, 2 of 5
        units 5 most 3 | 05 tea*12 -> 2, 2 of 5
        units 5 most 3 | 05 tea*99 -> 3, 5 of 5
        products 2 | 05 tea, 06 tea -> 0, 1 of 2
        products 2 most 9 | 05 tea, 06 cup, 07 cup -> 1, 1 of 2
        categories 2 | 05 tea, 06 toast -> 0, 1 of 2
        categories 2 | 05 tea+cup -> 1, 2 of 2
        spend 500 | 05 tea@300, 06 tea@199 -> 0, 499 of 500
        spend 500 most 5 | 05 tea@300, 06 tea@800 -> 2, 100 of 500
        reviews 2 | 05 !review, 06 !survey -> 0, 1 of 2
        reviews 2 | 05 !review, 06 !review -> 1, 2 of 2
        stamps 3 10 most 9 | 05 tea, 06 tea, 07 tea -> 0, 9 of 10
        stamps 3 10 most 9 | 05 tea, 06 tea, 07 tea, 08 tea -> 1, 2 of 10
        ",
    );
}

#[test]
fn conditions_say_which_orders_lines_and_members_count() {
    holds(
        r#"
        orders 2 when order.net_minor >= 100 | 05 tea@99, 06 tea@100 -> 0, 1 of 2
        orders 2 when member.tier == "gold" | 05 tea, 06 tea -> 0, 0 of 2
        orders 2 lines line.product=="tea" | 05 tea, 06 cup -> 0, 1 of 2
        spend 200 lines line.product=="tea" | 05 tea@100+cup@100 -> 0, 100 of 200
        orders 1 for member.tier=="gold" | 05 tea -> 0, 0 of 1
        orders 1 for member.tier=="silver" | 05 tea -> 1, 1 of 1
        "#,
    );
}

#[test]
fn steps_are_done_one_after_another() {
    holds(
        "
        steps tea,!review,cup | 05 tea, 06 cup, 07 !review -> 0, 2 of 3
        steps tea,!review,cup | 05 tea, 06 !review, 07 cup -> 1, 3 of 3
        steps tea,cup | 05 tea+cup -> 0, 1 of 2
        steps tea,tea most 3 | 05 tea, 06 tea, 07 tea -> 1, 1 of 2
        ",
    );
}

#[test]
fn a_streak_wants_every_week_or_month() {
    holds(
        "
        weeks 3 | 05 tea, 12 tea, 13 tea -> 0, 2 of 3
        weeks 3 | 05 tea, 12 tea, 19 tea -> 1, 3 of 3
        weeks 3 | 05 tea, 19 tea, 26 tea -> 0, 2 of 3
        weeks 2 most 5 | 05 tea, 12 tea, 19 tea, 26 tea -> 2, 0 of 2
        months 2 | 31 tea, 02-01 tea -> 1, 2 of 2
        months 2 | 31 tea, 03-01 tea -> 0, 1 of 2
        ",
    );
}

#[test]
fn windows_are_those_of_the_calendar_and_of_the_member() {
    holds(
        "
        orders 2 weekly | 05 tea, 12 tea -> 0, 1 of 2
        orders 2 weekly | 05 tea, 11 tea, 12 tea, 13 tea -> 2, 2 of 2
        orders 1 weekly in-all 2 | 05 tea, 12 tea, 19 tea -> 2, 1 of 1
        orders 2 monthly | 31 tea, 02-01 tea -> 0, 1 of 2
        orders 2 joining 10 | 11 tea, 12 tea -> 0, 0 of 2
        orders 2 joining 11 | 11 tea, 12 tea -> 1, 2 of 2
        orders 2 until 10 | 09 tea, 10 tea -> 0, 0 of 2
        ",
    );
}

#[test]
fn a_late_order_counts_by_when_it_was_bought_and_only_upward() {
    holds(
        "
        orders 2 weekly | 05 tea, 19 tea, 06 tea -> 1, 1 of 2
        weeks 3 | 05 tea, 19 tea, 12 tea -> 1, 3 of 3
        steps tea,cup | 07 cup, 06 tea -> 1, 2 of 2
        orders 1 weekly in-all 1 | 12 tea, 05 tea -> 1, 1 of 1
        ",
    );
}

#[test]
fn what_comes_back_leaves_what_is_kept() {
    holds(
        "
        orders 2 | 05 tea #a, 06 tea, back a -> 0, 1 of 2
        orders 2 | 05 tea #a, 06 tea, back a, 07 tea -> 1, 2 of 2
        orders 1 | 05 tea+cup #a, back a 1 -> 1, 1 of 1
        orders 1 | 05 tea+cup #a, back a 1, back a 2 -> 0, 0 of 1
        orders 1 when order.net_minor >= 150 | 05 tea+cup #a, back a 1 -> 0, 0 of 1
        products 2 | 05 tea+cup #a, back a 2 -> 0, 1 of 2
        spend 200 | 05 tea+cup #a, back a 2:30 -> 0, 170 of 200
        spend 200 | 05 tea+cup #a, back a 2:30, back a 2:70 -> 0, 100 of 200
        weeks 3 | 05 tea, 12 tea #a, 19 tea, back a -> 0, 1 of 3
        orders 1 most 3 | 05 tea #a, 06 tea #b, 07 tea, back b -> 2, 0 of 1
        ",
    );
}

#[test]
fn a_reward_that_is_earned_anew_is_the_same_with_another_attempt() {
    let mission = mission("orders 1");
    let (mut record, mut names) = (Record::default(), Vec::new());
    let now = day("20");
    live(&mut record, "05 tea #a", &mut names);
    assert_eq!(judge(&only(&mission), &mut record, now, &zone()).expect("in range").len(), 1);
    record.rewards[0].paid = Paid::Given;
    live(&mut record, "back a", &mut names);
    assert_eq!(judge(&only(&mission), &mut record, now, &zone()).expect("in range").len(), 1);
    assert!(record.rewards[0].is_owed(), "it is to be taken back");
    record.rewards[0].paid = Paid::Taken;
    assert!(!record.rewards[0].is_owed());
    live(&mut record, "06 tea", &mut names);
    judge(&only(&mission), &mut record, now, &zone()).expect("in range");
    assert!(record.rewards[0].is_owed() && record.rewards.len() == 1, "and to be given again");
}

#[test]
fn whoever_has_begun_goes_on_under_the_terms_they_began_with() {
    let (old, now) = (mission("orders 2 monthly"), day("20"));
    let mut new = mission("orders 9 monthly");
    new.version = 2;
    let (mut record, mut names) = (Record::default(), Vec::new());
    live(&mut record, "05 tea", &mut names);
    judge(&only(&old), &mut record, now, &zone()).expect("in range");
    let mut both = only(&new);
    both.older.insert(("example".to_owned(), 1), old);
    live(&mut record, "06 tea", &mut names);
    live(&mut record, "02-05 tea", &mut names);
    live(&mut record, "02-06 tea", &mut names);
    judge(&both, &mut record, day("02-07"), &zone()).expect("in range");
    let versions: Vec<(&str, i32)> =
        record.rounds.iter().map(|round| (round.span.key.as_str(), round.version)).collect();
    assert_eq!(versions, [("2026-01", 1), ("2026-02", 2)]);
    let wanted: Vec<&str> = record.rewards.iter().map(|reward| reward.window.as_str()).collect();
    assert_eq!(wanted, ["2026-01"], "two were enough in January, and are not in February");
}

#[test]
fn a_window_that_was_accepted_counts_from_then_on() {
    let mission = mission("orders 2");
    let (mut record, mut names) = (Record::default(), Vec::new());
    let span = super::windows::Span { key: "all".to_owned(), from: day("01"), until: None };
    let accepted_at = Some(day("06"));
    let round = Round { mission: "example".to_owned(), span, version: 1, accepted_at, touched: false };
    record.rounds.push(round);
    for words in ["05 tea", "06 tea", "07 tea"] {
        live(&mut record, words, &mut names);
    }
    let reached = progress(&mission, &record.rounds[0], &record, day("07"), &zone()).expect("in range");
    assert_eq!(reached.completed, [day("07")]);
}
