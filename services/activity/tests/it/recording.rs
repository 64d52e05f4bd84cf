//! Orders, returns and adjustments are recorded once, valued as documented, and told.

use proto::activity::events::v1 as says;
use proto::activity::v1 as wire_activity;
use tonic::Code;

use crate::shop::{Buyer, NOON, Shop, back_of, order, refusal, wire_time};

#[tokio::test]
async fn an_order_is_kept_valued_and_told() {
    let shop = Shop::open().await;
    let member = shop.member();
    let mut new = order("1", Buyer::Member(member), "2011-11-30T10:00:00Z", "A 3 x 2.555, B 1 x 10");
    new.lines[1].discount_minor = 150;
    new.lines[1].unit_cost = "4.2".to_owned();
    new.lines[0].category = "drinks".to_owned();
    new.payments = vec![wire_activity::Payment { kind: "points".to_owned(), amount_minor: 100 }];
    new.coupons = vec!["TEN".to_owned()];
    new.receive_time = wire_time("2011-12-01T10:00:00Z");
    let id = shop.record(new).await;

    for name in [id.clone(), "till/1".to_owned()] {
        let kept = shop.order(&name).await;
        assert_eq!(kept.id, id);
        assert_eq!(kept.member, member.to_string());
        // 3 x 2.555 is 7.665, and half goes to the even neighbour.
        assert_eq!((kept.lines[0].gross_minor, kept.lines[0].net_minor), (766, 766));
        assert_eq!(kept.lines[0].unit_price, "2.555");
        assert_eq!((kept.lines[1].gross_minor, kept.lines[1].net_minor), (1_000, 850));
        assert_eq!(kept.net.clone().map(|net| (net.currency_code, net.minor)), Some(("GBP".to_owned(), 1_616)));
        assert_eq!(kept.state(), wire_activity::OrderState::Recorded);
        assert_eq!((kept.coupons.len(), kept.payments.len()), (1, 1));
        assert_eq!(kept.record_time, wire_time(NOON));
    }

    let told: Vec<says::OrderRecorded> = shop.told().await;
    let [told] = told.as_slice() else { panic!("one order is told once: {told:?}") };
    assert_eq!((told.order.as_str(), told.member.as_str()), (id.as_str(), member.to_string().as_str()));
    assert_eq!((told.points_paid_minor, told.joined, told.historic), (100, false, false));
    assert_eq!((told.lines[0].cost_minor, told.lines[1].cost_minor), (None, Some(420)));
    assert_eq!(told.lines[0].category, "drinks");
}

#[tokio::test]
async fn a_fact_is_recorded_once_under_whatever_request_id() {
    let shop = Shop::open().await;
    let member = shop.member();
    let new = order("1", Buyer::Member(member), NOON, "A 1 x 1");
    let id = shop.record(new.clone()).await;
    let again = shop.client().record_order(shop.ask(new)).await.expect_err("it is there already");
    let (code, reason, facts) = refusal(&again);
    assert_eq!((code, reason.as_str()), (Code::AlreadyExists, "ALREADY_APPLIED"));
    assert_eq!((facts["what"].as_str(), facts["id"].as_str()), ("order till/1", id.as_str()));

    // A return may have the number of an order: each kind has numbers of its own.
    shop.give_back(back_of("1", &id, "1 x 1")).await.expect("it comes back");
    let again = shop.give_back(back_of("1", &id, "1 x 1")).await.expect_err("it is there already");
    assert_eq!(refusal(&again).2["what"], "return till/1");
    assert_eq!(shop.told::<says::OrderRecorded>().await.len(), 1);
}

#[tokio::test]
async fn a_batch_is_decided_in_its_order_and_one_refusal_keeps_no_other_out() {
    let shop = Shop::open().await;
    let member = shop.member();
    let first = shop.record(order("0", Buyer::Member(member), NOON, "A 1 x 1")).await;
    let bought = |number| {
        let order = order(number, Buyer::Member(member), NOON, "A 2 x 5, B 1 x 7");
        wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Order(order)) }
    };
    let back = |number: &str, invoice: &str, lines: &str| {
        let mut goods = back_of(number, &first, lines);
        goods.origin = Some(wire_activity::new_return::Origin::InvoiceNumber(invoice.to_owned()));
        wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Goods(goods)) }
    };
    let adjustment = wire_activity::NewAdjustment {
        source: "books".to_owned(),
        external_id: "7".to_owned(),
        amount_minor: -1_106_206,
        currency_code: "GBP".to_owned(),
        kind: "bad-debt".to_owned(),
        occur_time: wire_time(NOON),
        ..Default::default()
    };
    let entries = vec![
        bought("1"),
        back("r1", "inv-1", "1 x 1"),
        back("r2", "inv-1", "1 x 2"),
        bought("1"),
        back("r3", "inv-9", "1 x 1"),
        back("r4", "inv-1", "1 x 1, 2 x 1"),
        back("r5", "inv-1", "1 x 1"),
        wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Adjustment(adjustment)) },
    ];
    let request = wire_activity::RecordEntriesRequest {
        request_id: shop.request_id(),
        entries,
        historic: true,
        validate_only: false,
    };
    let answer = shop.client().record_entries(request.clone()).await.expect("it is answered").into_inner();
    let reasons: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    let expected = ["", "", "RETURN_EXCEEDS_ORDER", "ALREADY_APPLIED", "ORDER_NOT_FOUND", "", "ORDER_CLOSED", ""];
    assert_eq!(reasons, expected);
    assert_eq!(answer.outcomes[3].id, answer.outcomes[0].id);
    assert_eq!(answer.outcomes[5].matches.iter().map(|one| one.amount_minor).collect::<Vec<_>>(), [500, 700]);

    let kept = shop.order(&answer.outcomes[0].id).await;
    assert_eq!(kept.state(), wire_activity::OrderState::Returned);
    assert_eq!(kept.lines.iter().map(|line| line.returned_quantity).collect::<Vec<_>>(), [2, 1]);

    let again = shop.client().record_entries(request).await.expect("it is answered").into_inner();
    assert_eq!(again, answer, "refusals are part of a batch's answer");
    let adjusted: Vec<says::AdjustmentRecorded> = shop.told().await;
    assert_eq!(adjusted.iter().map(|told| told.amount_minor).collect::<Vec<_>>(), [-1_106_206]);
    assert!(shop.told::<says::OrderReturned>().await.iter().all(|told| told.historic));
}

/// What an order is valued by is read under its locks: whatever changed while it waited for them counts.
#[tokio::test]
async fn a_category_that_changes_while_an_order_waits_is_the_new_one() {
    let shop = Shop::open().await;
    let tea = wire_activity::Product { code: "A".to_owned(), category: "tea".to_owned(), ..Default::default() };
    let upsert = wire_activity::UpsertProductsRequest {
        request_id: shop.request_id(),
        products: vec![tea],
        ..Default::default()
    };
    shop.client().upsert_products(upsert).await.expect("it is kept");

    let store = shop.database.store(activity::SERVICE).await;
    let shard = kernel::Shard::of_text(shop.tenant, &["till", "1"]);
    let held = store.begin(shop.tenant, [shard]).await.expect("nobody else holds it");
    let (mut client, ask) = (shop.client(), shop.ask(order("1", Buyer::Guest, NOON, "A 1 x 1")));
    let recording = tokio::spawn(async move { client.record_order(ask).await });
    testkit::until("the order waits for its lock", || async {
        let waits = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let mut look = shop.database.look().await;
        sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut look).await.expect("the server tells") > 0
    })
    .await;
    let mut look = shop.database.look().await;
    sqlx::query("UPDATE activity.product SET category = 'tea/green'").execute(&mut look).await.expect("it changes");
    held.roll_back().await.expect("it is let go");
    let id = recording.await.expect("it ends").expect("it is recorded").into_inner().order;
    assert_eq!(shop.order(&id).await.lines[0].category, "tea/green");
}

#[tokio::test]
async fn a_category_that_is_not_told_is_the_products() {
    let shop = Shop::open().await;
    let product = |code: &str, category: &str| wire_activity::Product {
        code: code.to_owned(),
        category: category.to_owned(),
        display_name: "茶".to_owned(),
        unit_cost: "1.20".to_owned(),
        ..Default::default()
    };
    let upsert = |products| wire_activity::UpsertProductsRequest {
        request_id: shop.request_id(),
        products,
        ..Default::default()
    };
    let kept = shop.client().upsert_products(upsert(vec![product("A", "tea"), product("B", "cake")])).await;
    let kept = kept.expect("they are kept").into_inner();
    assert_eq!((kept.added, kept.replaced), (2, 0));
    let kept = shop.client().upsert_products(upsert(vec![product("B", "bread"), product("C", "")])).await;
    let kept = kept.expect("they are kept").into_inner();
    assert_eq!((kept.added, kept.replaced), (1, 1));

    let mut new = order("1", Buyer::Guest, NOON, "A 1 x 1, B 1 x 1, B 1 x 1, D 1 x 1");
    new.lines[2].category = "gifts".to_owned();
    let id = shop.record(new).await;
    let categories: Vec<String> = shop.order(&id).await.lines.into_iter().map(|line| line.category).collect();
    assert_eq!(categories, ["tea", "bread", "gifts", ""]);

    let get = |code: &str| wire_activity::GetProductRequest { code: code.to_owned(), ..Default::default() };
    let found = shop.client().get_product(get("B")).await.expect("it is there").into_inner().product;
    let found = found.expect("it is told");
    assert_eq!((found.category.as_str(), found.unit_cost.as_str()), ("bread", "1.20"));
    // A token of the call is one that a read of it can be given; one of somebody nobody hears is not.
    assert!(!kept.freshness.is_empty());
    let fresh = wire_activity::GetProductRequest { at_least_as_fresh: kept.freshness, ..get("C") };
    shop.client().get_product(fresh).await.expect("it is there");
    let keys = shop.served.keys();
    let head = store::Head { epoch: uuid::Uuid::from_u128(1), position: 1 };
    let elsewhere = wire::Freshness::of("referrals", &[(kernel::Shard::from(1), head)]).seal(&keys);
    let elsewhere = wire_activity::GetProductRequest { at_least_as_fresh: elsewhere, ..get("C") };
    let refused = shop.client().get_product(elsewhere).await.expect_err("nobody hears referrals");
    assert_eq!(refusal(&refused).1, "FRESHNESS_UNREACHABLE");
    let missing = shop.client().get_product(get("Z")).await.expect_err("it is not there");
    assert_eq!(
        refusal(&missing),
        (Code::NotFound, "PRODUCT_NOT_FOUND".to_owned(), [("product".to_owned(), "Z".to_owned())].into())
    );
}

#[tokio::test]
async fn deciding_alone_writes_nothing() {
    let shop = Shop::open().await;
    let mut ask = shop.ask(order("1", Buyer::Guest, NOON, "A 1 x 1"));
    ask.validate_only = true;
    let answer = shop.client().record_order(ask).await.expect("it would be recorded").into_inner();
    assert_eq!((answer.order.as_str(), answer.freshness.as_str()), ("", ""));
    let adjustment = wire_activity::NewAdjustment {
        source: "till".to_owned(),
        external_id: "fee".to_owned(),
        kind: "fee".to_owned(),
        currency_code: "TWD".to_owned(),
        amount_minor: -5,
        occur_time: wire_time(NOON),
        ..Default::default()
    };
    let ask = wire_activity::RecordAdjustmentRequest {
        request_id: shop.request_id(),
        adjustment: Some(adjustment),
        validate_only: true,
        ..Default::default()
    };
    let answer = shop.client().record_adjustment(ask).await.expect("it would be recorded").into_inner();
    assert_eq!((answer.adjustment.as_str(), answer.freshness.as_str()), ("", ""));
    assert_eq!(shop.database.events_of("activity").await, 0);
    shop.record(order("1", Buyer::Guest, NOON, "A 1 x 1")).await;
}
