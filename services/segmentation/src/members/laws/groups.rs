//! Cuts and the eight groups.

use super::{bought, bought_days_ago, days_ago, frame, noon};
use crate::members::cut::{high_from, permille, quantile};
use crate::members::decision::of_group;
use crate::members::evaluation::{Look, standing_at};
use crate::members::frame::{Cuts, Frame, Making};
use crate::members::rfm::{Group, Letters};
use crate::scheme::terms::{Cut, Scheme};

#[test]
fn three_letters_make_eight_groups() {
    let table = [
        ("HHH", Group::Vip),
        ("HLH", Group::Watched),
        ("HHL", Group::Promising),
        ("HLL", Group::Developing),
        ("LHH", Group::Keep),
        ("LHL", Group::Maintain),
        ("LLH", Group::WinBack),
        ("LLL", Group::Dormant),
    ];
    for (letters, group) in table {
        let high = |place: usize| letters.as_bytes()[place] == b'H';
        let read = Letters { recency: high(0), frequency: high(1), monetary: high(2) };
        assert_eq!(read.group(), group, "{letters}");
    }
}

#[test]
fn a_cut_is_the_least_value_that_is_high() {
    // rule, values, from where on a tie being high, and a tie being low
    type Line = (Cut, &'static [i64], Option<i64>, Option<i64>);
    let table: [Line; 12] = [
        (Cut::Median, &[], None, None),
        (Cut::Median, &[7], Some(7), Some(8)),
        (Cut::Median, &[1, 2, 3], Some(2), Some(3)),
        (Cut::Median, &[3, 1], Some(2), Some(3)),
        (Cut::Median, &[1, 2], Some(2), Some(2)),
        (Cut::Median, &[5, 5, 5, 5], Some(5), Some(6)),
        (Cut::Mean, &[1, 2, 6], Some(3), Some(4)),
        (Cut::Mean, &[1, 2], Some(2), Some(2)),
        (Cut::Mean, &[-1, -2], Some(-1), Some(-1)),
        (Cut::Quantile(800), &[10, 20, 30, 40, 50], Some(40), Some(41)),
        (Cut::Quantile(1), &[10, 20], Some(10), Some(11)),
        (Cut::Value(30), &[1], Some(30), Some(31)),
    ];
    for (rule, values, tie_high, tie_low) in table {
        assert_eq!(high_from(rule, true, &mut values.to_vec()), tie_high, "{rule} of {values:?}");
        assert_eq!(high_from(rule, false, &mut values.to_vec()), tie_low, "{rule} of {values:?}, a tie is low");
    }
}

#[test]
fn whole_cuts_decide_as_exact_ones() {
    for values in [vec![1, 2], vec![1, 2, 2, 9], vec![-3, 4, 4], vec![0, 0, 1]] {
        let count = i64::try_from(values.len()).expect("few");
        let sum: i64 = values.iter().sum();
        for tie_is_high in [true, false] {
            let from = high_from(Cut::Mean, tie_is_high, &mut values.clone()).expect("there are values");
            for value in &values {
                let exact = if tie_is_high { value * count >= sum } else { value * count > sum };
                assert_eq!(*value >= from, exact, "{value} of {values:?}");
            }
        }
    }
}

#[test]
fn a_quantile_is_the_least_value_that_so_many_do_not_exceed() {
    let values = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
    for (permille, expected) in [(0, 10), (100, 10), (101, 20), (500, 50), (900, 90), (1_000, 100)] {
        assert_eq!(quantile(&values, permille), Some(expected), "{permille}");
    }
    assert_eq!(quantile(&[], 500), None);
    assert_eq!((permille(1, 3), permille(1, 0), permille(5, 2_000)), (333, 0, 2));
}

fn cut_at(recency_days: i64, frequency_from: i64, monetary_from: i64) -> Frame {
    let cuts = Cuts { recency_from: days_ago(recency_days).as_second(), frequency_from, monetary_from };
    Frame { cuts: Some(cuts), ..frame(Scheme::default()) }
}

#[test]
fn a_member_is_grouped_by_what_they_bought_in_the_period() {
    // when they bought, each time 100; R is high within 30 days, F from 2, M from 250
    let table: [(&[i64], Group); 10] = [
        (&[], Group::Prospect),
        (&[10, 20, 40], Group::Vip),
        (&[10], Group::Developing),
        (&[10, 20], Group::Promising),
        (&[30], Group::Developing),
        (&[31], Group::Dormant),
        (&[31, 32], Group::Maintain),
        (&[31, 32, 33], Group::Keep),
        (&[400], Group::Dormant),
        (&[10, 400, 401], Group::Developing),
    ];
    for (days, group) in table {
        assert_eq!(standing_at(&bought_days_ago(days), &cut_at(30, 2, 250), noon()).group, group, "{days:?}");
    }
    let rich = [bought(1, days_ago(10), 900, "tea")];
    assert_eq!(standing_at(&rich, &cut_at(30, 2, 250), noon()).group, Group::Watched);
    assert_eq!(standing_at(&rich, &cut_at(5, 2, 250), noon()).group, Group::WinBack);
    assert_eq!(standing_at(&rich, &frame(Scheme::default()), noon()).group, Group::Unsorted);
}

#[test]
fn money_of_another_currency_counts_as_a_purchase_only() {
    let other = Frame { currency: Some(kernel::Currency::parse("JPY").expect("listed")), ..cut_at(30, 2, 100) };
    assert_eq!(standing_at(&bought_days_ago(&[1, 2]), &other, noon()).group, Group::Promising);
    assert_eq!(standing_at(&bought_days_ago(&[1, 2]), &cut_at(30, 2, 100), noon()).group, Group::Vip);
}

#[test]
fn a_snapshot_cuts_at_the_buyers_of_the_period() {
    let mut making = Making::new(frame(Scheme::default()), noon());
    for days in [&[1, 8, 15][..], &[30], &[60, 70], &[500], &[]] {
        making.add(&bought_days_ago(days));
    }
    let made = making.finish();
    assert_eq!(made.population, 3);
    let cuts = made.cuts.expect("there are buyers");
    assert_eq!(cuts.recency_from, days_ago(30).as_second());
    assert_eq!((cuts.frequency_from, cuts.monetary_from), (2, 200));
    assert_eq!(made.shop_cycle, Some(7), "of 7, 7 and 10");
    assert_eq!(made.category_cycles.get("coffee"), Some(&7));
}

#[test]
fn a_decision_tells_what_would_have_altered_it() {
    // when they bought, the change of purchases, the group then
    type Line = (&'static [i64], Option<(i64, &'static str)>);
    let table: [Line; 5] = [
        (&[31], Some((1, "MAINTAIN"))),
        (&[10], Some((1, "PROMISING"))),
        (&[10, 20, 40], Some((-2, "WATCHED"))),
        (&[400], Some((1, "DEVELOPING"))),
        (&[], Some((1, "DEVELOPING"))),
    ];
    for (days, expected) in table {
        let (purchases, frame) = (bought_days_ago(days), cut_at(30, 2, 250));
        let look = Look::at(&purchases, &frame, noon());
        let flip = of_group(&look, &frame, noon()).flip;
        assert_eq!(flip.map(|(_, change, outcome)| (change, outcome)), expected, "{days:?}");
    }
}
