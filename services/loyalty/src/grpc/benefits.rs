//! The benefits' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::benefit_service_server::{BenefitService, BenefitServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use super::{parse_benefit, present_benefits, refuse_benefits, wallets};
use crate::benefit::Benefits;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    benefits: Benefits,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(crate) const fn new(keys: Keys, benefits: Benefits, progress: Progress, peers: Peers) -> Self {
        Self { keys, benefits, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(BenefitServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl BenefitService for Service {
    async fn put_benefit(&self, call: Request<PutBenefitRequest>) -> Result<Response<PutBenefitResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_benefit::put(&self.keys, call)?;
        let put = self.benefits.put(&ask).await.map_err(refuse_benefits::benefit)?;
        Ok(present_benefits::put(&self.keys, language, ask.terms.currency, put))
    }

    async fn list_benefits(
        &self,
        call: Request<ListBenefitsRequest>,
    ) -> Result<Response<ListBenefitsResponse>, Status> {
        let ask = parse_benefit::page(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.benefits.list(ask.tenant, ask.after.clone(), ask.limit).await;
        Ok(present_benefits::page(&self.keys, &ask, page.map_err(refuse_benefits::benefit)?))
    }

    async fn check_benefits(
        &self,
        call: Request<CheckBenefitsRequest>,
    ) -> Result<Response<CheckBenefitsResponse>, Status> {
        let language = Language::of(call.extensions());
        let (look, freshness) = parse_benefit::look(&self.keys, call)?;
        self.fresh(&freshness).await?;
        let looked = self.benefits.look(&look).await.map_err(refuse_benefits::benefit)?;
        Ok(present_benefits::looked(language, &look.cart, looked))
    }

    async fn use_benefits(&self, call: Request<UseBenefitsRequest>) -> Result<Response<UseBenefitsResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_benefit::booking(&self.keys, call)?;
        let receipt = wallets::book(&self.benefits, &self.peers, behalf, ask).await?;
        Ok(present_benefits::booked(&self.keys, receipt))
    }

    async fn cancel_benefits(
        &self,
        call: Request<CancelBenefitsRequest>,
    ) -> Result<Response<CancelBenefitsResponse>, Status> {
        let ask = parse_benefit::cancel(&self.keys, call)?;
        let receipt = self.benefits.cancel(&ask).await.map_err(refuse_benefits::benefit)?;
        Ok(present_benefits::given_up(&self.keys, receipt))
    }
}
