//! Nobody is let in without a good token, and nobody sees another tenant's things.

use proto::loyalty::v1::AdjustPointsRequest;
use testkit::{foreign, tokens};
use tonic_types::StatusExt as _;

use crate::examples::{examples, tenants_methods};
use crate::requests::{line, of, order, purchase};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_refuses_every_bad_token() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    tokens::refused_everywhere(&stage.served, Some(shop.tenant)).await;
    tokens::refused_everywhere(&stage.served, None).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenant_finds_nothing() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let (ours, theirs) = (stage.shop("ours").await, stage.shop("theirs").await);
    let examples = examples(&ours).await;
    foreign::finds_nothing(tenants_methods(&stage), &ours.channel, &theirs.channel, &examples).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_of_another_tenant_is_nobody_here() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let (ours, theirs) = (stage.shop("ours").await, stage.shop("theirs").await);
    let member = ours.enrol("0912-345-678").await;
    let bought = order("20111201-0001", of(&member), vec![line(1, "mug", 1, "1000")]);
    let refused = theirs.activity().record_order(purchase(theirs.request_id(), bought)).await;
    let refused = refused.expect_err("nobody here has this id");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "MEMBER_NOT_FOUND");

    let gift = |request_id: String| AdjustPointsRequest {
        request_id,
        member: member.to_string(),
        points: 100,
        reason: "a welcome".to_owned(),
        validate_only: false,
        explain: false,
        wallet: String::new(),
    };
    let refused = theirs.loyalty().adjust_points(gift(theirs.request_id())).await;
    let refused = refused.expect_err("nobody here has this id");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "MEMBER_NOT_FOUND");
    // At home they are known, whether or not loyalty has heard of them yet.
    let given = ours.loyalty().adjust_points(gift(ours.request_id())).await.expect("they are a member").into_inner();
    assert_eq!(given.spendable, 100);
    stage.stop().await;
}
