//! A channel whose calls carry a token.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use tonic::body::Body;
use tonic::transport::Channel;
use tower::Service;

use crate::documented;

/// The transport of a generated client, with a token of one caller on every call; or with none.
#[derive(Debug, Clone)]
pub struct Spoken {
    channel: Channel,
    authorization: Option<HeaderValue>,
}

impl Spoken {
    pub(crate) fn new(channel: Channel, token: Option<&str>) -> Self {
        let bearer = |token| HeaderValue::try_from(format!("Bearer {token}")).expect("a token is printable");
        Self { channel, authorization: token.map(bearer) }
    }
}

impl Service<Request<Body>> for Spoken {
    type Response = <Channel as Service<Request<Body>>>::Response;
    type Error = <Channel as Service<Request<Body>>>::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let path = request.uri().path().to_owned();
        let answer = self.channel.call(request);
        Box::pin(async move {
            let answer = answer.await?;
            documented::check(&path, answer.headers());
            Ok(answer)
        })
    }
}
