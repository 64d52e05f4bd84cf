//! One opened service, as the suite handles it.

use std::sync::Arc;
use std::time::Duration;

use eventlog::{Consumer, Log};
use futures::future::BoxFuture;
use outbox::Courier;
use server::{Check, Readiness, Services};
use store::{Drift, Store, StoreError};
use timers::Clockwork;
use tokio_util::sync::CancellationToken;

use super::Service;

type Mount = Arc<dyn Fn(Services) -> Services + Send + Sync>;
type Run = Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

/// An opened service. Clones are handles to the same.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) service: Service,
    pub(super) store: Store,
    pub(super) log: Log,
    pub(super) consumer: Option<Consumer>,
    pub(super) clockwork: Option<Clockwork>,
    pub(super) courier: Option<Courier>,
    pub(super) mount: Mount,
    pub(super) run: Run,
    /// One for each gRPC service it answers.
    pub(super) checks: Arc<[Check]>,
}

/// How often the database is asked whether it is there.
const LOOK: Duration = Duration::from_secs(2);

impl Standing {
    /// Checks of a service that is ready.
    pub(super) fn checks(service: Service, readiness: &Readiness) -> Arc<[Check]> {
        let checks = service.rpc_names().iter().map(|name| readiness.check_of(name, &format!("database of {name}")));
        checks.inspect(Check::set_ready).collect()
    }

    /// What is missing, if anything is.
    pub(super) async fn missing(&self) -> Option<String> {
        match self.drift().await {
            Ok(drift) => pending(&drift),
            Err(missing) => Some(missing),
        }
    }

    /// How the schema differs from this binary; or why that cannot be told.
    pub(super) async fn drift(&self) -> Result<Drift, String> {
        match tokio::time::timeout(LOOK, self.store.drift(&self.service.migrations())).await {
            Ok(looked) => looked.map_err(|error| told(&error)),
            Err(_) => Err("the database does not answer".to_owned()),
        }
    }

    /// Not ready, until the next look says otherwise.
    pub(super) fn set_missing(&self, missing: Option<&str>) {
        for check in self.checks.iter() {
            match missing {
                None => check.set_ready(),
                Some(reason) => check.set_not_ready(reason),
            }
        }
    }

    /// Keeps the checks true until `stop`.
    pub(super) async fn watch_readiness(&self, stop: &CancellationToken) {
        loop {
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(LOOK) => {} }
            self.set_missing(self.missing().await.as_deref());
        }
    }
}

/// Why a service cannot work on a schema, if it cannot: one that is newer than the binary will do.
pub(super) fn pending(drift: &Drift) -> Option<String> {
    let versions: Vec<String> = drift.pending.iter().map(i64::to_string).collect();
    (!versions.is_empty()).then(|| format!("migrations are pending: {}; run `rapport migrate`", versions.join(", ")))
}

/// An error and its cause, for an operator.
pub(super) fn told(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
