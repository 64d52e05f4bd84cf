//! The door every call comes through, in this order:
//!
//! 1. it is seen: span, request id, counters (`trace`);
//! 2. a panic behind this point answers `INTERNAL` (`panics`);
//! 3. a path outside the contract is `UNIMPLEMENTED`; health and reflection pass freely (`calls`);
//! 4. who calls, and whether the token carries the rpc's scope (`auth`);
//! 5. when it must be answered (`deadline`);
//! 6. a seat, or `RESOURCE_EXHAUSTED` (`load`);
//! 7. a mutation moves into a task of its own (`detach`), so that 5 ends the waiting and not the work;
//! 8. the service answers: what it cannot decode is a violation (`unreadable`), a refusal speaks the caller's language
//!    (`language`), a streamed answer keeps its seat and stays seen to its end (`streams`).
//!
//! One service rather than eight: a call pays for one boxed future, and the order stands in one function.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::Service;
use tracing::Instrument as _;

use crate::auth::{self, Verifier};
use crate::calls::{Call, Calls, Rpc};
use crate::deadline::{Deadline, Deadlines};
use crate::detach::Detached;
use crate::load::{Load, Taken};
use crate::streams::{Ends, Streamed};
use crate::trace::Seen;
use crate::{chance, language, panics, unreadable};

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Hall {
    pub(crate) calls: Calls,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) deadlines: Deadlines,
    pub(crate) load: Load,
    pub(crate) detached: Detached,
    pub(crate) watch_lifetime: (Duration, Duration),
    pub(crate) stopping: CancellationToken,
}

#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) hall: Arc<Hall>,
    pub(crate) routes: Routes,
}

/// What a service said, and what is held until it has said all.
struct Answer {
    response: Response<Body>,
    seat: Option<Taken>,
    deadline: Option<Deadline>,
}

impl Service<Request<Body>> for Door {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (hall, routes) = (Arc::clone(&self.hall), self.routes.clone());
        Box::pin(async move { Ok(pass(&hall, routes, request).await) })
    }
}

async fn pass(hall: &Hall, routes: Routes, mut request: Request<Body>) -> Response<Body> {
    let call = hall.calls.find(request.uri().path());
    let seen = Seen::begin(call.rpc(), request.headers());
    let request_id = seen.trail().request.clone();
    request.extensions_mut().insert(seen.trail().clone());

    let answered = panics::caught(call.rpc().method.path, let_in(hall, call, routes, request))
        .instrument(seen.span().clone())
        .await;
    let mut response = match answered {
        Ok(answer) if call.rpc().method.server_streaming && has_begun(&answer.response) => stream(hall, seen, answer),
        Ok(answer) => ended(seen, answer.response),
        Err(status) => ended(seen, status.into_http()),
    };
    response.headers_mut().insert("x-request-id", request_id);
    response
}

async fn let_in(hall: &Hall, call: &Call, routes: Routes, mut request: Request<Body>) -> Result<Answer, Status> {
    let rpc = match call {
        Call::Unknown(_) => return Err(Status::unimplemented("there is no such method here")),
        Call::Open(_) => return Ok(Answer { response: answer(routes, request).await, seat: None, deadline: None }),
        Call::Suite(rpc) => rpc,
    };
    let caller = auth::admit(&hall.verifier, &rpc.method, request.headers())?;
    let deadline = hall.deadlines.of(&rpc.method, request.headers())?;
    let seat = hall.load.seat(&rpc.method, &caller)?;

    let extensions = request.extensions_mut();
    extensions.insert(caller);
    extensions.insert(seat.seat());
    if let Some(deadline) = deadline {
        extensions.insert(deadline);
    }
    // The seat goes along: a mutation whose caller has left is work all the same.
    let place = Arc::new(seat.seat());
    let work = async move { (wire::waiting::within(place, answer(routes, request)).await, seat) };
    let (response, seat) = within(deadline, finish(hall, rpc, work)).await??;
    Ok(Answer { response, seat: Some(seat), deadline })
}

async fn finish<T: Send + 'static>(
    hall: &Hall,
    rpc: &Rpc,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Status> {
    if rpc.method.mutating { hall.detached.run(work).await } else { Ok(work.await) }
}

async fn within<T>(deadline: Option<Deadline>, work: impl Future<Output = T>) -> Result<T, Status> {
    match deadline {
        Some(deadline) => {
            tokio::time::timeout_at(deadline.at(), work).await.map_err(|_| wire::status::deadline_exceeded())
        }
        None => Ok(work.await),
    }
}

async fn answer(mut routes: Routes, mut request: Request<Body>) -> Response<Body> {
    let language = language::wanted(request.headers());
    // What a service puts into its answers itself speaks it too: outcomes of a batch, decisions.
    request.extensions_mut().insert(language);
    let Ok(response) = routes.call(request).await;
    language::told(unreadable::told(response), language)
}

/// A stream that failed before its first message is answered like any call.
fn has_begun(response: &Response<Body>) -> bool {
    response.extensions().get::<Status>().is_none_or(|status| status.code() == Code::Ok)
}

fn stream(hall: &Hall, seen: Seen, answer: Answer) -> Response<Body> {
    let mut ends = Ends::new(answer.deadline);
    if seen.rpc().is_watch() {
        let (least, most) = hall.watch_lifetime;
        ends = ends.of_watch(chance::between(least, most), &hall.stopping);
    }
    answer.response.map(|body| Streamed::body(body, ends, seen, answer.seat))
}

fn ended(seen: Seen, response: Response<Body>) -> Response<Body> {
    seen.end_with(&response);
    response
}
