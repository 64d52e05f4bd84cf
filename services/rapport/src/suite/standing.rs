//! One opened service, as the suite handles it.

use std::sync::Arc;
use std::time::Duration;

use eventlog::{Consumer, Log};
use futures::future::BoxFuture;
use server::{Check, Readiness, Services};
use store::{Store, StoreError, Tenants};
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
        match tokio::time::timeout(LOOK, self.store.read(Tenants::Every)).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(told(&error)),
            Err(_) => Some("the database does not answer".to_owned()),
        }
    }

    /// Keeps the checks true until `stop`.
    pub(super) async fn watch_readiness(&self, stop: &CancellationToken) {
        loop {
            tokio::select! { () = stop.cancelled() => return, () = tokio::time::sleep(LOOK) => {} }
            let missing = self.missing().await;
            for check in self.checks.iter() {
                match &missing {
                    None => check.set_ready(),
                    Some(reason) => check.set_not_ready(reason),
                }
            }
        }
    }
}

/// An error and its cause, for an operator.
pub(super) fn told(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
