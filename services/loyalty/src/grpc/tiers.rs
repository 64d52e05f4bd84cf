//! The tiers' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::tier_service_server::{TierService, TierServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::Keys;

use super::{newcomers, parse_tiers, present_tiers, refuse};
use crate::account::Accounts;

/// The service as tonic calls it.
#[derive(Clone)]
pub(super) struct Service {
    keys: Keys,
    accounts: Accounts,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(super) const fn new(keys: Keys, accounts: Accounts, progress: Progress, peers: Peers) -> Self {
        Self { keys, accounts, progress, peers }
    }

    pub(super) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(TierServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl TierService for Service {
    async fn assign_tier(&self, call: Request<AssignTierRequest>) -> Result<Response<AssignTierResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_tiers::assignment(&self.keys, call)?;
        let receipt = newcomers::tiers(&self.accounts, &self.peers, behalf, ask).await?;
        Ok(present_tiers::assigned(&self.keys, receipt))
    }

    async fn release_tier(&self, call: Request<ReleaseTierRequest>) -> Result<Response<ReleaseTierResponse>, Status> {
        let ask = parse_tiers::release(&self.keys, call)?;
        let receipt = self.accounts.tiers(ask).await.map_err(refuse::account)?;
        Ok(present_tiers::released(&self.keys, receipt))
    }

    async fn grant_qualification(
        &self,
        call: Request<GrantQualificationRequest>,
    ) -> Result<Response<GrantQualificationResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_tiers::qualification(&self.keys, call)?;
        let receipt = newcomers::tiers(&self.accounts, &self.peers, behalf, ask).await?;
        Ok(present_tiers::qualified(&self.keys, receipt))
    }

    async fn list_qualifications(
        &self,
        call: Request<ListQualificationsRequest>,
    ) -> Result<Response<ListQualificationsResponse>, Status> {
        let ask = parse_tiers::counting(&self.keys, call)?;
        self.fresh(&ask.of.freshness).await?;
        let (of, part) = (&ask.of, (ask.behind, ask.limit));
        let found = self.accounts.qualifications(of.tenant, of.member, of.ladder.as_deref(), part).await;
        Ok(present_tiers::counting(&self.keys, &ask, found.map_err(refuse::account)?))
    }

    async fn get_tier_at(&self, call: Request<GetTierAtRequest>) -> Result<Response<GetTierAtResponse>, Status> {
        let ask = parse_tiers::then(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let tiers = self.accounts.tiers_at(ask.tenant, ask.member, ask.at).await.map_err(refuse::account)?;
        Ok(present_tiers::then(tiers))
    }
}
