//! Streams that go through a tenant's whole history, some shards at a time. A part that was begun is finished when its caller
//! has left; the next one is not begun then.

use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::channel::mpsc;
use futures::{SinkExt as _, Stream, StreamExt as _};
use kernel::{Shard, TenantId};
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::loyalty::v1::{ReconcileResponse, SimulateResponse};
use server::{Behalf, Peers, unanswered};
use tokio::sync::OwnedSemaphorePermit;
use tonic::Status;
use tracing::Instrument as _;
use wire::{Language, status};

use super::parse_planning::Reconciliation;
use super::planning::{Read, Service};
use super::{present_planning, present_simulation, refuse};
use crate::planning::weighing::Weighing;
use crate::planning::{Planning, Prepared, Rehearsal, Rehearsed, Told};

/// A simulation as it goes on.
pub type Simulated = Pin<Box<dyn Stream<Item = Result<SimulateResponse, Status>> + Send>>;
/// A reconciliation as it goes on.
pub type Reconciled = Pin<Box<dyn Stream<Item = Result<ReconcileResponse, Status>> + Send>>;

/// A part of the log is as large as what happened to its members.
const LARGEST_MESSAGE: usize = 64 << 20;
/// While one part is lived through, the next is read.
const AHEAD: usize = 2;
/// Whoever finds both seats taken may ask again then.
const ASK_AGAIN: Duration = Duration::from_secs(10);

/// Rehearses, and tells how far it has come.
pub(super) async fn simulated(
    service: &Service,
    (behalf, language): (Behalf, Language),
    ask: Rehearsal,
) -> Result<Simulated, Status> {
    let seat = seat(&service.planning)?;
    let prepared = service.planning.prepare(ask).await.map_err(refuse::programme)?;
    let (mut told, stream) = mpsc::channel(1);
    let run = Run::of(service, behalf, seat);
    let work = async move {
        if let Err(status) = run.simulate(prepared, language, &mut told).await {
            let _ = told.send(Err(server::noted(status))).await;
        }
    };
    tokio::spawn(work.in_current_span());
    Ok(Box::pin(stream))
}

/// Compares, part by part.
pub(super) fn reconciled(service: &Service, behalf: Behalf, ask: Reconciliation) -> Result<Reconciled, Status> {
    let seat = seat(&service.planning)?;
    let (mut told, stream) = mpsc::channel(1);
    let run = Run::of(service, behalf, seat);
    let work = async move {
        if let Err(status) = run.reconcile(ask, &mut told).await {
            let _ = told.send(Err(server::noted(status))).await;
        }
    };
    tokio::spawn(work.in_current_span());
    Ok(Box::pin(stream))
}

fn seat(planning: &Planning) -> Result<OwnedSemaphorePermit, Status> {
    planning.seat().ok_or_else(|| status::shed("others look through the history already", ASK_AGAIN))
}

/// One way through the history.
struct Run {
    planning: Planning,
    peers: Peers,
    behalf: Behalf,
    read: Read,
    _seat: OwnedSemaphorePermit,
}

impl Run {
    fn of(service: &Service, behalf: Behalf, seat: OwnedSemaphorePermit) -> Self {
        let (planning, peers, read) = (service.planning.clone(), service.peers.clone(), service.read);
        Self { planning, peers, behalf, read, _seat: seat }
    }

    async fn simulate(
        &self,
        prepared: Prepared,
        language: Language,
        told: &mut mpsc::Sender<Result<SimulateResponse, Status>>,
    ) -> Result<(), Status> {
        let began = Instant::now();
        let mut weighing = Weighing::of(&prepared);
        let tenant = prepared.tenant;
        let lives = |shards: Vec<Shard>| async move {
            let said = self.said(tenant, &shards).await?;
            self.planning.lives(tenant, &shards, said).await.map_err(wire::failure)
        };
        let mut parts = futures::stream::iter(Planning::parts()).map(lives).buffered(AHEAD);
        while let Some(lives) = parts.next().await {
            weighing = Planning::rehearse(prepared.clone(), weighing, lives?).await.map_err(stopped)?;
            let progress = present_simulation::progress(&weighing, &prepared, began.elapsed());
            if told.send(Ok(progress)).await.is_err() {
                return Ok(());
            }
        }
        // Whoever has left until here is not told.
        let _ = told.send(Ok(present_simulation::simulation(language, &weighing, &prepared))).await;
        Ok(())
    }

    async fn reconcile(
        &self,
        ask: Reconciliation,
        told: &mut mpsc::Sender<Result<ReconcileResponse, Status>>,
    ) -> Result<(), Status> {
        let parts = Planning::parts();
        let all = parts.len();
        for (place, shards) in parts.into_iter().enumerate().skip(ask.skip) {
            // What is booked is read after what was told, so that what is on its way meanwhile differs least.
            let said = self.said(ask.tenant, &shards).await?;
            let matched = self.planning.compare(ask.tenant, &shards, said).await.map_err(wire::failure)?;
            let part = present_planning::matched((place, all), matched);
            if told.send(Ok(part)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What activity told of the tenant's members in some shards.
    async fn said(&self, tenant: TenantId, shards: &[Shard]) -> Result<Vec<Told>, Status> {
        let behalf = self.behalf.clone().for_tenant(tenant).needing("events.watch");
        let activity = self.peers.reach("activity", behalf).map_err(status::internal)?;
        let activity = EventLogServiceClient::new(activity).max_decoding_message_size(LARGEST_MESSAGE);
        let events = eventlog::history(&activity, "activity", shards).await;
        let events = events.map_err(|refused| unanswered("activity", refused))?;
        Ok(events.iter().filter(|event| event.tenant == tenant).filter_map(self.read).collect())
    }
}

fn stopped(why: Rehearsed) -> Status {
    match why {
        Rehearsed::OutOfRange => refuse::out_of_range(),
        Rehearsed::Failed(error) => wire::failure(error),
    }
}
