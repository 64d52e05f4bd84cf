//! A serving process from its first socket to its last connection.

use std::net::SocketAddr;
use std::time::Duration;

use server::{DevIssuer, Entrances, MemoryConnector, Options, Readiness, ServeError, Services, Stopped};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::client::{CliError, Entrance};
use crate::config::{ConfigError, Settings};
use crate::serve::said;
use crate::suite::{self, CannotOpen, KeptClock, Plan, Service, Stores, Suite};

/// For listeners and clockworks to finish what they hold, after the server has drained.
const FINISH: Duration = Duration::from_secs(5);

/// A serving process.
pub struct Running {
    suite: Suite,
    readiness: Readiness,
    connector: MemoryConnector,
    dev: Option<DevIssuer>,
    grpc: SocketAddr,
    admin: SocketAddr,
    shutdown: CancellationToken,
    admin_stop: CancellationToken,
    serving: JoinHandle<Result<Stopped, ServeError>>,
    background: JoinHandle<()>,
    drain: Duration,
}

impl Running {
    /// Binds, opens and serves. When it answers, the process is ready for calls.
    ///
    /// # Errors
    /// A setting cannot be used, or something it names cannot be reached.
    pub async fn start(settings: &Settings, services: &[Service]) -> Result<Self, CliError> {
        let tcp = bound(settings.listen, "--listen").await?;
        let admin_listener = bound(settings.admin, "--admin").await?;
        let local = |socket: &TcpListener| socket.local_addr().map_err(|error| CliError::Failed(error.to_string()));
        let (grpc, admin) = (local(&tcp)?, local(&admin_listener)?);

        let trust = settings.trust()?;
        let (memory, connector) = server::memory();
        let (databases, retention) = (settings.databases(services)?, settings.retention());
        let stores = Stores::open(&databases, settings.connections, retention).await?;
        let kept = stores.epoch().map(|epoch| KeptClock::new(&settings.state_dir, epoch));
        let clock = settings.clock(kept.as_ref().and_then(KeptClock::left_at));
        let (peers, readiness) = (
            suite::peers(trust.internal.clone(), services, &connector)
                .map_err(|error| CliError::Asked(error.to_string()))?,
            Readiness::new(),
        );
        let (redis, keys) = (settings.redis()?, trust.keys.clone());
        let seals = settings.seals_file.clone();
        let plan = Plan { stores, clock, keys, peers, redis, seals, readiness: readiness.clone(), kept };
        let suite = Suite::open(plan)?;

        let (shutdown, admin_stop) = (CancellationToken::new(), CancellationToken::new());
        let options = Options::new(trust.verifier, readiness.clone());
        let drain = options.drain.within;
        let entrances = Entrances { tcp: Some(tcp), memory: Some(memory) };
        let serving = tokio::spawn(server::serve(suite.mount(Services::new()), entrances, shutdown.clone(), options));
        tokio::spawn(server::serve_admin(admin_listener, readiness.clone(), admin_stop.clone()));
        let background = tokio::spawn(suite.clone().run(shutdown.clone()));
        Ok(Self {
            suite,
            readiness,
            connector,
            dev: trust.dev,
            grpc,
            admin,
            shutdown,
            admin_stop,
            serving,
            background,
            drain,
        })
    }

    /// One line for whoever waits for it, with the addresses as they were bound.
    #[must_use]
    pub fn ready_line(&self) -> String {
        let services: Vec<&str> = self.suite.services().map(Service::name).collect();
        let state = if self.readiness.is_ready() { "ready" } else { "started" };
        said(state, &format!("grpc {} · admin {} · {}", self.grpc, self.admin, services.join(", ")))
    }

    /// Where gRPC answers.
    #[must_use]
    pub const fn grpc(&self) -> SocketAddr {
        self.grpc
    }

    /// The suite that is served.
    #[must_use]
    pub const fn suite(&self) -> &Suite {
        &self.suite
    }

    /// A way in without a socket, for a process that believes its own development issuer.
    #[must_use]
    pub fn entrance(&self) -> Option<Entrance> {
        Some(Entrance::new(self.connector.channel(), self.dev.clone()?))
    }

    /// Ends when the server does by itself, which it only does when it fails.
    pub async fn ended(&mut self) {
        while !self.serving.is_finished() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Stops everything, in the order that loses nothing.
    ///
    /// # Errors
    /// The server had failed, or did not end in time.
    pub async fn stop(self) -> Result<(), CliError> {
        self.shutdown.cancel();
        let served = tokio::time::timeout(self.drain + FINISH, self.serving).await;
        if tokio::time::timeout(FINISH, self.background).await.is_err() {
            tracing::warn!("listeners or clockworks were cut off; they go on from their cursors at the next start");
        }
        self.suite.close().await;
        self.admin_stop.cancel();
        match served {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(error))) => Err(CliError::Failed(error.to_string())),
            Ok(Err(error)) => Err(CliError::Failed(format!("the server ended by itself: {error}"))),
            Err(_) => Err(CliError::Failed("the server did not end in time and was cut off".to_owned())),
        }
    }
}

async fn bound(address: SocketAddr, flag: &str) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|error| {
        CliError::Asked(format!(
            "{flag} {address}: {error}; is the suite already running? {flag} names another address"
        ))
    })
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Asked(error.to_string())
    }
}

impl From<CannotOpen> for CliError {
    fn from(error: CannotOpen) -> Self {
        Self::Failed(error.to_string())
    }
}
