//! Lifetime values, the best fifth, cohorts, what came back.

use std::collections::BTreeMap;

use super::{bought, bought_days_ago, days_ago, frame, noon};
use crate::members::lifecycle::Lifecycle;
use crate::members::purchase::{Return, cost_share};
use crate::members::report::{Cohort, Summing, add_to_cohort, best_fifth, distribution};
use crate::members::value::lifetime_value;
use crate::scheme::terms::Scheme;

#[test]
fn three_purchases_a_week_of_a_hundred_are_worth_15_600_a_year() {
    // total, first purchase so many days ago, at least so many weeks; yearly, weeks observed
    let table = [
        (1_200, 28, 4, 15_600, 4),
        (3_900, 91, 4, 15_600, 13),
        (300, 7, 1, 15_600, 1),
        (300, 7, 4, 3_900, 4),
        (100, 0, 4, 1_300, 4),
        (0, 100, 4, 0, 14),
        (-100, 28, 4, -1_300, 4),
        (1, 56, 4, 6, 8),
        (1, 364, 4, 1, 52),
    ];
    for (total, days, least, yearly, weeks) in table {
        let value = lifetime_value(total, days_ago(days), noon(), least);
        assert_eq!((value.yearly_minor, value.weeks_observed), (yearly, weeks), "{total} in {days} days");
    }
    let most = lifetime_value(i64::MAX, days_ago(1), noon(), 1);
    assert_eq!(most.yearly_minor, i64::MAX, "what does not fit is told as the most that does");
}

#[test]
fn the_best_fifth_is_rounded_up() {
    type Line = (&'static [i64], (i64, i64, i64, i64));
    let table: [Line; 5] = [
        (&[], (0, 0, 0, 0)),
        (&[7], (1, 7, 7, 1_000)),
        (&[50, 10, 10, 10, 20], (1, 50, 100, 500)),
        (&[10, 20, 30, 40, 50, 50], (2, 100, 200, 500)),
        (&[-10, 5], (1, 5, -5, 0)),
    ];
    for (values, (members, share, total, permille)) in table {
        let fifth = best_fifth(&mut values.to_vec());
        assert_eq!(
            (fifth.members, fifth.share_minor, fifth.total_minor, fifth.share_permille),
            (members, share, total, permille),
            "{values:?}"
        );
    }
    let spread = distribution(&mut [4, 1, 3, 2]);
    assert_eq!((spread.count, spread.quantiles, spread.mean), (4, [1, 1, 1, 2, 3, 4, 4], 2));
}

#[test]
fn sums_count_whom_they_say() {
    let frame = frame(Scheme::default());
    let mut summing = Summing::new(&frame, noon());
    let mut unknown_cost = bought_days_ago(&[3]);
    unknown_cost[0].cost_minor = None;
    for purchases in [bought_days_ago(&[1, 8]), unknown_cost, bought_days_ago(&[500]), Vec::new()] {
        summing.add(&purchases);
    }
    let (sums, counts) = summing.finish();
    assert_eq!((sums.buyers, sums.repeat_buyers, sums.repurchase_permille), (3, 1, 333));
    assert_eq!((sums.by_revenue.population, sums.by_revenue.total_minor, sums.by_revenue.share_minor), (2, 300, 200));
    assert_eq!((sums.by_profit.population, sums.by_profit.total_minor), (1, 100));
    assert_eq!(sums.revenue_with_cost_minor, 200);
    assert_eq!(sums.lifetime_values.count, 3);
    assert_eq!((counts.members(), counts.lifecycles[&Lifecycle::Prospect]), (4, 1));
}

#[test]
fn what_came_back_counts_from_when_it_did() {
    let mut purchase = bought(1, days_ago(10), 100, "tea");
    purchase.cost_minor = Some(41);
    let mut give = |days: i64, so_far: i64, whole: bool| {
        let cost_minor = cost_share(&purchase, so_far, whole);
        let net_minor = so_far - purchase.returned_minor();
        purchase.returns.push(Return {
            cause: days.to_string(),
            occurred_at: days_ago(days),
            net_minor,
            cost_minor,
            whole,
        });
    };
    give(6, 30, false);
    give(4, 50, false);
    give(2, 100, true);
    // so many days ago: worth, cost, whether it is a purchase
    for (days, worth, cost, stands) in
        [(11, 100, 41, false), (10, 100, 41, true), (6, 70, 29, true), (4, 50, 21, true), (2, 0, 0, false)]
    {
        let moment = days_ago(days);
        assert_eq!((purchase.worth_at(moment), purchase.cost_at(moment)), (worth, Some(cost)), "{days}");
        assert_eq!(purchase.stands_at(moment), stands, "{days}");
    }
}

#[test]
fn a_cohort_is_a_month_of_first_purchase() {
    let (frame, mut cohorts) = (frame(Scheme::default()), BTreeMap::new());
    for days in [&[100, 99, 40][..], &[98], &[40, 1], &[]] {
        add_to_cohort(&mut cohorts, &bought_days_ago(days), &frame, noon());
    }
    let told = |cohort: &Cohort| (cohort.members, cohort.months.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(told(&cohorts["2026-03"]), (2, vec![("2026-05".to_owned(), 1)]));
    assert_eq!(told(&cohorts["2026-05"]), (1, vec![("2026-06".to_owned(), 1)]));
    assert_eq!(cohorts.len(), 2);
}
