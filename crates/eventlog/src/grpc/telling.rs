//! Every answer of a service says how far behind those it hears the service may have been when it was asked.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderValue, Request, Response};
use tonic::server::NamedService;

use crate::{BEHIND, Progress};

/// A gRPC service, its answers with a header more.
#[derive(Clone, Debug)]
pub struct Telling<S> {
    service: S,
    progress: Progress,
}

impl Progress {
    /// Has a service's answers tell how far behind it may be.
    pub fn telling<S>(&self, service: S) -> Telling<S> {
        Telling { service, progress: self.clone() }
    }
}

impl<S: NamedService> NamedService for Telling<S> {
    const NAME: &'static str = S::NAME;
}

impl<S, B> Service<Request<B>> for Telling<S>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Before anything is read: what is read afterwards is as fresh or fresher.
        let behind = HeaderValue::try_from(self.progress.behind().to_string());
        let answered = self.service.call(request);
        Box::pin(async move {
            let mut answer = answered.await?;
            if let Ok(behind) = behind {
                answer.headers_mut().insert(BEHIND, behind);
            }
            Ok(answer)
        })
    }
}
