//! Subscriptions: what members subscribed to, and the memberships they pay for.
//!
//! Read on in this order: [`plan`] (what can be subscribed to, and when it is due), [`subscription`] (what became of it),
//! [`hot`] (what is open to whom), [`provider`] and `courier` (who moves the money, what is said elsewhere), then `listen`
//! and `clockwork` (what is heard, what falls due), and `grpc` (how it is asked for).

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

mod clockwork;
mod courier;
mod grpc;
pub mod hot;
mod listen;
pub mod plan;
pub mod provider;
mod store;
pub mod subscription;

use std::sync::Arc;

use ::store::Store;
use cache::Far;
use eventlog::{Consumer, Listener, Listening, Log, Progress};
use kernel::Clock;
use outbox::Courier;
use server::{PeerError, Peers, Services};
use timers::Clockwork;
use tokio_util::sync::CancellationToken;
use wire::Keys;

use crate::courier::Carrier;
use crate::hot::Hot;
use crate::listen::Ear;
use crate::plan::Plans;
use crate::provider::{Provider, Sandbox};
pub use crate::store::{MIGRATIONS, migrations};
use crate::subscription::StandingOrders;

/// The name of the service: its schema, its log, its metrics.
pub const SERVICE: &str = "subscriptions";

/// Whose logs it hears.
const HEARD: &[&str] = &["registry"];

/// The service.
#[derive(Clone)]
pub struct Subscriptions {
    hot: Hot,
    service: grpc::Service,
    consumer: Consumer,
    clockwork: Clockwork,
    courier: Courier,
}

impl Subscriptions {
    /// Opens the service on its database with the sandbox as its provider; with `far`, what is open to whom is kept in
    /// Redis too. It hears nothing, rings nothing and says nothing until [`Subscriptions::run`].
    ///
    /// # Errors
    /// Nobody said where a service is that it hears or calls.
    pub fn open(store: Store, clock: Clock, keys: Keys, peers: &Peers, far: Option<Far>) -> Result<Self, PeerError> {
        tracing::info!("charges go to the built-in sandbox: no money moves");
        Self::with_provider(store, clock, keys, peers, far, Arc::new(Sandbox::default()))
    }

    /// The same with a provider that moves money.
    ///
    /// # Errors
    /// As [`Subscriptions::open`].
    pub fn with_provider(
        store: Store,
        clock: Clock,
        keys: Keys,
        peers: &Peers,
        far: Option<Far>,
        provider: Arc<dyn Provider>,
    ) -> Result<Self, PeerError> {
        let plans = Plans::new(store.clone(), clock.clone());
        let orders = StandingOrders::new(store.clone(), clock.clone(), plans.clone(), Arc::clone(&provider));
        let hot = Hot::new(&store, clock.clone(), orders.clone(), far);
        let ear: Arc<dyn Listener> = Arc::new(Ear::new(orders.clone()));
        let progress = Progress::new(SERVICE, HEARD);
        let listening = HEARD
            .iter()
            .map(|source| {
                let producer = Arc::new(server::watch(peers, SERVICE, source)?);
                Ok(Listening { source, producer, listener: Arc::clone(&ear) })
            })
            .collect::<Result<Vec<_>, PeerError>>()?;
        let consumer = Consumer::new(store.clone(), clock.clone(), progress.clone(), listening);
        let clockwork = Clockwork::new(store.clone(), clock, Arc::new(clockwork::Bell::new(orders.clone())));
        let journal = Arc::new(grpc::Activity::new(peers.clone()));
        let carrier = Carrier::new(store.clone(), orders.clone(), plans.clone(), provider, journal);
        let courier = Courier::new(store, Arc::new(carrier));
        let service = grpc::Service { keys, plans, orders, hot: hot.clone(), progress, peers: peers.clone() };
        Ok(Self { hot, service, consumer, clockwork, courier })
    }

    /// Adds the service to a server.
    pub fn mount(&self, services: Services) -> Services {
        self.service.clone().mount(services)
    }

    /// Its log.
    pub fn log(&self) -> Log {
        self.hot.log()
    }

    /// What it hears.
    pub fn consumer(&self) -> Option<Consumer> {
        Some(self.consumer.clone())
    }

    /// What falls due in it.
    pub fn clockwork(&self) -> Option<Clockwork> {
        Some(self.clockwork.clone())
    }

    /// What it has to say to other services, and to the provider.
    pub fn courier(&self) -> Option<Courier> {
        Some(self.courier.clone())
    }

    /// Hears, rings, says and follows its own log until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(
            self.consumer.run(stop.clone()),
            self.clockwork.run(stop.clone()),
            self.courier.run(stop.clone()),
            self.hot.follow(stop),
        );
    }
}
