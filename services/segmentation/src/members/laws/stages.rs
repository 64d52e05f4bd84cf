//! Cycles, labels, and when they change by themselves.

use jiff::{SignedDuration, Timestamp};

use super::{bought, bought_days_ago, days_ago, frame, noon};
use crate::members::cycle::{CycleSource, Gaps, estimate};
use crate::members::evaluation::{Look, next_change, standing_at};
use crate::members::frame::Frame;
use crate::members::lifecycle::{Labels, Lifecycle, Windows, chosen, labels};
use crate::members::purchase::{Purchase, Return};
use crate::scheme::terms::{Precedence, Scheme};

fn windows(counts: [i64; 4]) -> Windows {
    let [within_one, within_three, within_six, older] = counts;
    Windows { within_one, within_three, within_six, older }
}

fn told(labels: Labels) -> String {
    labels.all().map(Lifecycle::name).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_matches_and_what_is_chosen() {
    // within C, C to 3 C, 3 C to 6 C, older; all that matches; chosen with new and active first, with sleeping and lost first
    let table = [
        ([0, 0, 0, 0], "PROSPECT", Lifecycle::Prospect, Lifecycle::Prospect),
        ([1, 0, 0, 0], "NEW", Lifecycle::New, Lifecycle::New),
        ([0, 1, 0, 5], "NEW", Lifecycle::New, Lifecycle::New),
        ([1, 0, 1, 0], "NEW", Lifecycle::New, Lifecycle::New),
        ([1, 1, 2, 0], "ACTIVE", Lifecycle::Active, Lifecycle::Active),
        ([0, 2, 0, 0], "ACTIVE", Lifecycle::Active, Lifecycle::Active),
        ([0, 1, 1, 0], "NEW LOST", Lifecycle::New, Lifecycle::Lost),
        ([0, 1, 2, 0], "NEW SLEEPING", Lifecycle::New, Lifecycle::Sleeping),
        ([0, 2, 1, 0], "ACTIVE LOST", Lifecycle::Active, Lifecycle::Lost),
        ([0, 2, 2, 0], "ACTIVE SLEEPING", Lifecycle::Active, Lifecycle::Sleeping),
        ([0, 0, 1, 0], "LOST", Lifecycle::Lost, Lifecycle::Lost),
        ([0, 0, 2, 9], "SLEEPING", Lifecycle::Sleeping, Lifecycle::Sleeping),
        ([0, 0, 0, 1], "DEEP", Lifecycle::Deep, Lifecycle::Deep),
    ];
    for (counts, all, new_first, sleeping_first) in table {
        let found = labels(windows(counts));
        assert_eq!(told(found), all, "{counts:?}");
        assert_eq!(chosen(found, Precedence::NewActiveFirst), new_first, "{counts:?}");
        assert_eq!(chosen(found, Precedence::SleepingLostFirst), sleeping_first, "{counts:?}");
    }
}

#[test]
fn every_pattern_of_purchases_has_a_label() {
    for number in 0..4_i64.pow(4) {
        let counts = [0, 1, 2, 3].map(|place| number / 4_i64.pow(place) % 4);
        let found = labels(windows(counts));
        assert_ne!(found, Labels::default(), "{counts:?}");
        assert_eq!(found.has(Lifecycle::Prospect), counts == [0; 4], "{counts:?}");
        for precedence in [Precedence::NewActiveFirst, Precedence::SleepingLostFirst] {
            assert!(found.has(chosen(found, precedence)), "{counts:?}");
        }
    }
}

#[test]
fn a_median_of_days_between_days() {
    let table: [(&[i64], Option<i64>); 6] = [
        (&[5], None),
        (&[5, 5, 5], None),
        (&[5, 10], Some(5)),
        (&[0, 4, 9], Some(4)),
        (&[0, 4, 11], Some(6)),
        (&[0, 1, 2, 30], Some(1)),
    ];
    for (days, expected) in table {
        let mut gaps = Gaps::default();
        gaps.add(days.iter().map(|days| days_ago(*days).to_zoned(jiff::tz::TimeZone::UTC).date()).collect());
        assert_eq!(gaps.median(), expected, "{days:?}");
    }
}

#[test]
fn whose_cycle_counts() {
    let mut frame = Frame { shop_cycle: Some(20), ..frame(Scheme::default()) };
    frame.category_cycles.insert("coffee".to_owned(), 9);
    let some = |all: &[(i64, &str)]| -> Vec<Purchase> {
        let numbered = all.iter().zip(1_u128..);
        numbered.map(|((days, category), number)| bought(number, days_ago(*days), 100, category)).collect()
    };
    // when they bought what; days, source
    type Line = (&'static [(i64, &'static str)], i64, CycleSource);
    let table: [Line; 6] = [
        (&[(1, "tea"), (4, "tea"), (7, "tea"), (10, "tea")], 3, CycleSource::Own),
        (&[(1, "coffee"), (4, "tea"), (7, "coffee")], 9, CycleSource::Category),
        (&[(1, "tea"), (4, "tea"), (7, "coffee")], 20, CycleSource::Shop),
        (&[(1, "coffee"), (4, "tea")], 9, CycleSource::Category),
        (&[(4, "coffee"), (1, "tea")], 20, CycleSource::Shop),
        (&[(1, "coffee"), (1, "coffee"), (1, "coffee"), (1, "coffee")], 9, CycleSource::Category),
    ];
    for (all, days, source) in table {
        let purchases = some(all);
        let cycle = estimate(&purchases.iter().collect::<Vec<_>>(), &frame);
        assert_eq!((cycle.days, cycle.source), (days, source), "{all:?}");
    }
    let nothing = estimate(&[], &super::frame(Scheme::default()));
    assert_eq!((nothing.days, nothing.source), (30, CycleSource::Default));
}

/// Which of ten days: the shop's cycle.
fn of_ten_days() -> Frame {
    Frame { shop_cycle: Some(10), ..frame(Scheme { own_cycle_purchases: 100, ..Scheme::default() }) }
}

#[test]
fn windows_are_half_open() {
    let second = SignedDuration::from_secs(1);
    // one purchase so many days ago: at that instant, and a second before
    for (days, at, before) in [
        (30, Lifecycle::Lost, Lifecycle::New),
        (60, Lifecycle::Deep, Lifecycle::Lost),
        (10, Lifecycle::New, Lifecycle::New),
    ] {
        let purchases = bought_days_ago(&[days]);
        assert_eq!(standing_at(&purchases, &of_ten_days(), noon()).lifecycle, at, "{days}");
        assert_eq!(standing_at(&purchases, &of_ten_days(), noon() - second).lifecycle, before, "{days}");
    }
}

#[test]
fn what_changes_next_and_when() {
    // when they bought; in how many days, to what
    type Line = (&'static [i64], Option<(i64, Lifecycle)>);
    let table: [Line; 7] = [
        (&[], None),
        (&[0], Some((30, Lifecycle::Lost))),
        (&[30], Some((30, Lifecycle::Deep))),
        (&[0, 5], Some((25, Lifecycle::New))),
        (&[25, 26], Some((4, Lifecycle::New))),
        (&[31, 32], Some((28, Lifecycle::Lost))),
        (&[60], Some((305, Lifecycle::Deep))),
    ];
    for (days, expected) in table {
        let (purchases, frame) = (bought_days_ago(days), of_ten_days());
        let now = standing_at(&purchases, &frame, noon());
        let found = next_change(&purchases, &frame, noon(), now);
        let told = found.map(|(at, then)| (at.duration_since(noon()).as_hours() / 24, then.lifecycle));
        assert_eq!(told, expected, "{days:?}");
    }
}

#[test]
fn what_is_known_to_come_changes_what_comes_next() {
    let back_in = |days: i64, whole: bool| Return {
        cause: "return".to_owned(),
        occurred_at: days_ago(-days),
        net_minor: 100,
        cost_minor: None,
        whole,
    };
    let mut purchases = bought_days_ago(&[0]);
    purchases[0].returns.push(back_in(3, true));
    let frame = of_ten_days();
    let now = standing_at(&purchases, &frame, noon());
    let found = next_change(&purchases, &frame, noon(), now);
    assert_eq!(found.map(|(at, then)| (at, then.lifecycle)), Some((days_ago(-3), Lifecycle::Prospect)));
    let to_come = bought_days_ago(&[-2]);
    let now = standing_at(&to_come, &frame, noon());
    assert_eq!(now.lifecycle, Lifecycle::Prospect);
    let found = next_change(&to_come, &frame, noon(), now);
    assert_eq!(found.map(|(at, then)| (at, then.lifecycle)), Some((days_ago(-2), Lifecycle::New)));
}

#[test]
fn the_period_ends_on_the_same_day_months_later() {
    let taipei = kernel::calendar::zone("Asia/Taipei").expect("known");
    let frame = Frame { zone: taipei, ..frame(Scheme { rfm_period_months: 1, ..Scheme::default() }) };
    let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
    for (bought, leaves) in [
        ("2026-01-31T04:00:00Z", "2026-02-28T04:00:00Z"),
        ("2026-02-28T04:00:00Z", "2026-03-28T04:00:00Z"),
        ("2026-01-31T20:00:00Z", "2026-02-28T20:00:00Z"),
    ] {
        assert_eq!(frame.leaves_period_at(at(bought)), at(leaves), "{bought}");
    }
    let purchases = [bought(1, at("2026-01-31T04:00:00Z"), 100, "tea")];
    let look = |moment| Look::at(&purchases, &frame, at(moment)).period_figures(at(moment)).is_some();
    assert!(look("2026-02-28T03:59:59Z"));
    assert!(!look("2026-02-28T04:00:00Z"));
}

/// The return that takes the last of an order may have been recorded last and have happened first.
#[test]
fn an_order_is_gone_when_all_of_it_has_come_back() {
    let back = |days: i64, whole| Return {
        cause: format!("return {days}"),
        occurred_at: days_ago(days),
        net_minor: 50,
        cost_minor: Some(25),
        whole,
    };
    let mut order = bought(1, days_ago(20), 100, "coffee");
    order.returns = vec![back(10, false), back(15, true)];
    let table = [(21, false, 100), (20, true, 100), (15, true, 50), (11, true, 50), (10, false, 0), (0, false, 0)];
    for (days, stands, worth) in table {
        let told = (order.stands_at(days_ago(days)), order.worth_at(days_ago(days)));
        assert_eq!(told, (stands, worth), "{days} days ago");
    }
}
