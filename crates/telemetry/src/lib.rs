//! What a running process tells about itself: logs, traces and metrics, set up in one place.
//!
//! **Logs** go to standard error through `tracing`: text for people, or one JSON object per line with
//! `RAPPORT_LOG=json`. `RUST_LOG` filters them (`info` unless said otherwise).
//!
//! **Traces** leave over OTLP (http/protobuf) when `OTEL_EXPORTER_OTLP_ENDPOINT` or its `_TRACES_` sister is set,
//! from a thread of their own and in batches: a slow or absent collector never slows a call. An endpoint that cannot
//! be read is logged and ignored, for a typing slip in an observability setting must not keep a shop closed.
//!
//! **Metrics** are registered in one [`metrics`] registry per process and read by the admin port.
//!
//! Three laws:
//!
//! 1. No personal data in a log line, a span or a label: ids, codes, amounts and counts only, under the names of
//!    [`fields`].
//! 2. A failure is logged once, where it is turned into an answer, with its cause; nobody on the way up logs it again.
//! 3. Labels have few values: a method, a code, a kind; never a member, a tenant or a text somebody typed.

pub mod fields;
mod logs;
pub mod metrics;
mod panics;
pub mod propagation;
mod traces;

use std::time::Duration;

pub use logs::LogFormat;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How long the last spans may take to leave when the process ends.
const FLUSH_WITHIN: Duration = Duration::from_secs(5);

/// What [`init`] needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name traces carry, unless `OTEL_SERVICE_NAME` says otherwise.
    pub service: String,
    /// Text for people or JSON for machines.
    pub format: LogFormat,
    /// What is logged, in the language of `RUST_LOG`.
    pub filter: String,
    /// Whether the environment names a place to send traces to.
    pub export_traces: bool,
}

impl Settings {
    /// Reads `RUST_LOG`, `RAPPORT_LOG` and whether an OTLP endpoint is set.
    #[must_use]
    pub fn from_environment(service: &str) -> Self {
        let said = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        let disabled = said("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        Self {
            service: said("OTEL_SERVICE_NAME").unwrap_or_else(|| service.to_owned()),
            format: said("RAPPORT_LOG").map_or(LogFormat::Human, |text| LogFormat::parse(&text)),
            filter: said("RUST_LOG").unwrap_or_else(|| "info".to_owned()),
            export_traces: !disabled
                && (said("OTEL_EXPORTER_OTLP_ENDPOINT").is_some()
                    || said("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").is_some()),
        }
    }
}

/// Keeps the exporter alive. Dropping it sends the last spans, waiting at most five seconds; so it is dropped last in
/// `main`, after the runtime, because the wait blocks its thread.
#[must_use = "traces stop and the last spans are lost when the guard is dropped"]
#[derive(Debug)]
pub struct Guard {
    provider: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take()
            && let Err(error) = provider.shutdown_with_timeout(FLUSH_WITHIN)
        {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// Installs logs, traces and the panic hook for the whole process. A second call in the same process changes nothing.
pub fn init(settings: &Settings) -> Guard {
    let (filter, refused_filter) = logs::filter(&settings.filter);
    let (provider, refused_endpoint) = match settings.export_traces.then(|| traces::provider(&settings.service)) {
        None => (None, None),
        Some(Ok(provider)) => (Some(provider), None),
        Some(Err(error)) => (None, Some(error)),
    };
    let installed = tracing_subscriber::registry()
        .with(logs::layer(settings.format).with_filter(filter))
        .with(provider.as_ref().map(traces::layer))
        .try_init()
        .is_ok();
    if !installed {
        return Guard { provider: None };
    }
    panics::log_them();
    if provider.is_some() {
        propagation::enable();
    }
    if let Some(error) = refused_filter {
        tracing::warn!(%error, "RUST_LOG cannot be read; logging at `info`");
    }
    if let Some(error) = refused_endpoint {
        tracing::warn!(%error, "the OTLP endpoint cannot be used; traces stay here");
    }
    Guard { provider }
}
