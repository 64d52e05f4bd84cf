//! Referrals' side of the contract. Every rpc makes the same three moves: parse, call, present.

mod newcomers;
mod parse;
mod parse_terms;
mod present;
mod refuse;
mod rewarding;
mod wording;

use eventlog::Progress;
use proto::referrals::v1::referrals_service_server::{ReferralsService, ReferralsServiceServer};
use proto::referrals::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

pub(crate) use self::rewarding::Carrier;
use crate::codes::Codes;
use crate::offer::Offers;
use crate::referral::Referrals;
use crate::touches::Touches;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) keys: Keys,
    pub(crate) offers: Offers,
    pub(crate) codes: Codes,
    pub(crate) touches: Touches,
    pub(crate) referrals: Referrals,
    pub(crate) progress: Progress,
    pub(crate) peers: Peers,
}

impl Service {
    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(ReferralsServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl ReferralsService for Service {
    async fn put_terms(&self, call: Request<PutTermsRequest>) -> Result<Response<PutTermsResponse>, Status> {
        let ask = parse_terms::new_terms(&self.keys, call)?;
        let tenant = ask.tenant;
        let put = self.offers.put(ask).await.map_err(refuse::terms)?;
        Ok(present::terms_put(&self.keys, tenant, &put))
    }

    async fn get_terms(&self, call: Request<GetTermsRequest>) -> Result<Response<GetTermsResponse>, Status> {
        let ask = parse_terms::which_terms(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let version = self.offers.get(ask.tenant, ask.number, ask.at).await.map_err(refuse::terms)?;
        Ok(present::terms(version))
    }

    async fn issue_code(&self, call: Request<IssueCodeRequest>) -> Result<Response<IssueCodeResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse::issue(&self.keys, call)?;
        let receipt = newcomers::issue(&self.codes, &self.peers, behalf, ask).await?;
        Ok(present::issued(&self.keys, &receipt))
    }

    async fn retire_code(&self, call: Request<RetireCodeRequest>) -> Result<Response<RetireCodeResponse>, Status> {
        let ask = parse::retire(&self.keys, call)?;
        let receipt = self.codes.retire(&ask).await.map_err(refuse::code)?;
        Ok(present::retired(&self.keys, &receipt))
    }

    async fn look_up_code(&self, call: Request<LookUpCodeRequest>) -> Result<Response<LookUpCodeResponse>, Status> {
        let ask = parse::look_up(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = present::looked_up(&self.codes, ask).await.map_err(wire::failure)?;
        Ok(Response::new(found))
    }

    async fn get_code(&self, call: Request<GetCodeRequest>) -> Result<Response<GetCodeResponse>, Status> {
        let ask = parse::code_of(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let issued = self.codes.of(ask.tenant, ask.member).await.map_err(refuse::code)?;
        Ok(present::code(&issued))
    }

    async fn record_touch(&self, call: Request<RecordTouchRequest>) -> Result<Response<RecordTouchResponse>, Status> {
        let ask = parse::touch(&self.keys, call)?;
        let receipt = self.touches.record(&ask).await.map_err(refuse::code)?;
        Ok(present::touched(&self.keys, &receipt))
    }

    async fn attribute(&self, call: Request<AttributeRequest>) -> Result<Response<AttributeResponse>, Status> {
        let (behalf, language) = (Behalf::of(call.extensions())?, Language::of(call.extensions()));
        let ask = parse::attribution(&self.keys, call)?;
        let receipt = newcomers::attribute(&self.referrals, &self.peers, behalf, ask).await?;
        Ok(present::attributed(&self.keys, language, receipt))
    }

    async fn review(&self, call: Request<ReviewRequest>) -> Result<Response<ReviewResponse>, Status> {
        let ask = parse::review(&self.keys, call)?;
        let receipt = self.referrals.review(&ask).await.map_err(refuse::referral)?;
        Ok(present::reviewed(&self.keys, &receipt))
    }

    async fn get_referral(&self, call: Request<GetReferralRequest>) -> Result<Response<GetReferralResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::referral(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let told = self.referrals.get(ask.tenant, ask.referral, ask.explain).await.map_err(refuse::referral)?;
        Ok(present::told(language, told))
    }

    async fn get_referral_of(
        &self,
        call: Request<GetReferralOfRequest>,
    ) -> Result<Response<GetReferralOfResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::referral_of(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let told = self.referrals.of(ask.tenant, ask.member, ask.explain).await.map_err(refuse::referral)?;
        Ok(present::told_of(language, told))
    }

    async fn list_invitations(
        &self,
        call: Request<ListInvitationsRequest>,
    ) -> Result<Response<ListInvitationsResponse>, Status> {
        let ask = parse::invitations(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.referrals.invitations(ask.tenant, ask.inviter, &ask.states, &ask.page).await;
        Ok(present::invitations(&self.keys, &ask, found.map_err(wire::failure)?))
    }

    async fn get_overview(&self, call: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let ask = parse::overview(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let sums = self.referrals.overview(ask.tenant).await.map_err(wire::failure)?;
        Ok(present::overview(&sums))
    }
}
