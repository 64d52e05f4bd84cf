//! The operators' port.

use server::{Readiness, serve_admin};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::bench;
use crate::shop::READ;

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.expect("connected");
    let asked = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(asked.as_bytes()).await.expect("asked");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.expect("answered");
    answer
}

#[tokio::test]
async fn operators_learn_what_runs_and_what_is_missing() {
    let bench = bench::start();
    bench.call(READ, "hello").await.expect("answered");
    let readiness = Readiness::new();
    let database = readiness.check("database");
    let (listener, stop) = (TcpListener::bind("127.0.0.1:0").await.expect("a port"), CancellationToken::new());
    let address = listener.local_addr().expect("an address");
    let running = tokio::spawn(serve_admin(listener, readiness, stop.clone()));

    assert!(get(address, "/livez").await.starts_with("HTTP/1.1 200"));
    let missing = get(address, "/readyz").await;
    assert!(
        missing.starts_with("HTTP/1.1 503")
            && missing.contains(r#""check":"database""#)
            && missing.contains("starting"),
        "{missing}"
    );
    database.set_ready();
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/version").await.contains(env!("CARGO_PKG_VERSION")));
    let metrics = get(address, "/metrics").await;
    assert!(metrics.contains(r#"rapport_rpc_total{code="OK",rpc="/test.v1.Shop/Read"}"#), "{metrics}");
    assert!(metrics.contains(r#"rapport_rpc_seconds_count{rpc="/test.v1.Shop/Read"}"#), "{metrics}");

    stop.cancel();
    running.await.expect("no panic").expect("it ran");
}
