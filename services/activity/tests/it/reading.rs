//! Orders are found, listed and summed as they stand.

use proto::activity::v1 as wire_activity;
use proto::registry::events::v1 as heard;
use tonic::Code;
use wire::{Freshness, Keys};

use crate::shop::{Buyer, NOON, Shop, back_from, back_of, order, refusal, wire_time, wrong_fields};

#[tokio::test]
async fn a_members_orders_are_listed_newest_first_and_by_pages() {
    let shop = Shop::open().await;
    let (member, other) = (shop.member(), shop.member());
    for day in [3, 1, 5, 2, 4] {
        let at = format!("2011-11-0{day}T10:00:00Z");
        shop.record(order(&format!("{day}"), Buyer::Member(member), &at, "A 1 x 1, B 2 x 2")).await;
    }
    shop.record(order("x", Buyer::Member(other), NOON, "A 1 x 1")).await;
    let mut ask = wire_activity::ListOrdersRequest { member: member.to_string(), page_size: 2, ..Default::default() };
    let mut pages = Vec::new();
    loop {
        let page = shop.client().list_orders(ask.clone()).await.expect("a page").into_inner();
        assert!(page.orders.iter().all(|order| order.lines.len() == 2));
        pages.push(page.orders.iter().map(|order| order.external_id.clone()).collect::<Vec<_>>().join(" "));
        if page.next_page_token.is_empty() {
            break;
        }
        ask.page_token = page.next_page_token;
    }
    assert_eq!(pages, ["5 4", "3 2", "1"]);
    let turned = wire_activity::ListOrdersRequest { order_by: "occur_time".to_owned(), ..ask.clone() };
    let wrong = shop.client().list_orders(turned).await.expect_err("the token is of another order");
    assert_eq!(wrong_fields(&wrong), ["page_token"]);
    ask.member = other.to_string();
    let wrong = shop.client().list_orders(ask).await.expect_err("the token is of another list");
    assert_eq!(wrong_fields(&wrong), ["page_token"]);
}

#[tokio::test]
async fn a_members_orders_are_listed_oldest_first_where_that_is_asked_for() {
    let shop = Shop::open().await;
    let member = shop.member();
    // Three at one instant: a page ends between them.
    for (number, day) in [("a", 2), ("b", 2), ("c", 2), ("d", 1), ("e", 3)] {
        let at = format!("2011-11-0{day}T10:00:00Z");
        shop.record(order(number, Buyer::Member(member), &at, "A 1 x 1")).await;
    }
    let all = async |order_by: &str| {
        let (member, order_by) = (member.to_string(), order_by.to_owned());
        let mut ask = wire_activity::ListOrdersRequest { member, order_by, page_size: 2, ..Default::default() };
        let mut listed = Vec::new();
        loop {
            let page = shop.client().list_orders(ask.clone()).await.expect("a page").into_inner();
            listed.extend(page.orders.into_iter().map(|order| order.external_id));
            if page.next_page_token.is_empty() {
                return listed;
            }
            ask.page_token = page.next_page_token;
        }
    };
    let mut oldest_first = all("occur_time").await;
    assert_eq!((oldest_first[0].as_str(), oldest_first[4].as_str()), ("d", "e"));
    assert_eq!(all("occur_time  asc").await, oldest_first);
    oldest_first.reverse();
    assert_eq!(all("occur_time desc").await, oldest_first);
    assert_eq!(all("").await, oldest_first);
    let (member, order_by) = (member.to_string(), "net desc".to_owned());
    let ask = wire_activity::ListOrdersRequest { member, order_by, ..Default::default() };
    let wrong = shop.client().list_orders(ask).await.expect_err("nothing is ordered by that");
    assert_eq!(wrong_fields(&wrong), ["order_by"]);
}

#[tokio::test]
async fn an_invoice_number_finds_all_its_orders() {
    let shop = Shop::open().await;
    for (number, at) in [("1", "2011-11-01T10:00:00Z"), ("2", "2011-11-02T10:00:00Z")] {
        let mut new = order(number, Buyer::Guest, at, "A 1 x 1");
        new.invoice_number = "AB-12345678".to_owned();
        shop.record(new).await;
    }
    let find =
        |invoice: &str| wire_activity::FindOrdersRequest { invoice_number: invoice.to_owned(), ..Default::default() };
    let found = shop.client().find_orders(find("AB-12345678")).await.expect("they are found").into_inner();
    assert_eq!(found.orders.iter().map(|order| order.external_id.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    // A return by invoice number is of the newest.
    let mut goods = back_of("r1", "", "1 x 1");
    goods.origin = Some(wire_activity::new_return::Origin::InvoiceNumber("AB-12345678".to_owned()));
    let answer = shop.give_back(goods).await.expect("it comes back");
    assert_eq!(answer.matches[0].order, found.orders[0].id);
    let missing = shop.client().find_orders(find("AB-0")).await.expect_err("there is none");
    assert_eq!(refusal(&missing).1, "ORDER_NOT_FOUND");
}

#[tokio::test]
async fn the_overview_sums_the_journal() {
    let shop = Shop::open().await;
    let settled = heard::TenantSettled {
        tenant: shop.tenant.to_string(),
        zone: "Asia/Taipei".to_owned(),
        currency_code: "TWD".to_owned(),
        ..Default::default()
    };
    let shard = kernel::Shard::of_tenant(shop.tenant);
    shop.registry.say_at(shop.tenant, shard, shop.tenant, shop.clock.now(), &settled).await;
    let members: Vec<_> = (0..5).map(|_| shop.member()).collect();
    let mut new = order("1", Buyer::Member(members[0]), "2011-10-31T20:00:00Z", "A 8 x 10");
    new.currency_code = String::new();
    // Until the tenant's terms are heard a call must name its currency.
    testkit::until("the terms are heard", || async {
        shop.client().record_order(shop.ask(new.clone())).await.is_ok()
            || shop
                .client()
                .get_order(wire_activity::GetOrderRequest { order: "till/1".to_owned(), ..Default::default() })
                .await
                .is_ok()
    })
    .await;
    for (place, member) in members.iter().enumerate() {
        let mut new = order(&format!("m{place}"), Buyer::Member(*member), NOON, "A 5 x 1");
        new.currency_code = "TWD".to_owned();
        new.channel = "web".to_owned();
        shop.record(new).await;
    }
    let mut guest = order("g", Buyer::Guest, NOON, "A 1 x 7, B 1 x 1");
    guest.currency_code = "TWD".to_owned();
    let guest = shop.record(guest).await;
    shop.give_back(back_of("r1", &guest, "1 x 1")).await.expect("it comes back");
    let mut credit = back_from("r2", members[1], NOON, "Z 1 x 3, A 5 x 1");
    credit.currency_code = "TWD".to_owned();
    shop.give_back(credit).await.expect("it comes back");
    let mut unwanted = order("x", Buyer::Guest, NOON, "A 3 x 4, B 1 x 1");
    unwanted.currency_code = "TWD".to_owned();
    let unwanted = shop.record(unwanted).await;
    shop.give_back(back_of("r3", &unwanted, "1 x 1")).await.expect("it comes back");
    let cancelled = wire_activity::CancelOrderRequest {
        request_id: shop.request_id(),
        order: unwanted,
        kind: wire_activity::CancelKind::Uncollected.into(),
        occur_time: None,
        validate_only: false,
    };
    shop.client().cancel_order(cancelled).await.expect("it is cancelled");

    let sums = shop.client().get_overview(wire_activity::GetOverviewRequest::default()).await;
    let sums = sums.expect("it is summed").into_inner();
    let money = |money: &Option<proto::common::v1::Money>| money.as_ref().map_or(0, |money| money.minor);
    let months: Vec<(&str, &str, i64, i64, i64)> = sums
        .months
        .iter()
        .map(|one| (one.month.as_str(), one.channel.as_str(), one.orders, money(&one.net), money(&one.returned)))
        .collect();
    // Eight in the evening in London is the next day, and the next month, in Taipei.
    assert_eq!(months, [("2011-11", "store", 1, 80, 0), ("2011-12", "store", 2, 21, 20), ("2011-12", "web", 5, 25, 5)]);
    let buckets: Vec<(&str, i64, i64, i64)> =
        sums.buckets.iter().map(|one| (one.name.as_str(), one.entries, one.lines, money(&one.amount))).collect();
    let expected = [
        ("member-orders", 6, 6, 105),
        ("guest-orders", 2, 4, 21),
        ("matched-returns", 3, 3, -16),
        ("cancelled-orders", 1, 2, -9),
        ("unmatched-credits", 1, 1, -3),
    ];
    assert_eq!(buckets, expected);
    let kept: i64 = months.iter().map(|(_, _, _, net, returned)| net - returned).sum();
    let unmatched = -3;
    assert_eq!(buckets.iter().map(|(_, _, _, amount)| amount).sum::<i64>(), kept + unmatched);
    // The second member's only order came back whole: four buyers are left, of whom one is the best fifth.
    assert_eq!((sums.buyers, money(&sums.revenue), money(&sums.top_fifth)), (4, 100, 85));
    assert_eq!(sums.top_fifth_share_bp, 8_500);

    let ask = wire_activity::GetOverviewRequest {
        from_time: wire_time(NOON),
        until_time: wire_time("2011-12-01T12:00:01Z"),
        ..Default::default()
    };
    let sums = shop.client().get_overview(ask).await.expect("it is summed").into_inner();
    assert_eq!((sums.buyers, money(&sums.revenue)), (4, 20));
}

#[tokio::test]
async fn a_token_from_nowhere_is_refused_and_our_own_is_not_waited_for() {
    let shop = Shop::open().await;
    let ask = shop.ask(order("1", Buyer::Guest, NOON, "A 1 x 1"));
    let answer = shop.client().record_order(ask).await.expect("it is recorded").into_inner();
    let get = |token: String| wire_activity::GetOrderRequest { order: "till/1".to_owned(), at_least_as_fresh: token };
    shop.client().get_order(get(answer.freshness)).await.expect("it is there");

    let head = store::Head { epoch: uuid::Uuid::from_u128(1), position: 7 };
    let foreign = Freshness::of("loyalty", &[(kernel::Shard::from(1), head)]);
    let refused = shop.client().get_order(get(foreign.seal(&shop.served.keys()))).await;
    let (code, reason, facts) = refusal(&refused.expect_err("nothing of loyalty is heard here"));
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "FRESHNESS_UNREACHABLE"));
    assert_eq!((facts["source"].as_str(), facts["service"].as_str()), ("loyalty", "activity"));
    let forged = shop.client().get_order(get(foreign.seal(&Keys::new(b"mine")))).await;
    assert_eq!(wrong_fields(&forged.expect_err("it is forged")), ["at_least_as_fresh"]);
}
