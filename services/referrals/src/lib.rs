//! Referrals: whom members invited, and what both sides get for it.
//!
//! A member passes a code on; whoever comes by it is attributed to them once, and when what they buy stays bought, both are
//! given points by loyalty. What members do is heard of, never reported here.
//!
//! Read on in this order: [`offer`] (what is promised), [`codes`] and [`touches`] (what leads people here), [`people`] (what
//! is known of them), [`referral`] (what becomes of an invitation), then `listen` and `clockwork` (what is heard, what falls
//! due), and `grpc` (how it is asked for, and how loyalty is asked).

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

mod clockwork;
pub mod codes;
mod grpc;
mod listen;
pub mod offer;
pub mod people;
pub mod receipt;
pub mod referral;
mod store;
pub mod touches;

use std::sync::Arc;

use ::store::Store;
use eventlog::{Consumer, Listener, Listening, Log, Progress};
use kernel::Clock;
use outbox::Courier;
use server::{PeerError, Peers, Services};
use timers::Clockwork;
use tokio_util::sync::CancellationToken;
use wire::Keys;

use crate::codes::{AtRandom, Codes, Draw};
use crate::listen::Ear;
use crate::referral::Referrals as AllReferrals;
pub use crate::store::{MIGRATIONS, migrations};
use crate::touches::Touches;

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
    clockwork: Clockwork,
    courier: Courier,
}

impl Referrals {
    /// Opens the service on its database. It hears, rings and calls nothing until [`Referrals::run`].
    ///
    /// # Errors
    /// Nobody said where a service is that it hears.
    pub fn open(store: Store, clock: Clock, keys: Keys, peers: &Peers) -> Result<Self, PeerError> {
        Self::open_drawing(store, clock, keys, peers, Arc::new(AtRandom))
    }

    /// The same with codes from another source: a demo that is to be the same twice, and tests.
    ///
    /// # Errors
    /// Nobody said where a service is that it hears.
    pub fn open_drawing(
        store: Store,
        clock: Clock,
        keys: Keys,
        peers: &Peers,
        source: Arc<dyn Draw>,
    ) -> Result<Self, PeerError> {
        let offers = offer::open(store.clone(), clock.clone());
        let referrals = AllReferrals::new(store.clone(), clock.clone(), offers.clone());
        let ear: Arc<dyn Listener> = Arc::new(Ear::new(store.clone(), clock.clone(), referrals.clone()));
        let progress = Progress::new(SERVICE, HEARD);
        let listening = HEARD
            .iter()
            .map(|source| {
                let producer = Arc::new(server::watch(peers, SERVICE, source)?);
                Ok(Listening { source, producer, listener: Arc::clone(&ear) })
            })
            .collect::<Result<Vec<_>, PeerError>>()?;
        let consumer = Consumer::new(store.clone(), clock.clone(), progress.clone(), listening);
        let ring = Arc::new(clockwork::Bell::new(referrals.clone()));
        let clockwork = Clockwork::new(store.clone(), clock.clone(), ring);
        let courier = Courier::new(store.clone(), Arc::new(grpc::Carrier::new(referrals.clone(), peers.clone())));
        let codes = Codes::new(store.clone(), clock.clone(), source);
        let touches = Touches::new(store.clone(), clock);
        let service = grpc::Service { keys, offers, codes, touches, referrals, progress, peers: peers.clone() };
        Ok(Self { store, service, consumer, clockwork, courier })
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
    pub fn clockwork(&self) -> Option<Clockwork> {
        Some(self.clockwork.clone())
    }

    /// What it asks loyalty for.
    pub fn courier(&self) -> Option<Courier> {
        Some(self.courier.clone())
    }

    /// Hears, rings and calls until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(self.consumer.run(stop.clone()), self.clockwork.run(stop.clone()), self.courier.run(stop));
    }
}
