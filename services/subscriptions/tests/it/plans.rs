//! Plans are put, versions are kept, and who may subscribe to them.

use kernel::MemberId;
use proto::subscriptions::v1::*;

use crate::shop::{Shop, monthly, reason};

#[tokio::test(flavor = "multi_thread")]
async fn who_has_subscribed_keeps_the_version_they_were_promised() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let old = shop.subscribe(member, "coffee", "sandbox_ok").await;
    let mut dearer = shop.coffee();
    dearer.lines[0].unit_price_minor = 400;
    assert_eq!(shop.put(dearer).await.version, 2);
    let new = shop.subscribe(member, "coffee", "sandbox_ok").await;
    shop.until("2026-02-28T02:00:00Z").await;
    assert_eq!(shop.look(&old).await.charges[0].amount_minor, 600);
    assert_eq!(shop.look(&new).await.charges[0].amount_minor, 800);
    let plans = shop.client().list_plans(ListPlansRequest::default()).await.expect("listed").into_inner().plans;
    let told: Vec<_> = plans.iter().map(|plan| (plan.code.as_str(), plan.version)).collect();
    assert_eq!(told, [("coffee", 2), ("gold", 1)]);
    let first = GetPlanRequest { code: "coffee".to_owned(), version: 1, ..Default::default() };
    let first = shop.client().get_plan(first).await.expect("it is kept").into_inner().plan.expect("there");
    assert_eq!((first.lines[0].unit_price_minor, first.retry_days), (300, vec![1, 3, 5, 7]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let refused = shop.try_subscribe(member, "tea", "sandbox_ok").await.expect_err("there is none");
    assert_eq!(reason(&refused), "PLAN_NOT_FOUND");
    let nobody = testkit::registry::NOBODY.parse().expect("an id");
    let refused = shop.try_subscribe(nobody, "coffee", "sandbox_ok").await.expect_err("nobody");
    assert_eq!(reason(&refused), "MEMBER_NOT_FOUND");
    // Registry knows them, though nothing was heard yet.
    let late = MemberId::new_at(shop.clock.now());
    shop.try_subscribe(late, "coffee", "sandbox_ok").await.expect("registry was asked");

    let id = shop.subscribe(member, "gold", "sandbox_ok").await;
    let refused = shop.try_subscribe(member, "gold", "sandbox_ok").await.expect_err("one at a time");
    assert_eq!(reason(&refused), "ALREADY_SUBSCRIBED");
    let request = ChangeCadenceRequest {
        request_id: shop.request_id(),
        subscription: id,
        cadence: Some(monthly()),
        ..ChangeCadenceRequest::default()
    };
    let refused = shop.client().change_cadence(request).await.expect_err("its term");
    assert_eq!(reason(&refused), "CADENCE_FIXED");
    let kind = Plan { code: "coffee".to_owned(), ..shop.gold() };
    let request = PutPlanRequest { request_id: shop.request_id(), plan: Some(kind), validate_only: false };
    let refused = shop.client().put_plan(request).await.expect_err("goods stay goods");
    assert_eq!(reason(&refused), "PLAN_KIND_FIXED");

    shop.settle(true).await;
    let refused = shop.try_subscribe(member, "coffee", "sandbox_ok").await.expect_err("suspended");
    assert_eq!(reason(&refused), "TENANT_SUSPENDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_a_plan_is_told() {
    let shop = Shop::bare().await;
    let plan = Plan {
        code: "Bad Code".to_owned(),
        kind: PlanKind::Goods.into(),
        currency_code: "NT$".to_owned(),
        retry_days: vec![3, 1],
        ..Plan::default()
    };
    let request = PutPlanRequest { request_id: shop.request_id(), plan: Some(plan), validate_only: false };
    let refused = shop.client().put_plan(request).await.expect_err("all is wrong");
    use tonic_types::StatusExt as _;
    let told = refused.get_details_bad_request().expect("it says what").field_violations;
    let fields: Vec<&str> = told.iter().map(|wrong| wrong.field.as_str()).collect();
    for field in
        ["plan.code", "plan.display_name", "plan.currency_code", "plan.cadence", "plan.lines", "plan.retry_days"]
    {
        assert!(fields.contains(&field), "{field} is not among {fields:?}");
    }
}
