//! What is seen of each call: a span, a count, a duration and a request id. Never anything of its content.
//!
//! A call's failure is logged here, once, with the cause its status carries. Answers that went as they should are
//! counted, and logged at `debug` only: at ten thousand calls a second nobody reads them.

use std::error::Error;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response};
use telemetry::{fields, propagation};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tracing::{Span, field};

use crate::calls::{Rpc, word};
use crate::chance;

const REQUEST_ID: &str = "x-request-id";
const LONGEST_REQUEST_ID: usize = 128;

/// How a call can be recognised in logs and traces, here and in the calls made for it; in the extensions of every call.
#[derive(Debug, Clone)]
pub struct Trail {
    /// The caller's `x-request-id`, or one made here.
    pub request: HeaderValue,
    /// The caller's `traceparent`, passed on when this process exports no traces of its own.
    pub traceparent: Option<HeaderValue>,
}

impl Trail {
    fn of(headers: &HeaderMap) -> Self {
        let request = headers
            .get(REQUEST_ID)
            .filter(|value| is_presentable(value))
            .cloned()
            .unwrap_or_else(|| HeaderValue::try_from(chance::id()).expect("hexadecimal digits are a header value"));
        Self { request, traceparent: headers.get("traceparent").filter(|value| is_presentable(value)).cloned() }
    }
}

/// Somebody else's text goes into our logs: short and printable, or not at all.
fn is_presentable(value: &HeaderValue) -> bool {
    value.len() <= LONGEST_REQUEST_ID && !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// One call under observation. Dropped before it ended, it was given up by its caller.
#[derive(Debug)]
pub(crate) struct Seen {
    rpc: Arc<Rpc>,
    span: Span,
    trail: Trail,
    began: Instant,
    ended: bool,
}

impl Seen {
    pub(crate) fn begin(rpc: &Arc<Rpc>, headers: &HeaderMap) -> Self {
        let trail = Trail::of(headers);
        let span = tracing::info_span!(
            "rpc",
            { fields::RPC } = rpc.method.path,
            { fields::REQUEST } = trail.request.to_str().unwrap_or_default(),
            { fields::CODE } = field::Empty,
            otel.name = field::Empty,
            otel.kind = field::Empty,
            otel.status_code = field::Empty,
        );
        if propagation::enabled() {
            span.record("otel.name", rpc.method.path.trim_start_matches('/')).record("otel.kind", "server");
            propagation::adopt(&span, headers);
        }
        Self { rpc: Arc::clone(rpc), span, trail, began: Instant::now(), ended: false }
    }

    pub(crate) fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    pub(crate) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Ends the observation of a call that has been answered in full.
    pub(crate) fn end_with(mut self, response: &Response<Body>) {
        // A call that failed carries its status here, with the source that must not leave; one that succeeded says so
        // in its trailers.
        match response.extensions().get::<Status>() {
            Some(status) => self.end(status.code(), status.source()),
            None => self.end(Code::Ok, None),
        }
    }

    pub(crate) fn end(&mut self, code: Code, cause: Option<&(dyn Error + 'static)>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let seconds = self.began.elapsed().as_secs_f64();
        self.rpc.count(code, seconds);
        self.span.record(fields::CODE, word(code));
        let _in_span = self.span.enter();
        match (code, cause) {
            (Code::Internal | Code::Unknown | Code::DataLoss, _) => {
                if propagation::enabled() {
                    self.span.record("otel.status_code", "ERROR");
                }
                log_failure(self.rpc.method.path, code, cause);
            }
            (Code::Unavailable, Some(_)) => log_failure(self.rpc.method.path, code, cause),
            _ => tracing::debug!({ fields::DURATION_MS } = seconds * 1_000.0, "answered"),
        }
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.end(Code::Cancelled, None);
    }
}

/// Logs what spoilt a stream, and gives the status back for its caller. Once a stream has begun, a status leaves in
/// its trailers and its cause with nobody: a service that streams maps its errors through this.
#[must_use]
pub fn noted(status: Status) -> Status {
    log_failure("a stream", status.code(), status.source());
    status
}

/// Names the call itself: where only warnings are logged, it has no span.
fn log_failure(rpc: &str, code: Code, cause: Option<&(dyn Error + 'static)>) {
    let (error, code_name) = (cause.map(chain), word(code));
    match code {
        Code::Unavailable => {
            tracing::warn!(
                { fields::RPC } = rpc,
                { fields::CODE } = code_name,
                { fields::ERROR } = error,
                "unavailable"
            );
        }
        _ => tracing::error!({ fields::RPC } = rpc, { fields::CODE } = code_name, { fields::ERROR } = error, "failed"),
    }
}

/// An error and what caused it, each once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(name: &'static str, value: &str) -> Trail {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        Trail::of(&headers)
    }

    #[test]
    fn a_presentable_request_id_is_kept_and_another_replaced() {
        assert_eq!(trail(REQUEST_ID, "order-77").request, "order-77");
        for (kept_out, why) in [("two words", "has a blank"), ("", "is empty"), (&*"x".repeat(129), "is long")] {
            assert_ne!(trail(REQUEST_ID, kept_out).request, kept_out, "{why}");
        }
        assert_eq!(Trail::of(&HeaderMap::new()).request.len(), 32);
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not append")]
        struct Outer(#[source] std::io::Error);
        assert_eq!(chain(&Outer(std::io::Error::other("disk full"))), "could not append: disk full");
    }
}
