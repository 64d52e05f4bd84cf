//! A journal that grows faster than the database looks round is searched as quickly as one it knows.

use proto::activity::v1 as wire_activity;

use crate::shop::{Buyer, NOON, Shop, back_from, order};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_the_journal_follows_its_growth() {
    let shop = Shop::open().await;
    let member = shop.member();
    let batch = |round: u32| {
        let bought = (0..500).map(|place| {
            let new = order(&format!("{round}-{place}"), Buyer::Member(member), NOON, "A 1 x 1");
            wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Order(new)) }
        });
        let goods = back_from(&format!("{round}"), member, NOON, "A 2 x 1");
        let back = wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Goods(goods)) };
        let (request_id, entries) = (shop.request_id(), bought.chain([back]).collect());
        wire_activity::RecordEntriesRequest { request_id, entries, historic: true, ..Default::default() }
    };
    for round in 0..6 {
        let answer = shop.client().record_entries(batch(round)).await.expect("it is recorded").into_inner();
        assert!(answer.outcomes.iter().all(|outcome| outcome.refusal.is_empty()));
    }
    let mut look = shop.database.look().await;
    let known: f32 =
        sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE oid = 'activity.journal_order'::regclass")
            .fetch_one(&mut look)
            .await
            .expect("the catalogue can be read");
    // A quarter of what is there is near enough for a plan; nothing at all is not.
    assert!(known >= 750.0, "the planner knows of {known} orders, and 3,000 are there");
}
