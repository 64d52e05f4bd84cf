//! A line between services that delivers as badly as the contract of the event log allows.
//!
//! Services reach each other through it instead of straight. A watch is answered by the real log, and what it says is held
//! back, taken out of order across partitions, said one to five times, and broken off in the middle. Other calls pass as
//! they are, but many an answer to a mutation is lost after it was carried out; never two in a row, for nobody waits for a
//! call any more that is made in vain again and again.
//!
//! What the log promises is kept: the first time, the events of one partition come in their order and without gaps, and
//! nobody is told that a position was reached before its events were said.

mod delivery;
mod dice;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use futures::{Stream, stream};
use http::{Request, Response};
use proto::eventlog::v1 as wire_log;
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::eventlog::v1::event_log_service_server::{EventLogService, EventLogServiceServer};
use server::{InternalKey, MemoryConnector, Peers};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::body::Body;
use tonic::transport::{Channel, Server};
use tonic::{Extensions, Status};
use tower::{Service, ServiceExt as _};

use self::delivery::Delivery;
pub use self::dice::Dice;

const WATCH: &str = "/rapport.eventlog.v1.EventLogService/Watch";
const LARGEST_MESSAGE: usize = 64 << 20;
const ON_THE_WAY: usize = 4;

/// A running line; broken for good when it is dropped.
#[derive(Debug)]
pub struct FaultyLine {
    address: SocketAddr,
    damage: Arc<Damage>,
    _running: DropGuard,
}

/// What a line has done so far: a test looks whether it was put to the test at all.
#[derive(Debug, Default)]
pub struct Damage {
    repeated: AtomicU64,
    held_back: AtomicU64,
    broken: AtomicU64,
    lost: AtomicU64,
}

impl FaultyLine {
    /// A line to what is served behind `connector`. The same seed makes the same mischief, as far as the same is said.
    ///
    /// # Panics
    /// Where no port can be had.
    pub async fn to(connector: &MemoryConnector, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let address = listener.local_addr().expect("it is bound");
        let (damage, stopping) = (Arc::<Damage>::default(), CancellationToken::new());
        let beyond = connector.channel();
        let rumour = Rumour { beyond: beyond.clone(), dice: Dice::new(seed), damage: Arc::clone(&damage) };
        let dice = Dice::new(!seed);
        let (watch, has_just_lost) = (EventLogServiceServer::new(rumour), Arc::default());
        let line = Line { beyond, watch, dice, damage: Arc::clone(&damage), has_just_lost };
        let arriving = stream::unfold(listener, |listener| async {
            let arrived = listener.accept().await.map(|(connection, _)| connection);
            Some((arrived, listener))
        });
        let stopped = stopping.clone().cancelled_owned();
        tokio::spawn(Server::builder().serve_with_incoming_shutdown(line, Box::pin(arriving), stopped));
        Self { address, damage, _running: stopping.drop_guard() }
    }

    /// Ways over this line to services behind it.
    ///
    /// # Panics
    /// Never: its own address can be used.
    #[must_use]
    pub fn peers(&self, key: InternalKey, names: &[&str]) -> Peers {
        let url = format!("http://{}", self.address);
        names.iter().fold(Peers::new(key), |peers, name| peers.at(name, &url).expect("an address of this machine"))
    }

    /// What it has done so far.
    #[must_use]
    pub fn damage(&self) -> &Damage {
        &self.damage
    }
}

impl Damage {
    /// True where each sort of damage was done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let sorts = [&self.repeated, &self.held_back, &self.broken, &self.lost];
        sorts.into_iter().all(|count| count.load(Ordering::Relaxed) > 0)
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Everything that is said over the line.
#[derive(Clone)]
struct Line {
    beyond: Channel,
    watch: EventLogServiceServer<Rumour>,
    dice: Dice,
    damage: Arc<Damage>,
    has_just_lost: Arc<AtomicBool>,
}

impl Line {
    fn loses(&self) -> bool {
        let lost = self.dice.one_in(2) && !self.has_just_lost.load(Ordering::Relaxed);
        self.has_just_lost.store(lost, Ordering::Relaxed);
        lost
    }
}

impl Service<Request<Body>> for Line {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if path == WATCH {
            let answered = self.watch.call(request);
            return Box::pin(async { Ok(answered.await.unwrap_or_else(|never: Infallible| match never {})) });
        }
        let lost = proto::method(path).is_some_and(|method| method.mutating) && self.loses();
        let (beyond, damage) = (self.beyond.clone(), Arc::clone(&self.damage));
        Box::pin(async move {
            let answer = beyond.oneshot(request).await?;
            if lost {
                count(&damage.lost);
                return Ok(Status::unavailable("the answer was lost on its way").into_http());
            }
            Ok(answer)
        })
    }
}

/// Watches over the line.
#[derive(Clone)]
struct Rumour {
    beyond: Channel,
    dice: Dice,
    damage: Arc<Damage>,
}

type Said = Result<wire_log::WatchResponse, Status>;

#[tonic::async_trait]
impl EventLogService for Rumour {
    type WatchStream = Pin<Box<dyn Stream<Item = Said> + Send>>;

    async fn watch(
        &self,
        call: tonic::Request<wire_log::WatchRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let (caller, _, asked) = call.into_parts();
        let mut log = EventLogServiceClient::new(self.beyond.clone()).max_decoding_message_size(LARGEST_MESSAGE);
        let said = log.watch(tonic::Request::from_parts(caller, Extensions::new(), asked)).await?.into_inner();
        let (answers, heard) = mpsc::channel(ON_THE_WAY);
        let delivery = Delivery::new(self.dice.another(), Arc::clone(&self.damage));
        tokio::spawn(delivery.run(said, answers));
        Ok(tonic::Response::new(Box::pin(ReceiverStream::new(heard))))
    }

    // The line passes these on without looking at them.

    async fn locate_cursors(
        &self,
        _: tonic::Request<wire_log::LocateCursorsRequest>,
    ) -> Result<tonic::Response<wire_log::LocateCursorsResponse>, Status> {
        Err(passed_on())
    }

    async fn repair_cursors(
        &self,
        _: tonic::Request<wire_log::RepairCursorsRequest>,
    ) -> Result<tonic::Response<wire_log::RepairCursorsResponse>, Status> {
        Err(passed_on())
    }

    async fn list_parked_events(
        &self,
        _: tonic::Request<wire_log::ListParkedEventsRequest>,
    ) -> Result<tonic::Response<wire_log::ListParkedEventsResponse>, Status> {
        Err(passed_on())
    }

    async fn retry_parked_events(
        &self,
        _: tonic::Request<wire_log::RetryParkedEventsRequest>,
    ) -> Result<tonic::Response<wire_log::RetryParkedEventsResponse>, Status> {
        Err(passed_on())
    }

    async fn drop_parked_event(
        &self,
        _: tonic::Request<wire_log::DropParkedEventRequest>,
    ) -> Result<tonic::Response<wire_log::DropParkedEventResponse>, Status> {
        Err(passed_on())
    }
}

fn passed_on() -> Status {
    Status::unimplemented("watches alone are answered on the line itself")
}
