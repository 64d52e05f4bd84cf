//! Guests' orders are kept, and join a member once somebody knows who bought them.

use kernel::{MemberId, Shard};
use proto::activity::events::v1 as says;
use proto::activity::v1 as wire_activity;
use proto::registry::events::v1 as heard;
use tonic::Code;

use crate::shop::{Buyer, NOON, Shop, back_from, back_of, order, refusal};
use testkit::registry::key_of;

async fn orders_of(shop: &Shop, member: MemberId) -> Vec<String> {
    let ask = wire_activity::ListOrdersRequest { member: member.to_string(), ..Default::default() };
    let page = shop.client().list_orders(ask).await.expect("it is listed").into_inner();
    page.orders.into_iter().map(|order| order.external_id).collect()
}

#[tokio::test]
async fn an_identity_that_registry_knows_is_the_member() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.people.lock().expect("fresh").insert("+447700900001".to_owned(), member);
    let ask = shop.ask(order("1", Buyer::Phone("+447700900001"), NOON, "A 1 x 1"));
    let answer = shop.client().record_order(ask).await.expect("it is recorded").into_inner();
    assert_eq!(answer.member, member.to_string());
    let ask = shop.ask(order("2", Buyer::Phone("+447700900002"), NOON, "A 1 x 1"));
    let answer = shop.client().record_order(ask).await.expect("it is recorded").into_inner();
    assert_eq!(answer.member, "");
    let wrong = shop.client().record_order(shop.ask(order("3", Buyer::Phone("call me"), NOON, "A 1 x 1"))).await;
    assert_eq!(crate::shop::wrong_fields(&wrong.expect_err("it is no phone number")), ["order.identity.value"]);
}

#[tokio::test]
async fn guests_orders_join_whoever_enrols_with_their_identity() {
    let shop = Shop::open().await;
    let (member, phone) = (shop.member(), "+447700900003");
    let first = shop.record(order("1", Buyer::Phone(phone), "2011-11-01T10:00:00Z", "A 3 x 10, B 1 x 5")).await;
    shop.record(order("2", Buyer::Phone(phone), "2011-11-02T10:00:00Z", "A 1 x 10")).await;
    shop.record(order("3", Buyer::Phone("+447700900004"), NOON, "A 1 x 10")).await;
    shop.give_back(back_of("r1", &first, "1 x 2")).await.expect("it comes back");

    let enrolled = heard::MemberEnrolled {
        member: member.to_string(),
        identity_keys: vec![key_of("+447700900009"), key_of(phone)],
        ..Default::default()
    };
    let fresh = shop.registry.say(shop.tenant, member, &enrolled).await;
    let ask =
        wire_activity::GetOrderRequest { order: first.clone(), at_least_as_fresh: fresh.seal(&shop.served.keys()) };
    let kept = shop.client().get_order(ask).await.expect("it is there").into_inner().order.expect("it is told");
    assert_eq!(kept.member, member.to_string());
    assert_eq!(orders_of(&shop, member).await, ["2", "1"]);

    let told: Vec<says::OrderRecorded> = shop.told().await;
    let joined: Vec<&says::OrderRecorded> = told.iter().filter(|one| one.joined).collect();
    assert_eq!(joined.iter().map(|one| one.external_id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let back: Vec<(i32, i64, i64)> =
        joined[0].returned.iter().map(|line| (line.number, line.quantity, line.amount_minor)).collect();
    assert_eq!((back, joined[0].member.clone()), (vec![(1, 2, 2_000)], member.to_string()));

    // From now on it is the member's in everything: what comes back is told in their shard.
    shop.give_back(back_from("r2", member, NOON, "A 1 x 10")).await.expect("it comes back");
    let mut look = shop.database.look().await;
    let shards: Vec<i16> = sqlx::query_scalar("SELECT shard FROM activity.event WHERE subject = $1")
        .bind(member.to_string())
        .fetch_all(&mut look)
        .await
        .expect("events can be read");
    assert_eq!(shards, [Shard::of_member(member).number(); 3]);
}

#[tokio::test]
async fn somebody_who_enrols_while_they_buy_is_not_missed() {
    let shop = Shop::open().await;
    let (member, phone) = (shop.member(), "+447700900005");
    shop.people.lock().expect("fresh").insert(format!("late {phone}"), member);
    let ask = shop.ask(order("1", Buyer::Phone(phone), NOON, "A 1 x 1"));
    let answer = shop.client().record_order(ask.clone()).await.expect("it is recorded").into_inner();
    assert_eq!(answer.member, "");
    assert_eq!(orders_of(&shop, member).await, ["1"]);
    let again = shop.client().record_order(ask).await.expect("it was recorded").into_inner();
    assert_eq!(again, answer);
}

/// The first attempt wrote the order and got no further: registry failed, or the process died, before the second look.
#[tokio::test]
async fn saying_a_call_again_joins_what_the_first_attempt_left_a_guests() {
    let shop = Shop::open().await;
    let (member, phone) = (shop.member(), "+447700900006");
    let ask = shop.ask(order("1", Buyer::Phone(phone), NOON, "A 1 x 1"));
    let first = shop.client().record_order(ask.clone()).await.expect("it is recorded").into_inner();
    assert_eq!(first.member, "");
    shop.people.lock().expect("fresh").insert(phone.to_owned(), member);
    assert!(orders_of(&shop, member).await.is_empty());
    let again = shop.client().record_order(ask.clone()).await.expect("it was recorded").into_inner();
    assert_eq!(again, first);
    assert_eq!(orders_of(&shop, member).await, ["1"]);
    // And once is enough.
    shop.client().record_order(ask).await.expect("it was recorded");
    let told: Vec<says::OrderRecorded> = shop.told().await;
    assert_eq!(told.iter().filter(|one| one.joined).count(), 1);
}

#[tokio::test]
async fn a_clerk_gives_orders_to_a_member() {
    let shop = Shop::open().await;
    let (member, other) = (shop.member(), shop.member());
    let by_id = shop.record(order("1", Buyer::Guest, NOON, "A 1 x 1")).await;
    shop.record(order("2", Buyer::Guest, NOON, "A 1 x 1")).await;
    let taken = shop.record(order("3", Buyer::Member(other), NOON, "A 1 x 1")).await;
    let join = |orders: &[&str], invoices: &[&str]| wire_activity::JoinGuestOrdersRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        orders: orders.iter().map(|order| (*order).to_owned()).collect(),
        invoice_numbers: invoices.iter().map(|invoice| (*invoice).to_owned()).collect(),
        ..Default::default()
    };
    let refused = |request| async {
        let status = shop.client().join_guest_orders(request).await.expect_err("it is refused");
        let (code, reason, _) = refusal(&status);
        (code, reason)
    };
    assert_eq!(refused(join(&[&by_id, &taken], &[])).await, (Code::FailedPrecondition, "ORDER_TAKEN".to_owned()));
    assert_eq!(refused(join(&[], &["inv-2", "inv-3"])).await, (Code::FailedPrecondition, "ORDER_TAKEN".to_owned()));
    assert_eq!(refused(join(&[&by_id], &["inv-9"])).await, (Code::NotFound, "ORDER_NOT_FOUND".to_owned()));
    assert!(orders_of(&shop, member).await.is_empty(), "a refusal leaves nothing behind");

    let answer = shop.client().join_guest_orders(join(&[&by_id], &["inv-2"])).await.expect("they join").into_inner();
    assert_eq!(answer.orders.len(), 2);
    let again = shop.client().join_guest_orders(join(&[&by_id], &["inv-1"])).await.expect("it is theirs").into_inner();
    assert_eq!((again.orders, again.freshness), (vec![by_id], String::new()));
    let told: Vec<says::OrderRecorded> = shop.told().await;
    assert_eq!(told.iter().filter(|one| one.joined).count(), 2);
}
