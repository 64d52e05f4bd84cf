//! A tenant that watches hears of itself only.

use std::time::Duration;

use kernel::{Shard, TenantId};
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::eventlog::v1::{Cursor, Event, WatchRequest, WatchResponse};
use testkit::Spoken;
use tonic::{Code, Streaming};

use crate::scene::{Scene, beside};
use crate::suite::{FIRST, member, said, tenant};

async fn watch(scene: &Scene, tenant: TenantId, cursor: Cursor) -> Streaming<WatchResponse> {
    let mut client: EventLogServiceClient<Spoken> =
        EventLogServiceClient::new(scene.served.channel(tenant, &["events.watch"]));
    let request = WatchRequest { source: FIRST.to_owned(), cursors: vec![cursor], ..WatchRequest::default() };
    client.watch(request).await.expect("it is served").into_inner()
}

/// Reads until a position is reached; answers the events on the way.
async fn read_to(stream: &mut Streaming<WatchResponse>, position: i64) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let message = tokio::time::timeout(Duration::from_secs(10), stream.message()).await.expect("it goes on");
        let message = message.expect("it goes on").expect("it does not end");
        events.extend(message.events);
        if message.reached.iter().any(|reached| reached.position >= position) {
            return events;
        }
    }
}

fn positions(events: &[Event], of: TenantId) -> Vec<i64> {
    assert!(events.iter().all(|event| event.tenant == of.to_string()), "an event of somebody else");
    events.iter().map(|event| event.position).collect()
}

#[tokio::test]
async fn each_hears_its_own_and_both_reach_the_end() {
    let scene = Scene::begin().await;
    let (ours, theirs, one) = (tenant(), tenant(), member());
    let other = beside(one);
    let cursor = Cursor { partition: Shard::of_member(one).number() as u32, ..Cursor::default() };
    let (mut our_watch, mut their_watch) =
        (watch(&scene, ours, cursor.clone()).await, watch(&scene, theirs, cursor.clone()).await);
    for round in 0..3 {
        for (tenant, member) in [(ours, one), (theirs, other), (theirs, one), (theirs, other)] {
            scene.speaker.say(tenant, member, &said(round)).await;
        }
    }
    assert_eq!(positions(&read_to(&mut our_watch, 12).await, ours), [1, 5, 9]);
    assert_eq!(positions(&read_to(&mut their_watch, 12).await, theirs), [2, 3, 4, 6, 7, 8, 10, 11, 12]);
    // Many of others are passed over, and what comes after them is not.
    for _ in 0..40 {
        scene.speaker.say(theirs, other, &said("more")).await;
    }
    scene.speaker.say(ours, one, &said("last")).await;
    assert_eq!(positions(&read_to(&mut our_watch, 53).await, ours), [53]);
    let mut anew = watch(&scene, ours, Cursor { position: 5, ..cursor }).await;
    assert_eq!(positions(&read_to(&mut anew, 53).await, ours), [9, 53]);
}

#[tokio::test]
async fn a_watch_to_the_present_end_tells_all_of_its_own_and_ends() {
    let scene = Scene::begin().await;
    let (ours, theirs, one) = (tenant(), tenant(), member());
    let other = beside(one);
    for round in 0..40 {
        scene.speaker.say(ours, one, &said(round)).await;
        scene.speaker.say(theirs, other, &said(round)).await;
    }
    let cursor = Cursor { partition: Shard::of_member(one).number() as u32, ..Cursor::default() };
    let client = EventLogServiceClient::new(scene.served.channel(ours, &["events.watch"]));
    let told = eventlog::history(&client, FIRST, &[Shard::of_member(one)]).await.expect("it is told to its end");
    assert_eq!(
        told.iter().map(|event| event.position).collect::<Vec<_>>(),
        (0..40).map(|n| 2 * n + 1).collect::<Vec<_>>()
    );
    assert!(told.iter().all(|event| event.tenant == ours && event.recorded_at() >= event.occurred_at));
    // One that goes on is not passed off as whole: it is the same watch without an end.
    let mut endless = watch(&scene, ours, cursor).await;
    assert_eq!(positions(&read_to(&mut endless, 80).await, ours).len(), 40);
}

#[tokio::test]
async fn nobody_outside_watches_all() {
    let scene = Scene::begin().await;
    let mut client = EventLogServiceClient::new(scene.served.channel(None, &["events.watch"]));
    let request =
        WatchRequest { source: FIRST.to_owned(), cursors: vec![Cursor::default()], ..WatchRequest::default() };
    let refused = client.watch(request).await.expect_err("it is the suite's own");
    assert_eq!(refused.code(), Code::PermissionDenied);
}
