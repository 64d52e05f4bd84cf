//! A server's life: open the entrances, answer, drain, stop.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::future::OptionFuture;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic_health::server::health_reporter;

use crate::calls::Calls;
use crate::detach::Detached;
use crate::door::{Door, Hall};
use crate::load::Load;
use crate::memory::MemoryListener;
use crate::options::{CONNECTION_STREAMS, CONNECTION_WINDOW, HEADER_LIST_BYTES, Options, STREAM_WINDOW};
use crate::services::Services;
use crate::{chance, connections, health};

/// Where calls come in; either or both.
#[derive(Debug, Default)]
pub struct Entrances {
    /// A socket, already bound, so that its port is known.
    pub tcp: Option<TcpListener>,
    /// The in-process entrance.
    pub memory: Option<MemoryListener>,
}

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Every call had its answer.
    Drained,
    /// The drain's time was up; what still ran was cut.
    Cut {
        /// Mutations that had not ended. They go on until the process ends; their request ids tell what became of them.
        mutations: usize,
    },
}

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no way in.
    #[error("there is neither a socket nor an in-process entrance to serve")]
    NoEntrance,
    /// Anybody who can reach this address could make tokens.
    #[error(
        "the development issuer is believed on loopback only, and {0} is not; name a real issuer or listen on 127.0.0.1"
    )]
    DevIssuerExposed(SocketAddr),
    /// The socket has no address.
    #[error("the socket cannot be used")]
    Socket(#[from] std::io::Error),
    /// The contract's descriptor set cannot be read.
    #[error("reflection cannot be built from the contract")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// A connection could not be set up.
    #[error("the transport failed")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves until `shutdown` is cancelled, then drains. Ends within `options.drain.within` of that, come what may.
///
/// # Errors
/// The server cannot run as told.
pub async fn serve(
    services: Services,
    entrances: Entrances,
    shutdown: CancellationToken,
    options: Options,
) -> Result<Stopped, ServeError> {
    if entrances.tcp.is_none() && entrances.memory.is_none() {
        return Err(ServeError::NoEntrance);
    }
    if let Some(listener) = &entrances.tcp {
        guard_dev_issuer(listener.local_addr()?, &options)?;
    }
    let (reporter, health_server) = health_reporter();
    let names = services.names.clone();
    health::report(&reporter, &options.readiness, &names).await;
    let followed = Following(tokio::spawn(health::follow(reporter.clone(), options.readiness.clone(), names.clone())));

    let detached = Detached::default();
    let going = Going { stopping: CancellationToken::new(), cord: CancellationToken::new() };
    let routes = with_reflection(services.routes.add_service(health_server))?;
    let door = Door { hall: Arc::new(hall(&options, &detached, &going)), routes: routes.prepare() };

    let connections = answer(door, entrances, &options, &going);
    let stop = async {
        shutdown.cancelled().await;
        let by = Instant::now() + options.drain.within;
        options.readiness.begin_stopping();
        health::report(&reporter, &options.readiness, &names).await;
        sleep(options.drain.pause.min(options.drain.within / 2)).await;
        going.stopping.cancel();
        by
    };
    let ended = drain(connections, stop, &detached, &going.cord).await;
    drop(followed);
    ended
}

/// The two moments of a stop.
struct Going {
    /// No new calls, and watches end.
    stopping: CancellationToken,
    /// Everything ends.
    cord: CancellationToken,
}

/// A task that ends with its owner.
struct Following(JoinHandle<()>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for the connections and the mutations, up to the moment `stop` names once it has begun.
async fn drain(
    connections: impl Future<Output = Result<(), ServeError>>,
    stop: impl Future<Output = Instant>,
    detached: &Detached,
    cord: &CancellationToken,
) -> Result<Stopped, ServeError> {
    let mut connections = std::pin::pin!(connections);
    let by = tokio::select! {
        // Only an error ends the connections before the stop.
        ended = &mut connections => return ended.map(|()| Stopped::Drained),
        by = stop => by,
    };
    let all = async {
        let ended = connections.await;
        detached.all_done().await;
        ended
    };
    if let Ok(ended) = timeout_at(by, all).await {
        return ended.map(|()| Stopped::Drained);
    }
    cord.cancel();
    let mutations = detached.count();
    tracing::warn!(mutations, "the drain's time is up; what still runs is cut");
    Ok(Stopped::Cut { mutations })
}

/// Both entrances lead to the same door. Only connections from outside grow old and are asked whether they live.
async fn answer(door: Door, entrances: Entrances, options: &Options, going: &Going) -> Result<(), ServeError> {
    let tenth = options.connection_age / 10;
    let age = chance::between(options.connection_age.saturating_sub(tenth), options.connection_age + tenth);
    let over_tcp = OptionFuture::from(entrances.tcp.map(|listener| {
        server()
            .max_connection_age(age)
            .http2_keepalive_interval(Some(options.keepalive))
            .http2_keepalive_timeout(Some(options.keepalive / 2))
            .serve_with_incoming_shutdown(
                door.clone(),
                connections::over_tcp(listener, going.cord.clone()),
                going.stopping.clone().cancelled_owned(),
            )
    }));
    let in_process = OptionFuture::from(entrances.memory.map(|listener| {
        server().serve_with_incoming_shutdown(
            door.clone(),
            connections::in_process(listener, going.cord.clone()),
            going.stopping.clone().cancelled_owned(),
        )
    }));
    let (over_tcp, in_process) = tokio::join!(over_tcp, in_process);
    over_tcp.transpose()?;
    in_process.transpose()?;
    Ok(())
}

fn server() -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_max_header_list_size(HEADER_LIST_BYTES)
        .max_concurrent_streams(CONNECTION_STREAMS)
}

fn hall(options: &Options, detached: &Detached, going: &Going) -> Hall {
    Hall {
        calls: Calls::new(&options.more_methods),
        verifier: Arc::clone(&options.verifier),
        deadlines: options.deadlines,
        load: Load::new(options.seats),
        detached: detached.clone(),
        watch_lifetime: options.watch_lifetime,
        stopping: going.stopping.clone(),
    }
}

fn with_reflection(routes: Routes) -> Result<Routes, ServeError> {
    let builder = || {
        tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
    };
    Ok(routes.add_service(builder().build_v1()?).add_service(builder().build_v1alpha()?))
}

fn guard_dev_issuer(address: SocketAddr, options: &Options) -> Result<(), ServeError> {
    if !options.verifier.believes_dev() {
        return Ok(());
    }
    if !address.ip().is_loopback() {
        return Err(ServeError::DevIssuerExposed(address));
    }
    tracing::warn!(
        { telemetry::fields::ADDRESS } = %address,
        "DEVELOPMENT ISSUER IN USE: whoever can read its secret file can call everything; never run a shop like this"
    );
    Ok(())
}
