//! The services of one process, opened on their databases and put together.
//!
//! This is the only place that knows every service. Each stays what it is alone: it reaches the others as a client, over
//! the in-process entrance where they are served here and by URL where they are not. What a process has one of for all
//! of them is added: the event log service, the clock, the operations service, and the coordinator of a manual clock.
//!
//! ```ignore
//! let stores = Stores::open(&databases, 10, Retention::default()).await?;
//! let suite = Suite::open(Plan { stores, clock, keys, peers, redis: None, seals: None, readiness, kept: None })?;
//! let services = suite.mount(Services::new());
//! tokio::spawn(suite.clone().run(stop));
//! ```
//!
//! Life: [`Stores::open`] connects and looks whether the tables are there, [`Suite::open`] builds the services,
//! [`Suite::run`] hears and rings until it is told to stop, [`Suite::close`] lets go of the databases.

mod forgetting;
mod grpc_clock;
mod grpc_operations;
mod kept;
mod moved;
mod opening;
mod service;
mod standing;
mod stores;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eventlog::{EventLogs, Log};
use futures::future::join_all;
use kernel::Clock;
use proto::clock::v1::clock_service_server::ClockServiceServer;
use proto::eventlog::v1::event_log_service_server::EventLogServiceServer;
use proto::operations::v1::operations_service_server::OperationsServiceServer;
use server::{InternalKey, MemoryConnector, PeerError, Peers, Readiness, Services};
use timers::Coordinator;
use tokio_util::sync::CancellationToken;
use wire::Keys;

pub use kept::KeptClock;
pub use opening::CannotOpen;
pub use service::Service;
use standing::Standing;
pub use stores::Stores;

/// What a suite is made of.
#[derive(Debug)]
pub struct Plan {
    /// The databases of the services that live here.
    pub stores: Stores,
    /// Business time, for all of them.
    pub clock: Clock,
    /// Signs tokens and digests.
    pub keys: Keys,
    /// How the services reach each other.
    pub peers: Peers,
    /// Where Redis answers, if there is one.
    pub redis: Option<String>,
    /// Where the seals of the ledger are kept, if anywhere.
    pub seals: Option<PathBuf>,
    /// What health speaks of.
    pub readiness: Readiness,
    /// Where a manual clock's position is kept from run to run.
    pub kept: Option<KeptClock>,
}

/// The services of this process. Clones are handles to the same.
#[derive(Clone)]
pub struct Suite {
    services: Arc<[Standing]>,
    logs: Arc<BTreeMap<&'static str, Log>>,
    keys: Keys,
    peers: Peers,
    clock: Clock,
    coordinator: Coordinator,
    kept: Option<KeptClock>,
}

impl Suite {
    /// Opens the services. Nothing is heard or rung until [`Suite::run`].
    ///
    /// # Errors
    /// A service cannot be opened as planned.
    pub fn open(plan: Plan) -> Result<Self, CannotOpen> {
        let Plan { stores, clock, keys, peers, redis, seals, readiness, kept } = plan;
        let house = opening::House { clock: clock.clone(), keys: keys.clone(), peers: peers.clone(), redis, seals };
        let missing = Service::ALL.map(|service| (service, stores.missing(service)));
        let services: Vec<Standing> = stores
            .into_each()
            .map(|(service, store)| opening::open(service, store, &house, &readiness))
            .collect::<Result<_, _>>()?;
        for standing in &services {
            let missing = missing.iter().find(|(service, _)| *service == standing.service);
            standing.set_missing(missing.and_then(|(_, missing)| missing.as_deref()));
        }
        let logs: Arc<BTreeMap<&'static str, Log>> =
            Arc::new(services.iter().map(|standing| (standing.service.name(), standing.log.clone())).collect());
        let coordinator = Coordinator::new(clock.clone(), moved::Mover::of_all(&services));
        Ok(Self { services: services.into(), logs, keys, peers, clock, coordinator, kept })
    }

    /// Adds everything that answers here.
    #[must_use]
    pub fn mount(&self, services: Services) -> Services {
        let mut event_logs = EventLogs::new(self.keys.clone());
        for standing in self.services.iter() {
            event_logs = event_logs.with_log(standing.log.clone());
            if let Some(consumer) = &standing.consumer {
                event_logs = event_logs.with_consumer(consumer.clone());
            }
        }
        let clock = grpc_clock::Clocks::new(self.coordinator.clone(), self.kept.clone());
        let operations =
            grpc_operations::Operations::new(Arc::clone(&self.services), Arc::clone(&self.logs), self.peers.clone());
        let services = self.services.iter().fold(services, |services, standing| (standing.mount)(services));
        services
            .with(server::compressed!(EventLogServiceServer::new(event_logs)))
            .with(server::compressed!(ClockServiceServer::new(clock)))
            .with(server::compressed!(OperationsServiceServer::new(operations)))
    }

    /// Hears, rings, forgets old requests and looks after readiness until `stop`; ends when what was under way is done.
    pub async fn run(self, stop: CancellationToken) {
        let each = self.services.iter().map(|standing| async {
            tokio::join!(
                (standing.run)(stop.clone()),
                standing.watch_readiness(&stop),
                forgetting::run(&standing.store, &self.clock, &stop)
            );
        });
        join_all(each).await;
    }

    /// Moves the clock, and waits until all is quiet.
    #[must_use]
    pub const fn coordinator(&self) -> &Coordinator {
        &self.coordinator
    }

    /// The services that live here.
    pub fn services(&self) -> impl Iterator<Item = Service> + '_ {
        self.services.iter().map(|standing| standing.service)
    }

    /// Lets go of the databases, waiting a moment for what is under way.
    pub async fn close(&self) {
        const PATIENCE: Duration = Duration::from_secs(3);
        let closed = join_all(self.services.iter().map(|standing| standing.store.close()));
        if tokio::time::timeout(PATIENCE, closed).await.is_err() {
            tracing::warn!("some connections to the database were still busy");
        }
    }
}

/// Ways to all services: in process to those served here, by `RAPPORT_<SERVICE>_URL` to the others. Who needs one that
/// is nowhere says so when it is opened.
///
/// # Errors
/// A URL cannot be used.
pub fn peers(key: InternalKey, here: &[Service], connector: &MemoryConnector) -> Result<Peers, PeerError> {
    Service::ALL.iter().try_fold(Peers::new(key), |peers, service| {
        if here.contains(service) {
            return Ok(peers.in_process(service.name(), connector));
        }
        match std::env::var(Peers::variable(service.name())) {
            Ok(url) if !url.trim().is_empty() => peers.at(service.name(), url.trim()),
            Ok(_) | Err(_) => Ok(peers),
        }
    })
}
