//! What is told of one member.

use jiff::SignedDuration;
use proto::activity::events::v1::{OrderRecorded, ReturnedLine};
use proto::segmentation::v1::*;

use crate::shop::{Shop, when};

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_whom_nothing_was_heard_is_a_prospect() {
    let shop = Shop::open().await;
    let told = shop.insight(shop.member(), "").await;
    assert_eq!(told.rfm.expect("letters").group(), Group::Prospect);
    let standing = told.lifecycle.expect("a standing");
    assert_eq!((standing.chosen(), standing.first_ever, standing.next_change_time), (Lifecycle::Prospect, false, None));
    let features = told.features.expect("features");
    assert_eq!(features.first_purchase_time, None);
    assert_eq!(windows(&features), [(30, 0, 0), (90, 0, 0), (365, 0, 0)]);
    let value = told.lifetime_value.expect("a value");
    assert_eq!((value.yearly.expect("money").minor, value.weeks_observed), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn features_are_counted_over_the_whole_life() {
    let shop = Shop::open().await;
    let member = shop.member();
    let first = shop.clock.now();
    shop.buys(member, 100).await;
    shop.days_pass(10).await;
    let mut order = OrderRecorded { channel: "store".to_owned(), ..shop.order(member, 301, shop.clock.now()) };
    order.lines[0].category = "tea".to_owned();
    shop.says(member, &order).await;
    let foreign = OrderRecorded { currency_code: "JPY".to_owned(), ..shop.order(member, 5_000, shop.clock.now()) };
    let fresh = shop.says(member, &foreign).await;
    shop.insight(member, &fresh).await;
    shop.days_pass(18).await;
    let told = shop.insight(member, "").await;
    let features = told.features.expect("features");
    assert_eq!(when(features.first_purchase_time), first.to_string());
    assert_eq!((features.purchases, features.period_purchases), (3, 3));
    assert_eq!(features.total.expect("money").minor, 401, "what is paid in JPY is no money of a shop paid in TWD");
    assert_eq!(features.average_basket.expect("money").minor, 200, "half-even of 200.5");
    assert_eq!(counted(&features.channels), [("store", 1), ("web", 2)]);
    assert_eq!(counted(&features.categories), [("coffee", 2), ("tea", 1)]);
    assert_eq!((features.mean_gap_days, features.days_since_last), (Some(10), Some(18)));
    let value = told.lifetime_value.expect("a value");
    assert_eq!((value.yearly.expect("money").minor, value.weeks_observed), (5_213, 4), "401 in 4 weeks, times 13");
}

/// Days, purchases and money of each window.
fn windows(features: &Features) -> Vec<(i32, i64, i64)> {
    let told = features.windows.iter().map(|one| {
        let money = one.total.as_ref().expect("money");
        assert_eq!(money.currency_code, "TWD");
        (one.days, one.purchases, money.minor)
    });
    told.collect()
}

fn counted(all: &[Counted]) -> Vec<(&str, i64)> {
    all.iter().map(|one| (one.name.as_str(), one.count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_count_what_was_kept_of_the_last_days_and_moments_that_passed_keep_theirs() {
    let shop = Shop::open().await;
    let (member, now) = (shop.member(), shop.clock.now());
    let (mut orders, mut fresh) = (Vec::new(), String::new());
    for (days, amount) in [(366, 1_000), (365, 500), (364, 400), (90, 300), (89, 200), (30, 100), (29, 70), (0, 7)] {
        let mut order = shop.order(member, amount, now - SignedDuration::from_hours(24 * days));
        if days == 89 {
            order.channel = "store".to_owned();
            order.lines[0].category = "tea".to_owned();
        }
        fresh = shop.says(member, &order).await;
        orders.push(order);
    }
    let told = shop.insight(member, &fresh).await.features.expect("features");
    assert_eq!(windows(&told), [(30, 2, 77), (90, 4, 377), (365, 6, 1_077)], "a whole number of days ago is out");
    // A second before, what was bought exactly so long ago is still in, and the last purchase is to come.
    let before = shop.insight_at(member, Some(now - SignedDuration::from_secs(1)), "").await;
    assert_eq!(windows(&before.features.expect("features")), [(30, 2, 170), (90, 4, 670), (365, 6, 1_570)]);

    let hour = SignedDuration::from_hours(1);
    shop.pass_until(now + hour).await;
    shop.returns(member, &orders[6], 50, 50).await;
    shop.pass_until(now + hour + hour).await;
    let fresh = shop.returns(member, &orders[4], 200, 200).await;
    let told = shop.insight(member, &fresh).await.features.expect("features");
    assert_eq!(windows(&told), [(30, 2, 27), (90, 3, 127), (365, 5, 827)]);
    assert_eq!((told.purchases, told.total.as_ref().map(|money| money.minor)), (7, Some(2_327)));
    assert_eq!(counted(&told.channels), [("web", 7)], "what wholly came back was bought nowhere");
    assert_eq!(counted(&told.categories), [("coffee", 7)]);
    // At each moment that passed it is as it was: before the first return, and between the two.
    let passed = [
        (now, [(30, 2, 77), (90, 4, 377), (365, 6, 1_077)]),
        (now + hour, [(30, 2, 27), (90, 4, 327), (365, 6, 1_027)]),
    ];
    for (moment, expected) in passed {
        let then = shop.insight_at(member, Some(moment), "").await.features.expect("features");
        assert_eq!(windows(&then), expected, "{moment}");
        assert_eq!(counted(&then.channels), [("store", 1), ("web", 7)], "{moment}");
        assert_eq!(counted(&then.categories), [("coffee", 7), ("tea", 1)], "{moment}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guests_order_counts_when_it_joins_and_what_had_come_back_does_not() {
    let shop = Shop::open().await;
    let member = shop.member();
    let mut order = shop.order(member, 500, shop.clock.now());
    order.joined = true;
    order.returned = vec![ReturnedLine { number: 1, quantity: 0, amount_minor: 200 }];
    let fresh = shop.says(member, &order).await;
    let features = shop.insight(member, &fresh).await.features.expect("features");
    assert_eq!((features.purchases, features.total.expect("money").minor), (1, 300));
    let mut gone = shop.order(member, 500, shop.clock.now());
    gone.returned = vec![ReturnedLine { number: 1, quantity: 1, amount_minor: 500 }];
    let fresh = shop.says(member, &gone).await;
    assert_eq!(shop.insight(member, &fresh).await.features.expect("features").purchases, 1);
    // A gift costs nothing: one of two came back, so the other one is still theirs.
    let mut gift = shop.order(member, 0, shop.clock.now());
    gift.lines[0].quantity = 2;
    gift.returned = vec![ReturnedLine { number: 1, quantity: 1, amount_minor: 0 }];
    let fresh = shop.says(member, &gift).await;
    assert_eq!(shop.insight(member, &fresh).await.features.expect("features").purchases, 2);
    let guest = OrderRecorded { member: String::new(), ..shop.order(member, 900, shop.clock.now()) };
    let fresh = shop.says(member, &guest).await;
    assert_eq!(shop.insight(member, &fresh).await.features.expect("features").purchases, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_of_an_unknown_order_is_put_aside() {
    let shop = Shop::open().await;
    let member = shop.member();
    let unknown = shop.order(member, 500, shop.clock.now());
    shop.returns(member, &unknown, 500, 500).await;
    let consumer = shop.service.consumer().expect("it hears");
    testkit::until("it is parked", || async { consumer.parked().await.expect("counted") == 1 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_sees_nothing() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 500).await;
    shop.insight(member, &fresh).await;
    let other = kernel::TenantId::new_at(shop.clock.now());
    let channel = shop.served.channel_for_everything(other);
    let mut client = proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient::new(channel);
    let asked = GetInsightRequest { member: member.to_string(), ..GetInsightRequest::default() };
    let told = client.get_insight(asked).await.expect("answered").into_inner().insight.expect("it is there");
    assert_eq!(told.features.expect("features").purchases, 0);
    let page = client.list_members(ListMembersRequest::default()).await.expect("a page").into_inner();
    assert!(page.members.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_member_stands_is_said_in_the_callers_language() {
    let shop = Shop::open().await;
    let member = shop.member();
    for _ in 0..3 {
        shop.buys(member, 900).await;
        shop.days_pass(10).await;
    }
    let (_, fresh) = shop.buys(member, 900).await;
    shop.insight(member, &fresh).await;
    shop.snapshot().await;
    let table = [
        ("zh-TW", "VIP:最近有購買、次數多、金額高,12 個月內購買 4 次。", "主力:近三個週期(每週期 10 天)內購買 3 次。"),
        ("zh-CN", "VIP:最近有购买、次数多、金额高,12 个月内购买 4 次。", "主力:近三个周期(每周期 10 天)内购买 3 次。"),
        (
            "en",
            "VIP: bought recently, often and for much; purchases in 12 months: 4.",
            "Active: 3 purchases within three cycles of 10 days.",
        ),
    ];
    let asked = GetInsightRequest { member: member.to_string(), ..GetInsightRequest::default() };
    for (language, group, lifecycle) in table {
        let call = testkit::in_language(asked.clone(), language);
        let told = shop.client().get_insight(call).await.expect("answered").into_inner().insight.expect("it is there");
        let said = |decision: Option<proto::common::v1::Decision>| {
            let message = decision.and_then(|told| told.message).expect("a sentence");
            (message.locale, message.message)
        };
        let own = |text: &str| (language.to_owned(), text.to_owned());
        assert_eq!(said(told.rfm.and_then(|rfm| rfm.decision)), own(group));
        assert_eq!(said(told.lifecycle.and_then(|standing| standing.decision)), own(lifecycle));
    }
}
