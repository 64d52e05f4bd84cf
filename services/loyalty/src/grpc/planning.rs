//! Planning's side of the contract: the same three moves.

use eventlog::{HeardEvent, Progress};
use proto::loyalty::v1::planning_service_server::{PlanningService, PlanningServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use super::{history, parse_planning, present_planning, refuse};
use crate::planning::{Planning, Told};

/// How an event of activity is read.
pub(crate) type Read = fn(&HeardEvent) -> Option<Told>;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    pub(super) planning: Planning,
    progress: Progress,
    pub(super) peers: Peers,
    pub(super) read: Read,
}

impl Service {
    pub(crate) fn new(keys: Keys, (planning, read): (Planning, Read), progress: Progress, peers: Peers) -> Self {
        Self { keys, planning, progress, peers, read }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(PlanningServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl PlanningService for Service {
    type SimulateStream = history::Simulated;
    type ReconcileStream = history::Reconciled;

    async fn simulate(&self, call: Request<SimulateRequest>) -> Result<Response<Self::SimulateStream>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let ask = parse_planning::rehearsal(call).await?;
        Ok(Response::new(history::simulated(self, (behalf, language), ask).await?))
    }

    async fn forecast_liability(
        &self,
        call: Request<ForecastLiabilityRequest>,
    ) -> Result<Response<ForecastLiabilityResponse>, Status> {
        let ask = parse_planning::forecast(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let forecast = self.planning.forecast(ask.tenant).await.map_err(refuse::programme)?;
        Ok(present_planning::forecast(forecast, ask.value))
    }

    async fn reconcile(&self, call: Request<ReconcileRequest>) -> Result<Response<Self::ReconcileStream>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_planning::reconciliation(call)?;
        Ok(Response::new(history::reconciled(self, behalf, ask)?))
    }
}
