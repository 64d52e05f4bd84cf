//! Skipping, pausing, another rhythm, and looking ahead.

use proto::subscriptions::v1::*;

use crate::shop::{Shop, reason};

fn skip(shop: &Shop, id: &str, number: i64) -> SkipOccurrenceRequest {
    SkipOccurrenceRequest { request_id: shop.request_id(), subscription: id.to_owned(), number, validate_only: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skipped_occurrence_is_neither_charged_nor_delivered() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    shop.client().skip_occurrence(skip(&shop, &id, 1)).await.expect("it is ahead");
    shop.client().skip_occurrence(skip(&shop, &id, 1)).await.expect("it stays skipped");
    shop.client().skip_occurrence(skip(&shop, &id, 2)).await.expect("it is ahead");
    let back = UnskipOccurrenceRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        number: 2,
        validate_only: false,
    };
    shop.client().unskip_occurrence(back).await.expect("it is ahead");
    shop.until("2026-03-31T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:SKIPPED 2:PAID");
    assert_eq!(shop.journal.0.lock().expect("nobody panics").orders.len(), 2);
    for number in [1, 2, 2_000] {
        let refused = shop.client().skip_occurrence(skip(&shop, &id, number)).await.expect_err("it is not ahead");
        assert_eq!(reason(&refused), "OCCURRENCE_NOT_AHEAD");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_passes_over_what_falls_into_it() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    let pause = PauseSubscriptionRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        ..PauseSubscriptionRequest::default()
    };
    shop.client().pause_subscription(pause).await.expect("it is live");
    shop.until("2026-04-15T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "PAUSED 0:PAID");
    let resume = ResumeSubscriptionRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        ..ResumeSubscriptionRequest::default()
    };
    let told = shop.client().resume_subscription(resume).await.expect("it is live").into_inner();
    assert_eq!(told.next_due_time, Some(proto::timestamp(testkit::instant("2026-04-30T02:00:00Z"))));
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PASSED 2:PASSED");
    shop.until("2026-04-30T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PASSED 2:PASSED 3:PAID");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_rhythm_tells_the_skips_it_drops() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    for number in [1, 2] {
        shop.client().skip_occurrence(skip(&shop, &id, number)).await.expect("it is ahead");
    }
    // Every 14 days from 14 February: 28 February is one of them, 31 March is not.
    let request = ChangeCadenceRequest {
        request_id: shop.request_id(),
        subscription: id.clone(),
        cadence: Some(Cadence { every: 14, unit: CadenceUnit::Day.into() }),
        anchor: Some(LocalTime { year: 2026, month: 2, day: 14, hour: 10, minute: 0 }),
        validate_only: false,
    };
    let told = shop.client().change_cadence(request).await.expect("it is live").into_inner();
    let dropped: Vec<i64> = told.dropped_skips.iter().map(|one| one.number).collect();
    assert_eq!(dropped, [2]);
    assert_eq!(told.next_due_time, Some(proto::timestamp(testkit::instant("2026-02-14T02:00:00Z"))));
    shop.until("2026-03-14T02:00:00Z").await;
    assert_eq!(shop.told(&id).await, "ACTIVE 0:PAID 1:PAID 2:SKIPPED 3:PAID", "28 February is skipped still");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ahead_is_told() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let id = shop.subscribe(member, "coffee", "sandbox_ok").await;
    shop.client().skip_occurrence(skip(&shop, &id, 1)).await.expect("it is ahead");
    let request = PreviewOccurrencesRequest { subscription: id, count: 3, ..Default::default() };
    let ahead = shop.client().preview_occurrences(request).await.expect("told").into_inner().occurrences;
    let told: Vec<_> = ahead.iter().map(|one| (one.number, one.state())).collect();
    let planned = OccurrenceState::Planned;
    assert_eq!(told, [(1, OccurrenceState::Skipped), (2, planned), (3, planned)]);

    let request = PreviewOccurrencesRequest {
        plan: "coffee".to_owned(),
        cadence: Some(Cadence { every: 1, unit: CadenceUnit::Week.into() }),
        anchor: Some(LocalTime { year: 2026, month: 3, day: 1, hour: 2, minute: 30 }),
        zone: "America/New_York".to_owned(),
        count: 2,
        ..Default::default()
    };
    let ahead = shop.client().preview_occurrences(request).await.expect("told").into_inner().occurrences;
    let due: Vec<_> = ahead.iter().map(|one| one.due_time).collect();
    let at = |text: &str| Some(proto::timestamp(testkit::instant(text)));
    assert_eq!(
        due,
        [at("2026-03-01T07:30:00Z"), at("2026-03-08T07:00:00Z")],
        "the gap moves to the next instant there is"
    );

    let months = GetForecastRequest { months: 3, ..Default::default() };
    let months = shop.client().get_forecast(months).await.expect("summed").into_inner().months;
    let told: Vec<_> = months.iter().map(|one| (one.month.as_str(), one.charges, one.amount_minor)).collect();
    assert_eq!(told, [("2026-03", 1, 600)], "January is paid, February is skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_where_the_last_one_ended() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let mut all = Vec::new();
    for _ in 0..5 {
        all.push(shop.subscribe(member, "coffee", "sandbox_later_1").await);
        shop.outage(1).await;
    }
    for whose in [member.to_string(), String::new()] {
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListSubscriptionsRequest {
                member: whose.clone(),
                state: SubscriptionState::Active.into(),
                page_size: 2,
                page_token: token,
                ..Default::default()
            };
            let page = shop.client().list_subscriptions(request).await.expect("listed").into_inner();
            seen.extend(page.subscriptions.into_iter().map(|one| one.id));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, all);
    }
    shop.until("2026-02-02T02:00:00Z").await;
    let page = |page_token| ListChargesRequest {
        subscription: all[0].clone(),
        page_size: 1,
        page_token,
        ..Default::default()
    };
    let first = shop.client().list_charges(page(String::new())).await.expect("listed").into_inner();
    let second = shop.client().list_charges(page(first.next_page_token)).await.expect("listed").into_inner();
    assert_eq!((first.charges[0].attempt, second.charges[0].attempt), (2, 1));
}
