//! A running server with the shop behind it, and calls to it.

use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use server::auth::DevIssuer;
use server::{
    Drain, Entrances, InternalKey, MemoryConnector, Options, Readiness, ServeError, Services, Stopped, Verifier,
    memory, serve,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::codec::Streaming;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use crate::shop::{Client, Shop, methods};

pub struct Bench {
    pub shop: Shop,
    pub connector: MemoryConnector,
    pub dev: DevIssuer,
    pub key: InternalKey,
    pub readiness: Readiness,
    pub shutdown: CancellationToken,
    pub running: JoinHandle<Result<Stopped, ServeError>>,
}

pub fn start() -> Bench {
    start_with(|_| {})
}

pub fn start_with(change: impl FnOnce(&mut Options)) -> Bench {
    let (key, dev) = (InternalKey::random().expect("random bytes"), DevIssuer::random().expect("random bytes"));
    let (shop, readiness, shutdown) = (Shop::default(), Readiness::new(), CancellationToken::new());
    let mut options = Options::new(Arc::new(Verifier::new(&key).with_dev(&dev)), readiness.clone());
    options.more_methods = methods();
    options.drain = Drain { pause: Duration::ZERO, within: Duration::from_secs(20) };
    change(&mut options);
    let (listener, connector) = memory();
    let entrances = Entrances { tcp: None, memory: Some(listener) };
    let running = tokio::spawn(serve(Services::new().with(shop.clone()), entrances, shutdown.clone(), options));
    Bench { shop, connector, dev, key, readiness, shutdown, running }
}

impl Bench {
    /// A token for everything the shop does.
    pub fn token(&self) -> String {
        self.dev.mint(None, ["shop.read", "shop.write"], "clerk", Duration::from_secs(60))
    }

    /// A client with a connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.connector.channel())
    }

    /// One call with a good token.
    pub async fn call(&self, path: &'static str, said: &str) -> Result<String, Status> {
        call(&mut self.client(), path, request(said, &self.token())).await
    }

    /// One call with another token.
    pub async fn call_with(&self, path: &'static str, token: &str) -> Result<String, Status> {
        call(&mut self.client(), path, request("hello", token)).await
    }

    /// A stream with a good token.
    pub async fn stream(&self, path: &'static str, said: &str) -> Result<Streaming<String>, Status> {
        stream(&mut self.client(), path, request(said, &self.token())).await
    }

    /// Asks the server to stop and waits.
    pub async fn stop(self) -> Stopped {
        self.shutdown.cancel();
        soon(self.running).await.expect("the server does not panic").expect("the server runs")
    }
}

pub fn request(said: &str, token: &str) -> Request<String> {
    let mut request = Request::new(said.to_owned());
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().expect("a header value"));
    request
}

/// What does not come within this never comes.
pub async fn soon<T>(coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), coming).await.expect("it came to nothing")
}

pub async fn call(client: &mut Client, path: &'static str, request: Request<String>) -> Result<String, Status> {
    soon(call_unbounded(client, path, request)).await
}

async fn call_unbounded(client: &mut Client, path: &'static str, request: Request<String>) -> Result<String, Status> {
    client.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
    client.unary(request, PathAndQuery::from_static(path), codec()).await.map(tonic::Response::into_inner)
}

pub async fn stream(
    client: &mut Client,
    path: &'static str,
    request: Request<String>,
) -> Result<Streaming<String>, Status> {
    client.ready().await.map_err(|error| Status::from_error(Box::new(error)))?;
    client.server_streaming(request, PathAndQuery::from_static(path), codec()).await.map(tonic::Response::into_inner)
}

pub fn codec() -> ProstCodec<String, String> {
    ProstCodec::default()
}
