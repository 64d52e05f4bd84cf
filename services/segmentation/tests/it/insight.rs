//! What is told of one member.

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
    assert_eq!(told.features.expect("features").first_purchase_time, None);
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
    let counted = |all: Vec<Counted>| all.into_iter().map(|one| (one.name, one.count)).collect::<Vec<_>>();
    assert_eq!(counted(features.channels), [("store".to_owned(), 1), ("web".to_owned(), 2)]);
    assert_eq!(counted(features.categories), [("coffee".to_owned(), 2), ("tea".to_owned(), 1)]);
    assert_eq!((features.mean_gap_days, features.days_since_last), (Some(10), Some(18)));
    let value = told.lifetime_value.expect("a value");
    assert_eq!((value.yearly.expect("money").minor, value.weeks_observed), (5_213, 4), "401 in 4 weeks, times 13");
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
