//! A log that was restored is not taken for the one it was.

use std::time::Duration;

use kernel::Shard;
use proto::eventlog::v1::{Cursor, WatchRequest, WatchResponse};
use testkit::until;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::scene::Scene;
use crate::suite::{FIRST, member, watcher};

async fn watch(scene: &Scene, cursors: Vec<Cursor>) -> Result<Streaming<WatchResponse>, Status> {
    let request = WatchRequest { source: FIRST.to_owned(), cursors, ..WatchRequest::default() };
    Ok(watcher(&scene.served.peers(&[FIRST])).watch(request).await?.into_inner())
}

/// Reads on until the watch is broken off.
async fn end_of(mut stream: Streaming<WatchResponse>) -> Status {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(5), stream.message()).await.expect("it is broken off");
        match message {
            Ok(message) => assert!(message.is_some(), "it ended as if all were well"),
            Err(status) => return status,
        }
    }
}

fn is_rewound(status: &Status, partition: u32, position: i64, head: i64) {
    assert_eq!(status.code(), Code::FailedPrecondition, "{status:?}");
    let told = status.get_details_error_info().expect("a reason");
    assert_eq!(told.reason, "LOG_REWOUND");
    let facts = [("source", FIRST.to_owned()), ("partition", partition.to_string())];
    for (fact, value) in facts.into_iter().chain([("position", position.to_string()), ("head", head.to_string())]) {
        assert_eq!(told.metadata.get(fact), Some(&value), "{fact}");
    }
}

/// A scene in which one member's shard has three events; its partition and epoch.
async fn with_three_events() -> (Scene, kernel::MemberId, Cursor) {
    let scene = Scene::begin().await;
    let member = member();
    let mut last = None;
    for text in ["one", "two", "three"] {
        last = Some(scene.say(member, text).await);
    }
    let last = last.expect("said");
    scene.heard(&last).await;
    let mark = last.marks().next().expect("it was written");
    let partition = u32::try_from(Shard::of_member(member).number()).expect("fewer than 256");
    (scene, member, Cursor { partition, epoch: mark.epoch.to_string(), position: 3, mark: 0 })
}

#[tokio::test]
async fn another_epoch_and_a_position_beyond_the_end_are_refused() {
    let (scene, _, here) = with_three_events().await;
    let elsewhere = Cursor { partition: here.partition ^ 1, ..Cursor::default() };
    watch(&scene, vec![elsewhere.clone(), here.clone()]).await.expect("it is where the log is");
    let other = Cursor { epoch: Uuid::new_v4().to_string(), position: 2, ..here.clone() };
    let refused = watch(&scene, vec![elsewhere.clone(), other]).await.expect_err("it is another log");
    is_rewound(&refused, here.partition, 2, 3);
    for epoch in [String::new(), here.epoch.clone()] {
        let beyond = Cursor { epoch, position: 4, ..here.clone() };
        let refused = watch(&scene, vec![elsewhere.clone(), beyond]).await.expect_err("there is no such place");
        is_rewound(&refused, here.partition, 4, 3);
    }
}

#[tokio::test]
async fn a_restore_breaks_off_the_watches_that_are_open() {
    let (scene, _, here) = with_three_events().await;
    let shard = here.partition;
    let open = watch(&scene, vec![here.clone()]).await.expect("it is where the log is");
    scene.tamper(format!("UPDATE registry.head SET position = 2 WHERE shard = {shard}")).await;
    is_rewound(&end_of(open).await, shard, 3, 2);
}

#[tokio::test]
async fn a_new_epoch_breaks_off_the_watches_that_are_open() {
    let (scene, _, here) = with_three_events().await;
    let shard = here.partition;
    let mut open = watch(&scene, vec![Cursor { position: 2, ..here }]).await.expect("it is where the log is");
    // What it has been sent is what it is refused for.
    while open.message().await.expect("it goes on").expect("it does not end").events.is_empty() {}
    scene.tamper(format!("UPDATE registry.head SET epoch = gen_random_uuid() WHERE shard = {shard}")).await;
    is_rewound(&end_of(open).await, shard, 3, 3);
}

#[tokio::test]
async fn a_consumer_applies_nothing_of_another_log_until_somebody_decides() {
    let (scene, member, here) = with_three_events().await;
    let shard = here.partition;
    let other = Uuid::new_v4();
    scene.tamper(format!("UPDATE registry.head SET epoch = '{other}' WHERE shard = {shard}")).await;
    scene.say(member, "four").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(scene.texts().await, ["one", "two", "three"]);
    scene.tamper(format!("UPDATE activity.cursor SET epoch = '{other}' WHERE shard = {shard}")).await;
    until("it goes on", || async { scene.texts().await.len() == 4 }).await;
}

#[tokio::test]
async fn a_cursor_that_was_put_back_under_a_running_consumer_counts() {
    let (scene, member, _) = with_three_events().await;
    scene.tamper("TRUNCATE activity.cursor, activity.tally").await;
    let token = scene.say(member, "four").await;
    scene.heard(&token).await;
    until("all is applied again", || async { scene.texts().await.len() >= 4 }).await;
    assert_eq!(scene.texts().await, ["one", "two", "three", "four"]);
}

#[tokio::test]
async fn an_epoch_that_somebody_gave_a_cursor_is_not_taken_back() {
    let (scene, member, here) = with_three_events().await;
    let (shard, other) = (here.partition, Uuid::new_v4());
    scene.tamper(format!("UPDATE activity.cursor SET epoch = '{other}' WHERE shard = {shard}")).await;
    scene.say(member, "four").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(scene.texts().await, ["one", "two", "three"]);
    scene.tamper(format!("UPDATE registry.head SET epoch = '{other}' WHERE shard = {shard}")).await;
    until("it goes on", || async { scene.texts().await.len() == 4 }).await;
}
