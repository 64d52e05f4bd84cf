//! A member who sleeps, is seen as sleeping, buys, and is active again at once.

use proto::loyalty::v1::{AdjustPointsRequest, GetBalanceRequest};
use proto::segmentation::v1::{
    GetInsightRequest, Lifecycle, LifecycleStanding, ListChangesRequest, ListMembersRequest, Precedence,
    PutSchemeRequest, Scheme,
};

use crate::requests::{line, of, order_at, purchase};
use crate::stage::{Shop, Stage};

async fn lifecycle(shop: &Shop, member: &str, fresh: &str) -> LifecycleStanding {
    let asked = GetInsightRequest {
        member: member.to_owned(),
        at_least_as_fresh: fresh.to_owned(),
        ..GetInsightRequest::default()
    };
    let insight = shop.segmentation().get_insight(asked).await.expect("answered").into_inner().insight;
    insight.and_then(|insight| insight.lifecycle).expect("a lifecycle")
}

async fn buys(shop: &Shop, member: &str, number: usize) -> String {
    let lines = vec![line(1, "mug", 1, "1000")];
    let ask = purchase(shop.request_id(), order_at(shop.clock.now(), &format!("order-{number}"), of(member), lines));
    shop.activity().record_order(ask).await.expect("the order is recorded").into_inner().freshness
}

async fn sleepers(shop: &Shop) -> Vec<String> {
    let asked = ListMembersRequest { lifecycle: Lifecycle::Sleeping.into(), ..ListMembersRequest::default() };
    let page = shop.segmentation().list_members(asked).await.expect("answered").into_inner();
    page.members.into_iter().map(|member| member.member).collect()
}

/// Who buys every ten days, for the last time on 11 February.
async fn regular(stage: &Stage, shop: &Shop) -> String {
    let member = shop.enrol("0912-345-678").await;
    for (number, moment) in ["2011-01-12", "2011-01-22", "2011-02-01", "2011-02-11"].into_iter().enumerate() {
        stage.advance(&format!("{moment}T04:00:00Z")).await;
        buys(shop, &member, number).await;
    }
    member
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sleeps_is_seen_to_sleep_and_wakes_with_the_next_order() {
    let stage = Stage::open("2011-01-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = regular(&stage, &shop).await;
    stage.suite.coordinator().quiet().await.expect("it is heard");
    let standing = lifecycle(&shop, &member, "").await;
    assert_eq!(standing.chosen(), Lifecycle::Active);
    // Every ten days, so C is ten days: one purchase is left within 3 C after 3 March, none after 13 March.
    let asleep = standing.next_change_time.and_then(|at| proto::instant(&at).ok()).expect("it changes by itself");
    stage.advance(&(asleep - jiff::SignedDuration::from_secs(1)).to_string()).await;
    assert_eq!(lifecycle(&shop, &member, "").await.chosen(), Lifecycle::Active, "to the last second");

    stage.advance("2011-03-14T04:00:00Z").await;
    assert_eq!(lifecycle(&shop, &member, "").await.chosen(), Lifecycle::Sleeping);
    assert_eq!(sleepers(&shop).await, std::slice::from_ref(&member));

    let fresh = buys(&shop, &member, 5).await;
    // Where new and active come first, one purchase after a silence makes somebody new; the next one active.
    let awake = lifecycle(&shop, &member, &fresh).await.chosen();
    assert_eq!(awake, Lifecycle::New);
    assert!(sleepers(&shop).await.is_empty(), "the list sees it with the token's read");
    let asked = ListChangesRequest { member, ..ListChangesRequest::default() };
    let changes = shop.segmentation().list_changes(asked).await.expect("answered").into_inner().changes;
    let became: Vec<Lifecycle> =
        changes.iter().rev().map(|change| change.to_lifecycle()).filter(|to| *to != Lifecycle::Unspecified).collect();
    assert!(became.windows(2).any(|pair| pair == [Lifecycle::Sleeping, awake]), "{became:?}");
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wakes_is_soon_seen_awake_by_those_who_have_no_token() {
    let stage = Stage::open("2011-01-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = regular(&stage, &shop).await;
    stage.advance("2011-03-14T04:00:00Z").await;
    assert_eq!(lifecycle(&shop, &member, "").await.chosen(), Lifecycle::Sleeping);
    assert_eq!(sleepers(&shop).await, std::slice::from_ref(&member));

    buys(&shop, &member, 5).await;
    testkit::until("the insight sees it", || async { lifecycle(&shop, &member, "").await.chosen() == Lifecycle::New })
        .await;
    testkit::until("the list sees it", || async { sleepers(&shop).await.is_empty() }).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_sleeping_comes_first_who_sleeps_is_active_with_the_next_order() {
    let stage = Stage::open("2011-01-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let scheme = Scheme {
        effective_time: Some(proto::timestamp(testkit::instant("2011-01-02T05:00:00Z"))),
        precedence: Precedence::SleepingLostFirst.into(),
        ..Scheme::default()
    };
    let put = PutSchemeRequest { request_id: shop.request_id(), scheme: Some(scheme), validate_only: false };
    shop.segmentation().put_scheme(put).await.expect("it is put");
    let member = regular(&stage, &shop).await;

    // Two purchases within 3 C, none of them within C, and two in the 3 C before: active and sleeping both hold, and
    // sleeping is chosen.
    stage.advance("2011-03-01T04:00:00Z").await;
    assert_eq!(lifecycle(&shop, &member, "").await.chosen(), Lifecycle::Sleeping);
    assert_eq!(sleepers(&shop).await, std::slice::from_ref(&member));
    let fresh = buys(&shop, &member, 5).await;
    assert_eq!(lifecycle(&shop, &member, &fresh).await.chosen(), Lifecycle::Active);
    assert!(sleepers(&shop).await.is_empty(), "the list sees it with the token's read");

    // Asleep once more, and seen awake by those who have no token: one purchase within 3 C, three in the 3 C before.
    stage.advance("2011-03-20T04:00:00Z").await;
    assert_eq!(lifecycle(&shop, &member, "").await.chosen(), Lifecycle::Sleeping);
    assert_eq!(sleepers(&shop).await, std::slice::from_ref(&member));
    buys(&shop, &member, 6).await;
    testkit::until("the insight sees it", || async {
        lifecycle(&shop, &member, "").await.chosen() == Lifecycle::Active
    })
    .await;
    testkit::until("the list sees it", || async { sleepers(&shop).await.is_empty() }).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insight_is_told_to_whoever_comes_with_a_token_of_loyalty() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = shop.enrol("0912-345-678").await;
    let fresh = buys(&shop, &member, 1).await;
    let asked =
        GetBalanceRequest { member: member.clone(), at_least_as_fresh: fresh.clone(), ..GetBalanceRequest::default() };
    assert_eq!(shop.loyalty().get_balance(asked).await.expect("answered").into_inner().balance, 20);
    let ask = AdjustPointsRequest {
        request_id: shop.request_id(),
        member: member.clone(),
        points: 7,
        reason: "for the rain".to_owned(),
        ..AdjustPointsRequest::default()
    };
    let adjusted = shop.loyalty().adjust_points(ask).await.expect("given").into_inner();
    let both = format!("{fresh},{}", adjusted.freshness);
    assert_eq!(lifecycle(&shop, &member, &both).await.chosen(), Lifecycle::New);
    stage.stop().await;
}
