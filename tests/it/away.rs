//! While PostgreSQL is away, every rpc says so; when it is back, every one of the same calls is answered.

use testkit::{OwnPostgres, away};
use tokio::task::block_in_place;

use crate::examples::{examples, operators_examples, operators_methods, tenants_methods};
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_rpc_says_that_the_database_is_away_and_comes_back_with_it() {
    let mut postgres = OwnPostgres::start("away");
    let stage = Stage::on_server(postgres.url(), "2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let calls = [
        away::prepared(tenants_methods(&stage), &shop.channel, &examples(&shop).await).await,
        away::prepared(operators_methods(&stage), &stage.operator(), &operators_examples(&stage)).await,
    ];
    block_in_place(|| postgres.crash());
    for calls in &calls {
        calls.say_that_it_is_away().await;
    }
    block_in_place(|| postgres.start_again());
    for calls in &calls {
        calls.are_answered().await;
    }
    stage.stop().await;
}
