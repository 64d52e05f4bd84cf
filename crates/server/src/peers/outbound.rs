//! A channel whose calls speak for somebody.

use std::error::Error;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::TimeoutExpired;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;
use tracing::Span;

use super::Behalf;
use crate::auth::InternalKey;
use crate::deadline;

/// What [`Peers::reach`](super::Peers::reach) gives; tonic's generated clients take it as their transport.
#[derive(Debug, Clone)]
pub struct Outbound {
    channel: Channel,
    key: InternalKey,
    behalf: Behalf,
}

impl Outbound {
    pub(super) fn new(channel: Channel, key: InternalKey, behalf: Behalf) -> Self {
        Self { channel, key, behalf }
    }

    fn sign(&self, headers: &mut HeaderMap) {
        let Behalf { tenant, actor, scopes, deadline, request, traceparent, language } = &self.behalf;
        let token = self.key.mint(*tenant, actor, scopes);
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).expect("a JWT is made of header characters");
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(language.tag()));
        if let Some(deadline) = deadline
            && !headers.contains_key("grpc-timeout")
        {
            headers.insert("grpc-timeout", deadline::write(deadline.remaining()));
        }
        if let Some(request) = request {
            headers.insert("x-request-id", request.clone());
        }
        if let Some(traceparent) = traceparent {
            headers.insert("traceparent", traceparent.clone());
        }
        telemetry::propagation::inject(&Span::current(), headers);
    }
}

impl Service<Request<Body>> for Outbound {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, tonic::transport::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        self.sign(request.headers_mut());
        let answer = self.channel.call(request);
        Box::pin(async move {
            match answer.await {
                // tonic would call it `CANCELLED`, as if somebody had lost interest.
                Err(error) if is_timeout(&error) => Ok(wire::status::deadline_exceeded().into_http()),
                answered => answered,
            }
        })
    }
}

fn is_timeout(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<TimeoutExpired>() {
            return true;
        }
        cause = error.source();
    }
    false
}
