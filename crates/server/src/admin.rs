//! The operators' port: plain HTTP, no tokens, so it belongs on loopback or a private network.
//!
//! | path | answers |
//! |---|---|
//! | `/metrics` | everything counted, in Prometheus' text format |
//! | `/livez` | 200 while the process answers |
//! | `/readyz` | 200, or 503 with what is missing, as JSON |
//! | `/version` | version and commit, as JSON |

use std::io;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderName, StatusCode};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::ready::Readiness;

type Answer = (StatusCode, [(HeaderName, &'static str); 1], String);

const JSON: &str = "application/json";

/// Serves the port until `stop`. It should outlive `serve`, so that a draining process still tells what it does.
///
/// # Errors
/// The listener fails for good.
pub async fn serve_admin(listener: TcpListener, readiness: Readiness, stop: CancellationToken) -> io::Result<()> {
    axum::serve(listener, routes(readiness)).with_graceful_shutdown(stop.cancelled_owned()).await
}

fn routes(readiness: Readiness) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz))
        .route("/version", get(version))
        .with_state(readiness)
}

async fn metrics() -> Answer {
    (StatusCode::OK, [(CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::metrics::text())
}

async fn readyz(State(readiness): State<Readiness>) -> Answer {
    let reasons = readiness.reasons();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let missing: Vec<_> = reasons
        .iter()
        .map(|missing| serde_json::json!({ "check": missing.check, "service": missing.service, "reason": missing.reason }))
        .collect();
    (status, [(CONTENT_TYPE, JSON)], serde_json::json!({ "ready": reasons.is_empty(), "missing": missing }).to_string())
}

/// The commit is known when the build says it in `RAPPORT_COMMIT`. No build time: two builds of one source are one
/// thing.
async fn version() -> Answer {
    let body = serde_json::json!({ "version": env!("CARGO_PKG_VERSION"), "commit": option_env!("RAPPORT_COMMIT") });
    (StatusCode::OK, [(CONTENT_TYPE, JSON)], body.to_string())
}
