//! Nobody is let in without a good token, and nobody sees another tenant's things.

use testkit::{foreign, tokens};

use crate::examples::{examples, tenants_methods};
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
