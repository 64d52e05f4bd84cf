//! A clock that is moved by hand lets everything happen that falls due on the way, in the order of its instant.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, ClockError};
use testkit::{Database, instant};
use timers::{CannotAdvance, Coordinator, Moved, Timer};

use crate::bell::{LAPSE, LEFT, REVIEW, RIGHT, Service, Then, Wrong, clock, database, each_once, rung, set, timer};

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What rings on the left is heard on the right, where something is due ten seconds later.
async fn left_and_right(clock: &Clock) -> (Database, Arc<Service>, Arc<Service>, Coordinator) {
    let database = database().await;
    let right = Service::open(&database, RIGHT, clock, Then::Nothing).await;
    let heard = Then::Heard { by: Arc::clone(&right), later: SignedDuration::from_secs(10) };
    let left = Service::open(&database, LEFT, clock, heard).await;
    let services: Vec<Arc<dyn Moved>> = vec![left.clone(), right.clone()];
    let coordinator = Coordinator::new(clock.clone(), services);
    (database, left, right, coordinator)
}

fn at(seconds: i64) -> Timestamp {
    instant("2011-12-01T00:10:00Z") + SignedDuration::from_secs(seconds)
}

fn due_at(seconds: i64) -> Timer {
    Timer { due_at: Some(at(seconds)), ..timer(LAPSE, "2011-12-01T00:00:00Z") }
}

#[tokio::test]
async fn second_by_second_everything_happens_in_the_order_of_its_instant() {
    let clock = clock();
    let (database, left, right, coordinator) = left_and_right(&clock).await;
    set(&left.store, &[due_at(0), due_at(4), due_at(11), due_at(11), due_at(30)]).await;
    // On the right some things were due anyway.
    let reviews = [3, 12, 40].map(|seconds| Timer { kind: REVIEW, ..due_at(seconds) });
    set(&right.store, &reviews).await;
    let done = coordinator.advance(instant("2011-12-01T01:00:00Z"), SECOND).await.expect("it moves");
    let expected = [
        (LEFT, 0),
        (RIGHT, 3),
        (LEFT, 4),
        (RIGHT, 10),
        (LEFT, 11),
        (LEFT, 11),
        (RIGHT, 12),
        (RIGHT, 14),
        (RIGHT, 21),
        (RIGHT, 21),
        (LEFT, 30),
        (RIGHT, 40),
        (RIGHT, 40),
    ]
    .map(|(service, seconds)| (service, at(seconds)));
    assert_eq!(*left.bell.rung.lock().expect("whole"), expected);
    assert_eq!(done.timers, 13);
    for service in [LEFT, RIGHT] {
        let rung = rung(&database, service).await;
        each_once(&rung);
        assert!(rung.iter().all(|(_, due_at, told_at)| due_at == told_at), "the clock stood elsewhere");
    }
    assert_eq!(clock.now(), instant("2011-12-01T01:00:00Z"));
}

#[tokio::test]
async fn hour_by_hour_it_takes_fewer_steps_and_loses_nothing() {
    let clock = clock();
    let (database, left, _right, coordinator) = left_and_right(&clock).await;
    set(&left.store, &[due_at(0), due_at(4), due_at(1_800), due_at(3_601), due_at(90_000)]).await;
    let done = coordinator.advance(instant("2011-12-03T00:00:00Z"), HOUR).await.expect("it moves");
    assert_eq!((done.timers, done.steps), (10, 4));
    for service in [LEFT, RIGHT] {
        let rung = rung(&database, service).await;
        each_once(&rung);
        assert_eq!(rung.len(), 5);
        assert!(
            rung.iter()
                .all(|(_, due_at, told_at)| (SignedDuration::ZERO..HOUR).contains(&told_at.duration_since(*due_at)))
        );
    }
    assert!(rung(&database, LEFT).await.is_sorted_by_key(|(_, due_at, _)| *due_at));
}

#[tokio::test]
async fn five_years_of_months_pass() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Monthly).await;
    let all: Vec<Timer> = (0..4).map(|_| timer(LAPSE, "2011-12-15T08:00:00Z")).collect();
    set(&service.store, &all).await;
    let coordinator = Coordinator::new(clock.clone(), vec![service]);
    let done = coordinator.advance(instant("2016-12-01T00:00:00Z"), HOUR).await.expect("it moves");
    // A step for each month, and one to the end.
    assert_eq!((done.timers, done.steps), (240, 61));
    let rung = rung(&database, LEFT).await;
    each_once(&rung);
    assert_eq!(rung.len(), 240);
}

#[tokio::test]
async fn quiet_waits_for_what_is_on_its_way() {
    let clock = clock();
    let (database, left, right, coordinator) = left_and_right(&clock).await;
    left.behind.fetch_add(1, Ordering::SeqCst);
    let waiting = tokio::spawn({
        let coordinator = coordinator.clone();
        async move { coordinator.quiet().await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished(), "something is on its way");
    // What arrives is due already, and so is what follows on the right.
    set(&left.store, &[Timer { due_at: Some(clock.now() - HOUR), ..due_at(0) }]).await;
    left.behind.fetch_sub(1, Ordering::SeqCst);
    assert_eq!(waiting.await.expect("it ends").expect("it is quiet"), 2);
    assert_eq!((rung(&database, LEFT).await.len(), rung(&database, RIGHT).await.len()), (1, 1));
    assert_eq!(right.behind.load(Ordering::SeqCst), 0);
    assert_eq!(clock.now(), crate::bell::clock().now(), "the clock was not moved");
}

#[tokio::test]
async fn it_never_goes_back_and_moves_no_clock_of_the_machine() {
    let clock = clock();
    let (database, left, _right, coordinator) = left_and_right(&clock).await;
    set(&left.store, &[Timer { due_at: Some(clock.now()), ..due_at(0) }]).await;
    let refused = coordinator.advance(clock.now() - SECOND, HOUR).await;
    assert!(matches!(refused, Err(CannotAdvance::Clock(ClockError::MovesForward))), "{refused:?}");
    let of_the_machine = Coordinator::new(Clock::system(), vec![left]);
    let refused = of_the_machine.advance(instant("2100-01-01T00:00:00Z"), HOUR).await;
    assert!(matches!(refused, Err(CannotAdvance::Clock(ClockError::NotManual))), "{refused:?}");
    assert!(rung(&database, LEFT).await.is_empty(), "what is refused has no effect");
    let done = coordinator.advance(clock.now(), HOUR).await.expect("it stays where it is");
    assert_eq!((done.timers, clock.now()), (1, crate::bell::clock().now()));
}

#[tokio::test]
async fn where_it_fails_the_clock_stands_and_goes_on_from_there() {
    let clock = clock();
    let (database, left, _right, coordinator) = left_and_right(&clock).await;
    let timers = [due_at(0), due_at(100), due_at(200)];
    set(&left.store, &timers).await;
    left.bell.cannot_ring(timers[1].subject, Wrong::Away, 1);
    let end = instant("2011-12-02T00:00:00Z");
    let failed = coordinator.advance(end, SECOND).await;
    assert!(matches!(failed, Err(CannotAdvance::Store(_))), "{failed:?}");
    assert_eq!(clock.now(), at(100));
    let done = coordinator.advance(end, SECOND).await.expect("it goes on");
    assert_eq!(done.timers, 4);
    assert_eq!(clock.now(), end);
    for service in [LEFT, RIGHT] {
        each_once(&rung(&database, service).await);
        assert_eq!(rung(&database, service).await.len(), 3);
    }
}
