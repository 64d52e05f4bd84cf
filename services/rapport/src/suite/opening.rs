//! Opening each service: the one file that knows how.

use std::path::PathBuf;
use std::sync::Arc;

use cache::{Far, FarSettings};
use kernel::Clock;
use server::{Peers, Readiness};
use store::{Store, StoreError};
use wire::Keys;

use super::Service;
use super::standing::{Standing, told};

/// Why a service cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum CannotOpen {
    /// Its database.
    #[error(
        "the database of {service} cannot be used: {}\n  is it up, do user and password of DATABASE_URL fit, and was it migrated? `rapport migrate` makes and updates its tables",
        told(source)
    )]
    Store {
        /// Whose.
        service: Service,
        /// What the database said.
        source: StoreError,
    },
    /// Something else it needs.
    #[error("{service} cannot be opened: {source}")]
    Service {
        /// Which.
        service: Service,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Keys in Redis begin with it; what a database was restored from or replaced by is told apart by the log's epoch.
const REDIS_PREFIX: &str = "rapport";

/// What all services of a process share.
pub(super) struct House {
    pub(super) clock: Clock,
    pub(super) keys: Keys,
    pub(super) peers: Peers,
    pub(super) redis: Option<String>,
    pub(super) seals: Option<PathBuf>,
}

/// Services are built by their own crates and look alike; this writes the likeness down once.
macro_rules! standing {
    ($service:expr, $store:expr, $readiness:expr, $opened:expr) => {{
        let opened = $opened.map_err(|source| CannotOpen::Service { service: $service, source: source.into() })?;
        let (mounted, running) = (opened.clone(), opened.clone());
        Standing {
            service: $service,
            store: $store,
            log: opened.log(),
            consumer: opened.consumer(),
            clockwork: opened.clockwork(),
            courier: opened.courier(),
            mount: Arc::new(move |services| mounted.mount(services)),
            run: Arc::new(move |stop| Box::pin(running.clone().run(stop))),
            checks: Standing::checks($service, $readiness),
        }
    }};
}

pub(super) fn open(
    service: Service,
    store: Store,
    house: &House,
    readiness: &Readiness,
) -> Result<Standing, CannotOpen> {
    let (clock, keys) = (house.clock.clone(), house.keys.clone());
    Ok(match service {
        Service::Registry => {
            let far = house.redis.as_deref().map(|url| Far::prepare(FarSettings::new(url, REDIS_PREFIX))).transpose();
            let opened = far.map(|far| registry::Registry::open(store.clone(), clock, keys, far, house.peers.clone()));
            standing!(service, store, readiness, opened)
        }
        Service::Activity => {
            let opened = activity::Activity::open(store.clone(), clock, keys, &house.peers);
            standing!(service, store, readiness, opened)
        }
        Service::Loyalty => {
            let opened = loyalty::Loyalty::open(store.clone(), clock, keys, &house.peers)
                .map(|opened| opened.keeping_seals(house.seals.clone()));
            standing!(service, store, readiness, opened)
        }
        Service::Segmentation => {
            let opened = segmentation::Segmentation::open(store.clone(), clock, keys, &house.peers);
            standing!(service, store, readiness, opened)
        }
        Service::Referrals => {
            let opened = referrals::Referrals::open(store.clone(), clock, keys, &house.peers);
            standing!(service, store, readiness, opened)
        }
        Service::Subscriptions => {
            let far = house.redis.as_deref().map(|url| Far::prepare(FarSettings::new(url, REDIS_PREFIX))).transpose();
            let far = far.map_err(|source| CannotOpen::Service { service, source: source.into() })?;
            let opened = subscriptions::Subscriptions::open(store.clone(), clock, keys, &house.peers, far);
            standing!(service, store, readiness, opened)
        }
    })
}
