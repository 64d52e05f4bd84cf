//! The occasions' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::occasion_service_server::{OccasionService, OccasionServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use super::{newcomers, parse_occasions, present_occasions};
use crate::account::Accounts;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    accounts: Accounts,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(crate) const fn new(keys: Keys, accounts: Accounts, progress: Progress, peers: Peers) -> Self {
        Self { keys, accounts, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(OccasionServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl OccasionService for Service {
    async fn record_event(&self, call: Request<RecordEventRequest>) -> Result<Response<RecordEventResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse_occasions::event(&self.keys, call)?;
        let outcomes = newcomers::occur_all(&self.accounts, &self.peers, behalf, asks).await?;
        present_occasions::event(&self.keys, language, outcomes)
    }

    async fn record_event_batch(
        &self,
        call: Request<RecordEventBatchRequest>,
    ) -> Result<Response<RecordEventBatchResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse_occasions::events(&self.keys, call)?;
        let outcomes = newcomers::occur_all(&self.accounts, &self.peers, behalf, asks).await?;
        present_occasions::events(&self.keys, language, outcomes)
    }

    async fn list_occasions(
        &self,
        call: Request<ListOccasionsRequest>,
    ) -> Result<Response<ListOccasionsResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_occasions::page(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.accounts.occasions(ask.tenant, ask.member, ask.before, ask.limit).await;
        Ok(present_occasions::page(&self.keys, language, &ask, page.map_err(wire::failure)?))
    }
}
