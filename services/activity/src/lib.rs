//! Activity: what members did.
//!
//! A shop reports a fact once; points, tiers and segments follow, because the fact is told as it is written down. An
//! order is a fact that several services need and none of them should own: so it is owned here.
//!
//! Read on in this order: [`journal`] (what is recorded, and by which laws), [`guests`] (orders of people nobody knew),
//! [`orders`] and [`overview`] (reading), [`products`], then `listen` (what is heard)
//! and `grpc` (how it is asked for).

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

mod grpc;
pub mod guests;
pub mod journal;
mod listen;
pub mod orders;
pub mod overview;
pub mod products;
mod store;

use std::sync::Arc;

use ::store::{RequestKey, Store};
use eventlog::{Consumer, Listening, Log, Progress};
use kernel::{Clock, Shard, TenantId};
use server::{PeerError, Peers, Services};
use timers::Clockwork;
use tokio_util::sync::CancellationToken;
use wire::Keys;

use crate::guests::Guests;
use crate::journal::Journal;
use crate::listen::Ear;
use crate::orders::Orders;
use crate::overview::Overviews;
use crate::products::Products;
pub use crate::store::{MIGRATIONS, migrations};

/// The name of the service: its schema, its log, its metrics.
pub const SERVICE: &str = "activity";

/// The service.
#[derive(Clone)]
pub struct Activity {
    store: Store,
    service: grpc::Service,
    progress: Progress,
    consumer: Consumer,
}

impl Activity {
    /// Opens the service on its database. It hears nothing until [`Activity::run`].
    ///
    /// # Errors
    /// Nobody said where registry is.
    pub fn open(store: Store, clock: Clock, keys: Keys, peers: &Peers) -> Result<Self, PeerError> {
        let progress = Progress::new(SERVICE, &["registry"]);
        let products = Products::new(store.clone(), clock.clone(), progress.clone());
        let guests = Guests::new(store.clone(), clock.clone());
        let listening = Listening {
            source: "registry",
            producer: Arc::new(server::watch(peers, SERVICE, "registry")?),
            listener: Arc::new(Ear::new(store.clone(), clock.clone(), guests.clone())),
        };
        let consumer = Consumer::new(store.clone(), clock.clone(), progress.clone(), vec![listening]);
        let service = grpc::Service {
            keys,
            clock: clock.clone(),
            peers: peers.clone(),
            acquaintances: grpc::Acquaintances::default(),
            journal: Journal::new(store.clone(), clock),
            guests,
            orders: Orders::new(store.clone(), progress.clone()),
            products,
            overviews: Overviews::new(store.clone(), progress.clone()),
        };
        Ok(Self { store, service, progress, consumer })
    }

    /// Adds the service to a server.
    pub fn mount(&self, services: Services) -> Services {
        self.service.clone().mount(services, &self.progress)
    }

    /// Its log.
    pub fn log(&self) -> Log {
        Log::new(self.store.clone())
    }

    /// What it hears.
    pub fn consumer(&self) -> Option<Consumer> {
        Some(self.consumer.clone())
    }

    /// Nothing falls due in the journal.
    pub const fn clockwork(&self) -> Option<Clockwork> {
        None
    }

    /// Activity calls nobody to change something.
    pub const fn courier(&self) -> Option<outbox::Courier> {
        None
    }

    /// Hears until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        self.consumer.run(stop).await;
    }
}

/// Where a call is written down: by its own id, so that the same id is found whatever the call is about.
pub(crate) fn home_of(tenant: TenantId, key: &RequestKey) -> Shard {
    Shard::of_text(tenant, &["request", &key.id.to_string()])
}
