//! The coupons' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::coupon_service_server::{CouponService, CouponServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use super::{parse_campaign, parse_coupons, present_campaign, present_coupons, refuse_coupons, wallets};
use crate::campaign::Campaigns;
use crate::codes::Codes;
use crate::coupon::Coupons;
use crate::reservation::Reservations;
use crate::savings::Savings;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    pub(super) keys: Keys,
    pub(super) campaigns: Campaigns,
    pub(super) codes: Codes,
    pub(super) coupons: Coupons,
    pub(super) reservations: Reservations,
    savings: Savings,
    progress: Progress,
    pub(super) peers: Peers,
}

impl Service {
    pub(crate) fn new(
        keys: Keys,
        (campaigns, codes, coupons, reservations): (Campaigns, Codes, Coupons, Reservations),
        savings: Savings,
        progress: Progress,
        peers: Peers,
    ) -> Self {
        Self { keys, campaigns, codes, coupons, reservations, savings, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(CouponServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl CouponService for Service {
    type GenerateCodesStream = wallets::Generated;

    async fn put_campaign(&self, call: Request<PutCampaignRequest>) -> Result<Response<PutCampaignResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_campaign::put(&self.keys, call)?;
        let put = self.campaigns.put(&ask).await.map_err(refuse_coupons::campaign)?;
        Ok(present_campaign::put(&self.keys, language, put))
    }

    async fn get_campaign(&self, call: Request<GetCampaignRequest>) -> Result<Response<GetCampaignResponse>, Status> {
        let ask = parse_campaign::which(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.campaigns.get(ask.tenant, ask.campaign, ask.version).await;
        Ok(Response::new(present_campaign::standing(found.map_err(refuse_coupons::campaign)?)))
    }

    async fn list_campaigns(
        &self,
        call: Request<ListCampaignsRequest>,
    ) -> Result<Response<ListCampaignsResponse>, Status> {
        let ask = parse_campaign::page(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.campaigns.list(ask.tenant, ask.after.clone(), ask.limit).await;
        Ok(present_campaign::page(&self.keys, &ask, page.map_err(refuse_coupons::campaign)?))
    }

    async fn issue_coupon(&self, call: Request<IssueCouponRequest>) -> Result<Response<IssueCouponResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_coupons::issue(&self.keys, call)?;
        let receipt = wallets::issue(&self.coupons, &self.peers, behalf, ask).await?;
        Ok(Response::new(present_coupons::issued(&self.keys, &receipt)))
    }

    async fn issue_coupon_batch(
        &self,
        call: Request<IssueCouponBatchRequest>,
    ) -> Result<Response<IssueCouponBatchResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse_coupons::issues(&self.keys, call)?;
        let outcomes = wallets::issue_all(&self.coupons, &self.peers, behalf, asks).await?;
        present_coupons::all_issued(&self.keys, language, outcomes)
    }

    async fn list_coupons(&self, call: Request<ListCouponsRequest>) -> Result<Response<ListCouponsResponse>, Status> {
        let ask = parse_coupons::page(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.coupons.of(ask.tenant, ask.member, ask.before, ask.limit).await;
        Ok(present_coupons::page(&self.keys, &ask, page.map_err(refuse_coupons::coupon)?))
    }

    async fn generate_codes(
        &self,
        call: Request<GenerateCodesRequest>,
    ) -> Result<Response<Self::GenerateCodesStream>, Status> {
        let ask = parse_coupons::codes(&self.keys, call)?;
        Ok(Response::new(wallets::generated(&self.codes, ask).await?))
    }

    async fn quote_coupons(
        &self,
        call: Request<QuoteCouponsRequest>,
    ) -> Result<Response<QuoteCouponsResponse>, Status> {
        let language = Language::of(call.extensions());
        let (ask, freshness) = parse_coupons::quote(&self.keys, call)?;
        self.fresh(&freshness).await?;
        let quoted = self.reservations.quote(&ask).await.map_err(refuse_coupons::reservation)?;
        Ok(present_coupons::quoted(language, quoted))
    }

    async fn reserve_coupons(
        &self,
        call: Request<ReserveCouponsRequest>,
    ) -> Result<Response<ReserveCouponsResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_coupons::reserve(&self.keys, call)?;
        let receipt = wallets::reserve(&self.reservations, &self.peers, behalf, ask).await?;
        Ok(present_coupons::reserved(&self.keys, receipt))
    }

    async fn redeem_reservation(
        &self,
        call: Request<RedeemReservationRequest>,
    ) -> Result<Response<RedeemReservationResponse>, Status> {
        let ask = parse_coupons::redeem(&self.keys, call)?;
        let receipt = self.reservations.end(ask).await.map_err(refuse_coupons::reservation)?;
        Ok(present_coupons::redeemed(&self.keys, receipt))
    }

    async fn cancel_reservation(
        &self,
        call: Request<CancelReservationRequest>,
    ) -> Result<Response<CancelReservationResponse>, Status> {
        let ask = parse_coupons::cancel(&self.keys, call)?;
        let receipt = self.reservations.end(ask).await.map_err(refuse_coupons::reservation)?;
        Ok(present_coupons::cancelled(&self.keys, receipt))
    }

    async fn get_savings(&self, call: Request<GetSavingsRequest>) -> Result<Response<GetSavingsResponse>, Status> {
        let ask = parse_coupons::savings(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let saved = self.savings.of(ask.tenant, ask.member, (ask.since, ask.until)).await;
        Ok(present_coupons::savings(&saved.map_err(refuse_coupons::reservation)?, ask.fee))
    }
}
