//! Segmentation: which group a member belongs to.
//!
//! Orders and returns are heard from activity; from them follows where a member stands: by recency, frequency and money,
//! by time, and what they are worth. Members are compared with snapshots of the whole shop.
//!
//! Read on in this order: [`scheme`] (by what members are divided), [`members`] (what they bought and where they stand),
//! then `listen` and `clockwork` (what is heard, what falls due), and `grpc` (how it is asked for).

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

mod clockwork;
mod grpc;
mod listen;
pub mod members;
pub mod scheme;
mod store;

use std::sync::Arc;

use ::store::Store;
use eventlog::{Consumer, Listener, Listening, Log, Progress};
use kernel::Clock;
use outbox::Courier;
use server::{PeerError, Peers, Services};
use timers::Clockwork;
use tokio_util::sync::CancellationToken;
use wire::Keys;

use crate::listen::Ear;
use crate::members::Members;
use crate::scheme::Schemes;
pub use crate::store::{MIGRATIONS, migrations};

/// The name of the service: its schema, its log, its metrics.
pub const SERVICE: &str = "segmentation";

/// Whose logs it hears.
const HEARD: &[&str] = &["registry", "activity", "loyalty"];

/// The service.
#[derive(Clone)]
pub struct Segmentation {
    store: Store,
    keys: Keys,
    members: Members,
    schemes: Schemes,
    progress: Progress,
    consumer: Consumer,
    clockwork: Clockwork,
}

impl Segmentation {
    /// Opens the service on its database. It hears nothing and rings nothing until [`Segmentation::run`].
    ///
    /// # Errors
    /// Nobody said where a service is that it hears.
    pub fn open(store: Store, clock: Clock, keys: Keys, peers: &Peers) -> Result<Self, PeerError> {
        let schemes = scheme::open(store.clone(), clock.clone());
        let members = Members::open(store.clone(), clock.clone(), schemes.clone());
        let ear: Arc<dyn Listener> = Arc::new(Ear::new(members.clone()));
        let progress = Progress::new(SERVICE, HEARD);
        let listening = HEARD
            .iter()
            .map(|source| {
                let producer = Arc::new(server::watch(peers, SERVICE, source)?);
                Ok(Listening { source, producer, listener: Arc::clone(&ear) })
            })
            .collect::<Result<Vec<_>, PeerError>>()?;
        let consumer = Consumer::new(store.clone(), clock.clone(), progress.clone(), listening);
        let ring = Arc::new(clockwork::Bell::new(members.clone()));
        let clockwork = Clockwork::new(store.clone(), clock, ring);
        Ok(Self { store, keys, members, schemes, progress, consumer, clockwork })
    }

    /// Adds the service to a server.
    pub fn mount(&self, services: Services) -> Services {
        let (members, schemes) = (self.members.clone(), self.schemes.clone());
        grpc::Service::new(self.keys.clone(), members, schemes, self.progress.clone()).mount(services)
    }

    /// Its log.
    pub fn log(&self) -> Log {
        Log::new(self.store.clone())
    }

    /// What it hears.
    pub fn consumer(&self) -> Option<Consumer> {
        Some(self.consumer.clone())
    }

    /// What falls due in it.
    pub fn clockwork(&self) -> Option<Clockwork> {
        Some(self.clockwork.clone())
    }

    /// Segmentation calls nobody to change something.
    pub const fn courier(&self) -> Option<Courier> {
        None
    }

    /// Hears and rings until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(self.consumer.run(stop.clone()), self.clockwork.run(stop));
    }
}
