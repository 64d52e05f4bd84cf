//! What a durable call promises.

use std::sync::atomic::Ordering;

use testkit::until;
use uuid::Uuid;

use crate::office::{Answer, Office, call};

#[tokio::test]
async fn what_is_placed_is_said_once_it_is_committed_and_not_again() {
    let office = Office::open().await;
    let courier = office.runs();
    let one = call(Uuid::new_v4(), "cause");

    let mut undone = office.begin(std::slice::from_ref(&one)).await;
    outbox::place(&mut undone, std::slice::from_ref(&one), testkit::instant("2026-01-10T02:00:00Z"))
        .await
        .expect("it is placed");
    undone.roll_back().await.expect("it is undone");
    assert!(!courier.is_behind().await.expect("it can be counted"), "an undone cause says nothing");

    office.place(std::slice::from_ref(&one)).await;
    until("it is settled", async || courier.count_open().await.expect("it can be counted") == 0).await;
    assert_eq!(office.called.said(), [one.id]);
}

#[tokio::test]
async fn a_cause_that_is_met_twice_places_one_call() {
    let office = Office::open().await;
    let one = call(Uuid::new_v4(), "cause");
    office.place(std::slice::from_ref(&one)).await;
    office.place(std::slice::from_ref(&one)).await;
    assert_eq!(office.courier().await.count_open().await.expect("it can be counted"), 1);
}

#[tokio::test]
async fn a_call_that_is_not_answered_is_made_again_and_holds_up_only_its_own_subject() {
    let office = Office::open().await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let (silent, behind, other) = (call(first, "one"), call(first, "two"), call(second, "one"));
    office.called.answers(silent.id, &[Answer::Nonsense, Answer::Panic, Answer::Nothing]);
    office.place(&[silent.clone(), behind.clone(), other.clone()]).await;

    let courier = office.runs();
    until("all are settled", async || courier.count_open().await.expect("it can be counted") == 0).await;
    let said = office.called.said();
    assert_eq!((office.called.times(silent.id), office.called.times(behind.id)), (4, 1));
    assert_eq!(said.last(), Some(&behind.id), "calls about one subject are made in their order");
    let place = |id| said.iter().position(|known| *known == id);
    assert!(place(other.id) < place(behind.id), "the other subject did not wait");
    assert_eq!(courier.count_stuck(), 0);
}

#[tokio::test]
async fn two_couriers_settle_a_call_once() {
    let office = Office::open().await;
    let calls: Vec<_> = (0..40).map(|_| call(Uuid::new_v4(), "cause")).collect();
    office.place(&calls).await;
    for _ in 0..2 {
        tokio::spawn(office.courier().await.run(office.stop.clone()));
    }
    let counting = office.courier().await;
    until("all are settled", async || counting.count_open().await.expect("it can be counted") == 0).await;
    until("both have written", async || office.called.settled.load(Ordering::SeqCst) >= 40).await;
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(office.called.settled.load(Ordering::SeqCst), 40);
}

#[tokio::test]
async fn a_call_nobody_ever_answers_is_stuck_and_quiet_does_not_wait_for_it() {
    let office = Office::open().await;
    let silent = call(Uuid::new_v4(), "cause");
    office.called.answers(silent.id, &[Answer::Nothing; 50]);
    office.place(std::slice::from_ref(&silent)).await;
    let courier = office.runs();
    until("it has been tried", async || office.called.times(silent.id) > 0).await;
    assert!(courier.is_behind().await.expect("it can be counted"), "it may be answered soon");
    until("it is stuck", async || courier.count_stuck() == 1).await;
    assert!(!courier.is_behind().await.expect("it can be counted"));
    assert_eq!(courier.count_open().await.expect("it can be counted"), 1, "and yet it is not forgotten");
}
