//! Whoever rings, how many there are and what goes wrong: each due instant is worked off once.

use jiff::SignedDuration;
use kernel::Clock;
use testkit::{instant, until};
use timers::Timer;
use tokio_util::sync::CancellationToken;

use crate::bell::{LAPSE, LEFT, REVIEW, Service, Then, Wrong, clock, database, each_once, rung, set, timer};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_ring_the_same_timers_ring_each_instant_once() {
    let (database, clock) = (database().await, clock());
    let (one, other) = tokio::join!(
        Service::open(&database, LEFT, &clock, Then::Monthly),
        Service::open(&database, LEFT, &clock, Then::Monthly)
    );
    let all: Vec<Timer> = (0..15).map(|_| timer(LAPSE, "2012-01-15T00:00:00Z")).collect();
    set(&one.store, &all).await;
    let a_year_on = instant("2013-01-14T00:00:00Z");
    let both = [one, other].map(|service| tokio::spawn(async move { service.clockwork.drain(a_year_on).await }));
    for each in both {
        each.await.expect("it runs").expect("it rings");
    }
    let rung = rung(&database, LEFT).await;
    each_once(&rung);
    assert_eq!(rung.len(), 15 * 12);
}

#[tokio::test]
async fn what_fails_is_tried_again_and_nothing_is_lost() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Monthly).await;
    let all: Vec<Timer> = (0..10).map(|_| timer(LAPSE, "2012-01-15T00:00:00Z")).collect();
    set(&service.store, &all).await;
    service.bell.cannot_ring(all[3].subject, Wrong::Away, 2);
    service.bell.cannot_ring(all[8].subject, Wrong::Away, 1);
    let end = instant("2012-03-01T00:00:00Z");
    let mut failures = 0;
    while service.clockwork.drain(end).await.is_err() {
        failures += 1;
    }
    assert_eq!(failures, 3);
    let rung = rung(&database, LEFT).await;
    each_once(&rung);
    assert_eq!(rung.len(), 20);
}

#[tokio::test]
async fn one_that_cannot_ring_holds_up_nobody_and_is_told() {
    for wrong in [Wrong::Law, Wrong::Panic] {
        let (database, clock) = (database().await, clock());
        let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
        let mut all: Vec<Timer> = (0..40).map(|_| timer(LAPSE, "2012-01-15T00:00:00Z")).collect();
        let sick = Timer { kind: REVIEW, due_at: Some(instant("2012-01-01T00:00:00Z")), ..all[20] };
        all.push(sick);
        set(&service.store, &all).await;
        service.bell.cannot_ring(sick.subject, wrong, u32::MAX);
        let end = instant("2012-03-01T00:00:00Z");
        for _ in 0..2 {
            service.clockwork.drain(end).await.expect_err("one cannot ring");
            let rung = rung(&database, LEFT).await;
            each_once(&rung);
            assert_eq!(rung.len(), 39, "{wrong:?}");
            assert!(rung.iter().all(|(subject, ..)| *subject != sick.subject));
        }
        assert_eq!(service.clockwork.next_due().await.expect("it reads"), sick.due_at, "it stays due");
    }
}

#[tokio::test]
async fn where_everything_fails_not_everything_is_tried() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
    let all: Vec<Timer> = (0..60).map(|_| timer(LAPSE, "2012-01-15T00:00:00Z")).collect();
    set(&service.store, &all).await;
    for one in &all {
        service.bell.cannot_ring(one.subject, Wrong::Law, 100);
    }
    service.clockwork.drain(instant("2012-03-01T00:00:00Z")).await.expect_err("none can ring");
    assert!(service.bell.tries_left() > 60 * 100 - 60, "each was tried");
}

#[tokio::test]
async fn a_clock_that_runs_rings_by_itself_and_one_moved_by_hand_does_not() {
    let (database, by_hand) = (database().await, clock());
    let running = Service::open(&database, LEFT, &Clock::system(), Then::Nothing).await;
    let standing = Service::open(&database, LEFT, &by_hand, Then::Nothing).await;
    let stop = CancellationToken::new();
    let first = timer(LAPSE, "2011-11-01T00:00:00Z");
    set(&standing.store, &[first]).await;
    let waits = tokio::spawn(standing.clockwork.clone().run(stop.clone()));
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(rung(&database, LEFT).await.is_empty());

    running.bell.cannot_ring(first.subject, Wrong::Away, 1);
    let later = Timer {
        due_at: Some(Clock::system().now() + SignedDuration::from_hours(1)),
        ..timer(LAPSE, "2011-11-01T00:00:00Z")
    };
    set(&running.store, &[later]).await;
    let rings = tokio::spawn(running.clockwork.clone().run(stop.clone()));
    until("it has rung", || async { rung(&database, LEFT).await.len() == 1 }).await;
    stop.cancel();
    waits.await.expect("it ends");
    rings.await.expect("it ends");
    assert_eq!(running.clockwork.next_due().await.expect("it reads"), later.due_at);
}
