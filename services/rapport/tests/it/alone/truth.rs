//! Whoever asks a process how it is, while it is killed and started: what it says must be so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proto::operations::v1::GetStatusRequest;
use rapport::client::Suite;
use rapport::suite::Service;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::fleet::{Fleet, Place};

const LOOK: Duration = Duration::from_millis(150);
/// A process that has all it needs may have to wait for its database longer than it waits to say so, on a machine whose
/// cores are busy with other tests. But not for long.
const MOMENT: Duration = Duration::from_secs(15);
/// A question that a living process is asked may have to wait for its turn on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a process says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nobody answers.
    Nothing,
    NotReady,
    Ready,
}

/// Asks one process.
pub struct Probe {
    place: Place,
    health: HealthClient<Channel>,
    operator: Suite,
    /// When it was as it should be.
    well: Instant,
}

/// All probes at work.
pub struct Watch {
    looks: Vec<Arc<AtomicU64>>,
    tasks: JoinSet<()>,
    over: CancellationToken,
}

impl Probe {
    pub fn of(fleet: &Fleet, service: Service) -> Self {
        let place = fleet.places().iter().find(|place| place.service == service).expect("all are there").clone();
        let endpoint = Endpoint::from_shared(format!("http://{}", place.grpc)).expect("an address");
        let health = HealthClient::new(endpoint.timeout(PATIENCE).connect_lazy());
        Self { place, health, operator: fleet.speaks_to(service, None), well: Instant::now() }
    }

    /// What `/readyz` says.
    pub async fn page(&self) -> Said {
        let asked = async {
            let mut stream = TcpStream::connect(&self.place.admin).await?;
            stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200") => Said::Ready,
            Ok(Ok(answer)) if answer.contains(" 503 ") => Said::NotReady,
            Ok(Ok(answer)) => {
                assert!(answer.is_empty(), "{}: {answer}", self.place.service);
                Said::Nothing
            }
            Ok(Err(_)) => Said::Nothing,
            Err(_) => panic!("{} took more than {PATIENCE:?} to say how it is", self.place.service),
        }
    }

    /// What gRPC health says, of the process and of each service in it; they must agree.
    pub async fn health(&mut self) -> Said {
        let names = ["", "readiness"].into_iter().chain(self.place.service.rpc_names().iter().copied());
        let mut said = Vec::new();
        for name in names {
            let asked = self.health.check(HealthCheckRequest { service: name.to_owned() }).await;
            let status = asked.map(|answer| answer.into_inner().status());
            said.push(match status {
                Ok(ServingStatus::Serving) => Said::Ready,
                Ok(ServingStatus::NotServing) => Said::NotReady,
                Ok(odd @ (ServingStatus::Unknown | ServingStatus::ServiceUnknown)) => panic!("{name}: {odd:?}"),
                Err(_) => Said::Nothing,
            });
        }
        // Between two of these questions it may have changed its mind, or its life may have ended.
        said.iter().copied().min_by_key(|said| *said as u8).expect("it was asked")
    }

    /// Whether it can do what it is there for.
    async fn works(&self) -> bool {
        let source = self.place.service.name().to_owned();
        let asked = self.operator.status(GetStatusRequest { source, locate_cursors: false }).await;
        asked.is_ok_and(|answer| answer.services.iter().all(|status| status.ready))
    }

    /// One look; true where the process had all it needs all the while, and said so, and worked.
    async fn look(&mut self) -> bool {
        let before = self.place.life();
        let (page, health, works) = (self.page().await, self.health().await, self.works().await);
        if self.place.life() != before || !Place::is_alive(before) {
            self.well = Instant::now();
            return false;
        }
        let well = (page, health, works) == (Said::Ready, Said::Ready, true);
        if well {
            self.well = Instant::now();
        }
        let service = self.place.service;
        assert!(self.well.elapsed() < MOMENT, "{service} has all it needs: {page:?}, {health:?}, works: {works}");
        well
    }
}

impl Watch {
    /// Begins to look at all of them.
    pub fn over(fleet: &Fleet) -> Self {
        let (over, mut tasks, mut looks) = (CancellationToken::new(), JoinSet::new(), Vec::new());
        for place in fleet.places() {
            let (mut probe, count) = (Probe::of(fleet, place.service), Arc::new(AtomicU64::new(0)));
            looks.push(Arc::clone(&count));
            let over = over.clone();
            tasks.spawn(async move {
                while !over.is_cancelled() {
                    if probe.look().await {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
        Self { looks, tasks, over }
    }

    /// Ends; panics where one of them said what was not so.
    pub async fn end(mut self) {
        self.over.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a process said what was not so");
        }
        let looks: Vec<u64> = self.looks.iter().map(|looks| looks.load(Ordering::SeqCst)).collect();
        assert!(looks.iter().all(|looks| *looks > 0), "somebody was never looked at: {looks:?}");
    }
}
