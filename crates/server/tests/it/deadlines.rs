//! A deadline answers `DEADLINE_EXCEEDED`, whoever set it.

use std::time::Duration;

use server::{Behalf, Deadline, Deadlines, Peers};
use tonic::client::Grpc;
use tonic::{Code, Request};

use crate::bench::{self, Bench, codec};
use crate::shop::{READ, WATCH, WRITE};

fn impatient() -> Bench {
    bench::start_with(|options| {
        options.deadlines = Deadlines { default: Duration::from_millis(80), maximum: Duration::from_millis(80) }
    })
}

#[tokio::test]
async fn a_call_that_states_none_has_the_default() {
    let bench = impatient();
    assert_eq!(bench.call(READ, "wait").await.expect_err("it waits for ever").code(), Code::DeadlineExceeded);
    bench.shop.events.until(|events| &events.dropped, 1).await;
}

#[tokio::test]
async fn no_call_may_state_more_than_the_longest() {
    let bench = impatient();
    let mut asked = bench::request("wait", &bench.token());
    asked.set_timeout(Duration::from_secs(3_600));
    let error = bench::call(&mut bench.client(), READ, asked).await.expect_err("it waits for ever");
    assert_eq!(error.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_deadline_ends_the_waiting_and_not_the_mutation() {
    let bench = impatient();
    assert_eq!(bench.call(WRITE, "wait").await.expect_err("it waits").code(), Code::DeadlineExceeded);
    bench.shop.events.go_on.notify_one();
    bench.shop.events.until(|events| &events.finished, 1).await;
}

#[tokio::test]
async fn a_malformed_deadline_is_a_violation() {
    let bench = bench::start();
    let mut asked = bench::request("hello", &bench.token());
    asked.metadata_mut().insert("grpc-timeout", "soon".parse().expect("a header value"));
    let error = bench::call(&mut bench.client(), READ, asked).await.expect_err("it is malformed");
    assert_eq!((error.code(), error.message().contains("grpc-timeout")), (Code::InvalidArgument, true));
}

#[tokio::test]
async fn a_stated_deadline_ends_a_stream_and_one_without_goes_on() {
    let bench = impatient();
    let peers = Peers::new(bench.key.clone()).in_process("shop", &bench.connector);
    let until = Deadline::after(Duration::from_millis(400));
    let outbound =
        peers.reach("shop", Behalf::of_process("tests").needing("shop.read").until(until)).expect("it is in process");
    let mut client = Grpc::new(outbound);
    client.ready().await.expect("connected");
    let path = http::uri::PathAndQuery::from_static(WATCH);
    let mut ending =
        client.server_streaming(Request::new(String::new()), path, codec()).await.expect("begun").into_inner();
    let mut going_on = bench.stream(WATCH, "").await.expect("begun");
    assert_eq!(ending.message().await.expect("a message").as_deref(), Some("first"));
    assert_eq!(bench::soon(ending.message()).await.expect_err("its time is up").code(), Code::DeadlineExceeded);
    assert_eq!(going_on.message().await.expect("a message").as_deref(), Some("first"));
    let silence = tokio::time::timeout(Duration::from_millis(100), going_on.message()).await;
    assert!(silence.is_err(), "ended although nobody set it an end: {silence:?}");
}
