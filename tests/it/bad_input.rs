//! Whatever is said to an rpc, it answers what is wrong with it.

use testkit::bad_input;

use crate::examples::{examples, operators_examples, operators_methods, tenants_methods};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_input_makes_the_suite_fail() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    bad_input::never_fails(tenants_methods(&stage), &shop.channel, &examples(&shop).await).await;
    bad_input::never_fails(operators_methods(&stage), &stage.operator(), &operators_examples(&stage)).await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_told_so() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    bad_input::unreadable_bytes(&stage.served, &shop.channel, &examples(&shop).await).await;
    stage.stop().await;
}
