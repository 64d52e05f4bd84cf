//! Referrals: whom members invited, and what both sides get for it.

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

mod grpc;
mod listen;
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
pub use crate::store::{MIGRATIONS, migrations};

/// The name of the service: its schema, its log, its metrics.
pub const SERVICE: &str = "referrals";

/// Whose logs it hears.
const HEARD: &[&str] = &["registry", "activity"];

/// The service.
#[derive(Clone)]
pub struct Referrals {
    store: Store,
    service: grpc::Service,
    consumer: Consumer,
}

impl Referrals {
    /// Opens the service on its database. It hears nothing and rings nothing until [`Referrals::run`].
    ///
    /// # Errors
    /// Nobody said where a service is that it hears.
    pub fn open(store: Store, clock: Clock, _keys: Keys, peers: &Peers) -> Result<Self, PeerError> {
        let ear: Arc<dyn Listener> = Arc::new(Ear::new(store.clone(), clock.clone()));
        let progress = Progress::new(SERVICE, HEARD);
        let listening = HEARD
            .iter()
            .map(|source| {
                let producer = Arc::new(grpc::watch(peers, source)?);
                Ok(Listening { source, producer, listener: Arc::clone(&ear) })
            })
            .collect::<Result<Vec<_>, PeerError>>()?;
        let consumer = Consumer::new(store.clone(), clock, progress, listening);
        Ok(Self { store, service: grpc::Service, consumer })
    }

    /// Adds the service to a server.
    pub fn mount(&self, services: Services) -> Services {
        self.service.clone().mount(services)
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
    pub const fn clockwork(&self) -> Option<Clockwork> {
        None
    }

    /// What it has to say to other services.
    pub const fn courier(&self) -> Option<Courier> {
        None
    }

    /// Hears until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        self.consumer.run(stop).await;
    }
}
