//! A timer rings when it is due, once, in its turn, and not when it was put off or taken back.

use jiff::SignedDuration;
use kernel::TenantId;
use testkit::instant;
use timers::Timer;
use uuid::Uuid;

use crate::bell::{LAPSE, LEFT, REVIEW, Service, Then, clock, database, each_once, rung, set, timer};

#[tokio::test]
async fn set_again_it_is_put_off_and_cleared_it_is_gone() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
    let (kept, put_off, brought_forward, cleared) = (
        timer(LAPSE, "2012-01-01T00:00:00Z"),
        timer(LAPSE, "2012-01-02T00:00:00Z"),
        timer(LAPSE, "2012-03-03T00:00:00Z"),
        timer(LAPSE, "2012-01-04T00:00:00Z"),
    );
    // Another kind is another timer.
    let review = Timer { kind: REVIEW, due_at: Some(instant("2012-01-05T00:00:00Z")), ..cleared };
    set(&service.store, &[kept, put_off, brought_forward, cleared, review]).await;
    let put_off = Timer { due_at: Some(instant("2012-02-02T00:00:00Z")), ..put_off };
    let brought_forward = Timer { due_at: Some(instant("2012-01-03T00:00:00Z")), ..brought_forward };
    set(&service.store, &[Timer { due_at: None, ..cleared }, put_off, brought_forward, kept]).await;
    set(&service.store, &[Timer { due_at: None, ..timer(LAPSE, "2012-01-01T00:00:00Z") }]).await;

    assert_eq!(service.clockwork.next_due().await.expect("it reads"), kept.due_at);
    assert_eq!(service.clockwork.count_due().await.expect("it reads"), 0);
    clock.move_to(instant("2012-01-31T00:00:00Z")).expect("forward");
    assert_eq!(service.clockwork.count_due().await.expect("it reads"), 3);
    assert_eq!(service.clockwork.drain(clock.now()).await.expect("it rings"), 3);
    let subjects: Vec<Uuid> = rung(&database, LEFT).await.iter().map(|(subject, ..)| *subject).collect();
    assert_eq!(subjects, [kept.subject, brought_forward.subject, review.subject]);
    assert_eq!(service.clockwork.next_due().await.expect("it reads"), put_off.due_at);
}

#[tokio::test]
async fn it_is_due_at_its_instant_and_not_before() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
    let one = timer(LAPSE, "2012-01-01T00:00:00Z");
    set(&service.store, &[one]).await;
    let due_at = one.due_at.expect("it has one");
    let just_before = due_at - SignedDuration::from_micros(1);
    assert_eq!(service.clockwork.drain(just_before).await.expect("it looks"), 0);
    assert_eq!(service.clockwork.drain(due_at).await.expect("it rings"), 1);
    assert_eq!(service.clockwork.drain(due_at).await.expect("it looks"), 0);
}

#[tokio::test]
async fn the_longest_due_ring_first_however_many_there_are() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
    let begin = instant("2012-01-01T00:00:00Z");
    let all: Vec<Timer> = (0..600_i64)
        .map(|number| {
            // Not in the order they are set in.
            let due_at = Some(begin + SignedDuration::from_secs(number * 7_919 % 600));
            Timer { due_at, ..timer(LAPSE, "2012-01-01T00:00:00Z") }
        })
        .collect();
    set(&service.store, &all).await;
    let end = instant("2012-02-01T00:00:00Z");
    assert_eq!(service.clockwork.drain(end).await.expect("they ring"), 600);
    let rung = rung(&database, LEFT).await;
    assert!(rung.is_sorted_by_key(|(_, due_at, _)| *due_at));
    each_once(&rung);
    assert_eq!(rung.len(), 600);
}

#[tokio::test]
async fn a_timer_is_set_for_ones_own_tenant_only() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
    let theirs = timer(LAPSE, "2012-01-01T00:00:00Z");
    set(&service.store, &[theirs]).await;
    for due_at in [None, Some(instant("2013-01-01T00:00:00Z"))] {
        let mut tx = service.store.begin(TenantId::new_at(clock.now()), [theirs.shard]).await.expect("it begins");
        // Refused, or without effect.
        let _ = timers::set(&mut tx, &[Timer { due_at, ..theirs }]).await;
        drop(tx);
        assert_eq!(service.clockwork.next_due().await.expect("it reads"), theirs.due_at);
    }
}

#[tokio::test]
async fn brought_forward_it_is_never_put_off() {
    let (database, clock) = (database().await, clock());
    let service = Service::open(&database, LEFT, &clock, Then::Nothing).await;
    let (sooner, later) = (timer(LAPSE, "2012-02-01T00:00:00Z"), timer(LAPSE, "2012-01-02T00:00:00Z"));
    set(&service.store, &[sooner, later]).await;
    let sooner = Timer { due_at: Some(instant("2012-01-01T00:00:00Z")), ..sooner };
    let put_off = Timer { due_at: Some(instant("2012-03-01T00:00:00Z")), ..later };
    let missing = timer(LAPSE, "2012-01-03T00:00:00Z");
    let never = Timer { due_at: None, ..timer(LAPSE, "2012-01-01T00:00:00Z") };
    let all = [sooner, put_off, missing, never];
    let tenants: store::Tenants = all.iter().map(|timer| timer.tenant).collect();
    let mut tx = service.store.begin(tenants, all.iter().map(|timer| timer.shard)).await.expect("it begins");
    timers::bring_forward(&mut tx, &all).await.expect("they are set");
    tx.commit().await.expect("it commits");
    clock.move_to(instant("2012-04-01T00:00:00Z")).expect("forward");
    assert_eq!(service.clockwork.drain(clock.now()).await.expect("it rings"), 3);
    let subjects: Vec<Uuid> = rung(&database, LEFT).await.iter().map(|(subject, ..)| *subject).collect();
    assert_eq!(subjects, [sooner.subject, later.subject, missing.subject]);
}
