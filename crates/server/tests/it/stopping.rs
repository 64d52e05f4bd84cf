//! A stop tells everybody first, lets what runs end, and has an end itself.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use server::{Drain, Stopped};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::bench;
use crate::shop::{DOWNLOAD, READ, WATCH};

#[tokio::test]
async fn a_stuck_stream_is_cut_when_the_time_is_up() {
    let within = Duration::from_millis(300);
    let bench = bench::start_with(|options| options.drain = Drain { pause: Duration::ZERO, within });
    let mut stuck = bench.stream(DOWNLOAD, "").await.expect("begun");
    stuck.message().await.expect("a message");
    let events = std::sync::Arc::clone(&bench.shop.events);
    let began = Instant::now();
    let stopped = tokio::time::timeout(Duration::from_secs(10), bench.stop()).await.expect("it ends");
    assert_eq!(stopped, Stopped::Cut { mutations: 0 });
    assert!(began.elapsed() >= within, "cut early");
    bench::soon(stuck.message()).await.expect_err("half a download is no success");
    events.until(|events| &events.dropped, 1).await;
}

#[tokio::test]
async fn a_watch_ends_with_ok_and_holds_nothing_up() {
    let bench = bench::start();
    let mut watch = bench.stream(WATCH, "").await.expect("begun");
    watch.message().await.expect("a message");
    let mut health = HealthClient::new(bench.connector.channel())
        .watch(HealthCheckRequest { service: "readiness".to_owned() })
        .await
        .expect("health is watched")
        .into_inner();
    assert_eq!(health.message().await.expect("a message").expect("one").status, 1);
    assert_eq!(bench.stop().await, Stopped::Drained);
    assert_eq!(bench::soon(watch.message()).await.expect("the end is OK"), None);
    assert_eq!(health.message().await.expect("a message").expect("one").status, 2);
    assert_eq!(health.message().await.expect("the end is OK"), None);
}

#[tokio::test]
async fn a_watch_ends_with_ok_when_it_is_old() {
    let bench =
        bench::start_with(|options| options.watch_lifetime = (Duration::from_millis(50), Duration::from_millis(90)));
    let mut watch = bench.stream(WATCH, "").await.expect("begun");
    assert_eq!(watch.message().await.expect("a message").as_deref(), Some("first"));
    assert_eq!(watch.message().await.expect("the end is OK"), None);
    let mut download = bench.stream(DOWNLOAD, "").await.expect("begun");
    download.message().await.expect("a message");
    assert!(
        tokio::time::timeout(Duration::from_millis(200), download.message()).await.is_err(),
        "a download has no age"
    );
}

#[tokio::test]
async fn health_says_so_first_and_calls_are_still_answered() {
    let bench = bench::start_with(|options| options.drain.pause = Duration::from_secs(2));
    let mut client = bench.client();
    let token = bench.token();
    bench::call(&mut client, READ, bench::request("hello", &token)).await.expect("answered");
    let connector = bench.connector.clone();
    bench.shutdown.cancel();
    bench::soon(bench.readiness.changes().wait_for(|_| !bench.readiness.is_ready()))
        .await
        .map(|_| ())
        .expect("it changes");
    tokio::time::sleep(Duration::from_millis(50)).await;
    for (service, status) in [("", 2), ("readiness", 2), ("test.v1.Shop", 2), ("liveness", 1)] {
        let asked = HealthCheckRequest { service: service.to_owned() };
        let answer = HealthClient::new(connector.channel()).check(asked).await.expect("health answers");
        assert_eq!(answer.into_inner().status, status, "{service:?}");
    }
    bench::call(&mut client, READ, bench::request("hello", &token)).await.expect("still answered");
    assert_eq!(bench.stop().await, Stopped::Drained);
    assert_eq!(
        bench::call(&mut client, READ, bench::request("hello", &token)).await.expect_err("gone").code(),
        Code::Unavailable
    );
}

#[tokio::test]
async fn a_call_under_way_gets_its_answer() {
    let bench = bench::start();
    let (mut client, asked) = (bench.client(), bench::request("wait", &bench.token()));
    let calling = tokio::spawn(async move { bench::call(&mut client, READ, asked).await });
    bench.shop.events.until(|events| &events.begun, 1).await;
    bench.shutdown.cancel();
    tokio::time::sleep(Duration::from_millis(50)).await;
    bench.shop.events.go_on.notify_one();
    assert_eq!(calling.await.expect("no panic").expect("answered"), "waited");
    assert_eq!(bench.shop.events.finished.load(Ordering::SeqCst), 1);
    assert_eq!(bench.stop().await, Stopped::Drained);
}
