//! A panic is answered, says nothing, and takes nobody along.

use tonic::Code;

use crate::bench;
use crate::shop::{DOWNLOAD, READ, WRITE};

#[tokio::test]
async fn a_panic_answers_internal_on_a_connection_that_lives_on() {
    let bench = bench::start();
    let mut client = bench.client();
    for path in [READ, WRITE] {
        let error =
            bench::call(&mut client, path, bench::request("panic", &bench.token())).await.expect_err("it panicked");
        assert_eq!((error.code(), error.message()), (Code::Internal, wire::status::INTERNAL_TEXT), "{path}");
        let answer = bench::call(&mut client, path, bench::request("hello", &bench.token())).await;
        assert_eq!(answer.expect("the connection lives"), "hello");
    }
}

#[tokio::test]
async fn a_panic_in_a_stream_ends_that_stream_only() {
    let bench = bench::start();
    let mut client = bench.client();
    let mut stream =
        bench::stream(&mut client, DOWNLOAD, bench::request("panic", &bench.token())).await.expect("begun");
    assert_eq!(stream.message().await.expect("a message").as_deref(), Some("first"));
    let error = stream.message().await.expect_err("it panicked");
    assert_eq!((error.code(), error.message()), (Code::Internal, wire::status::INTERNAL_TEXT));
    bench::call(&mut client, READ, bench::request("hello", &bench.token())).await.expect("the connection lives");
}

#[tokio::test]
async fn a_failure_keeps_its_cause_to_itself() {
    let bench = bench::start();
    let error = bench.call(READ, "fail").await.expect_err("it failed");
    assert_eq!((error.code(), error.message()), (Code::Internal, wire::status::INTERNAL_TEXT));
    assert!(error.details().is_empty());
}
