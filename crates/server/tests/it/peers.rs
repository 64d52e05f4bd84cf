//! A call made for somebody carries who that is, and no more time than is left.

use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Extensions, HeaderValue};
use kernel::TenantId;
use server::{Behalf, Deadline, Peers, Trail};
use tonic::client::Grpc;
use tonic::{Code, Request, Status};
use wire::{Audience, Caller, Language};

use crate::bench::{self, Bench, codec};
use crate::shop::READ;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn ask(bench: &Bench, said: &str, behalf: Behalf) -> Result<String, Status> {
    let peers = Peers::new(bench.key.clone()).in_process("shop", &bench.connector);
    let mut client = Grpc::new(peers.reach("shop", behalf).expect("it is in process"));
    client.ready().await.expect("connected");
    client
        .unary(Request::new(said.to_owned()), PathAndQuery::from_static(READ), codec())
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn tenant_actor_deadline_trail_and_language_go_along() {
    let bench = bench::start();
    let tenant = TenantId::new_at("2024-03-01T00:00:00Z".parse().expect("an instant"));
    let mut extensions = Extensions::new();
    extensions.insert(Caller {
        tenant: Some(tenant),
        actor: "clerk 7".to_owned(),
        scopes: ["points.write".to_owned()].into(),
        audience: Audience::External,
    });
    extensions.insert(Language::ZhTw);
    extensions.insert(Deadline::after(Duration::from_secs(8)));
    extensions.insert(Trail {
        request: HeaderValue::from_static("order-77"),
        traceparent: Some(HeaderValue::from_static(TRACE)),
    });

    let behalf = Behalf::of(&extensions).expect("there is a caller").needing("shop.read");
    let answer = ask(&bench, "who", behalf).await.expect("answered");
    let expected = format!(
        "Some({tenant}) clerk 7 Internal [points.write shop.read] within Some(7) s, request order-77, trace Some(\"{TRACE}\"), in zh-TW"
    );
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_process_speaks_for_itself_with_the_scopes_it_names() {
    let bench = bench::start();
    let refused = ask(&bench, "who", Behalf::of_process("clockwork")).await.expect_err("no scope");
    assert_eq!(refused.code(), Code::PermissionDenied);
    let answer = ask(&bench, "who", Behalf::of_process("clockwork").needing("shop.read")).await.expect("answered");
    assert!(answer.starts_with("None clockwork Internal [shop.read] within Some(29) s"), "{answer}");
}

#[tokio::test]
async fn time_that_is_up_is_a_deadline_and_not_a_cancellation() {
    let bench = bench::start();
    let behalf = Behalf::of_process("tests").needing("shop.read").until(Deadline::after(Duration::from_millis(60)));
    assert_eq!(ask(&bench, "wait", behalf).await.expect_err("it waits").code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_key_of_another_installation_is_not_believed() {
    let (bench, other) = (bench::start(), bench::start());
    let strangers = Peers::new(other.key.clone()).in_process("shop", &bench.connector);
    let mut client =
        Grpc::new(strangers.reach("shop", Behalf::of_process("tests").needing("shop.read")).expect("in process"));
    client.ready().await.expect("connected");
    let answer = client.unary(Request::new(String::new()), PathAndQuery::from_static(READ), codec()).await;
    let refused: Result<tonic::Response<String>, Status> = answer;
    assert_eq!(refused.expect_err("a foreign key").code(), Code::Unauthenticated);
}
