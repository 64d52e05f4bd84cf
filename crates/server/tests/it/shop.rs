//! A small service written by hand, whose methods do what a test tells them.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use http::{Request, Response};
use proto::Method;
use server::{Deadline, Seat, Trail};
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::{Status, transport};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};
use wire::{Caller, Language};

pub const READ: &str = "/test.v1.Shop/Read";
pub const WRITE: &str = "/test.v1.Shop/Write";
pub const WATCH: &str = "/test.v1.Shop/WatchSales";
pub const DOWNLOAD: &str = "/test.v1.Shop/Download";
pub const EVENTS: &str = "/test.v1.Shop/Events";
pub const UNSCOPED: &str = "/test.v1.Shop/Unscoped";
pub const UNDESCRIBED: &str = "/test.v1.Shop/Undescribed";

pub fn methods() -> Vec<Method> {
    let plain = Method {
        path: READ,
        scope: "shop.read",
        mutating: false,
        client_streaming: false,
        server_streaming: false,
        input: "",
        output: "",
    };
    vec![
        plain,
        Method { path: WRITE, scope: "shop.write", mutating: true, ..plain },
        Method { path: WATCH, server_streaming: true, ..plain },
        Method { path: DOWNLOAD, server_streaming: true, ..plain },
        Method { path: EVENTS, scope: "events.watch", ..plain },
        Method { path: UNSCOPED, scope: "public", ..plain },
    ]
}

/// What happened behind the door.
#[derive(Debug, Default)]
pub struct Events {
    pub begun: AtomicUsize,
    pub finished: AtomicUsize,
    pub dropped: AtomicUsize,
    /// Lets handlers that were told to `wait` go on.
    pub go_on: Notify,
}

impl Events {
    pub async fn until(&self, what: impl Fn(&Self) -> &AtomicUsize, count: usize) {
        for _ in 0..2_000 {
            if what(self).load(Ordering::SeqCst) >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it did not come to that: {self:?}");
    }
}

/// Counts a handler that was dropped before its end.
struct Witness(Arc<Events>, bool);

impl Drop for Witness {
    fn drop(&mut self) {
        let counter = if self.1 { &self.0.finished } else { &self.0.dropped };
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Debug, Clone, Default)]
pub struct Shop {
    pub events: Arc<Events>,
}

impl NamedService for Shop {
    const NAME: &'static str = "test.v1.Shop";
}

impl Shop {
    async fn unary(self, request: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
        self.events.begun.fetch_add(1, Ordering::SeqCst);
        let mut witness = Witness(Arc::clone(&self.events), false);
        let answer = match request.get_ref().as_str() {
            "wait" => {
                self.events.go_on.notified().await;
                "waited".to_owned()
            }
            "step out" => {
                let seat = request.extensions().get::<Seat>().expect("every call has a seat").clone();
                seat.step_out(self.events.go_on.notified()).await;
                "waited outside".to_owned()
            }
            "panic" => panic!("as told"),
            "fail" => return Err(wire::status::internal("the cupboard of member_42 is bare")),
            "who" => who(request.extensions())?,
            said => said.to_owned(),
        };
        witness.1 = true;
        Ok(tonic::Response::new(answer))
    }

    async fn streamed(
        self,
        request: tonic::Request<String>,
    ) -> Result<tonic::Response<BoxStream<'static, Result<String, Status>>>, Status> {
        self.events.begun.fetch_add(1, Ordering::SeqCst);
        let witness = Witness(Arc::clone(&self.events), false);
        let first = stream::once(async { Ok("first".to_owned()) });
        let rest = match request.get_ref().as_str() {
            // A moment later, or it would spoil the frame of the first message too.
            "panic" => stream::once(async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                panic!("as told")
            })
            .boxed(),
            "end" => stream::empty().boxed(),
            _ => stream::pending().boxed(),
        };
        let held = rest.map(move |item| (&witness, item).1);
        Ok(tonic::Response::new(first.chain(held).boxed()))
    }
}

fn who(extensions: &http::Extensions) -> Result<String, Status> {
    let caller = Caller::of(extensions)?;
    let deadline = extensions.get::<Deadline>().map(|deadline| deadline.remaining().as_secs());
    let trail = extensions.get::<Trail>().expect("every call has a trail");
    let scopes: Vec<_> = caller.scopes.iter().map(String::as_str).collect();
    Ok(format!(
        "{:?} {} {:?} [{}] within {deadline:?} s, request {}, trace {:?}, in {}",
        caller.tenant,
        caller.actor,
        caller.audience,
        scopes.join(" "),
        trail.request.to_str().unwrap_or("?"),
        trail.traceparent,
        Language::of(extensions).tag(),
    ))
}

impl Service<Request<Body>> for Shop {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shop = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<String, String>::default());
            Ok(match request.uri().path() {
                WATCH | DOWNLOAD => {
                    grpc.server_streaming(service_fn(move |request| shop.clone().streamed(request)), request).await
                }
                _ => grpc.unary(service_fn(move |request| shop.clone().unary(request)), request).await,
            })
        })
    }
}

/// A channel over which nothing was sent yet.
pub type Client = tonic::client::Grpc<transport::Channel>;
