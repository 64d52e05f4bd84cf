//! What cannot be applied is put aside in order, and nobody else waits for it.

use eventlog::NewEvent;
use kernel::{MemberId, Shard};
use prost::Message as _;
use proto::eventlog::v1::{DropParkedEventRequest, ListParkedEventsRequest, ParkedEvent, RetryParkedEventsRequest};
use proto::registry::events::v1::MemberUpdated;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::scene::{Scene, beside};
use crate::suite::{FIRST, Held, SECOND, Wrong, applied_once_in_order, clock, member, said, tenant};

fn text_of(parked: &ParkedEvent) -> String {
    let event = parked.event.as_ref().expect("it is there");
    MemberUpdated::decode(event.payload.as_slice()).expect("whole").fields.concat()
}

fn texts_of(parked: &[ParkedEvent]) -> Vec<String> {
    parked.iter().map(text_of).collect()
}

fn drop_of(parked: &ParkedEvent, reason: &str) -> DropParkedEventRequest {
    let event = parked.event.as_ref().expect("it is there");
    DropParkedEventRequest {
        request_id: Uuid::new_v4().to_string(),
        consumer: SECOND.to_owned(),
        source: event.source.clone(),
        partition: event.partition,
        position: event.position,
        reason: reason.to_owned(),
    }
}

/// Two members of one shard; the second event of the first cannot be applied.
async fn with_one_parked() -> (Scene, MemberId, MemberId) {
    let scene = Scene::begin().await;
    let sick = member();
    let well = beside(sick);
    scene.hearer.tally.refuses("sick 2", Wrong::Event, u32::MAX);
    for number in 1..=4 {
        scene.say(sick, &format!("sick {number}")).await;
        let token = scene.say(well, &format!("well {number}")).await;
        scene.heard(&token).await;
    }
    (scene, sick, well)
}

#[tokio::test]
async fn what_cannot_be_applied_is_parked_with_what_comes_behind_it() {
    let (mut scene, sick, well) = with_one_parked().await;
    assert_eq!(scene.texts().await, ["sick 1", "well 1", "well 2", "well 3", "well 4"]);
    let parked = scene.parked().await;
    assert_eq!(texts_of(&parked), ["sick 2", "sick 3", "sick 4"]);
    let stories: Vec<_> = parked.iter().map(|parked| (parked.cause.as_str(), parked.attempts)).collect();
    let behind = ("waits behind an earlier parked event", 0);
    assert_eq!(stories, [("it makes no sense", 3), behind, behind]);
    // A process that starts anew knows of it too.
    scene.hear_again().await;
    scene.say(sick, "sick 5").await;
    let token = scene.say(well, "well 5").await;
    scene.heard(&token).await;
    assert_eq!(scene.texts().await.last().map(String::as_str), Some("well 5"));
    assert_eq!(texts_of(&scene.parked().await), ["sick 2", "sick 3", "sick 4", "sick 5"]);
}

#[tokio::test]
async fn a_retry_applies_in_order_and_stops_where_it_fails() {
    let (scene, sick, well) = with_one_parked().await;
    assert_eq!(scene.retry(None, sick).await, (0, 3), "it is as wrong as before");
    assert_eq!(scene.retry(None, well).await, (0, 0), "there is nothing");
    scene.hearer.tally.is_cured();
    scene.hearer.tally.refuses("sick 4", Wrong::Law, 1);
    assert_eq!(scene.retry(None, sick).await, (2, 1));
    assert_eq!(texts_of(&scene.parked().await), ["sick 4"]);
    assert_eq!(scene.retry(None, sick).await, (1, 0));
    assert_eq!(scene.retry(None, sick).await, (0, 0));
    let token = scene.say(sick, "sick 5").await;
    scene.heard(&token).await;
    let of_the_sick: Vec<String> = scene.texts().await.into_iter().filter(|text| text.starts_with("sick")).collect();
    assert_eq!(of_the_sick, ["sick 1", "sick 2", "sick 3", "sick 4", "sick 5"]);
    assert_eq!(scene.hearer.consumer.parked().await.expect("it counts"), 0);
}

#[tokio::test]
async fn one_that_is_given_up_keeps_the_reason_and_holds_up_nobody() {
    let (scene, sick, _) = with_one_parked().await;
    let first = scene.parked().await.remove(0);
    let mut operator = scene.operator(None);
    for reason in ["a duplicate of another", "said twice"] {
        operator.drop_parked_event(drop_of(&first, reason)).await.expect("it is given up");
    }
    assert_eq!(texts_of(&scene.parked().await), ["sick 3", "sick 4"]);
    let kept: Vec<String> = sqlx::query_scalar("SELECT dropped FROM activity.parked WHERE dropped IS NOT NULL")
        .fetch_all(&mut scene.database.look().await)
        .await
        .expect("it reads");
    assert_eq!(kept, ["a duplicate of another"]);
    assert_eq!(scene.retry(None, sick).await, (2, 0));
    let mut unknown = drop_of(&first, "no such event");
    unknown.position += 1_000;
    let refused = operator.drop_parked_event(unknown).await.expect_err("it is not parked");
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "EVENT_NOT_PARKED");
}

#[tokio::test]
async fn parked_events_come_in_pages_and_to_their_own_tenant() {
    let (scene, sick, _) = with_one_parked().await;
    let (theirs, ours) = (tenant(), scene.tenant);
    scene.hearer.tally.refuses("foreign", Wrong::Event, u32::MAX);
    let token = scene.speaker.say(theirs, member(), &said("foreign")).await;
    scene.heard(&token).await;
    for (tenant, expected) in [(None, 4), (Some(ours), 3), (Some(theirs), 1), (Some(tenant()), 0)] {
        let (mut seen, mut page_token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let asked = ListParkedEventsRequest { consumer: SECOND.to_owned(), page_size: 2, page_token };
            let page = scene.operator(tenant).list_parked_events(asked).await.expect("it lists").into_inner();
            assert!(page.parked_events.len() <= 2);
            seen.extend(texts_of(&page.parked_events));
            (page_token, pages) = (page.next_page_token, pages + 1);
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (expected, expected / 2 + 1), "{seen:?}");
    }
    scene.hearer.tally.is_cured();
    assert_eq!(scene.retry(Some(theirs), sick).await, (0, 0), "it is somebody else's");
    let ours_parked = scene.parked().await.into_iter().find(|parked| text_of(parked) == "sick 2").expect("it is there");
    let refused = scene.operator(Some(theirs)).drop_parked_event(drop_of(&ours_parked, "not mine")).await;
    assert_eq!(refused.expect_err("it is somebody else's").code(), Code::NotFound);
    assert_eq!(scene.retry(Some(ours), sick).await, (3, 0));
}

#[tokio::test]
async fn one_among_many_is_found_whatever_is_wrong_with_it() {
    let mut scene = Scene::begin().await;
    scene.stop_hearing().await;
    let members: Vec<MemberId> = (0..10).map(|_| member()).collect();
    let shards: Vec<Shard> = members.iter().map(|member| Shard::of_member(*member)).collect();
    let events: Vec<NewEvent> = (0..600)
        .map(|number| {
            let place = number % members.len();
            NewEvent::new(scene.tenant, shards[place], members[place], clock().now(), &said(number))
        })
        .collect();
    let token = scene.speaker.say_all(scene.tenant, &events, &shards).await;
    for (number, wrong) in [(150, Wrong::Event), (301, Wrong::Law), (452, Wrong::Panic)] {
        scene.hearer.tally.refuses(&number.to_string(), wrong, u32::MAX);
    }
    scene.hear_again().await;
    scene.heard(&token).await;
    // Those members' later events wait with them: of each ten, one.
    let waiting = [150, 301, 452].map(|first| (600_usize - first).div_ceil(10));
    assert_eq!(scene.texts().await.len(), 600 - waiting.iter().sum::<usize>());
    assert_eq!(scene.hearer.consumer.parked().await.expect("it counts"), waiting.iter().sum::<usize>() as i64);
    scene.hearer.tally.is_cured();
    for (place, waiting) in [0, 1, 2].into_iter().zip(waiting) {
        assert_eq!(scene.retry(None, members[place]).await, (waiting as i32, 0));
    }
    let mut numbers: Vec<u32> = scene.texts().await.iter().map(|text| text.parse().expect("a number")).collect();
    for place in 0..10 {
        let own: Vec<u32> = numbers.iter().copied().filter(|number| number % 10 == place).collect();
        assert!(own.is_sorted(), "a member's events were applied out of order");
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..600).collect::<Vec<_>>());
}

#[tokio::test]
async fn somebody_in_the_way_is_no_reason_to_park() {
    let scene = Scene::begin().await;
    scene.hearer.tally.refuses("unlucky", Wrong::Event, 1);
    scene.hearer.tally.refuses("unlucky", Wrong::Busy, 4);
    let token = scene.say(member(), "unlucky").await;
    scene.heard(&token).await;
    assert_eq!(scene.hearer.consumer.parked().await.expect("it counts"), 0);
    assert_eq!(scene.texts().await, ["unlucky"]);
}

#[tokio::test]
async fn nothing_is_parked_behind_what_was_retried_just_now() {
    let scene = Scene::begin().await;
    let (sick, tally) = (member(), &scene.hearer.tally);
    tally.refuses("first", Wrong::Event, 3);
    let token = scene.say(sick, "first").await;
    scene.heard(&token).await;
    tally.hold_up(Held::Parking);
    let calls = tally.calls();
    let token = scene.say(sick, "second").await;
    // The consumer has seen that the first is parked, and is about to park the second.
    tally.called(calls).await;
    assert_eq!(scene.retry(None, sick).await, (1, 0));
    tally.hold_up(Held::Nobody);
    scene.heard(&token).await;
    assert_eq!(scene.hearer.consumer.parked().await.expect("it counts"), 0, "it waits behind nothing");
    applied_once_in_order(&scene.database, SECOND, FIRST).await;
}

#[tokio::test]
async fn a_retry_takes_along_what_is_parked_meanwhile() {
    let scene = Scene::begin().await;
    let (sick, tally) = (member(), &scene.hearer.tally);
    tally.refuses("first", Wrong::Event, 3);
    let token = scene.say(sick, "first").await;
    scene.heard(&token).await;
    tally.hold_up(Held::Applying);
    let calls = tally.calls();
    let (retried, ()) = tokio::join!(scene.retry(None, sick), async {
        tally.called(calls).await;
        let token = scene.say(sick, "second").await;
        scene.heard(&token).await;
        tally.hold_up(Held::Nobody);
    });
    assert_eq!(retried, (2, 0));
    applied_once_in_order(&scene.database, SECOND, FIRST).await;
}

#[tokio::test]
async fn a_consumer_built_anew_from_the_beginning_meets_what_it_parked_before() {
    let (mut scene, sick, _) = with_one_parked().await;
    let first = scene.parked().await.remove(0);
    scene.operator(None).drop_parked_event(drop_of(&first, "it never made sense")).await.expect("it is given up");
    scene.stop_hearing().await;
    scene.tamper("TRUNCATE activity.cursor, activity.tally").await;
    scene.hear_again().await;
    let token = scene.say(sick, "sick 5").await;
    scene.heard(&token).await;
    assert_eq!(scene.retry(None, sick).await, (3, 0));
    let of_the_sick: Vec<String> = scene.texts().await.into_iter().filter(|text| text.starts_with("sick")).collect();
    assert_eq!(of_the_sick, ["sick 1", "sick 3", "sick 4", "sick 5"], "the first was given up for good");
}

#[tokio::test]
async fn a_retry_and_a_drop_said_again_answer_the_same_and_do_nothing() {
    let (scene, sick, well) = with_one_parked().await;
    let parked = scene.parked().await;
    let dropping = drop_of(&parked[0], "it makes no sense");
    for _ in 0..2 {
        scene.operator(None).drop_parked_event(dropping.clone()).await.expect("it is given up");
    }
    let other = DropParkedEventRequest { reason: "another".to_owned(), ..dropping };
    let reused = scene.operator(None).drop_parked_event(other).await.expect_err("other content");
    assert_eq!(reused.get_details_error_info().expect("a reason").reason, "REQUEST_ID_REUSED");

    let asked = RetryParkedEventsRequest {
        request_id: Uuid::new_v4().to_string(),
        consumer: SECOND.to_owned(),
        subject: sick.to_string(),
    };
    let twins = (0..8).map(|_| async {
        let mut operator = scene.operator(None);
        let answer = operator.retry_parked_events(asked.clone()).await.expect("it tries").into_inner();
        (answer.applied, answer.parked)
    });
    let answers = futures::future::join_all(twins).await;
    assert!(answers.iter().all(|answer| *answer == (2, 0)), "{answers:?}");
    let other = RetryParkedEventsRequest { subject: well.to_string(), ..asked };
    let reused = scene.operator(None).retry_parked_events(other).await.expect_err("other content");
    assert_eq!(reused.get_details_error_info().expect("a reason").reason, "REQUEST_ID_REUSED");
}
