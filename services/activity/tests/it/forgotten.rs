//! A request that is older than what is remembered: what has a name of its own is refused by it, everything else is
//! refused by its age.

use jiff::SignedDuration;
use kernel::RequestId;
use proto::activity::v1 as wire_activity;
use tonic::Code;

use crate::shop::{Buyer, NOON, Shop, order, refusal};

async fn requests(shop: &Shop) -> i64 {
    let mut look = shop.database.look().await;
    sqlx::query_scalar("SELECT count(*) FROM activity.request").fetch_one(&mut look).await.expect("it is counted")
}

fn later(shop: &Shop, days: i64) {
    let then = shop.clock.now() + SignedDuration::from_hours(24 * days);
    shop.clock.move_to(then).expect("it moves forward");
}

#[tokio::test]
async fn an_order_is_recorded_once_also_when_its_request_was_forgotten() {
    let shop = Shop::open().await;
    let ask = shop.ask(order("1", Buyer::Guest, NOON, "A 1 x 1"));
    let first = shop.client().record_order(ask.clone()).await.expect("it is recorded").into_inner();
    let product = wire_activity::Product { code: "A".to_owned(), ..Default::default() };
    let (request_id, products) = (shop.request_id(), vec![product]);
    let upsert = wire_activity::UpsertProductsRequest { request_id, products, ..Default::default() };
    let kept = shop.client().upsert_products(upsert.clone()).await.expect("it is kept").into_inner();

    // While they are remembered they answer the same, however old they are.
    later(&shop, 401);
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_secs(1)).expect("it moves forward");
    assert_eq!(shop.client().record_order(ask.clone()).await.expect("it is remembered").into_inner(), first);
    assert_eq!(shop.client().upsert_products(upsert.clone()).await.expect("it is remembered").into_inner(), kept);

    let store = shop.database.store(activity::SERVICE).await;
    assert_eq!(store.forget_requests(shop.clock.now(), 100).await.expect("they are forgotten"), 2);
    assert_eq!(requests(&shop).await, 0);
    let before = shop.database.effects_of(activity::SERVICE).await;
    let again = shop.client().record_order(ask).await.expect_err("it is there already");
    let (code, reason, facts) = refusal(&again);
    assert_eq!(
        (code, reason.as_str(), facts["id"].as_str()),
        (Code::AlreadyExists, "ALREADY_APPLIED", first.order.as_str())
    );
    let again = shop.client().upsert_products(upsert).await.expect_err("it is too old");
    let (code, reason, facts) = refusal(&again);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "REQUEST_ID_TOO_OLD"));
    assert_eq!(facts["kept_days"], "400");
    assert_eq!(shop.database.effects_of(activity::SERVICE).await, before, "a refusal has an effect");
}

#[tokio::test]
async fn an_id_that_tells_no_time_or_a_later_one_is_let_in() {
    let shop = Shop::open().await;
    let soon = shop.clock.now() + SignedDuration::from_hours(24 * 1_000);
    let ids = [
        RequestId::caused_by(RequestId::new_at(shop.clock.now()).uuid(), "an import"),
        RequestId::from(uuid::Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0001)),
        RequestId::new_at(soon),
    ];
    let product = || wire_activity::Product { code: "A".to_owned(), ..Default::default() };
    for id in ids {
        let (request_id, products) = (id.to_string(), vec![product()]);
        let upsert = wire_activity::UpsertProductsRequest { request_id, products, ..Default::default() };
        shop.client().upsert_products(upsert).await.expect("it is let in");
    }
}
