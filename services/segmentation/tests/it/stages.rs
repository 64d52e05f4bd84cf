//! Members move through the lifecycle at the exact instant, by themselves and by what they do.

use jiff::SignedDuration;
use proto::segmentation::v1::*;

use crate::shop::{Shop, when};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// A member with a cycle of their own of seven days, who bought last now.
async fn weekly(shop: &Shop) -> kernel::MemberId {
    let member = shop.member();
    let mut fresh = String::new();
    for _ in 0..4 {
        shop.days_pass(7).await;
        (_, fresh) = shop.buys(member, 100).await;
        shop.insight(member, &fresh).await;
    }
    let told = shop.insight(member, &fresh).await;
    let cycle = told.cycle.as_ref().expect("a cycle");
    assert_eq!((cycle.days, cycle.source()), (7, CycleSource::Own));
    member
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_falls_asleep_at_the_instant_and_an_order_wakes_them() {
    let shop = Shop::open().await;
    let member = weekly(&shop).await;
    let last = shop.clock.now();
    let chosen = |told: &Insight| told.lifecycle.as_ref().expect("a standing").chosen();
    // Of the four purchases, 21, 14, 7 and 0 days ago, the third leaves the 21 days at the fourteenth day, and the last
    // at the twenty-first: then there are four within 21 to 42 days, less the first, which has just left.
    let to_new = last + SignedDuration::from_hours(24 * 14);
    shop.pass_until(to_new - SECOND).await;
    assert_eq!(chosen(&shop.insight(member, "").await), Lifecycle::Active);
    shop.pass_until(to_new).await;
    assert_eq!(chosen(&shop.insight(member, "").await), Lifecycle::New);
    let asleep = last + SignedDuration::from_hours(24 * 21);
    shop.pass_until(asleep - SECOND).await;
    let told = shop.insight(member, "").await;
    assert_eq!(chosen(&told), Lifecycle::New);
    let standing = told.lifecycle.expect("a standing");
    assert_eq!(standing.labels().collect::<Vec<_>>(), [Lifecycle::New, Lifecycle::Sleeping]);
    assert_eq!(when(standing.next_change_time), asleep.to_string());
    assert_eq!(standing.next_lifecycle(), Lifecycle::Sleeping);
    shop.pass_until(asleep).await;
    assert_eq!(chosen(&shop.insight(member, "").await), Lifecycle::Sleeping);
    shop.days_pass(1).await;
    let woken = shop.clock.now();
    let (order, fresh) = shop.buys(member, 100).await;
    assert_eq!(chosen(&shop.insight(member, &fresh).await), Lifecycle::New);
    let (again, fresh) = shop.buys(member, 100).await;
    assert_eq!(chosen(&shop.insight(member, &fresh).await), Lifecycle::Active);
    let stages = shop.stages(member).await;
    let ends: Vec<(Lifecycle, String)> = stages[stages.len() - 4..].to_vec();
    assert_eq!(
        ends,
        [
            (Lifecycle::New, to_new.to_string()),
            (Lifecycle::Sleeping, asleep.to_string()),
            (Lifecycle::New, woken.to_string()),
            (Lifecycle::Active, woken.to_string())
        ]
    );
    let causes: Vec<String> = shop.changes(member).await.into_iter().map(|change| change.cause).collect();
    assert!(causes.contains(&order.order) && causes.contains(&again.order), "{causes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clockwork_that_comes_late_tells_every_instant() {
    let shop = Shop::open().await;
    let member = weekly(&shop).await;
    let last = shop.clock.now();
    shop.days_pass(60).await;
    let stages = shop.stages(member).await;
    let expected: Vec<(Lifecycle, String)> =
        [(14, Lifecycle::New), (21, Lifecycle::Sleeping), (35, Lifecycle::Lost), (42, Lifecycle::Deep)]
            .into_iter()
            .map(|(days, stage)| (stage, (last + SignedDuration::from_hours(24 * days)).to_string()))
            .collect();
    assert_eq!(stages[stages.len() - 4..], expected[..]);
    // The log says the same: the label that is chosen, and all that match from then on.
    let said: Vec<String> =
        shop.said_of(member).await.into_iter().filter(|line| line.contains("LifecycleChanged")).collect();
    let after = |days: i64| last + SignedDuration::from_hours(24 * days);
    assert_eq!(
        said[said.len() - 4..],
        [
            format!("{} LifecycleChanged ACTIVE > NEW [NEW SLEEPING]", after(14)),
            format!("{} LifecycleChanged NEW > SLEEPING [SLEEPING]", after(21)),
            format!("{} LifecycleChanged SLEEPING > LOST [LOST]", after(35)),
            format!("{} LifecycleChanged LOST > DEEP [DEEP]", after(42)),
        ]
    );
    assert_eq!(shop.service.clockwork().expect("one").count_due().await.expect("counted"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_return_ends_the_purchase_and_a_part_lowers_the_money() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (order, fresh) = shop.buys(member, 900).await;
    let bought = shop.insight(member, &fresh).await;
    assert_eq!(bought.features.expect("features").total.expect("money").minor, 900);
    let before = shop.clock.now();
    shop.days_pass(1).await;
    let fresh = shop.returns(member, &order, 300, 300).await;
    let told = shop.insight(member, &fresh).await.features.expect("features");
    assert_eq!((told.purchases, told.total.expect("money").minor), (1, 600));
    shop.days_pass(1).await;
    let fresh = shop.returns(member, &order, 900, 600).await;
    let told = shop.insight(member, &fresh).await;
    assert_eq!(told.lifecycle.as_ref().expect("a standing").chosen(), Lifecycle::Prospect);
    assert_eq!(told.features.expect("features").purchases, 0);
    let then = shop.insight_at(member, Some(before), "").await;
    assert_eq!(then.lifecycle.expect("a standing").chosen(), Lifecycle::New);
    assert_eq!(then.features.expect("features").total.expect("money").minor, 900);
    let cause = shop.changes(member).await.pop().expect("changes").cause;
    assert!(cause.starts_with("return_"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_is_a_prospect_in_whatever_order_it_is_heard() {
    let shop = Shop::open().await;
    let (first, second) = (shop.member(), shop.member());
    let fresh = shop.joins(first).await;
    let told = shop.insight(first, &fresh).await;
    assert_eq!(told.lifecycle.as_ref().expect("a standing").chosen(), Lifecycle::Prospect);
    let (_, fresh) = shop.buys(first, 100).await;
    shop.insight(first, &fresh).await;
    let (_, fresh) = shop.buys(second, 100).await;
    shop.insight(second, &fresh).await;
    let fresh = shop.joins(second).await;
    let second_told = shop.insight(second, &fresh).await;
    let first_told = shop.insight(first, "").await;
    let essence = |told: Insight| (told.join_time, told.features, told.lifecycle, told.rfm, told.cycle);
    let (mut one, mut other) = (essence(first_told), essence(second_told));
    // Orders are named anew for each; nothing else may differ.
    for told in [&mut one, &mut other] {
        told.2.iter_mut().for_each(|standing| standing.decision = None);
    }
    assert_eq!(one, other);
    assert_eq!(shop.stages(first).await, shop.stages(second).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_told_as_if_the_shop_had_always_been_here() {
    let shop = Shop::open().await;
    let now = shop.clock.now();
    let days_ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let member = shop.member();
    let mut fresh = String::new();
    for days in [400, 390, 100] {
        let order =
            proto::activity::events::v1::OrderRecorded { historic: true, ..shop.order(member, 100, days_ago(days)) };
        fresh = shop.says(member, &order).await;
    }
    let told = shop.insight(member, &fresh).await;
    assert_eq!(told.lifecycle.expect("a standing").chosen(), Lifecycle::Lost, "100 days are more than three times 30");
    shop.pass_until(now + SignedDuration::from_mins(10)).await;
    // The cycle is 30 days. 310 days ago the first purchase is 90 days old, 300 days ago the second is.
    let expected: Vec<(Lifecycle, String)> = [
        (400, Lifecycle::New),
        (390, Lifecycle::Active),
        (310, Lifecycle::New),
        (300, Lifecycle::Sleeping),
        (220, Lifecycle::Lost),
        (210, Lifecycle::Deep),
        (100, Lifecycle::New),
        (10, Lifecycle::Lost),
    ]
    .into_iter()
    .map(|(days, stage)| (stage, days_ago(days).to_string()))
    .collect();
    assert_eq!(shop.stages(member).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_said_once_with_its_cause_and_its_snapshot() {
    let shop = Shop::open().await;
    let (member, bought) = (shop.member(), shop.clock.now());
    let (order, fresh) = shop.buys(member, 900).await;
    shop.insight(member, &fresh).await;
    shop.days_pass(1).await;
    let (part, parted) = (shop.back(&order, 300, 300), shop.clock.now());
    let fresh = shop.brings(member, &part).await;
    shop.insight(member, &fresh).await;
    shop.days_pass(1).await;
    let (rest, ended) = (shop.back(&order, 900, 600), shop.clock.now());
    let fresh = shop.brings(member, &rest).await;
    shop.insight(member, &fresh).await;
    // The only buyer is high in everything: what comes back makes M low until the next midnight's cut is as low.
    let (order_id, part_id, rest_id) = (&order.order, &part.return_id, &rest.return_id);
    let expected = [
        format!("{bought} LifecycleChanged PROSPECT > NEW [NEW] by {order_id}"),
        format!("{bought} GroupChanged PROSPECT > UNSORTED under 0 by {order_id}"),
        "2026-01-10T16:00:00Z GroupChanged UNSORTED > VIP under 1".to_owned(),
        format!("{parted} GroupChanged VIP > PROMISING under 1 by {part_id}"),
        "2026-01-11T16:00:00Z GroupChanged PROMISING > VIP under 2".to_owned(),
        format!("{ended} LifecycleChanged NEW > PROSPECT [PROSPECT] by {rest_id}"),
        format!("{ended} GroupChanged VIP > PROSPECT under 2 by {rest_id}"),
    ];
    assert_eq!(shop.said_of(member).await, expected);
    shop.says(member, &order).await;
    let fresh = shop.brings(member, &rest).await;
    shop.insight(member, &fresh).await;
    assert_eq!(shop.said_of(member).await, expected, "what is heard again is not said again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_late_is_said_from_when_it_is_heard_on() {
    let shop = Shop::open().await;
    let (member, bought) = (shop.member(), shop.clock.now());
    let (_, fresh) = shop.buys(member, 100).await;
    shop.insight(member, &fresh).await;
    shop.days_pass(12).await;
    let late = shop.order(member, 100, bought - SignedDuration::from_hours(24 * 5));
    let fresh = shop.says(member, &late).await;
    shop.insight(member, &fresh).await;
    let last = shop.said_of(member).await.pop().expect("it was said");
    assert_eq!(last, format!("{} LifecycleChanged NEW > ACTIVE [ACTIVE] by {}", shop.clock.now(), late.order));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_a_history_is_said_to_and_what_comes_after_it_is_not() {
    let shop = Shop::open().await;
    let (member, now) = (shop.member(), shop.clock.now());
    let ago = |days: i64| now - SignedDuration::from_hours(24 * days);
    let orders = [400, 390, 100].map(|days| proto::activity::events::v1::OrderRecorded {
        historic: true,
        ..shop.order(member, 100, ago(days))
    });
    let mut fresh = String::new();
    for order in &orders {
        fresh = shop.says(member, order).await;
    }
    shop.insight(member, &fresh).await;
    shop.pass_until(now + SignedDuration::from_mins(10)).await;
    // The first snapshot knows gaps of 10 and 290 days: C is 150 days from then on, where it was 30.
    shop.pass_until(testkit::instant("2026-01-10T16:00:00Z")).await;
    let [first, second, third] = orders.map(|order| order.order);
    let expected = [
        format!("{} LifecycleChanged PROSPECT > NEW [NEW] by {first} (historic)", ago(400)),
        format!("{} GroupChanged PROSPECT > UNSORTED under 0 by {first} (historic)", ago(400)),
        format!("{} LifecycleChanged NEW > ACTIVE [ACTIVE] by {second} (historic)", ago(390)),
        format!("{} LifecycleChanged ACTIVE > NEW [NEW LOST] (historic)", ago(310)),
        format!("{} LifecycleChanged NEW > SLEEPING [SLEEPING] (historic)", ago(300)),
        format!("{} LifecycleChanged SLEEPING > LOST [LOST] (historic)", ago(220)),
        format!("{} LifecycleChanged LOST > DEEP [DEEP] (historic)", ago(210)),
        format!("{} LifecycleChanged DEEP > NEW [NEW] by {third} (historic)", ago(100)),
        format!("{} LifecycleChanged NEW > LOST [LOST] (historic)", ago(10)),
        "2026-01-10T16:00:00Z LifecycleChanged LOST > ACTIVE [ACTIVE]".to_owned(),
        "2026-01-10T16:00:00Z GroupChanged UNSORTED > VIP under 1".to_owned(),
    ];
    assert_eq!(shop.said_of(member).await, expected);
}
