//! What was bought in the last days.

use jiff::{SignedDuration, Timestamp};
use kernel::{Currency, MemberId};
use uuid::Uuid;

use super::{bought, bought_days_ago, days_ago, frame, noon};
use crate::members::frame::Frame;
use crate::members::insight::{Window, insight};
use crate::members::person::Person;
use crate::members::purchase::{Purchase, Return};
use crate::scheme::terms::Scheme;

/// Purchases and money of each window, under the usual scheme.
fn windows(purchases: &[Purchase], moment: Timestamp) -> [(i64, i64); 3] {
    under(&frame(Scheme::default()), purchases, moment)
}

fn under(frame: &Frame, purchases: &[Purchase], moment: Timestamp) -> [(i64, i64); 3] {
    let member = Person::new(MemberId::from(Uuid::from_u128(7)));
    let person = Person { purchases: purchases.to_vec(), ..member };
    let told: [Window; 3] = insight(&person, frame, 0, moment).features.windows;
    assert_eq!(told.map(|one| one.days), [30, 90, 365]);
    told.map(|one| (one.purchases, one.total_minor))
}

fn back(days: i64, net_minor: i64, whole: bool) -> Return {
    Return { cause: format!("return {days}"), occurred_at: days_ago(days), net_minor, cost_minor: None, whole }
}

#[test]
fn what_was_bought_so_many_days_ago_is_within_or_not() {
    // bought so many days ago, each time 100; purchases within 30, 90 and 365 days
    let table: [(&[i64], [i64; 3]); 11] = [
        (&[], [0, 0, 0]),
        (&[0], [1, 1, 1]),
        (&[29], [1, 1, 1]),
        (&[30], [0, 1, 1]),
        (&[89], [0, 1, 1]),
        (&[90], [0, 0, 1]),
        (&[364], [0, 0, 1]),
        (&[365], [0, 0, 0]),
        (&[-1], [0, 0, 0]),
        (&[5, 5, 31, 91, 366], [2, 3, 4]),
        (&[29, 30, 89, 90, 364, 365], [1, 3, 5]),
    ];
    for (days, expected) in table {
        let told = windows(&bought_days_ago(days), noon());
        assert_eq!(told, expected.map(|count| (count, count * 100)), "{days:?}");
    }
}

#[test]
fn a_window_is_open_where_it_begins_and_closed_where_it_ends() {
    let least = SignedDuration::from_micros(1);
    for (place, days) in [30, 90, 365].into_iter().enumerate() {
        let within = |at: Timestamp| windows(&[bought(1, at, 100, "tea")], noon())[place];
        let begin = days_ago(days);
        let told = [begin - least, begin, begin + least, noon(), noon() + least].map(within);
        assert_eq!(told, [(0, 0), (0, 0), (1, 100), (1, 100), (0, 0)], "{days}");
    }
}

#[test]
fn windows_go_by_the_rules_of_the_period() {
    // Bought 100 days ago for 500, 20 days ago for 300, 10 days ago for 70.
    let mut kept = vec![
        bought(1, days_ago(100), 500, "coffee"),
        bought(2, days_ago(20), 300, "tea"),
        bought(3, days_ago(10), 70, "tea"),
    ];
    // A part of the first came back within the last 30 days: it lowers what it is of, wherever that lies.
    kept[0].returns.push(back(15, 200, false));
    kept[1].returns.push(back(6, 100, false));
    kept[1].returns.push(back(4, 200, true));
    // so many days ago: what is known then
    let table = [
        (16, [(1, 300), (2, 800), (2, 800)]),
        (15, [(1, 300), (2, 600), (2, 600)]),
        (10, [(2, 370), (2, 370), (3, 670)]),
        (6, [(2, 270), (2, 270), (3, 570)]),
        (5, [(2, 270), (2, 270), (3, 570)]),
        (4, [(1, 70), (1, 70), (2, 370)]),
        (0, [(1, 70), (1, 70), (2, 370)]),
    ];
    for (days, expected) in table {
        assert_eq!(windows(&kept, days_ago(days)), expected, "{days} days ago");
    }
    // A late order stands last among those that are known, and counts all the same.
    kept.reverse();
    assert_eq!(windows(&kept, noon()), [(1, 70), (1, 70), (2, 370)]);
}

#[test]
fn windows_hold_no_money_of_another_currency_and_the_most_that_fits() {
    let other = Frame { currency: Some(Currency::parse("JPY").expect("listed")), ..frame(Scheme::default()) };
    assert_eq!(under(&other, &bought_days_ago(&[1, 40]), noon()), [(1, 0), (2, 0), (2, 0)]);
    let rich = [bought(1, days_ago(1), i64::MAX, "tea"), bought(2, days_ago(2), 1, "tea")];
    assert_eq!(windows(&rich, noon()), [(2, i64::MAX); 3]);
    // A period of one month is another thing than thirty days, and alters nothing here.
    let month = frame(Scheme { rfm_period_months: 1, ..Scheme::default() });
    assert_eq!(under(&month, &bought_days_ago(&[29, 60]), noon()), [(1, 100), (2, 200), (2, 200)]);
}
