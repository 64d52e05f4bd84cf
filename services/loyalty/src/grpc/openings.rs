//! The side of the contract for what members bring along: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::opening_service_server::{OpeningService, OpeningServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use super::{newcomers, parse_openings, present_openings, wallets};
use crate::account::Accounts;
use crate::coupon::Coupons;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    accounts: Accounts,
    coupons: Coupons,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(crate) fn new(keys: Keys, (accounts, coupons): (Accounts, Coupons), progress: Progress, peers: Peers) -> Self {
        Self { keys, accounts, coupons, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(OpeningServiceServer::new(self))))
    }
}

#[tonic::async_trait]
impl OpeningService for Service {
    async fn import_opening_lots(
        &self,
        call: Request<ImportOpeningLotsRequest>,
    ) -> Result<Response<ImportOpeningLotsResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse_openings::lots(&self.keys, call)?;
        let outcomes = newcomers::open_all(&self.accounts, &self.peers, behalf, asks).await?;
        present_openings::lots(&self.keys, language, outcomes)
    }

    async fn import_opening_tiers(
        &self,
        call: Request<ImportOpeningTiersRequest>,
    ) -> Result<Response<ImportOpeningTiersResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse_openings::tiers(&self.keys, call)?;
        let outcomes = newcomers::tiers_all(&self.accounts, &self.peers, behalf, asks).await?;
        present_openings::tiers(&self.keys, language, outcomes)
    }

    async fn import_opening_coupons(
        &self,
        call: Request<ImportOpeningCouponsRequest>,
    ) -> Result<Response<ImportOpeningCouponsResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse_openings::coupons(&self.keys, call)?;
        let outcomes = wallets::issue_all(&self.coupons, &self.peers, behalf, asks).await?;
        present_openings::coupons(&self.keys, language, outcomes)
    }
}
