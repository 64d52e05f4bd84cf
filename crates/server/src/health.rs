//! gRPC health v1, fed from [`Readiness`].
//!
//! The empty name and `readiness` say whether everything is in order, each mounted service whether what concerns it
//! is, and `liveness` that the process answers.

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::ready::Readiness;

/// Names that probes ask for beside the services': that the process answers, and that everything is in order.
pub const PROBES: [&str; 2] = [LIVENESS, READINESS];
const LIVENESS: &str = "liveness";
const READINESS: &str = "readiness";

/// Keeps the reporter true until it is dropped.
pub(crate) async fn follow(reporter: HealthReporter, readiness: Readiness, services: Vec<&'static str>) {
    let mut changes = readiness.changes();
    loop {
        report(&reporter, &readiness, &services).await;
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Says everything once.
pub(crate) async fn report(reporter: &HealthReporter, readiness: &Readiness, services: &[&'static str]) {
    let status = |ready: bool| if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
    let overall = status(readiness.is_ready());
    reporter.set_service_status(LIVENESS, ServingStatus::Serving).await;
    reporter.set_service_status(READINESS, overall).await;
    reporter.set_service_status("", overall).await;
    for service in services {
        reporter.set_service_status(service, status(readiness.is_ready_for(service))).await;
    }
}
