//! Nothing comes back that was not bought, and n parts come to the whole.

use proto::activity::events::v1 as says;
use proto::activity::v1 as wire_activity;
use tonic::Code;

use crate::shop::{Buyer, NOON, Shop, back_from, back_of, order, refusal, wire_time, wrong_fields};

fn amount_of(answer: &wire_activity::RecordReturnResponse) -> i64 {
    answer.matches.iter().map(|one| one.amount_minor).sum()
}

fn by_amount(number: &str, order: &str, amount_minor: i64) -> wire_activity::NewReturn {
    wire_activity::NewReturn { lines: Vec::new(), amount_minor, ..back_of(number, order, "1 x 1") }
}

#[tokio::test]
async fn partial_returns_in_any_order_come_to_the_whole() {
    let shop = Shop::open().await;
    let member = shop.member();
    let lines = "A 3 x 33.34, B 7 x 0.99, C 1 x 0";
    for (round, parts) in [
        vec!["1 x 1", "2 x 3", "1 x 1", "2 x 4", "1 x 1, 3 x 1"],
        vec!["2 x 7", "3 x 1", "1 x 2", "1 x 1"],
        vec!["1 x 3, 2 x 7, 3 x 1"],
    ]
    .into_iter()
    .enumerate()
    {
        let id = shop.record(order(&format!("o{round}"), Buyer::Member(member), NOON, lines)).await;
        let mut sum = 0;
        for (place, part) in parts.iter().enumerate() {
            let answer = shop.give_back(back_of(&format!("r{round}-{place}"), &id, part)).await.expect("it comes back");
            sum += amount_of(&answer);
        }
        let kept = shop.order(&id).await;
        assert_eq!(sum, 10_002 + 693);
        assert_eq!(kept.returned.clone().map(|money| money.minor), Some(10_002 + 693));
        assert_eq!(kept.state(), wire_activity::OrderState::Returned);
        let closed = shop.give_back(back_of(&format!("r{round}-x"), &id, "1 x 1")).await.expect_err("nothing is left");
        let (code, reason, facts) = refusal(&closed);
        assert_eq!(
            (code, reason.as_str(), facts["state"].as_str()),
            (Code::FailedPrecondition, "ORDER_CLOSED", "RETURNED")
        );
    }
    let told: Vec<says::OrderReturned> = shop.told().await;
    assert_eq!(told.len(), 5 + 4 + 1);
    assert_eq!(told.iter().filter(|one| one.whole).count(), 3);
    assert!(told.iter().all(|one| one.net_minor == 10_695 && (one.whole == (one.returned_minor == 10_695))));
}

#[tokio::test]
async fn more_than_was_bought_never_comes_back() {
    let shop = Shop::open().await;
    let id = shop.record(order("1", Buyer::Guest, NOON, "A 3 x 10")).await;
    shop.give_back(back_of("r1", &id, "1 x 2")).await.expect("it comes back");
    let too_many = shop.give_back(back_of("r2", &id, "1 x 2")).await.expect_err("one is left");
    let (code, reason, facts) = refusal(&too_many);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "RETURN_EXCEEDS_ORDER"));
    let told = ["order", "line", "asked", "left"].map(|fact| facts[fact].as_str());
    assert_eq!(told, [id.as_str(), "1", "2", "1"]);
    let no_line = shop.give_back(back_of("r3", &id, "9 x 1")).await.expect_err("no such line was bought");
    assert_eq!(refusal(&no_line).2["left"], "0");
    let too_much = shop.give_back(by_amount("r4", &id, 1_001)).await.expect_err("ten pounds are left");
    assert_eq!(refusal(&too_much).2["left"], "1000");
    let unknown = shop.give_back(back_of("r6", &id.replace(&id[20..], &"0".repeat(id.len() - 20)), "1 x 1")).await;
    assert_eq!(refusal(&unknown.expect_err("there is no such order")).1, "ORDER_NOT_FOUND");
    // Refusals leave nothing behind: the same number may still come.
    shop.give_back(back_of("r2", &id, "1 x 1")).await.expect("it comes back");
    assert_eq!(shop.order(&id).await.state(), wire_activity::OrderState::Returned);
}

#[tokio::test]
async fn a_return_in_another_currency_is_told_about_its_currency() {
    let shop = Shop::open().await;
    let id = shop.record(order("1", Buyer::Guest, NOON, "A 3 x 10")).await;
    let mut foreign = back_of("r1", &id, "1 x 1");
    foreign.currency_code = "TWD".to_owned();
    let wrong = shop.give_back(foreign.clone()).await.expect_err("nothing was paid in dollars");
    assert_eq!(wrong_fields(&wrong), ["goods.currency_code"]);
    // Among others it keeps none of them out.
    let entries = [back_of("r2", &id, "1 x 1"), foreign]
        .map(|goods| wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Goods(goods)) });
    let ask = wire_activity::RecordEntriesRequest {
        request_id: shop.request_id(),
        entries: entries.into(),
        ..Default::default()
    };
    let outcomes = shop.client().record_entries(ask).await.expect("it is answered").into_inner().outcomes;
    assert_eq!((outcomes[0].refusal.as_str(), outcomes[1].refusal.as_str()), ("", "MALFORMED"));
    assert!(outcomes[1].detail.starts_with("entries[1].goods.currency_code must be GBP"), "{}", outcomes[1].detail);
}

#[tokio::test]
async fn nothing_happens_to_an_order_before_it_was_bought() {
    let shop = Shop::open().await;
    let id = shop.record(order("1", Buyer::Guest, NOON, "A 3 x 10")).await;
    let back_at = |number: &str, at: &str| wire_activity::NewReturn {
        occur_time: wire_time(at),
        ..back_of(number, &id, "1 x 1")
    };
    let before = shop.give_back(back_at("r1", "2001-01-01T00:00:00Z")).await.expect_err("it was not bought yet");
    let (code, reason, facts) = refusal(&before);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "BEFORE_ORDER"));
    assert_eq!((facts["order"].as_str(), facts["bought"].as_str()), (id.as_str(), NOON));
    assert_eq!(facts["occurred"], "2001-01-01T00:00:00Z");
    shop.give_back(back_at("r1", NOON)).await.expect("it comes back in the moment it is bought");

    let cancel = |order: &str, at: Option<&str>| wire_activity::CancelOrderRequest {
        request_id: shop.request_id(),
        order: order.to_owned(),
        kind: wire_activity::CancelKind::Cancelled.into(),
        occur_time: at.and_then(wire_time),
        validate_only: false,
    };
    let before = shop.client().cancel_order(cancel(&id, Some("1990-01-01T00:00:00Z"))).await;
    assert_eq!(refusal(&before.expect_err("it was not bought yet")).1, "BEFORE_ORDER");
    assert_eq!(shop.order(&id).await.state(), wire_activity::OrderState::Recorded);
    // The till's clock is ahead of ours, and nobody told when it was cancelled.
    let ahead = shop.record(order("2", Buyer::Guest, "2011-12-01T12:04:00Z", "A 1 x 10")).await;
    shop.client().cancel_order(cancel(&ahead, None)).await.expect("it is cancelled");
    assert_eq!(shop.order(&ahead).await.state_time, wire_time("2011-12-01T12:04:00Z"));
}

#[tokio::test]
async fn money_alone_is_spread_over_what_is_left() {
    let shop = Shop::open().await;
    let id = shop.record(order("1", Buyer::Guest, NOON, "A 1 x 10, B 1 x 5, C 1 x 4.80")).await;
    let answer = shop.give_back(by_amount("r1", &id, 39)).await.expect("it comes back");
    let parts: Vec<(i32, i64, i64)> =
        answer.matches.iter().map(|one| (one.order_line, one.quantity, one.amount_minor)).collect();
    assert_eq!(parts, [(1, 0, 20), (2, 0, 10), (3, 0, 9)]);
    let answer = shop.give_back(back_of("r2", &id, "1 x 1")).await.expect("it comes back");
    assert_eq!(amount_of(&answer), 980);
    let answer = shop.give_back(by_amount("r3", &id, 961)).await.expect("the rest comes back");
    assert_eq!(amount_of(&answer), 961);
    assert_eq!(shop.order(&id).await.state(), wire_activity::OrderState::Returned);
}

#[tokio::test]
async fn a_return_without_an_order_takes_the_newest_earlier_lines() {
    let shop = Shop::open().await;
    let (member, other) = (shop.member(), shop.member());
    let old = shop.record(order("old", Buyer::Member(member), "2011-11-01T10:00:00Z", "A 5 x 2.00, B 1 x 9")).await;
    let new = shop.record(order("new", Buyer::Member(member), "2011-11-20T10:00:00Z", "A 2 x 2.50")).await;
    shop.record(order("later", Buyer::Member(member), "2011-11-25T10:00:00Z", "A 9 x 3.00")).await;
    shop.record(order("others", Buyer::Member(other), "2011-11-20T11:00:00Z", "A 9 x 3.00")).await;

    let goods = back_from("r1", member, "2011-11-21T10:00:00Z", "A 9 x 2.25, Z 1 x 4");
    let answer = shop.give_back(goods).await.expect("it comes back");
    let found: Vec<(i32, &str, i32, i64, i64)> = answer
        .matches
        .iter()
        .map(|one| (one.position, one.order.as_str(), one.order_line, one.quantity, one.amount_minor))
        .collect();
    // What was paid comes back, not the shop's credit price; only what found no order is worth that.
    assert_eq!(found, [(0, new.as_str(), 1, 2, 500), (0, old.as_str(), 1, 5, 1_000)]);
    assert_eq!(answer.unmatched_minor, 2 * 225 + 400);
    assert_eq!(shop.order(&new).await.state(), wire_activity::OrderState::Returned);
    assert_eq!(shop.order(&old).await.lines[0].returned_quantity, 5);

    let again = shop.give_back(back_from("r2", member, "2011-11-21T11:00:00Z", "A 1 x 2.25")).await;
    assert_eq!(again.expect("it is kept").matches, []);
    let told: Vec<says::OrderReturned> = shop.told().await;
    assert_eq!(told.iter().map(|one| one.returned_minor).collect::<Vec<_>>(), [500, 1_000]);
    let unmatched: Vec<says::CreditUnmatched> = shop.told().await;
    assert_eq!(unmatched.iter().map(|one| one.amount_minor).collect::<Vec<_>>(), [850, 225]);
    assert!(unmatched.iter().all(|one| one.member == member.to_string()));
}

#[tokio::test]
async fn a_batch_matches_what_it_has_just_brought() {
    let shop = Shop::open().await;
    let member = shop.member();
    let bought = order("1", Buyer::Member(member), "2011-11-20T10:00:00Z", "A 2 x 2.50");
    let back = back_from("r1", member, "2011-11-21T10:00:00Z", "A 2 x 2.50");
    let entries = vec![
        wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Order(bought)) },
        wire_activity::NewEntry { entry: Some(wire_activity::new_entry::Entry::Goods(back)) },
    ];
    let request = wire_activity::RecordEntriesRequest { request_id: shop.request_id(), entries, ..Default::default() };
    let answer = shop.client().record_entries(request).await.expect("it is answered").into_inner();
    assert_eq!(answer.outcomes[1].matches[0].order, answer.outcomes[0].id);
    let kept = shop.order(&answer.outcomes[0].id).await;
    assert_eq!(kept.state(), wire_activity::OrderState::Returned);
    assert_eq!(kept.state_time, wire_time("2011-11-21T10:00:00Z"));
}

#[tokio::test]
async fn cancelling_takes_back_what_is_left() {
    let shop = Shop::open().await;
    let member = shop.member();
    let id = shop.record(order("1", Buyer::Member(member), NOON, "A 3 x 10, B 1 x 5")).await;
    shop.give_back(back_of("r1", &id, "1 x 1")).await.expect("it comes back");
    let cancel = |kind: wire_activity::CancelKind| wire_activity::CancelOrderRequest {
        request_id: shop.request_id(),
        order: id.clone(),
        kind: kind.into(),
        ..Default::default()
    };
    let request = cancel(wire_activity::CancelKind::Uncollected);
    let only_asked =
        wire_activity::CancelOrderRequest { validate_only: true, ..cancel(wire_activity::CancelKind::Cancelled) };
    let before = shop.database.effects_of("activity").await;
    let would = shop.client().cancel_order(only_asked).await.expect("it would be cancelled").into_inner();
    assert_eq!((would.freshness.as_str(), shop.database.effects_of("activity").await), ("", before));
    let first = shop.client().cancel_order(request.clone()).await.expect("it is cancelled").into_inner();
    let again = shop.client().cancel_order(request).await.expect("it was cancelled").into_inner();
    assert_eq!(first, again);
    let kept = shop.order(&id).await;
    assert_eq!(kept.state(), wire_activity::OrderState::Uncollected);
    assert_eq!((kept.returned.map(|money| money.minor), kept.state_time), (Some(3_500), wire_time(NOON)));

    let told: Vec<says::OrderReturned> = shop.told().await;
    let cancelled = told.iter().find(|one| one.return_id == id).expect("it is told");
    let lines: Vec<(i32, i64, i64)> =
        cancelled.lines.iter().map(|line| (line.number, line.quantity, line.amount_minor)).collect();
    assert_eq!((lines, cancelled.whole, cancelled.returned_minor), (vec![(1, 2, 2_000), (2, 1, 500)], true, 3_500));

    let closed = shop.client().cancel_order(cancel(wire_activity::CancelKind::Cancelled)).await;
    let (_, reason, facts) = refusal(&closed.expect_err("it is cancelled already"));
    assert_eq!((reason.as_str(), facts["state"].as_str()), ("ORDER_CLOSED", "UNCOLLECTED"));
    // Nothing of a cancelled order is matched.
    let answer = shop.give_back(back_from("r2", member, NOON, "A 1 x 10")).await.expect("it is kept");
    assert_eq!((answer.matches.len(), answer.unmatched_minor), (0, 1_000));
}
