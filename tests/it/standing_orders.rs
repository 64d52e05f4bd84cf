//! A standing order through all services: what is paid is an order, with its points and its place among purchases; what is
//! declined is none until it is paid. A membership opens its gate, and its fee is no order.

use proto::activity::v1::{ListOrdersRequest, Order};
use proto::loyalty::v1::GetBalanceRequest;
use proto::segmentation::v1::{GetInsightRequest, Lifecycle};
use proto::subscriptions::v1::{
    Cadence, CadenceUnit, CheckEntitlementRequest, GetSubscriptionRequest, Occurrence, OccurrenceState, Plan, PlanKind,
    PlanLine, PutPlanRequest, SubscribeRequest, UpdatePaymentTokenRequest,
};
use testkit::instant;

use crate::stage::{Shop, Stage};

const FORTNIGHT: Cadence = Cadence { every: 2, unit: CadenceUnit::Week as i32 };
const YEAR: Cadence = Cadence { every: 1, unit: CadenceUnit::Year as i32 };

fn plan(code: &str, kind: PlanKind, cadence: Cadence) -> Plan {
    Plan {
        code: code.to_owned(),
        display_name: code.to_owned(),
        kind: kind.into(),
        currency_code: "TWD".to_owned(),
        cadence: Some(cadence),
        retry_days: vec![2],
        ..Plan::default()
    }
}

/// Coffee for 600 every two weeks, tried again after two days; and the gate for 1,200 a year.
pub async fn offer(shop: &Shop) {
    let (product, category) = ("coffee".to_owned(), "drinks".to_owned());
    let coffee = PlanLine { product, category, quantity: 2, unit_price_minor: 300 };
    let plans = [
        Plan { lines: vec![coffee], ..plan("coffee", PlanKind::Goods, FORTNIGHT) },
        Plan { fee_minor: 1_200, entitlements: vec!["gate".to_owned()], ..plan("gold", PlanKind::Membership, YEAR) },
    ];
    for plan in plans {
        let put = PutPlanRequest { request_id: shop.request_id(), plan: Some(plan), validate_only: false };
        shop.subscriptions().put_plan(put).await.expect("it can be subscribed to");
    }
}

async fn subscribe(shop: &Shop, member: &str, plan: &str, token: &str) -> String {
    let ask = SubscribeRequest {
        request_id: shop.request_id(),
        member: member.to_owned(),
        plan: plan.to_owned(),
        payment_token: token.to_owned(),
        ..SubscribeRequest::default()
    };
    shop.subscriptions().subscribe(ask).await.expect("subscribed").into_inner().subscription
}

async fn pays_with(shop: &Shop, subscription: &str, token: &str) {
    let ask = UpdatePaymentTokenRequest {
        request_id: shop.request_id(),
        subscription: subscription.to_owned(),
        payment_token: token.to_owned(),
        validate_only: false,
    };
    shop.subscriptions().update_payment_token(ask).await.expect("it is taken");
}

/// The latest that fell due.
async fn latest(shop: &Shop, subscription: &str) -> Occurrence {
    let ask = GetSubscriptionRequest { subscription: subscription.to_owned(), ..Default::default() };
    let told = shop.subscriptions().get_subscription(ask).await.expect("it is there").into_inner();
    told.recent.into_iter().next().expect("one fell due")
}

/// Oldest first.
async fn orders(shop: &Shop, member: &str) -> Vec<Order> {
    let (member, order_by) = (member.to_owned(), "occur_time".to_owned());
    let ask = ListOrdersRequest { member, order_by, ..ListOrdersRequest::default() };
    shop.activity().list_orders(ask).await.expect("answered").into_inner().orders
}

/// Orders in activity, points in loyalty, purchases and lifecycle in segmentation.
async fn effects(shop: &Shop, member: &str) -> (usize, i64, i64, Lifecycle) {
    let ask = GetBalanceRequest { member: member.to_owned(), ..GetBalanceRequest::default() };
    let balance = shop.loyalty().get_balance(ask).await.expect("answered").into_inner().balance;
    let ask = GetInsightRequest { member: member.to_owned(), ..GetInsightRequest::default() };
    let insight = shop.segmentation().get_insight(ask).await.expect("answered").into_inner().insight;
    let insight = insight.expect("an insight");
    let purchases = insight.features.expect("told").purchases;
    (orders(shop, member).await.len(), balance, purchases, insight.lifecycle.expect("told").chosen())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_is_an_order_and_what_is_declined_is_none_until_it_is_paid() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    offer(&shop).await;
    let member = shop.enrol("0912-345-678").await;
    let subscription = subscribe(&shop, &member, "coffee", "sandbox_ok").await;
    stage.suite.coordinator().quiet().await.expect("all follows");
    assert_eq!(effects(&shop, &member).await, (1, 12, 1, Lifecycle::New), "600 at a point for 50");

    pays_with(&shop, &subscription, "sandbox_later_1").await;
    stage.advance("2011-12-16T04:00:00Z").await;
    let declined = latest(&shop, &subscription).await;
    assert_eq!((declined.number, declined.state(), declined.attempts), (1, OccurrenceState::Due, 1));
    assert_eq!(effects(&shop, &member).await, (1, 12, 1, Lifecycle::New), "nothing came of it");

    stage.advance("2011-12-18T04:00:00Z").await;
    let recovered = latest(&shop, &subscription).await;
    assert_eq!((recovered.number, recovered.state(), recovered.attempts), (1, OccurrenceState::Paid, 2));
    assert_eq!(effects(&shop, &member).await, (2, 24, 2, Lifecycle::Active));

    pays_with(&shop, &subscription, "sandbox_ok").await;
    stage.advance("2011-12-30T04:00:00Z").await;
    assert_eq!(latest(&shop, &subscription).await.state(), OccurrenceState::Paid);
    assert_eq!(effects(&shop, &member).await, (3, 36, 3, Lifecycle::Active));

    let bought = orders(&shop, &member).await;
    let paid_at = ["2011-12-02T04:00:00Z", "2011-12-18T04:00:00Z", "2011-12-30T04:00:00Z"];
    assert_eq!(
        bought.iter().map(|order| order.occur_time).collect::<Vec<_>>(),
        paid_at.map(|moment| Some(proto::timestamp(instant(moment)))),
        "each was bought when it was paid"
    );
    let net = |order: &Order| order.net.as_ref().map(|net| net.minor);
    assert!(bought.iter().all(|order| net(order) == Some(600) && order.channel == "subscription"), "{bought:?}");
    let numbers: Vec<String> = (0..3).map(|number| format!("{subscription}/{number}")).collect();
    assert_eq!(bought.iter().map(|order| &order.external_id).collect::<Vec<_>>(), numbers.iter().collect::<Vec<_>>());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_membership_opens_its_gate_and_its_fee_is_no_purchase() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    offer(&shop).await;
    let member = shop.enrol("0912-345-678").await;
    let is_open = || async {
        let (member, entitlement) = (member.clone(), "gate".to_owned());
        let ask = CheckEntitlementRequest { member, entitlement, ..CheckEntitlementRequest::default() };
        shop.subscriptions().check_entitlement(ask).await.expect("answered").into_inner().entitled
    };
    assert!(!is_open().await);
    let subscription = subscribe(&shop, &member, "gold", "sandbox_later_1").await;
    stage.suite.coordinator().quiet().await.expect("the provider has answered");
    assert_eq!(latest(&shop, &subscription).await.state(), OccurrenceState::Due);
    assert!(!is_open().await, "it is not paid");

    stage.advance("2011-12-04T04:00:00Z").await;
    testkit::until("the gate is open", is_open).await;
    assert_eq!(effects(&shop, &member).await, (0, 0, 0, Lifecycle::Prospect));
    stage.stop().await;
}
