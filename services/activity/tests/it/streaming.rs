//! A stream of batches is answered in turn, and goes on where it broke.

use futures::stream;
use proto::activity::v1 as wire_activity;

use crate::shop::{Buyer, NOON, Shop, back_of, order, wrong_fields};

fn batch(shop: &Shop, numbers: std::ops::Range<u32>) -> wire_activity::StreamEntriesRequest {
    let entries = numbers.map(|number| {
        let new = order(&number.to_string(), Buyer::Guest, NOON, "A 1 x 1");
        wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Order(new)) }
    });
    wire_activity::StreamEntriesRequest {
        request_id: shop.request_id(),
        entries: entries.collect(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_are_answered_in_turn_and_again_after_a_break() {
    let shop = Shop::open().await;
    let batches: Vec<_> = (0..6).map(|place| batch(&shop, place * 10..place * 10 + 10)).collect();
    let mut first = Vec::new();
    let mut answers =
        shop.client().stream_entries(stream::iter(batches.clone())).await.expect("it begins").into_inner();
    for _ in 0..3 {
        first.push(answers.message().await.expect("an answer").expect("there is more"));
    }
    drop(answers);

    let mut answers =
        shop.client().stream_entries(stream::iter(batches.clone())).await.expect("it begins").into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await.expect("an answer") {
        all.push(answer);
    }
    assert_eq!(all[..3], first[..]);
    let ids: Vec<&str> = all.iter().map(|answer| answer.request_id.as_str()).collect();
    assert_eq!(ids, batches.iter().map(|batch| batch.request_id.as_str()).collect::<Vec<_>>());
    assert!(all.iter().flat_map(|answer| &answer.outcomes).all(|outcome| outcome.refusal.is_empty()));
    assert_eq!(shop.database.events_of("activity").await, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_entry_is_told_in_the_callers_language_even_when_said_again_in_another() {
    let shop = Shop::open().await;
    let twice = order("1", Buyer::Guest, NOON, "A 1 x 1");
    let there = shop.record(twice.clone()).await;
    let too_much = back_of("2", &there, "1 x 2");
    let too_much = wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Goods(too_much)) };
    let entry = |new| wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Order(new)) };
    let entries = vec![entry(twice), too_much, entry(order("3", Buyer::Guest, NOON, "A 1 x 1"))];
    let whole = wire_activity::RecordEntriesRequest {
        request_id: shop.request_id(),
        entries: entries.clone(),
        historic: false,
        ..wire_activity::RecordEntriesRequest::default()
    };
    let batch = wire_activity::StreamEntriesRequest {
        request_id: shop.request_id(),
        entries,
        ..wire_activity::StreamEntriesRequest::default()
    };
    let table = [
        ("zh-TW", "先前已經記錄過:order till/1。", "退貨超過購買數:要退 2,只剩 1。"),
        ("zh-CN", "先前已经记录过:order till/1。", "退货超过购买数:要退 2,只剩 1。"),
        (
            "en",
            "This has been recorded before: order till/1.",
            "More would come back than was bought: 2 asked, 1 left.",
        ),
    ];
    for (language, applied, exceeds) in table {
        let answer = shop
            .client()
            .record_entries(testkit::in_language(whole.clone(), language))
            .await
            .expect("a batch answers")
            .into_inner();
        assert_eq!(told(&answer.outcomes), [(language, applied), (language, exceeds), ("", "")]);
        assert_eq!(answer.outcomes[0].id, there);

        let call = testkit::in_language(stream::iter([batch.clone()]), language);
        let mut answers = shop.client().stream_entries(call).await.expect("it begins").into_inner();
        let answer = answers.message().await.expect("an answer").expect("there is one");
        assert_eq!(told(&answer.outcomes)[..2], [(language, applied), (language, exceeds)]);
    }
}

fn told(outcomes: &[wire_activity::EntryOutcome]) -> Vec<(&str, &str)> {
    let messages = outcomes.iter().map(|outcome| outcome.message.as_ref());
    messages.map(|told| told.map_or(("", ""), |told| (told.locale.as_str(), told.message.as_str()))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_batch_ends_the_stream_after_those_before_it() {
    let shop = Shop::open().await;
    let mut wrong = batch(&shop, 1..2);
    wrong.entries.push(wire_activity::NewEntry { entry: None });
    let batches = vec![batch(&shop, 0..1), wrong, batch(&shop, 2..3)];
    let mut answers = shop.client().stream_entries(stream::iter(batches)).await.expect("it begins").into_inner();
    let first = answers.message().await.expect("an answer").expect("there is more");
    assert_eq!(first.outcomes.len(), 1);
    let status = answers.message().await.expect_err("the second is malformed");
    assert_eq!(wrong_fields(&status), ["entries[1].entry"]);
    assert_eq!(shop.database.events_of("activity").await, 1);
}
