//! What holds for every rpc: repeats, bad input, tokens, foreign and suspended tenants.

use kernel::{MemberId, OrderId, TenantId};
use proto::activity::v1 as wire_activity;
use proto::registry::events::v1 as heard;
use testkit::Examples;
use tonic::Code;

use crate::shop::{Buyer, NOON, Shop, back_of, order, refusal, wire_time, wrong_fields};

fn entries(number: &str, member: MemberId) -> Vec<wire_activity::NewEntry> {
    let new = order(number, Buyer::Member(member), NOON, "A 2 x 5");
    let mut goods = back_of(number, "", "1 x 1");
    goods.origin = Some(wire_activity::new_return::Origin::InvoiceNumber(new.invoice_number.clone()));
    [wire_activity::new_entry::Entry::Order(new), wire_activity::new_entry::Entry::Goods(goods)]
        .map(|entry| wire_activity::NewEntry { entry: Some(entry) })
        .into()
}

fn adjustment(number: u32) -> wire_activity::NewAdjustment {
    wire_activity::NewAdjustment {
        source: "books".to_owned(),
        external_id: number.to_string(),
        amount_minor: -5,
        currency_code: "GBP".to_owned(),
        kind: "write-off".to_owned(),
        occur_time: wire_time(NOON),
        ..Default::default()
    }
}

/// A valid request of every rpc; returns, cancellations and joins get an order of their own first.
async fn examples(shop: &Shop) -> Examples {
    let member = shop.member();
    let known = shop.record(order("known", Buyer::Member(member), NOON, "A 2 x 5")).await;
    let (give, cancel, join) = (shop.buying(), shop.buying(), shop.buying());
    let ask = move |number: u32| wire_activity::RecordOrderRequest {
        order: Some(order(&number.to_string(), Buyer::Member(member), NOON, "A 2 x 5, B 1 x 1")),
        ..Default::default()
    };
    let product = |number: u32| wire_activity::Product { code: number.to_string(), ..Default::default() };
    Examples::new(&shop.clock)
        .with_other(
            move |n| async move { ask(n) },
            |request: &mut wire_activity::RecordOrderRequest| request.order.get_or_insert_default().staff.push('x'),
        )
        .with_other(
            move |n| {
                let order = give(format!("give {n}"), Buyer::Guest);
                async move {
                    let goods = Some(back_of(&format!("{n}"), &order.await, "1 x 1"));
                    wire_activity::RecordReturnRequest { goods, ..Default::default() }
                }
            },
            |request: &mut wire_activity::RecordReturnRequest| request.goods.get_or_insert_default().reason.push('x'),
        )
        .with_other(
            |n| async move {
                wire_activity::RecordAdjustmentRequest { adjustment: Some(adjustment(n)), ..Default::default() }
            },
            |request: &mut wire_activity::RecordAdjustmentRequest| request.historic = true,
        )
        .with_other(
            move |n| async move {
                wire_activity::RecordEntriesRequest { entries: entries(&format!("batch {n}"), member), ..Default::default() }
            },
            |request: &mut wire_activity::RecordEntriesRequest| request.entries.truncate(1),
        )
        .with_other(
            move |n| async move {
                wire_activity::StreamEntriesRequest { entries: entries(&format!("stream {n}"), member), ..Default::default() }
            },
            |request: &mut wire_activity::StreamEntriesRequest| request.entries.truncate(1),
        )
        .with_other(
            move |n| {
                let order = cancel(format!("cancel {n}"), Buyer::Guest);
                async move {
                    let kind = wire_activity::CancelKind::Cancelled.into();
                    wire_activity::CancelOrderRequest { order: order.await, kind, ..Default::default() }
                }
            },
            |request: &mut wire_activity::CancelOrderRequest| request.kind = 2,
        )
        .with_other(
            move |n| {
                let order = join(format!("join {n}"), Buyer::Guest);
                async move {
                    let (member, orders) = (member.to_string(), vec![order.await]);
                    wire_activity::JoinGuestOrdersRequest { member, orders, ..Default::default() }
                }
            },
            |request: &mut wire_activity::JoinGuestOrdersRequest| request.invoice_numbers.push("other".to_owned()),
        )
        .with_other(
            move |n| async move {
                wire_activity::UpsertProductsRequest { products: vec![product(n)], ..Default::default() }
            },
            |request: &mut wire_activity::UpsertProductsRequest| request.products[0].category.push('x'),
        )
        .with(move |_| {
            let order = known.clone();
            async move { wire_activity::GetOrderRequest { order, ..Default::default() } }
        })
        .with(|_| async { wire_activity::FindOrdersRequest { invoice_number: "inv-known".to_owned(), ..Default::default() } })
        .with(move |_| async move { wire_activity::ListOrdersRequest { member: member.to_string(), ..Default::default() } })
        .with(|_| async { wire_activity::GetProductRequest { code: "1".to_owned(), ..Default::default() } })
        .with(|_| async { wire_activity::GetOverviewRequest::default() })
}

fn methods() -> impl Iterator<Item = &'static proto::Method> {
    proto::methods().iter().filter(|method| method.path.starts_with("/rapport.activity.v1."))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mutation_is_repeat_safe() {
    let shop = Shop::open().await;
    let (examples, channel) = (examples(&shop).await, shop.served.channel_for_everything(shop.tenant));
    let database = &shop.database;
    testkit::repeat::holds(methods(), &channel, &examples, |service| database.effects_of(service)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_told_by_its_field() {
    let shop = Shop::open().await;
    let (examples, channel) = (examples(&shop).await, shop.served.channel_for_everything(shop.tenant));
    let ours = || shop.served.methods().filter(|method| method.path.starts_with("/rapport.activity."));
    testkit::bad_input::never_fails(ours(), &channel, &examples).await;
    testkit::bad_input::unreadable_bytes(ours(), &channel, &examples).await;
}

#[tokio::test]
async fn bad_tokens_are_refused_everywhere() {
    let shop = Shop::alone().await;
    testkit::tokens::refused_everywhere(&shop.served, Some(shop.tenant)).await;
}

#[tokio::test]
async fn a_foreign_tenant_sees_and_changes_nothing() {
    let shop = Shop::open().await;
    let member = shop.member();
    let id = shop.record(order("1", Buyer::Guest, NOON, "A 1 x 1")).await;
    let foreign = TenantId::new_at(shop.clock.now());
    let mut client = shop.client_of(foreign);
    let reason = |status: tonic::Status| refusal(&status).1;

    let get = wire_activity::GetOrderRequest { order: id.clone(), ..Default::default() };
    assert_eq!(reason(client.get_order(get).await.expect_err("it is not theirs")), "ORDER_NOT_FOUND");
    let by_key = wire_activity::GetOrderRequest { order: "till/1".to_owned(), ..Default::default() };
    assert_eq!(reason(client.get_order(by_key).await.expect_err("it is not theirs")), "ORDER_NOT_FOUND");
    let find = wire_activity::FindOrdersRequest { invoice_number: "inv-1".to_owned(), ..Default::default() };
    assert_eq!(reason(client.find_orders(find).await.expect_err("it is not theirs")), "ORDER_NOT_FOUND");
    let cancel = wire_activity::CancelOrderRequest {
        request_id: shop.request_id(),
        order: id.clone(),
        kind: wire_activity::CancelKind::Cancelled.into(),
        ..Default::default()
    };
    assert_eq!(reason(client.cancel_order(cancel).await.expect_err("it is not theirs")), "ORDER_NOT_FOUND");
    let give = wire_activity::RecordReturnRequest {
        request_id: shop.request_id(),
        goods: Some(back_of("r1", &id, "1 x 1")),
        ..Default::default()
    };
    assert_eq!(reason(client.record_return(give).await.expect_err("it is not theirs")), "ORDER_NOT_FOUND");
    let join = wire_activity::JoinGuestOrdersRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        orders: vec![id.clone()],
        ..Default::default()
    };
    assert_eq!(reason(client.join_guest_orders(join).await.expect_err("it is not theirs")), "ORDER_NOT_FOUND");
    let sums = client.get_overview(wire_activity::GetOverviewRequest::default()).await.expect("empty").into_inner();
    assert_eq!((sums.months.len(), sums.buckets.len(), sums.revenue), (0, 0, None));
    // The same number is free for them.
    client.record_order(shop.ask(order("1", Buyer::Guest, NOON, "A 1 x 1"))).await.expect("it is their own");
    assert_eq!(shop.order(&id).await.state(), wire_activity::OrderState::Recorded);
}

#[tokio::test]
async fn a_suspended_tenant_reads_on_and_writes_nothing() {
    let shop = Shop::open().await;
    let ask = shop.ask(order("1", Buyer::Guest, NOON, "A 1 x 1"));
    let first = shop.client().record_order(ask.clone()).await.expect("it is recorded").into_inner();
    let settle = |suspended| heard::TenantSettled {
        tenant: shop.tenant.to_string(),
        zone: "Europe/London".to_owned(),
        currency_code: "GBP".to_owned(),
        minor_digits: 2,
        suspended,
    };
    let shard = kernel::Shard::of_tenant(shop.tenant);
    let fresh = shop.registry.say_at(shop.tenant, shard, shop.tenant, shop.clock.now(), &settle(true)).await;
    let get = wire_activity::GetOrderRequest {
        order: first.order.clone(),
        at_least_as_fresh: fresh.seal(&shop.served.keys()),
    };
    shop.client().get_order(get).await.expect("reads go on");
    let again = shop.client().record_order(ask).await.expect("what was done is answered again").into_inner();
    assert_eq!(again, first);
    let refused = shop.client().record_order(shop.ask(order("2", Buyer::Guest, NOON, "A 1 x 1"))).await;
    let (code, reason, _) = refusal(&refused.expect_err("it is suspended"));
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "TENANT_SUSPENDED"));
    let fresh = shop.registry.say_at(shop.tenant, shard, shop.tenant, shop.clock.now(), &settle(false)).await;
    let get = wire_activity::GetOrderRequest { order: first.order, at_least_as_fresh: fresh.seal(&shop.served.keys()) };
    shop.client().get_order(get).await.expect("it is heard");
    shop.record(order("2", Buyer::Guest, NOON, "A 1 x 1")).await;
}

#[tokio::test]
async fn limits_and_paths_are_told() {
    let shop = Shop::open().await;
    let member = shop.member();
    let nobody = OrderId::new_at(shop.clock.now()).to_string();
    let mut wrong = order("1", Buyer::Member(member), "2011-12-01T12:05:01Z", "A 1 x 1, B 1 x 1, C 0 x 1");
    wrong.channel = String::new();
    wrong.lines[1].discount_minor = -1;
    wrong.source = "a/b".to_owned();
    let mut back = back_of("1", &nobody, "1 x 1");
    back.amount_minor = 5;
    let entry = |entry| wire_activity::NewEntry { entry: Some(entry) };
    let batch =
        |entries| wire_activity::RecordEntriesRequest { request_id: shop.request_id(), entries, ..Default::default() };
    let entries = vec![
        entry(wire_activity::new_entry::Entry::Order(wrong)),
        entry(wire_activity::new_entry::Entry::Goods(back)),
        wire_activity::NewEntry { entry: None },
    ];
    let status = shop.client().record_entries(batch(entries)).await.expect_err("much is wrong");
    let expected = [
        "entries[0].order.source",
        "entries[0].order.channel",
        "entries[0].order.lines[1].discount_minor",
        "entries[0].order.lines[2].quantity",
        "entries[0].order.occur_time",
        "entries[1].goods.amount_minor",
        "entries[2].entry",
    ];
    assert_eq!(wrong_fields(&status), expected);

    // Beyond what a field can say alone: a discount above the line's worth, points above the order's.
    let mut dear = order("1", Buyer::Member(member), NOON, "A 1 x 1, B 1 x 1");
    dear.lines[1].discount_minor = 101;
    let status = shop.client().record_order(shop.ask(dear)).await.expect_err("it is worth less");
    assert_eq!(wrong_fields(&status), ["order.lines[1].discount_minor"]);
    let mut taxed = order("1", Buyer::Member(member), NOON, "A 1 x 1, B 1 x 1");
    (taxed.lines[0].tax_minor, taxed.lines[1].tax_minor) = (100, 101);
    taxed.receive_time = wire_time("2011-12-01T11:59:59Z");
    let status = shop.client().record_order(shop.ask(taxed.clone())).await.expect_err("it came before it was bought");
    assert_eq!(wrong_fields(&status), ["order.receive_time"]);
    taxed.receive_time = taxed.occur_time;
    let status = shop.client().record_order(shop.ask(taxed)).await.expect_err("the tax is more than the price");
    assert_eq!(wrong_fields(&status), ["order.lines[1].tax_minor"]);
    let mut paid = order("1", Buyer::Member(member), NOON, "A 1 x 1");
    paid.payments = vec![wire_activity::Payment { kind: "points".to_owned(), amount_minor: 101 }];
    let status = shop.client().record_order(shop.ask(paid)).await.expect_err("it is worth less");
    assert_eq!(wrong_fields(&status), ["order.payments"]);
    let mut unnamed = order("1", Buyer::Member(member), NOON, "A 1 x 1");
    unnamed.currency_code = String::new();
    let status = shop.client().record_order(shop.ask(unnamed)).await.expect_err("nobody settled a currency");
    assert_eq!(wrong_fields(&status), ["order.currency_code"]);

    let many = "A 1 x 1,".repeat(4_001);
    let many: Vec<_> = (0..5)
        .map(|number| {
            let new = order(&number.to_string(), Buyer::Guest, NOON, many.trim_end_matches(','));
            entry(wire_activity::new_entry::Entry::Order(new))
        })
        .collect();
    let status = shop.client().record_entries(batch(many)).await.expect_err("it is too much at once");
    assert_eq!(wrong_fields(&status), ["entries"]);
    assert_eq!(shop.database.events_of("activity").await, 0);
}
