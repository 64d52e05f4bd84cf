//! Loyalty: what members earn, and what it is good for.
//!
//! Points are earned by hearing of orders from activity; here they are read, spent, given back and explained. Every
//! change of an account, whether a call, an event or the time caused it, goes through one desk that works in batches.
//!
//! Read on in this order: [`programme`] (what was promised), [`account`] (what a member has), [`campaign`], [`codes`], [`coupon`],
//! [`reservation`], [`audience`], [`reward`], [`benefit`] and [`savings`] (what is given and used beside points, and for
//! them), [`birthday`] (what is given when the day comes), [`mission`] (what members are asked to do), [`draw`] (what they may win), [`planning`] (what would have come of other
//! terms), then `listen` and `clockwork` (what is heard, what falls due), `auditor` (whether it is still what was written), and
//! `grpc` (how it is asked for).

#![deny(clippy::float_arithmetic, clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

pub mod account;
pub mod audience;
mod auditor;
pub mod benefit;
pub mod birthday;
pub mod campaign;
mod clockwork;
pub mod codes;
pub mod coupon;
pub mod draw;
mod grpc;
mod listen;
pub mod mission;
pub mod planning;
pub mod programme;
mod receipt;
pub mod reservation;
pub mod reward;
pub mod savings;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::store::{Store, StoreError};
use eventlog::{Consumer, Listening, Log, Progress};
use kernel::Clock;
use server::{Peers, Services};
use timers::Clockwork;
use tokio_util::sync::CancellationToken;
use wire::Keys;

use crate::account::Accounts;
use crate::auditor::Auditor;
use crate::benefit::Benefits;
use crate::birthday::Birthdays;
use crate::campaign::Campaigns;
use crate::codes::Codes;
use crate::coupon::Coupons;
use crate::draw::Draws;
use crate::listen::Ear;
use crate::mission::Missions;
use crate::planning::Planning;
use crate::programme::Programmes;
use crate::reservation::Reservations;
use crate::reward::Rewards;
use crate::savings::Savings;
pub use crate::store::{MIGRATIONS, migrations};

/// The name of the service: its schema, its log, its metrics.
pub const SERVICE: &str = "loyalty";

/// The service.
#[derive(Clone)]
pub struct Loyalty {
    store: Store,
    keys: Keys,
    accounts: Accounts,
    programmes: Programmes,
    campaigns: Campaigns,
    codes: Codes,
    coupons: Coupons,
    reservations: Reservations,
    rewards: Rewards,
    benefits: Benefits,
    missions: Missions,
    draws: Draws,
    planning: Planning,
    progress: Progress,
    consumer: Consumer,
    clockwork: Clockwork,
    auditor: Auditor,
    peers: Peers,
}

impl Loyalty {
    /// Opens the service on its database. It hears nothing and rings nothing until [`Loyalty::run`].
    pub fn open(store: Store, clock: Clock, keys: Keys, peers: &Peers) -> Result<Self, server::PeerError> {
        let programmes = programme::open(store.clone(), clock.clone());
        let accounts = Accounts::open(store.clone(), clock.clone(), programmes.clone());
        let campaigns = Campaigns::new(store.clone(), clock.clone(), accounts.clone());
        let codes = Codes::new(store.clone(), clock.clone(), keys.clone());
        let coupons = Coupons::open(store.clone(), clock.clone());
        let reservations = Reservations::open(store.clone(), clock.clone());
        let rewards = Rewards::open(store.clone(), clock.clone(), programmes.clone(), accounts.clone());
        let benefits = Benefits::new(store.clone(), clock.clone(), programmes.clone(), accounts.clone());
        let missions = Missions::new(store.clone(), clock.clone(), accounts.clone());
        let draws = Draws::new(store.clone(), clock.clone(), accounts.clone());
        let planning = Planning::new(accounts.clone(), programmes.clone(), clock.clone());
        let registry = Arc::new(grpc::Registry::new(peers.clone()));
        let birthdays = Birthdays::new(store.clone(), clock.clone(), programmes.clone(), accounts.clone(), registry);
        let ear = Arc::new(Ear::new(accounts.clone()));
        let progress = Progress::new(SERVICE, &["registry", "activity"]);
        let listening = ["registry", "activity"]
            .into_iter()
            .map(|source| {
                let producer = Arc::new(server::watch(peers, SERVICE, source)?);
                Ok(Listening { source, producer, listener: Arc::clone(&ear) as Arc<dyn eventlog::Listener> })
            })
            .collect::<Result<Vec<_>, server::PeerError>>()?;
        let consumer = Consumer::new(store.clone(), clock.clone(), progress.clone(), listening);
        let ring = Arc::new(clockwork::Bell::new(
            accounts.clone(),
            coupons.clone(),
            reservations.clone(),
            (missions.clone(), draws.clone()),
            birthdays,
        ));
        let clockwork = Clockwork::new(store.clone(), clock, ring);
        let auditor = Auditor::new(accounts.clone(), None, auditor::PAUSE);
        let peers = peers.clone();
        Ok(Self {
            store,
            keys,
            accounts,
            programmes,
            campaigns,
            codes,
            coupons,
            reservations,
            rewards,
            benefits,
            missions,
            draws,
            planning,
            progress,
            consumer,
            clockwork,
            auditor,
            peers,
        })
    }

    /// Has the seals of the ledger added to a file every hour.
    #[must_use]
    pub fn keeping_seals(self, file: Option<PathBuf>) -> Self {
        self.auditing(file, auditor::PAUSE)
    }

    /// The same at another pace: so long between two shards, and seals after every sixty of them.
    #[must_use]
    pub fn auditing(self, seals: Option<PathBuf>, pause: Duration) -> Self {
        Self { auditor: Auditor::new(self.accounts.clone(), seals, pause), ..self }
    }

    /// Adds the service to a server.
    pub fn mount(&self, services: Services) -> Services {
        let service = grpc::Service::new(
            self.keys.clone(),
            self.accounts.clone(),
            (self.programmes.clone(), self.campaigns.clone()),
            self.progress.clone(),
            self.peers.clone(),
        );
        let coupons = grpc::CouponsService::new(
            self.keys.clone(),
            (self.campaigns.clone(), self.codes.clone(), self.coupons.clone(), self.reservations.clone()),
            Savings::new(self.reservations.clone(), self.rewards.clone(), self.benefits.clone()),
            self.progress.clone(),
            self.peers.clone(),
        );
        let rewards = grpc::RewardsService::new(self.keys.clone(), self.rewards.clone(), self.progress.clone());
        let benefits = grpc::BenefitsService::new(
            self.keys.clone(),
            self.benefits.clone(),
            self.progress.clone(),
            self.peers.clone(),
        );
        let missions = grpc::MissionsService::new(
            self.keys.clone(),
            self.missions.clone(),
            self.progress.clone(),
            self.peers.clone(),
        );
        let draws =
            grpc::DrawsService::new(self.keys.clone(), self.draws.clone(), self.progress.clone(), self.peers.clone());
        let planning = grpc::PlanningService::new(
            self.keys.clone(),
            (self.planning.clone(), listen::told),
            self.progress.clone(),
            self.peers.clone(),
        );
        let openings = grpc::OpeningsService::new(
            self.keys.clone(),
            (self.accounts.clone(), self.coupons.clone()),
            self.progress.clone(),
            self.peers.clone(),
        );
        let services = openings.mount(coupons.mount(service.mount(services)));
        let services = benefits.mount(rewards.mount(services));
        planning.mount(draws.mount(missions.mount(services)))
    }

    /// The door to all accounts, for whoever measures it without the wire.
    pub const fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The door to looks ahead and back, for whoever measures them without the wire.
    pub const fn planning(&self) -> &Planning {
        &self.planning
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

    /// Loyalty calls nobody to change something.
    pub const fn courier(&self) -> Option<outbox::Courier> {
        None
    }

    /// Hears, rings and audits until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        tokio::join!(self.consumer.run(stop.clone()), self.clockwork.run(stop.clone()), self.auditor.run(stop));
    }

    /// Waits for what is under way and lets go of the database.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await;
        Ok(())
    }
}
