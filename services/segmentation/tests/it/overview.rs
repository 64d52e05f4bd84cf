//! Sums agree with the members they are of, now and at a moment that has passed.

use jiff::SignedDuration;
use proto::segmentation::v1::*;

use crate::shop::Shop;

fn of_group(told: &Overview, group: Group) -> i64 {
    told.groups.iter().find(|one| one.group() == group).expect("every group is told").members
}

fn of_lifecycle(told: &Overview, lifecycle: Lifecycle) -> i64 {
    told.lifecycles.iter().find(|one| one.lifecycle() == lifecycle).expect("every one is told").members
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_summed_and_a_moment_that_passed_stays_as_it_was() {
    let shop = Shop::open().await;
    let members = [shop.member(), shop.member(), shop.member()];
    let prospect = shop.member();
    let fresh = shop.joins(prospect).await;
    shop.insight(prospect, &fresh).await;
    let mut last = Default::default();
    for (member, amount) in members.iter().zip([600, 300, 100]) {
        last = shop.buys(*member, amount).await;
        shop.insight(*member, &last.1).await;
    }
    shop.snapshot().await;
    let told = shop.overview(None).await;
    assert_eq!((told.members, told.buyers, told.repeat_buyers, told.waiting), (4, 3, 0, 0));
    assert_eq!((of_group(&told, Group::Vip), of_group(&told, Group::Promising)), (2, 1));
    assert_eq!((of_lifecycle(&told, Lifecycle::New), of_lifecycle(&told, Lifecycle::Prospect)), (3, 1));
    let fifth = told.by_revenue.expect("it is told");
    assert_eq!((fifth.population, fifth.members, fifth.share_minor, fifth.share_permille), (3, 1, 600, 600));
    let profit = told.by_profit.expect("it is told");
    assert_eq!((profit.total_minor, told.revenue_with_cost_minor), (500, 1_000));
    let values = told.lifetime_values.expect("they are told");
    assert_eq!((values.count, values.min, values.max), (3, 1_300, 7_800));

    let then = shop.clock.now();
    let worked_out = shop.overview(Some(then)).await;
    assert_eq!((worked_out.members, worked_out.groups.clone()), (told.members, told.groups));
    shop.days_pass(40).await;
    let (_, fresh) = shop.buys(members[0], 50).await;
    shop.insight(members[0], &fresh).await;
    let fresh = shop.returns(members[2], &last.0, 100, 100).await;
    shop.insight(members[2], &fresh).await;
    assert_eq!(shop.overview(Some(then)).await, worked_out, "what came later changes nothing of then");
    let now = shop.overview(None).await;
    assert_eq!((now.buyers, now.repeat_buyers, now.repurchase_permille), (2, 1, 500));
    let counted = shop.overview(Some(shop.clock.now())).await;
    assert_eq!(counted.lifecycles, now.lifecycles, "stored and worked out agree");
}

/// Buyers, how many the best fifth of them are, what these account for, what all do, the share.
fn told(fifth: Option<BestFifth>) -> (i64, i64, i64, i64, i64) {
    let fifth = fifth.expect("it is told");
    (fifth.population, fifth.members, fifth.share_minor, fifth.total_minor, fifth.share_permille)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_fifth_by_profit_are_others_than_by_revenue() {
    let shop = Shop::open().await;
    // What was paid, and what it had cost: who pays most brings next to nothing, one order is sold at a loss, and of
    // one the cost is not known.
    let bought = [
        (1_000, Some(950)),
        (900, Some(890)),
        (500, Some(100)),
        (400, Some(50)),
        (300, Some(310)),
        (200, Some(190)),
        (100, None),
    ];
    let mut orders = Vec::new();
    for (amount, cost_minor) in bought {
        let member = shop.member();
        let mut order = shop.order(member, amount, shop.clock.now());
        order.lines[0].cost_minor = cost_minor;
        let fresh = shop.says(member, &order).await;
        shop.insight(member, &fresh).await;
        orders.push((member, order));
    }
    let then = shop.clock.now();
    let sums = shop.overview(None).await;
    assert_eq!(told(sums.by_revenue), (7, 2, 1_900, 3_400, 559));
    assert_eq!(told(sums.by_profit), (6, 2, 400 + 350, 810, 926), "of 50, 10, 400, 350, -10 and 10");
    assert_eq!(sums.revenue_with_cost_minor, 3_300);

    shop.pass_until(then + SignedDuration::from_hours(1)).await;
    // Half of one order comes back with half of its cost, and all of another.
    for (place, back) in [(2, 250), (3, 400)] {
        let (member, order) = &orders[place];
        let fresh = shop.returns(*member, order, back, back).await;
        shop.insight(*member, &fresh).await;
    }
    let sums = shop.overview(None).await;
    assert_eq!(told(sums.by_revenue), (6, 2, 1_900, 2_750, 691));
    assert_eq!(told(sums.by_profit), (5, 1, 200, 260, 769), "of 50, 10, 200, -10 and 10");
    assert_eq!(sums.revenue_with_cost_minor, 2_650);
    let sums = shop.overview(Some(then)).await;
    assert_eq!((told(sums.by_profit), sums.revenue_with_cost_minor), ((6, 2, 750, 810, 926), 3_300), "as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_order_counts_as_if_it_had_come_in_time() {
    let shop = Shop::open().await;
    let (punctual, late) = (shop.member(), shop.member());
    let bought = shop.clock.now();
    let (_, fresh) = shop.buys(punctual, 100).await;
    shop.insight(punctual, &fresh).await;
    shop.days_pass(12).await;
    let fresh = shop.says(late, &shop.order(late, 100, bought)).await;
    shop.insight(late, &fresh).await;
    let [one, other] = [shop.insight(punctual, "").await, shop.insight(late, "").await];
    assert_eq!((one.features, one.lifetime_value, one.cycle), (other.features, other.lifetime_value, other.cycle));
    assert_eq!(shop.stages(punctual).await, shop.stages(late).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn cohorts_are_told_by_month_of_first_purchase() {
    let shop = Shop::open().await;
    let (first, second) = (shop.member(), shop.member());
    shop.buys(first, 100).await;
    shop.days_pass(31).await;
    shop.buys(second, 100).await;
    let (_, fresh) = shop.buys(first, 100).await;
    let ask = |as_of_occurred: Option<jiff::Timestamp>| GetCohortsRequest {
        as_of_occurred: as_of_occurred.map(proto::timestamp),
        at_least_as_fresh: fresh.clone(),
    };
    let told = shop.client().get_cohorts(ask(None)).await.expect("they are told").into_inner().cohorts;
    let later = |one: &Cohort| one.months.iter().map(|one| format!("{} {}", one.month, one.buyers)).collect::<Vec<_>>();
    let essence: Vec<String> =
        told.iter().map(|one| format!("{} {}: {}", one.month, one.members, later(one).join(", "))).collect();
    assert_eq!(essence, ["2026-01 1: 2026-02 1", "2026-02 1: "]);
    let then = shop.clock.now() - SignedDuration::from_hours(24);
    let told = shop.client().get_cohorts(ask(Some(then))).await.expect("they are told").into_inner().cohorts;
    assert_eq!(told.len(), 1);
    assert!(told[0].months.is_empty());
}
