//! Too many calls at once are refused at once; health, streams and the suite's own calls have room of their own.

use std::time::Duration;

use server::{Behalf, Peers, Seats};
use tonic::Code;
use tonic::client::Grpc;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::bench::{self, Bench, codec};
use crate::shop::{READ, WATCH, WRITE};

fn one_seat() -> Bench {
    bench::start_with(|options| options.seats = Seats { calls: 1, internal: 1, streams: 1 })
}

fn sit(bench: &Bench, path: &'static str, said: &str) -> tokio::task::JoinHandle<Result<String, tonic::Status>> {
    let (mut client, asked) = (bench.client(), bench::request(said, &bench.token()));
    tokio::spawn(async move { bench::call(&mut client, path, asked).await })
}

#[tokio::test]
async fn a_call_without_a_seat_is_told_when_to_come_again() {
    let bench = one_seat();
    let sitting = sit(&bench, READ, "wait");
    bench.shop.events.until(|events| &events.begun, 1).await;

    let refused = bench.call(READ, "hello").await.expect_err("no seat");
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let retry = refused.get_details_retry_info().expect("it carries RetryInfo").retry_delay.expect("and says when");
    assert!(retry >= Duration::from_millis(200) && retry < Duration::from_secs(1), "{retry:?}");

    let health = HealthClient::new(bench.connector.channel()).check(HealthCheckRequest::default()).await;
    assert_eq!(health.expect("health answers").into_inner().status, 1);
    bench.stream(WATCH, "").await.expect("streams have room");
    let internal = Peers::new(bench.key.clone()).in_process("shop", &bench.connector);
    let mut inside =
        Grpc::new(internal.reach("shop", Behalf::of_process("tests").needing("shop.read")).expect("in process"));
    inside.ready().await.expect("connected");
    let path = http::uri::PathAndQuery::from_static(READ);
    inside.unary(tonic::Request::new("hello".to_owned()), path, codec()).await.expect("the suite has room");

    bench.shop.events.go_on.notify_one();
    assert_eq!(sitting.await.expect("no panic").expect("answered"), "waited");
    assert_eq!(bench.call(READ, "hello").await.expect("a seat again"), "hello");
}

#[tokio::test]
async fn a_mutation_keeps_its_seat_when_its_caller_leaves() {
    let bench = one_seat();
    let sitting = sit(&bench, WRITE, "wait");
    bench.shop.events.until(|events| &events.begun, 1).await;
    sitting.abort();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(bench.call(READ, "hello").await.expect_err("still taken").code(), Code::ResourceExhausted);
    bench.shop.events.go_on.notify_one();
    bench.shop.events.until(|events| &events.finished, 1).await;
}

#[tokio::test]
async fn who_waits_outside_leaves_the_seat_to_others() {
    let bench = one_seat();
    let waiting = sit(&bench, READ, "step out");
    bench.shop.events.until(|events| &events.begun, 1).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(bench.call(READ, "hello").await.expect("the seat is free"), "hello");
    bench.shop.events.go_on.notify_one();
    assert_eq!(waiting.await.expect("no panic").expect("answered"), "waited outside");
}

#[tokio::test]
async fn a_stream_keeps_its_seat_to_its_end() {
    let bench = one_seat();
    let mut first = bench.stream(WATCH, "").await.expect("the only seat");
    first.message().await.expect("a message");
    assert_eq!(bench.stream(WATCH, "").await.expect_err("no seat").code(), Code::ResourceExhausted);
    drop(first);
    bench.shop.events.until(|events| &events.dropped, 1).await;
    bench.stream(WATCH, "").await.expect("a seat again");
}
