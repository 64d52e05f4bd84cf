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
