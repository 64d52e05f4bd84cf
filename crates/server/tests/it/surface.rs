//! What every caller finds: health, reflection, request ids, a closed door for what the contract does not know.

use std::sync::Arc;
use std::time::Duration;

use server::{Entrances, Options, Readiness, ServeError, Services, Stopped, Verifier, serve};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::bench;
use crate::shop::{Client, READ, Shop, UNDESCRIBED, UNSCOPED};

#[tokio::test]
async fn methods_outside_the_contract_do_not_exist() {
    let bench = bench::start();
    for path in [UNDESCRIBED, "/test.v1.Nobody/Nothing"] {
        let answer = bench::call(&mut bench.client(), path, Request::new(String::new())).await;
        assert_eq!(answer.expect_err("nobody described it").code(), Code::Unimplemented, "{path}");
    }
    assert_eq!(bench.call(UNSCOPED, "hello").await.expect_err("it has no scope").code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_request_id_comes_back_or_is_made() {
    let bench = bench::start();
    let mut client = bench.client();
    client.ready().await.expect("connected");
    let path = || http::uri::PathAndQuery::from_static(READ);
    let mut asked = bench::request("hello", &bench.token());
    asked.metadata_mut().insert("x-request-id", "order-77".parse().expect("a header value"));
    let answer: tonic::Response<String> = client.unary(asked, path(), bench::codec()).await.expect("answered");
    assert_eq!(answer.metadata().get("x-request-id").expect("it comes back"), "order-77");
    client.ready().await.expect("still connected");
    let error =
        client.unary(Request::new(String::new()), path(), bench::codec()).await.map(|_: tonic::Response<String>| ());
    let error = error.expect_err("no token");
    assert_eq!(error.metadata().get("x-request-id").expect("one was made").len(), 32);
}

#[tokio::test]
async fn health_follows_readiness_service_by_service() {
    let bench = bench::start();
    let check = bench.readiness.check_of("test.v1.Shop", "stock");
    let asked = |service: &str| HealthCheckRequest { service: service.to_owned() };
    let mut health = HealthClient::new(bench.connector.channel());
    let mut watch = health.watch(asked("test.v1.Shop")).await.expect("known").into_inner();
    while bench::soon(watch.message()).await.expect("a message").expect("one").status != 2 {}
    check.set_ready();
    assert_eq!(watch.message().await.expect("a message").expect("one").status, 1);
    assert_eq!(health.check(asked("test.v1.Nobody")).await.expect_err("unknown").code(), Code::NotFound);
}

#[tokio::test]
async fn the_same_door_stands_at_a_socket() {
    let key = server::InternalKey::random().expect("random bytes");
    let dev = server::DevIssuer::random().expect("random bytes");
    let mut options = Options::new(Arc::new(Verifier::new(&key).with_dev(&dev)), Readiness::new());
    options.more_methods = crate::shop::methods();
    options.drain.pause = Duration::ZERO;
    let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = tcp.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let entrances = Entrances { tcp: Some(tcp), memory: None };
    let running = tokio::spawn(serve(Services::new().with(Shop::default()), entrances, shutdown.clone(), options));
    let channel =
        Endpoint::from_shared(format!("http://{address}")).expect("a URL").connect().await.expect("connected");
    let token = dev.mint(None, ["shop.read"], "clerk", Duration::from_secs(60));
    let answer = bench::call(&mut Client::new(channel), READ, bench::request("hello", &token)).await;
    assert_eq!(answer.expect("answered"), "hello");
    shutdown.cancel();
    assert_eq!(running.await.expect("no panic").expect("it ran"), Stopped::Drained);
}

#[tokio::test]
async fn the_development_issuer_stays_on_loopback() {
    let key = server::InternalKey::random().expect("random bytes");
    let dev = server::DevIssuer::random().expect("random bytes");
    let options = Options::new(Arc::new(Verifier::new(&key).with_dev(&dev)), Readiness::new());
    let tcp = TcpListener::bind("0.0.0.0:0").await.expect("a port");
    let entrances = Entrances { tcp: Some(tcp), memory: None };
    let refused = bench::soon(serve(Services::new(), entrances, CancellationToken::new(), options.clone())).await;
    assert!(matches!(refused, Err(ServeError::DevIssuerExposed(_))), "{refused:?}");
    let nowhere = serve(Services::new(), Entrances::default(), CancellationToken::new(), options).await;
    assert!(matches!(nowhere, Err(ServeError::NoEntrance)), "{nowhere:?}");
}

#[tokio::test]
async fn reflection_speaks_both_versions_without_a_token() {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
    use tonic_reflection::pb::{v1, v1alpha};

    let bench = bench::start();
    let asked = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(bench.connector.channel());
    let mut answers = client.server_reflection_info(tokio_stream::iter([asked])).await.expect("answered").into_inner();
    let answer: ServerReflectionResponse = answers.message().await.expect("a message").expect("one");
    let Some(MessageResponse::ListServicesResponse(v1::ListServiceResponse { service })) = answer.message_response
    else {
        panic!("another answer: {answer:?}");
    };
    assert!(service.iter().any(|service| service.name.starts_with("grpc.reflection")), "{service:?}");

    let older = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::ListServices(String::new())),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(bench.connector.channel());
    client
        .server_reflection_info(tokio_stream::iter([older]))
        .await
        .expect("answered")
        .into_inner()
        .message()
        .await
        .expect("a message");
}
