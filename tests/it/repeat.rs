//! Every mutation of the suite is safe to repeat.

use testkit::repeat;

use crate::examples::{examples, operators_examples, operators_methods, tenants_methods};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mutation_has_one_effect_however_often_it_is_said() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let effects = |service| stage.effects_of(service);
    repeat::holds(tenants_methods(&stage), &shop.channel, &examples(&shop).await, effects).await;
    repeat::holds(operators_methods(&stage), &stage.operator(), &operators_examples(&stage), effects).await;
    drop(shop);
    stage.stop().await;
}
