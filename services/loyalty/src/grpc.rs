//! Loyalty's side of the contract. Every rpc makes the same three moves: parse, call, present.

mod benefits;
mod birthdays;
mod coupons;
mod draws;
mod history;
mod ledger;
mod missions;
mod newcomers;
mod occasions;
mod openings;
mod parse;
mod parse_benefit;
mod parse_campaign;
mod parse_coupons;
mod parse_draws;
mod parse_holds;
mod parse_ladders;
mod parse_ledger;
mod parse_missions;
mod parse_occasions;
mod parse_openings;
mod parse_page;
mod parse_planning;
mod parse_programme;
mod parse_promise;
mod parse_quote;
mod parse_reward;
mod parse_rules;
mod parse_tiers;
mod parse_transfers;
mod planning;
mod present;
mod present_benefits;
mod present_campaign;
mod present_coupons;
mod present_draws;
mod present_holds;
mod present_ledger;
mod present_missions;
mod present_occasions;
mod present_openings;
mod present_planning;
mod present_programme;
mod present_quote;
mod present_rewards;
mod present_rules;
mod present_simulation;
mod present_tiers;
mod present_transfers;
mod refuse;
mod refuse_benefits;
mod refuse_coupons;
mod refuse_draws;
mod refuse_missions;
mod refuse_openings;
mod refuse_rewards;
mod rewards;
mod stream;
mod tiers;
mod wallets;
mod wording;
mod wording_benefits;
mod wording_coupons;
mod wording_planning;
mod wording_rewards;

use eventlog::Progress;
use proto::loyalty::v1::ledger_service_server::LedgerServiceServer;
use proto::loyalty::v1::loyalty_service_server::{LoyaltyService, LoyaltyServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status, Streaming};
use wire::{Keys, Language};

pub(crate) use self::benefits::Service as BenefitsService;
pub(crate) use self::birthdays::Registry;
pub(crate) use self::coupons::Service as CouponsService;
pub(crate) use self::draws::Service as DrawsService;
pub(crate) use self::missions::Service as MissionsService;
pub(crate) use self::openings::Service as OpeningsService;
pub(crate) use self::planning::Service as PlanningService;
pub(crate) use self::rewards::Service as RewardsService;
use crate::account::Accounts;
use crate::campaign::Campaigns;
use crate::programme::Programmes;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    accounts: Accounts,
    programmes: Programmes,
    campaigns: Campaigns,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(crate) fn new(
        keys: Keys,
        accounts: Accounts,
        (programmes, campaigns): (Programmes, Campaigns),
        progress: Progress,
        peers: Peers,
    ) -> Self {
        Self { keys, accounts, programmes, campaigns, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        let ledger = ledger::Service::new(self.accounts.clone());
        let services = services.with(progress.telling(server::compressed!(LedgerServiceServer::new(ledger))));
        let (keys, accounts, peers) = (self.keys.clone(), self.accounts.clone(), self.peers.clone());
        let services = tiers::Service::new(keys, accounts, progress.clone(), peers).mount(services);
        let (keys, accounts, peers) = (self.keys.clone(), self.accounts.clone(), self.peers.clone());
        let services = occasions::Service::new(keys, accounts, progress.clone(), peers).mount(services);
        services.with(progress.telling(server::compressed!(LoyaltyServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl LoyaltyService for Service {
    type StreamGrantsStream = stream::Answers;

    async fn put_programme(
        &self,
        call: Request<PutProgrammeRequest>,
    ) -> Result<Response<PutProgrammeResponse>, Status> {
        let ask = parse_programme::new_terms(self.keys.clone(), call).await?;
        let tenant = ask.tenant;
        let known = self.campaigns.are_known(tenant, ask.terms.campaigns()).await;
        known.map_err(refuse_coupons::campaign)?;
        let put = self.programmes.put(ask).await.map_err(refuse::programme)?;
        Ok(present_programme::put(&self.keys, tenant, &put))
    }

    async fn get_programme(
        &self,
        call: Request<GetProgrammeRequest>,
    ) -> Result<Response<GetProgrammeResponse>, Status> {
        let ask = parse_programme::which_terms(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let terms = self.programmes.get(ask.tenant, ask.version, ask.at).await.map_err(refuse::programme)?;
        Ok(present_programme::terms(terms))
    }

    async fn get_account(&self, call: Request<GetAccountRequest>) -> Result<Response<GetAccountResponse>, Status> {
        let ask = parse::account(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let account = self.accounts.account(ask.tenant, ask.member, ask.wallet).await.map_err(refuse::account)?;
        Ok(present::account(account))
    }

    async fn get_balance(&self, call: Request<GetBalanceRequest>) -> Result<Response<GetBalanceResponse>, Status> {
        let ask = parse::balance(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let balance = self.accounts.balance(ask.owner, ask.as_of, ask.as_of_occurred).await;
        Ok(present::balance(balance.map_err(refuse::account)?))
    }

    async fn list_entries(&self, call: Request<ListEntriesRequest>) -> Result<Response<ListEntriesResponse>, Status> {
        let ask = parse::entries(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.accounts.entries(ask.owner(), ask.before, ask.limit).await.map_err(refuse::account)?;
        Ok(present::entries(&self.keys, &ask, page))
    }

    async fn list_tier_changes(
        &self,
        call: Request<ListTierChangesRequest>,
    ) -> Result<Response<ListTierChangesResponse>, Status> {
        let ask = parse::tier_changes(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.accounts.tier_changes(ask.tenant, ask.member, ask.before, ask.limit).await;
        Ok(present_tiers::changes(&self.keys, &ask, page.map_err(refuse::account)?))
    }

    async fn redeem_points(
        &self,
        call: Request<RedeemPointsRequest>,
    ) -> Result<Response<RedeemPointsResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::redemption(&self.keys, call)?;
        let receipt = self.accounts.redeem(ask).await.map_err(refuse::account)?;
        Ok(present::redemption(&self.keys, language, receipt))
    }

    async fn redeem_points_batch(
        &self,
        call: Request<RedeemPointsBatchRequest>,
    ) -> Result<Response<RedeemPointsBatchResponse>, Status> {
        let language = Language::of(call.extensions());
        let asks = parse::redemptions(&self.keys, call)?;
        let outcomes = self.accounts.redeem_all(asks).await;
        present::redemptions(&self.keys, language, outcomes)
    }

    async fn reverse_redemption(
        &self,
        call: Request<ReverseRedemptionRequest>,
    ) -> Result<Response<ReverseRedemptionResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::reversal(&self.keys, call)?;
        let receipt = self.accounts.reverse(ask).await.map_err(refuse::account)?;
        Ok(present::reversal(&self.keys, language, receipt))
    }

    async fn hold_points(&self, call: Request<HoldPointsRequest>) -> Result<Response<HoldPointsResponse>, Status> {
        let ask = parse_holds::hold(&self.keys, call)?;
        let receipt = self.accounts.hold(ask).await.map_err(refuse::account)?;
        Ok(present_holds::held(&self.keys, receipt))
    }

    async fn capture_hold(&self, call: Request<CaptureHoldRequest>) -> Result<Response<CaptureHoldResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_holds::capture(&self.keys, call)?;
        let receipt = self.accounts.capture(ask).await.map_err(refuse::account)?;
        Ok(present_holds::captured(&self.keys, language, receipt))
    }

    async fn release_hold(&self, call: Request<ReleaseHoldRequest>) -> Result<Response<ReleaseHoldResponse>, Status> {
        let ask = parse_holds::release(&self.keys, call)?;
        let receipt = self.accounts.release(ask).await.map_err(refuse::account)?;
        Ok(present_holds::released(&self.keys, &receipt))
    }

    async fn adjust_points(
        &self,
        call: Request<AdjustPointsRequest>,
    ) -> Result<Response<AdjustPointsResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let ask = parse::adjustment(&self.keys, call)?;
        let receipt = newcomers::adjust(&self.accounts, &self.peers, behalf, ask).await?;
        Ok(present::adjustment(&self.keys, language, receipt))
    }

    async fn grant_points(&self, call: Request<GrantPointsRequest>) -> Result<Response<GrantPointsResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse::grant(&self.keys, call)?;
        let receipt = newcomers::grant(&self.accounts, &self.peers, behalf, ask).await?;
        Ok(present::grant(&self.keys, receipt))
    }

    async fn grant_points_batch(
        &self,
        call: Request<GrantPointsBatchRequest>,
    ) -> Result<Response<GrantPointsBatchResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let asks = parse::grants(&self.keys, call)?;
        let outcomes = newcomers::grant_all(&self.accounts, &self.peers, behalf, asks).await?;
        present::grants(&self.keys, language, outcomes)
    }

    async fn stream_grants(
        &self,
        call: Request<Streaming<StreamGrantsRequest>>,
    ) -> Result<Response<Self::StreamGrantsStream>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let (envelope, batches) = wire::open(call)?;
        Ok(Response::new(stream::answers(self.clone(), (behalf, language), envelope, batches)))
    }

    async fn revoke_grant(&self, call: Request<RevokeGrantRequest>) -> Result<Response<RevokeGrantResponse>, Status> {
        let ask = parse::revocation(&self.keys, call)?;
        let receipt = self.accounts.revoke(ask).await.map_err(refuse::account)?;
        Ok(present::revocation(&self.keys, receipt))
    }

    async fn transfer_points(
        &self,
        call: Request<TransferPointsRequest>,
    ) -> Result<Response<TransferPointsResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let ask = parse_transfers::transfer(&self.keys, call)?;
        let receipt = newcomers::transfer(&self.accounts, &self.peers, behalf, ask).await?;
        Ok(present_transfers::transferred(&self.keys, language, receipt))
    }

    async fn reverse_transfer(
        &self,
        call: Request<ReverseTransferRequest>,
    ) -> Result<Response<ReverseTransferResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_transfers::reversal(&self.keys, call)?;
        let receipt = self.accounts.reverse_transfer(ask).await.map_err(refuse::account)?;
        Ok(present_transfers::reversed(&self.keys, language, receipt))
    }

    async fn explain_entry(
        &self,
        call: Request<ExplainEntryRequest>,
    ) -> Result<Response<ExplainEntryResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::entry(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let entry = self.accounts.entry(ask.tenant, ask.member, ask.entry).await.map_err(refuse::account)?;
        Ok(present::explained_entry(language, entry))
    }

    async fn explain_tier(&self, call: Request<ExplainTierRequest>) -> Result<Response<ExplainTierResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_tiers::tier(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let tier = self.accounts.explain_tier(ask.tenant, ask.member, ask.ladder.as_deref()).await;
        Ok(present_tiers::explained(language, tier.map_err(refuse::account)?))
    }

    async fn verify_member(
        &self,
        call: Request<VerifyMemberRequest>,
    ) -> Result<Response<VerifyMemberResponse>, Status> {
        let ask = parse::verification(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let verified = self.accounts.verify(ask.tenant, ask.member).await.map_err(wire::failure)?;
        Ok(present_ledger::verified(verified))
    }

    async fn get_overview(&self, call: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let ask = parse::overview(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let overview = self.accounts.overview(ask.tenant, ask.wallet).await.map_err(refuse::account)?;
        Ok(present::overview(overview))
    }

    async fn quote_order(&self, call: Request<QuoteOrderRequest>) -> Result<Response<QuoteOrderResponse>, Status> {
        let ask = parse_quote::cart(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let quote = self.accounts.quote(ask.tenant, ask.member, ask.order).await.map_err(refuse::account)?;
        Ok(present_quote::quote(quote))
    }
}
