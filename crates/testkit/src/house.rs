//! A process in miniature: services behind the server's own door, reached without a socket.

use std::sync::Arc;
use std::time::Duration;

use kernel::TenantId;
use proto::eventlog::v1::event_log_service_server::EventLogServiceServer;
use server::{
    DevIssuer, Drain, Entrances, InternalKey, MemoryConnector, MemoryListener, Options, Peers, Readiness, ServeError,
    Services, Stopped, Verifier,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::Keys;

use crate::Spoken;
use crate::tokens::Mint;

/// What services need before they can be served: keys, and a way to each other.
#[derive(Debug)]
pub struct House {
    listener: MemoryListener,
    connector: MemoryConnector,
    key: InternalKey,
    keys: Keys,
    mint: Mint,
    readiness: Readiness,
    stopping: CancellationToken,
    change: fn(&mut Options),
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

impl House {
    /// With keys nobody else has.
    ///
    /// # Panics
    /// Where the system gives no random bytes.
    #[must_use]
    pub fn new() -> Self {
        let (listener, connector) = server::memory();
        Self {
            listener,
            connector,
            key: InternalKey::random().expect("the system gives random bytes"),
            keys: Keys::new(Uuid::new_v4().as_bytes()),
            mint: Mint::new(),
            readiness: Readiness::new(),
            stopping: CancellationToken::new(),
            change: |_| {},
        }
    }

    /// With other options than the server's defaults.
    #[must_use]
    pub fn with_options(mut self, change: fn(&mut Options)) -> Self {
        self.change = change;
        self
    }

    /// With the keys of another house, as processes of one installation have: a token of one is read by the other.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// The keys of freshness and page tokens.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// Ways to services that are, or are not, served by this house: a call to one that is not fails as `UNIMPLEMENTED`.
    #[must_use]
    pub fn peers(&self, names: &[&str]) -> Peers {
        names.iter().fold(Peers::new(self.key.clone()), |peers, name| peers.in_process(name, &self.connector))
    }

    /// A way in, for peers of another house.
    #[must_use]
    pub fn connector(&self) -> MemoryConnector {
        self.connector.clone()
    }

    /// The key that calls between services are signed with.
    #[must_use]
    pub fn internal_key(&self) -> InternalKey {
        self.key.clone()
    }

    /// What health speaks of.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Cancelled when the house is stopped or dropped: for the services' background work.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// An event log service for some logs, those of services under test and of [`Speaker`](crate::Speaker)s alike; a
    /// process has one for all.
    #[must_use]
    pub fn event_logs(
        &self,
        logs: impl IntoIterator<Item = eventlog::Log>,
        consumers: impl IntoIterator<Item = eventlog::Consumer>,
    ) -> EventLogServiceServer<eventlog::EventLogs> {
        let with_logs =
            logs.into_iter().fold(eventlog::EventLogs::new(self.keys.clone()), eventlog::EventLogs::with_log);
        EventLogServiceServer::new(consumers.into_iter().fold(with_logs, eventlog::EventLogs::with_consumer))
    }

    /// Opens the door.
    #[must_use]
    pub fn serve(self, services: Services) -> Served {
        let Self { listener, connector, key, keys, mint, readiness, stopping, change } = self;
        let verifier = Verifier::new(&key).with_dev(mint.issuer());
        let mut options = Options::new(Arc::new(verifier), readiness.clone());
        options.drain = Drain { pause: Duration::ZERO, within: Duration::from_secs(20) };
        change(&mut options);
        let names = services.names().to_vec();
        let entrances = Entrances { tcp: None, memory: Some(listener) };
        let running = tokio::spawn(server::serve(services, entrances, stopping.clone(), options));
        Served { connector, key, keys, mint, readiness, stopping, names, running: Some(running) }
    }
}

/// Serves these services with keys of their own; for those that call nobody. Others begin with a [`House`].
#[must_use]
pub fn serve(services: Services) -> Served {
    House::new().serve(services)
}

/// Running services. Dropping it stops them without waiting; [`Served::stop`] waits.
#[derive(Debug)]
pub struct Served {
    connector: MemoryConnector,
    key: InternalKey,
    keys: Keys,
    mint: Mint,
    readiness: Readiness,
    stopping: CancellationToken,
    names: Vec<&'static str>,
    running: Option<JoinHandle<Result<Stopped, ServeError>>>,
}

impl Served {
    /// A transport for generated clients, for a caller with these scopes.
    #[must_use]
    pub fn channel(&self, tenant: impl Into<Option<TenantId>>, scopes: &[&str]) -> Spoken {
        self.channel_with(Some(&self.mint.good(tenant.into(), scopes)))
    }

    /// A transport for a caller who may do everything a development token can.
    #[must_use]
    pub fn channel_for_everything(&self, tenant: impl Into<Option<TenantId>>) -> Spoken {
        let scopes: Vec<&str> = server::auth::every_scope().into_iter().collect();
        self.channel(tenant, &scopes)
    }

    /// A transport with any token, or with none. Each has a connection of its own.
    #[must_use]
    pub fn channel_with(&self, token: Option<&str>) -> Spoken {
        Spoken::new(self.connector.channel(), token)
    }

    /// Makes tokens that are believed here, and such that must not be.
    #[must_use]
    pub const fn mint(&self) -> &Mint {
        &self.mint
    }

    /// The development issuer that is believed here.
    #[must_use]
    pub const fn issuer(&self) -> &DevIssuer {
        self.mint.issuer()
    }

    /// Full names of the services mounted here.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Every rpc of the contract that is answered here.
    pub fn methods(&self) -> impl Iterator<Item = &'static proto::Method> + '_ {
        proto::methods().iter().filter(|method| {
            let service = method.path.trim_start_matches('/').split('/').next().unwrap_or_default();
            self.names.contains(&service)
        })
    }

    /// A way in.
    #[must_use]
    pub fn connector(&self) -> MemoryConnector {
        self.connector.clone()
    }

    /// Ways to services of this house.
    #[must_use]
    pub fn peers(&self, names: &[&str]) -> Peers {
        names.iter().fold(Peers::new(self.key.clone()), |peers, name| peers.in_process(name, &self.connector))
    }

    /// The keys of freshness and page tokens.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys.clone()
    }

    /// What health speaks of.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Cancelled when these services stop.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Stops as a process does, and waits for what is under way.
    ///
    /// # Panics
    /// Where the server failed.
    pub async fn stop(mut self) -> Stopped {
        self.stopping.cancel();
        let running = self.running.take().expect("a server is stopped once");
        running.await.expect("the server does not panic").expect("the server runs as told")
    }
}

/// Every rpc of the contract that is answered here, as [`Served::methods`].
impl IntoIterator for &Served {
    type Item = &'static proto::Method;
    type IntoIter = std::vec::IntoIter<&'static proto::Method>;

    fn into_iter(self) -> Self::IntoIter {
        self.methods().collect::<Vec<_>>().into_iter()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
