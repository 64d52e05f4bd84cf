//! A tenant that registry suspends is heard of by all others: they refuse its people's calls, and go on when it is resumed.

use proto::activity::v1::UpsertProductsRequest;
use proto::loyalty::v1::AdjustPointsRequest;
use proto::referrals::v1::IssueCodeRequest;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::registry::v1::{ResumeTenantRequest, SuspendTenantRequest, TagMemberRequest};
use proto::segmentation::v1::TakeSnapshotRequest;
use proto::subscriptions::v1::{Cadence, CadenceUnit, Plan, PlanKind, PutPlanRequest};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::requests::product;
use crate::stage::{Shop, Stage};

/// The same small mutation of every service, each time anew; what becomes of it.
async fn tried(shop: &Shop, member: &str) -> Vec<(&'static str, Result<(), Status>)> {
    let (id, member) = (|| shop.request_id(), || member.to_owned());
    let tag = TagMemberRequest {
        request_id: id(),
        member: member(),
        add: vec!["likes-tea".to_owned()],
        ..Default::default()
    };
    let products = UpsertProductsRequest { request_id: id(), products: vec![product("mug")], ..Default::default() };
    let points = AdjustPointsRequest {
        request_id: id(),
        member: member(),
        points: 1,
        reason: "rain".to_owned(),
        ..Default::default()
    };
    let snapshot = TakeSnapshotRequest { request_id: id(), validate_only: false };
    let code = IssueCodeRequest { request_id: id(), member: member(), ..Default::default() };
    let plan = Plan {
        code: "gold".to_owned(),
        display_name: "Gold".to_owned(),
        kind: PlanKind::Membership.into(),
        currency_code: "TWD".to_owned(),
        fee_minor: 1_200,
        cadence: Some(Cadence { every: 1, unit: CadenceUnit::Year.into() }),
        entitlements: vec!["gate".to_owned()],
        ..Plan::default()
    };
    let plan = PutPlanRequest { request_id: id(), plan: Some(plan), validate_only: false };
    vec![
        ("registry", shop.registry().tag_member(tag).await.map(drop)),
        ("activity", shop.activity().upsert_products(products).await.map(drop)),
        ("loyalty", shop.loyalty().adjust_points(points).await.map(drop)),
        ("segmentation", shop.segmentation().take_snapshot(snapshot).await.map(drop)),
        ("referrals", shop.referrals().issue_code(code).await.map(drop)),
        ("subscriptions", shop.subscriptions().put_plan(plan).await.map(drop)),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_tenant_is_refused_by_all_and_served_again_when_it_is_resumed() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = shop.enrol("0912-345-678").await;
    let tenant = shop.tenant.to_string();
    let mut office = TenantServiceClient::new(stage.operator());
    let ask = SuspendTenantRequest { request_id: shop.request_id(), tenant: tenant.clone() };
    office.suspend_tenant(ask).await.expect("it is suspended");
    stage.suite.coordinator().quiet().await.expect("it is heard of");
    for (service, told) in tried(&shop, &member).await {
        let refused = told.expect_err(service);
        let reason = refused.get_details_error_info().map(|info| info.reason);
        assert_eq!(
            (refused.code(), reason.as_deref()),
            (Code::FailedPrecondition, Some("TENANT_SUSPENDED")),
            "{service}"
        );
    }

    let ask = ResumeTenantRequest { request_id: shop.request_id(), tenant };
    office.resume_tenant(ask).await.expect("it is resumed");
    stage.suite.coordinator().quiet().await.expect("it is heard of");
    for (service, told) in tried(&shop, &member).await {
        told.unwrap_or_else(|refused| panic!("{service}: {refused:?}"));
    }
    stage.stop().await;
}
