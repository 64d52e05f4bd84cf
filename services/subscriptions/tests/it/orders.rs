//! A paid occurrence becomes one order, however often activity has to be asked.

use std::time::Duration;

use proto::subscriptions::v1::*;

use crate::shop::{Shop, reason};

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_occurrence_becomes_an_order() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    let seen = shop.look(&id).await;
    let books = shop.journal.0.lock().expect("nobody panics");
    let (order, order_id) = &books.orders[&format!("{id}/0")];
    assert_eq!(&seen.recent[0].order, order_id);
    assert_eq!((order.source.as_str(), order.channel.as_str()), ("subscriptions", "subscription"));
    let lines: Vec<_> =
        order.lines.iter().map(|line| (line.product.as_str(), line.quantity, line.unit_price.as_str())).collect();
    assert_eq!(lines, [("coffee", 2, "300")]);
    assert_eq!(order.payments[0].amount_minor, 600);
    assert_eq!(order.occur_time, Some(proto::timestamp(shop.clock.now())));
}

#[tokio::test(flavor = "multi_thread")]
async fn activity_is_away_and_comes_back() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.journal.0.lock().expect("nobody panics").away = true;
    let id = shop.try_subscribe(member, "coffee", "sandbox_ok").await.expect("it can be subscribed to").subscription;
    testkit::until("activity was asked", || async { shop.journal.0.lock().expect("nobody panics").asked > 0 }).await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID", "what is paid is paid");
    assert_eq!(shop.look(&id).await.recent[0].order, "");
    {
        let mut books = shop.journal.0.lock().expect("nobody panics");
        (books.away, books.mute) = (false, true);
    }
    // It records, and its answer is lost: the next one says that it is there already.
    shop.said().await;
    let seen = shop.look(&id).await;
    let books = shop.journal.0.lock().expect("nobody panics");
    assert_eq!(books.orders.len(), 1);
    assert_eq!(seen.recent[0].order, books.orders[&format!("{id}/0")].1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_activity_is_away_money_moves_all_the_same() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.journal.0.lock().expect("nobody panics").away = true;
    let id = shop.try_subscribe(member, "coffee", "sandbox_ok").await.expect("it can be subscribed to").subscription;
    testkit::until("the first is paid", async || shop.told(&id).await == "ACTIVE 0:PAID").await;
    shop.outage(24 * 28).await;
    shop.ring().await;
    testkit::until("the second is paid", async || shop.told(&id).await == "ACTIVE 0:PAID 1:PAID").await;
    shop.journal.0.lock().expect("nobody panics").away = false;
    shop.said().await;
    let books = shop.journal.0.lock().expect("nobody panics");
    let all: Vec<_> = books.orders.keys().cloned().collect();
    assert_eq!(all, [format!("{id}/0"), format!("{id}/1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_order_is_told_and_tried_again() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    shop.journal.0.lock().expect("nobody panics").refuses = Some("ORDER_CLOSED");
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    let seen = shop.look(&id).await;
    assert_eq!(
        (seen.recent[0].state(), seen.recent[0].order_refusal.as_str()),
        (OccurrenceState::Paid, "ORDER_CLOSED")
    );
    shop.journal.0.lock().expect("nobody panics").refuses = None;
    let retry = |number| RetryOrderRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        number,
        validate_only: false,
    };
    shop.client().retry_order(retry(0)).await.expect("it is tried again");
    shop.said().await;
    let seen = shop.look(&id).await;
    assert_eq!(seen.recent[0].order_refusal, "");
    assert!(!seen.recent[0].order.is_empty());
    let refused = shop.client().retry_order(retry(0)).await.expect_err("it was recorded");
    assert_eq!(reason(&refused), "ORDER_NOT_REFUSED");
    let refused = shop.client().retry_order(retry(7)).await.expect_err("there is none");
    assert_eq!(reason(&refused), "OCCURRENCE_NOT_FOUND");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(shop.journal.0.lock().expect("nobody panics").orders.len(), 1);
}
