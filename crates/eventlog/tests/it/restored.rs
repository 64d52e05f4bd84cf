//! One service's database is restored from a backup while the other runs on: nothing is missed in silence.

use std::time::Duration;

use kernel::{MemberId, Shard};
use proto::eventlog::v1::{RepairCursorsRequest, RepairCursorsResponse, RepairedCursor};
use testkit::until;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::scene::{Scene, beside, elsewhere};
use crate::suite::{FIRST, SECOND, Wrong, member};

fn repairing(accept_unknown: bool) -> RepairCursorsRequest {
    RepairCursorsRequest {
        request_id: Uuid::new_v4().to_string(),
        consumer: SECOND.to_owned(),
        source: FIRST.to_owned(),
        accept_unknown,
    }
}

async fn repair(scene: &Scene, asked: &RepairCursorsRequest) -> Result<RepairCursorsResponse, Status> {
    Ok(scene.operator(None).repair_cursors(asked.clone()).await?.into_inner())
}

async fn refused_in(scene: &Scene) -> usize {
    scene.hearer.consumer.lost(FIRST).await.expect("the producer answers").len()
}

async fn say_all(scene: &Scene, member: MemberId, texts: &[&str]) {
    for text in texts {
        let token = scene.say(member, text).await;
        scene.heard(&token).await;
    }
}

fn of_shard(cursors: &[RepairedCursor], member: MemberId) -> RepairedCursor {
    let shard = u32::try_from(Shard::of_member(member).number()).expect("fewer than 256");
    *cursors.iter().find(|cursor| cursor.partition == shard).expect("it was refused there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_restored_under_the_running_suite_is_refused_repaired_and_missed_by_nobody() {
    let scene = Scene::begin().await;
    let beyond = member();
    let below = elsewhere(beyond);
    say_all(&scene, beyond, &["b1", "b2"]).await;
    say_all(&scene, below, &["w1", "w2", "w3"]).await;
    let backup = scene.database.dump(FIRST);
    // Of these the restored database knows nothing; the last one is put aside.
    scene.hearer.tally.refuses("b5", Wrong::Event, u32::MAX);
    say_all(&scene, beyond, &["b3", "b4", "b5"]).await;
    scene.database.restore(FIRST, &backup).await;

    // At once, before anybody could have noticed, and past the place the reader had reached.
    for text in ["n1", "n2", "n3", "n4"] {
        scene.say(beyond, text).await;
    }
    scene.say(below, "n5").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let applied = ["b1", "b2", "w1", "w2", "w3", "b3", "b4"];
    assert_eq!(scene.texts().await, applied, "it hears nothing of another log");
    assert_eq!(refused_in(&scene).await, 2);

    let asked = repairing(false);
    let done = repair(&scene, &asked).await.expect("it is repaired");
    let [far, near] = [beyond, below].map(|member| of_shard(&done.cursors, member));
    assert_eq!((far.position, far.next_position, far.gone, far.gone_parked, far.unknown), (5, 2, 3, 1, false));
    assert_eq!((near.position, near.next_position, near.gone, near.unknown), (3, 3, 0, false));
    until("all that is there is applied", || async { scene.texts().await.len() == applied.len() + 5 }).await;
    let mut texts = scene.texts().await.split_off(applied.len());
    texts.sort();
    assert_eq!(texts, ["n1", "n2", "n3", "n4", "n5"]);
    assert!(scene.parked().await.is_empty(), "what was put aside is gone from the log");
    assert_eq!(refused_in(&scene).await, 0);
    assert_eq!(repair(&scene, &asked).await.expect("said again"), done);
}

/// What a snapshot of the disk does: the rows go back, and nothing else tells of it.
async fn go_back(scene: &Scene, member: MemberId, position: i64) {
    let shard = Shard::of_member(member).number();
    scene
        .tamper(format!(
            "DELETE FROM registry.event WHERE shard = {shard} AND position > {position};
             UPDATE registry.head SET position = {position} WHERE shard = {shard}"
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_given_out_again_unnoticed_are_found_by_the_event_that_stands_there() {
    let mut scene = Scene::begin().await;
    let (one, well) = (member(), member());
    let well = if Shard::of_member(well) == Shard::of_member(one) { elsewhere(one) } else { well };
    say_all(&scene, one, &["o1", "o2", "o3"]).await;
    say_all(&scene, well, &["w1"]).await;
    scene.stop_hearing().await;
    go_back(&scene, one, 1).await;
    for text in ["n1", "n2", "n3"] {
        scene.say(one, text).await;
    }
    scene.say(well, "w2").await;
    scene.hear_again().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(scene.texts().await, ["o1", "o2", "o3", "w1"], "its position is there, its event is not");

    let left = repair(&scene, &repairing(false)).await.expect("it answers").cursors;
    let (lost, safe) = (of_shard(&left, one), of_shard(&left, well));
    assert_eq!((lost.unknown, lost.left, lost.next_position), (true, true, 3), "nobody is let go on in silence");
    assert_eq!((safe.unknown, safe.left, safe.next_position), (false, false, 1), "its event proves its place");
    assert_eq!(refused_in(&scene).await, 1);

    let accepted = repair(&scene, &repairing(true)).await.expect("it answers").cursors;
    let gone_on = of_shard(&accepted, one);
    assert_eq!((gone_on.unknown, gone_on.left, gone_on.next_position), (true, false, 4));
    scene.say(one, "n4").await;
    until("it goes on", || async { scene.texts().await.len() == 6 }).await;
    let mut after = scene.texts().await.split_off(4);
    after.sort();
    assert_eq!(after, ["n4", "w2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beyond_the_head_makes_the_log_begin_a_new_epoch() {
    let scene = Scene::begin().await;
    let one = member();
    say_all(&scene, one, &["o1", "o2"]).await;
    let before = scene.speaker.log().heads().await.expect("it reads").0;
    go_back(&scene, one, 1).await;
    until("it is noticed", || async {
        let now = scene.speaker.log().heads().await.expect("it reads").0;
        now.iter().all(|(shard, head)| before[shard].epoch != head.epoch)
    })
    .await;
    let same_place = beside(one);
    scene.say(same_place, "s1").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(scene.texts().await, ["o1", "o2"]);
}

#[tokio::test]
async fn repairs_are_for_operators_and_say_what_is_wrong_with_them() {
    let scene = Scene::begin().await;
    let tenants_own = scene.operator(Some(scene.tenant)).repair_cursors(repairing(false)).await;
    assert_eq!(tenants_own.expect_err("a tenant's").code(), Code::PermissionDenied);
    let odd = RepairCursorsRequest { source: SECOND.to_owned(), ..repairing(false) };
    assert_eq!(repair(&scene, &odd).await.expect_err("it is not heard").code(), Code::InvalidArgument);
    let first = repairing(false);
    repair(&scene, &first).await.expect("nothing to do");
    let other = RepairCursorsRequest { accept_unknown: true, ..first };
    let reused = repair(&scene, &other).await.expect_err("other content");
    assert_eq!(reused.get_details_error_info().expect("a reason").reason, "REQUEST_ID_REUSED");
}
