//! A batch that is only to be decided gets the outcomes it would have, and leaves nothing behind.

use proto::activity::v1::new_entry::Entry;
use proto::activity::v1::{self as wire_activity};

use crate::shop::{Buyer, NOON, Shop, back_of, order};

fn entries(shop: &Shop) -> Vec<wire_activity::NewEntry> {
    let member = shop.member();
    let bought = |number| Entry::Order(order(number, Buyer::Member(member), NOON, "A 2 x 5, B 1 x 7"));
    let back = |number: &str, invoice: &str, lines: &str| {
        let mut goods = back_of(number, "", lines);
        goods.origin = Some(wire_activity::new_return::Origin::InvoiceNumber(invoice.to_owned()));
        Entry::Goods(goods)
    };
    let adjustment = wire_activity::NewAdjustment {
        source: "books".to_owned(),
        external_id: "7".to_owned(),
        amount_minor: -5,
        currency_code: "GBP".to_owned(),
        kind: "fee".to_owned(),
        occur_time: crate::shop::wire_time(NOON),
        ..Default::default()
    };
    let all = [
        bought("1"),
        back("r1", "inv-1", "1 x 1"),
        back("r2", "inv-1", "1 x 2"),
        bought("1"),
        back("r3", "inv-9", "1 x 1"),
        back("r4", "inv-0", "1 x 1"),
        Entry::Adjustment(adjustment),
    ];
    all.into_iter().map(|entry| wire_activity::NewEntry { entry: Some(entry) }).collect()
}

fn reasons(outcomes: &[wire_activity::EntryOutcome]) -> Vec<&str> {
    outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect()
}

#[tokio::test]
async fn entries_that_depend_on_each_other_get_the_outcomes_they_would_have() {
    let shop = Shop::open().await;
    let there = shop.record(order("0", Buyer::Member(shop.member()), NOON, "A 1 x 5")).await;
    let before = shop.database.effects_of(activity::SERVICE).await;
    let request_id = shop.request_id();
    let mut ask = wire_activity::RecordEntriesRequest {
        request_id,
        entries: entries(&shop),
        historic: false,
        validate_only: true,
    };
    let rehearsed = shop.client().record_entries(ask.clone()).await.expect("it is answered").into_inner();
    assert_eq!(shop.database.effects_of(activity::SERVICE).await, before, "it leaves something behind");
    let expected = ["", "", "RETURN_EXCEEDS_ORDER", "ALREADY_APPLIED", "ORDER_NOT_FOUND", "", ""];
    assert_eq!(reasons(&rehearsed.outcomes), expected);
    assert_eq!(rehearsed.freshness, "");
    // What was not written has no id, also where a later entry speaks of it; what is there keeps its own.
    assert!(rehearsed.outcomes.iter().all(|outcome| outcome.id.is_empty()), "{rehearsed:?}");
    assert_eq!(
        (rehearsed.outcomes[1].matches[0].order.as_str(), rehearsed.outcomes[1].matches[0].amount_minor),
        ("", 500)
    );
    assert_eq!(rehearsed.outcomes[5].matches[0].order, there);

    ask.validate_only = false;
    let done = shop.client().record_entries(ask).await.expect("a rehearsal does not use the id up").into_inner();
    assert_eq!(reasons(&done.outcomes), expected);
    assert!(shop.database.effects_of(activity::SERVICE).await > before);
}

#[tokio::test]
async fn a_batch_of_the_stream_is_rehearsed_alone() {
    let shop = Shop::open().await;
    shop.record(order("0", Buyer::Guest, NOON, "A 1 x 5")).await;
    let before = shop.database.effects_of(activity::SERVICE).await;
    let batch = |entries, validate_only| wire_activity::StreamEntriesRequest {
        request_id: shop.request_id(),
        entries,
        historic: false,
        validate_only,
    };
    let batches = vec![batch(entries(&shop), true), batch(entries(&shop)[1..2].to_vec(), true)];
    let mut answers =
        shop.client().stream_entries(futures::stream::iter(batches)).await.expect("it is answered").into_inner();
    let first = answers.message().await.expect("an answer").expect("to the first");
    assert_eq!(reasons(&first.outcomes)[..4], ["", "", "RETURN_EXCEEDS_ORDER", "ALREADY_APPLIED"]);
    let second = answers.message().await.expect("an answer").expect("to the second");
    assert_eq!(reasons(&second.outcomes), ["ORDER_NOT_FOUND"], "the first batch wrote nothing");
    assert_eq!(shop.database.effects_of(activity::SERVICE).await, before, "it leaves something behind");
}

#[tokio::test]
async fn orders_that_would_join_and_products_that_would_be_kept_are_told() {
    let shop = Shop::open().await;
    let member = shop.member().to_string();
    let order = shop.record(order("1", Buyer::Guest, NOON, "A 1 x 5")).await;
    let product = |code: &str| wire_activity::Product { code: code.to_owned(), ..Default::default() };
    let upsert = |codes: &[&str], validate_only| {
        let products = codes.iter().map(|code| product(code)).collect();
        wire_activity::UpsertProductsRequest { request_id: shop.request_id(), products, validate_only }
    };
    shop.client().upsert_products(upsert(&["A"], false)).await.expect("it is kept");
    let before = shop.database.effects_of(activity::SERVICE).await;

    let mut join = wire_activity::JoinGuestOrdersRequest {
        request_id: shop.request_id(),
        member: member.clone(),
        invoice_numbers: vec!["inv-1".to_owned()],
        validate_only: true,
        ..Default::default()
    };
    let joined = shop.client().join_guest_orders(join.clone()).await.expect("it would join").into_inner();
    assert_eq!((joined.orders, joined.freshness.as_str()), (vec![order.clone()], ""));
    let kept = shop.client().upsert_products(upsert(&["A", "B"], true)).await.expect("they would be").into_inner();
    assert_eq!((kept.added, kept.replaced, kept.freshness.as_str()), (1, 1, ""));
    assert_eq!(shop.database.effects_of(activity::SERVICE).await, before, "they leave something behind");
    assert_eq!(shop.order(&order).await.member, "");

    join.validate_only = false;
    shop.client().join_guest_orders(join).await.expect("a rehearsal does not use the id up");
    assert_eq!(shop.order(&order).await.member, member);
}
