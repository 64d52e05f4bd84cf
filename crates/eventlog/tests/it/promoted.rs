//! A log that began a new epoch and lost nothing is heard on without anybody's help.

use std::collections::BTreeSet;

use testkit::{OwnPostgres, until};
use tokio::task::block_in_place;
use uuid::Uuid;

use crate::scene::{Scene, elsewhere};
use crate::suite::{FIRST, SECOND, database_on, member};

async fn epochs(scene: &Scene) -> BTreeSet<Uuid> {
    let (heads, _) = scene.speaker.log().heads().await.expect("it reads");
    heads.values().map(|head| head.epoch).collect()
}

/// How many cursors went on by themselves, as the metrics say; of this process, so that it only grows.
fn continued() -> u64 {
    let (text, labels) = (telemetry::metrics::text(), format!("{{consumer=\"{SECOND}\",producer=\"{FIRST}\"}}"));
    let name = format!("rapport_cursors_continued_total{labels} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().expect("a count"))
}

async fn refused_in(scene: &Scene) -> usize {
    scene.hearer.consumer.lost(FIRST).await.expect("the producer answers").len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_that_had_kept_up_is_heard_on() {
    let mut postgres = OwnPostgres::start("promoted");
    let scene = Scene::begin_in(database_on(postgres.url()).await).await;
    let one = member();
    for text in ["o1", "o2"] {
        let token = scene.say(one, text).await;
        scene.heard(&token).await;
    }
    let (before, counted) = (epochs(&scene).await, continued());
    block_in_place(|| {
        postgres.crash();
        postgres.start_again_as_standby();
    });
    // Whoever was let in now would not see that the timeline changes under their connection.
    assert!(scene.speaker.log().heads().await.is_err(), "a standby is nobody's database");
    postgres.promote().await;
    until("the promoted one is used", || async { scene.speaker.log().heads().await.is_ok() }).await;
    assert!(epochs(&scene).await.is_disjoint(&before), "its timeline is another one");
    scene.say(one, "n1").await;
    until("it goes on", || async { scene.texts().await.len() == 3 }).await;
    assert_eq!(scene.texts().await, ["o1", "o2", "n1"]);
    assert_eq!(refused_in(&scene).await, 0);
    assert_eq!(continued() - counted, 1, "it had heard something of one partition");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_this_very_moment_is_heard_on() {
    let scene = Scene::begin().await;
    let one = member();
    let token = scene.say(one, "o1").await;
    scene.heard(&token).await;
    let before = epochs(&scene).await;
    let backup = scene.database.dump(FIRST);
    scene.database.restore(FIRST, &backup).await;
    scene.say(one, "n1").await;
    until("it goes on", || async { scene.texts().await.len() == 2 }).await;
    assert_eq!(scene.texts().await, ["o1", "n1"]);
    assert!(epochs(&scene).await.is_disjoint(&before));
    assert_eq!(refused_in(&scene).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_had_not_kept_up_is_left_to_the_operator() {
    let scene = Scene::begin().await;
    let one = member();
    let other = elsewhere(one);
    for (member, text) in [(other, "o1"), (one, "o2")] {
        let token = scene.say(member, text).await;
        scene.heard(&token).await;
    }
    let (before, counted) = (epochs(&scene).await, continued());
    // What had not reached it: one event, and with it the head's move; then it begins another timeline.
    let shard = kernel::Shard::of_member(one).number();
    scene
        .tamper(format!(
            "BEGIN;
             DELETE FROM registry.event WHERE shard = {shard} AND subject = '{one}';
             UPDATE registry.head SET position = position - 1 WHERE shard = {shard};
             UPDATE registry.whereabouts SET timeline = '000000FF';
             COMMIT"
        ))
        .await;
    drop(scene.database.store(FIRST).await);
    assert!(epochs(&scene).await.is_disjoint(&before), "a new connection has seen it");
    scene.say(other, "n1").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(scene.texts().await, ["o1", "o2"], "in no partition, though one only has lost something");
    assert_eq!(refused_in(&scene).await, 2);
    assert_eq!(continued(), counted);
}
