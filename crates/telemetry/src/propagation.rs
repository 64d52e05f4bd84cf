//! Carries a trace from call to call in the `traceparent` and `tracestate` headers.
//!
//! Both functions do nothing until traces are exported: then a caller's headers are passed on as they came by whoever
//! makes the next call, and no work is done here.

use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::global;
use opentelemetry::propagation::{Extractor, Injector};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

static ENABLED: AtomicBool = AtomicBool::new(false);

pub(crate) fn enable() {
    global::set_text_map_propagator(TraceContextPropagator::new());
    ENABLED.store(true, Ordering::Relaxed);
}

/// Whether this process exports traces.
#[must_use]
pub fn enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

/// Makes `span` a child of the trace the headers speak of. Must come before the span is entered.
pub fn adopt(span: &Span, headers: &HeaderMap) {
    if enabled() && headers.contains_key("traceparent") {
        let parent = global::get_text_map_propagator(|propagator| propagator.extract(&Incoming(headers)));
        // A span that a filter switched off has no parent to speak of.
        drop(span.set_parent(parent));
    }
}

/// Writes the trace `span` belongs to into the headers, over what may be there.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    if enabled() {
        let context = span.context();
        global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut Outgoing(headers)));
    }
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
