//! Money moves once for each occurrence, and when it does not move, what follows is told.

use proto::subscriptions::v1::*;

use crate::shop::{Shop, reason};

fn outcomes(seen: &GetSubscriptionResponse) -> Vec<(i64, i32, ChargeOutcome)> {
    seen.charges.iter().rev().map(|charge| (charge.occurrence, charge.attempt, charge.outcome())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_months_are_charged_three_times() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID");
    shop.until("2026-02-28T01:59:59Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID");
    shop.until("2026-03-31T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PAID 2:PAID");
    let due = |day: &str| Some(proto::timestamp(testkit::instant(day)));
    let seen = shop.look(&id).await;
    assert_eq!(seen.recent[0].due_time, due("2026-03-31T02:00:00Z"), "from the original day");
    assert_eq!(seen.recent[1].due_time, due("2026-02-28T02:00:00Z"));
    assert!(seen.charges.iter().all(|charge| charge.amount_minor == 600));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_charge_is_tried_again_and_recovers() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_later_2").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:DUE");
    shop.until("2026-02-03T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID");
    let later = ChargeOutcome::DeclinedLater;
    let expected = [(0, 1, later), (0, 2, later), (0, 3, ChargeOutcome::Succeeded)];
    assert_eq!(outcomes(&shop.look(&id).await), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_attempt_is_left_the_occurrence_stays_unpaid() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok_from_1").await;
    shop.until("2026-02-10T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "PAST_DUE 0:UNPAID");
    assert_eq!(outcomes(&shop.look(&id).await).len(), 5, "once, and on days 1, 3, 5 and 7");
    shop.until("2026-02-28T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:UNPAID 1:PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_no_cancels() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_never").await;
    assert_eq!(shop.told(&id).await, "CANCELLED 0:UNPAID");
    let seen = shop.look(&id).await;
    assert_eq!(seen.changes[0].reason, "PAYMENT_NEVER");
    assert!(seen.next.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_card_is_charged_at_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_card").await;
    assert_eq!(shop.told(&id).await, "PAST_DUE 0:DUE");
    shop.until("2026-03-10T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "PAST_DUE 0:DUE 1:PASSED");
    let request = UpdatePaymentTokenRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        payment_token: "sandbox_ok".to_owned(),
        validate_only: false,
    };
    shop.client().update_payment_token(request).await.expect("it is taken");
    shop.said().await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PASSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_provider_is_asked_again_and_charges_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_silent_2").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID");
    assert_eq!(outcomes(&shop.look(&id).await), [(0, 1, ChargeOutcome::Succeeded)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_outage_of_three_periods_one_is_charged() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    shop.outage(24 * 95).await;
    shop.ring().await;
    shop.said().await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PASSED 2:PASSED 3:PAID");

    let all = Plan { code: "all".to_owned(), catch_up: CatchUp::All.into(), ..shop.coffee() };
    shop.put(all).await;
    let id = shop.subscribe(member, "all", "sandbox_ok").await;
    shop.outage(24 * 95).await;
    shop.ring().await;
    shop.said().await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PAID 2:PAID 3:PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cancels_at_the_very_moment_is_charged_once_or_not_at_all() {
    let shop = Shop::open().await;
    for _ in 0..8 {
        let member = shop.enrolled().await;
        let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
        let due = shop.look(&id).await.next[0].due_time.expect("it is planned");
        shop.clock.move_to(proto::instant(&due).expect("an instant")).expect("forward");
        let request = CancelSubscriptionRequest {
            request_id: shop.request_id(),
            subscription: id.clone(),
            ..CancelSubscriptionRequest::default()
        };
        let mut client = shop.client();
        let (cancelled, ()) = tokio::join!(client.cancel_subscription(request), shop.ring());
        cancelled.expect("cancelling is always possible");
        shop.said().await;
        let told = shop.told(&id).await;
        assert!(["CANCELLED 0:PAID", "CANCELLED 0:PAID 1:PAID"].contains(&told.as_str()), "{told}");
        shop.outage(24 * 40).await;
        shop.ring().await;
        assert_eq!(shop.told(&id).await, told, "nothing falls due any more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_charges_by_itself_is_reconciled() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_itself_7").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:DUE");
    let report = |day, outcome: ChargeOutcome| ReportChargeRequest {
        request_id: shop.request_id(),
        payment_token: "sandbox_itself_7".to_owned(),
        day: Some(proto::common::v1::Date { year: 2026, month: 1, day }),
        outcome: outcome.into(),
        reference: "77".to_owned(),
        ..ReportChargeRequest::default()
    };
    let refused = shop.client().report_charge(report(30, ChargeOutcome::Succeeded)).await.expect_err("not that day");
    assert_eq!(reason(&refused), "OCCURRENCE_NOT_FOUND");
    shop.client().report_charge(report(31, ChargeOutcome::DeclinedLater)).await.expect("it is taken");
    assert_eq!(shop.told(&id).await, "PAST_DUE 0:UNPAID");
    shop.client().report_charge(report(31, ChargeOutcome::Succeeded)).await.expect("it is taken");
    shop.client().report_charge(report(31, ChargeOutcome::Succeeded)).await.expect("it changes nothing");
    shop.said().await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID");
    assert_eq!(outcomes(&shop.look(&id).await).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_a_provider_took_by_itself_is_written_down_whenever_it_did() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_itself_8").await;
    let report = |month, day, outcome: ChargeOutcome| ReportChargeRequest {
        request_id: shop.request_id(),
        payment_token: "sandbox_itself_8".to_owned(),
        day: Some(proto::common::v1::Date { year: 2026, month, day }),
        outcome: outcome.into(),
        ..ReportChargeRequest::default()
    };
    let yes = ChargeOutcome::Succeeded;
    shop.client().report_charge(report(1, 31, yes)).await.expect("it is due");
    // Early in the morning of the day, before our own hour of it.
    shop.until("2026-02-27T15:59:59Z").await;
    let refused = shop.client().report_charge(report(2, 28, yes)).await.expect_err("the day has not come");
    assert_eq!(reason(&refused), "OCCURRENCE_NOT_FOUND");
    shop.until("2026-02-27T16:30:00Z").await;
    shop.client().report_charge(report(2, 28, yes)).await.expect("the day has come");
    shop.said().await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PAID");
    shop.until("2026-03-01T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PAID", "its hour changes nothing");
    shop.cancel(&id, false).await;
    shop.until("2026-04-30T02:00:00Z").await;
    let refused =
        shop.client().report_charge(report(4, 30, ChargeOutcome::DeclinedLater)).await.expect_err("it is over");
    assert_eq!(reason(&refused), "OCCURRENCE_NOT_FOUND");
    shop.client().report_charge(report(4, 30, yes)).await.expect("money moved");
    shop.said().await;
    assert_eq!(shop.told(&id).await, "CANCELLED 0:PAID 1:PAID 2:PASSED 3:PAID");
    assert_eq!(shop.journal.0.lock().expect("nobody panics").orders.len(), 3, "it is delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_card_is_refused_and_nowhere_kept() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    for number in ["4242424242424242", "4242 4242-4242 4242"] {
        let refused = shop.try_subscribe(member, "coffee", number).await.expect_err("it is no token");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        assert!(refused.message().starts_with("payment_token looks like"), "{}", refused.message());
        assert!(!refused.message().contains("4242"), "it is not said again");
    }
}
