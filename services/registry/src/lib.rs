//! Registry keeps the members of a programme: who they are, how they are known, what they agreed to; and the tenants,
//! whose programmes share an installation and never see each other.
//!
//! In reading order:
//!
//! - [`tenants`]: programmes, their settings, and whether they may write;
//! - [`members`]: records, names, tags, words; the rules lie behind it, one file each;
//! - [`hot`]: profiles as callers read them, mostly from memory;
//! - `grpc`: the contract's calls, read and answered.
//!
//! Registry hears nobody and has nothing due; it follows its own log, to forget what changed.

#![deny(clippy::wildcard_enum_match_arm)]

mod grpc;
pub mod hot;
pub mod members;
mod receipt;
mod store;
pub mod tenants;

use eventlog::Progress;
use kernel::Clock;
use server::{Peers, Services};
use tokio_util::sync::CancellationToken;
use wire::Keys;

pub use receipt::Reached;
pub use store::{MIGRATIONS, migrations};

/// The service's name: its schema, its role, the source of its log.
pub const SERVICE: &str = "registry";

/// The service, ready to be mounted. Clones are the same service.
#[derive(Clone, Debug)]
pub struct Registry {
    registry: grpc::RegistryApi,
    tenants: grpc::TenantApi,
    portraits: grpc::PortraitApi,
    hot: hot::Hot,
}

impl Registry {
    /// Over a store; with `far`, profiles are kept in Redis too.
    ///
    /// The peers are asked for portraits alone; one that nobody placed leaves its part empty.
    pub fn open(store: ::store::Store, clock: Clock, keys: Keys, far: Option<cache::Far>, peers: Peers) -> Self {
        // Registry hears nobody yet: only its own tokens lead here.
        let progress = Progress::new(SERVICE, &[]);
        let tenants = tenants::Tenants::new(store.clone(), clock.clone(), progress.clone());
        let members = members::Members::new(store.clone(), clock.clone(), keys.clone());
        let hot = hot::Hot::new(&store, progress, (members.clone(), tenants.clone()), far, grpc::written);
        let portraits = grpc::Portraits::new(peers, keys.clone(), clock.clone());
        let desk = grpc::Desk { keys, clock, hot: hot.clone() };
        Self {
            registry: grpc::RegistryApi { desk: desk.clone(), members },
            portraits: grpc::PortraitApi { desk: desk.clone(), portraits },
            tenants: grpc::TenantApi { desk, tenants },
            hot,
        }
    }

    /// Adds registry's gRPC services.
    #[must_use]
    pub fn mount(&self, services: Services) -> Services {
        grpc::mount(services, self.registry.clone(), self.tenants.clone(), self.portraits.clone())
    }

    /// What registry tells the others.
    pub fn log(&self) -> eventlog::Log {
        self.hot.log()
    }

    /// Registry hears nobody.
    pub const fn consumer(&self) -> Option<eventlog::Consumer> {
        None
    }

    /// Nothing falls due here.
    pub const fn clockwork(&self) -> Option<timers::Clockwork> {
        None
    }

    /// Registry calls nobody.
    pub const fn courier(&self) -> Option<outbox::Courier> {
        None
    }

    /// Works in the background until `stop`. Without it everything is right and slower.
    pub async fn run(self, stop: CancellationToken) {
        // Nobody waits for it: a call that comes sooner reads them itself.
        drop(tokio::task::spawn_blocking(members::read_tables));
        self.hot.follow(stop).await;
    }
}
