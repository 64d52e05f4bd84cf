//! Subscriptions' side of the contract. Every rpc makes the same three moves: parse, call, present.

mod ahead;
mod newcomers;
mod orders;
mod parse;
mod parse_change;
mod parse_plan;
mod present;
mod present_plan;
mod refuse;

use eventlog::Progress;
use proto::subscriptions::v1::subscriptions_service_server::{SubscriptionsService, SubscriptionsServiceServer};
use proto::subscriptions::v1::*;
use server::{Behalf, Peers, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

pub(crate) use self::orders::Activity;
use crate::hot::Hot;
use crate::plan::Plans;
use crate::subscription::StandingOrders;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) keys: Keys,
    pub(crate) plans: Plans,
    pub(crate) orders: StandingOrders,
    pub(crate) hot: Hot,
    pub(crate) progress: Progress,
    pub(crate) peers: Peers,
}

impl Service {
    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(SubscriptionsServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl SubscriptionsService for Service {
    async fn put_plan(&self, call: Request<PutPlanRequest>) -> Result<Response<PutPlanResponse>, Status> {
        let ask = parse_plan::new_plan(&self.keys, call)?;
        let tenant = ask.tenant;
        let put = self.plans.put(ask).await.map_err(refuse::plan)?;
        Ok(present_plan::put(&self.keys, tenant, &put))
    }

    async fn get_plan(&self, call: Request<GetPlanRequest>) -> Result<Response<GetPlanResponse>, Status> {
        let ask = parse_plan::plan(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let plan = self.plans.get(ask.tenant, &ask.code, ask.version).await.map_err(refuse::plan)?;
        Ok(present_plan::plan(&plan))
    }

    async fn list_plans(&self, call: Request<ListPlansRequest>) -> Result<Response<ListPlansResponse>, Status> {
        let ask = parse_plan::plans(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.plans.page(ask.tenant, &ask.after, ask.limit).await.map_err(refuse::plan)?;
        Ok(present_plan::plans(&self.keys, &ask, &page))
    }

    async fn subscribe(&self, call: Request<SubscribeRequest>) -> Result<Response<SubscribeResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let ask = parse_change::subscribing(&self.keys, call)?;
        let receipt = newcomers::subscribe(&self.orders, &self.peers, behalf, ask).await?;
        Ok(present::subscribed(&self.keys, &receipt))
    }

    async fn get_subscription(
        &self,
        call: Request<GetSubscriptionRequest>,
    ) -> Result<Response<GetSubscriptionResponse>, Status> {
        let ask = parse::look(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let glimpse = self.orders.glimpse(ask.tenant, ask.subscription).await.map_err(refuse::subscription)?;
        Ok(present::glimpse(glimpse))
    }

    async fn list_subscriptions(
        &self,
        call: Request<ListSubscriptionsRequest>,
    ) -> Result<Response<ListSubscriptionsResponse>, Status> {
        let ask = parse::page(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.orders.page(ask.tenant, &ask.filter, ask.after, ask.limit).await;
        Ok(present::page(&self.keys, &ask, &page.map_err(refuse::subscription)?))
    }

    async fn preview_occurrences(
        &self,
        call: Request<PreviewOccurrencesRequest>,
    ) -> Result<Response<PreviewOccurrencesResponse>, Status> {
        let ask = parse::preview(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        ahead::preview(&self.orders, &self.plans, ask).await
    }

    async fn skip_occurrence(
        &self,
        call: Request<SkipOccurrenceRequest>,
    ) -> Result<Response<SkipOccurrenceResponse>, Status> {
        let (ask, number) = parse_change::skip(&self.keys, call)?;
        let receipt = self.orders.skip(ask, number).await.map_err(refuse::subscription)?;
        Ok(present::skipped(&self.keys, &receipt))
    }

    async fn unskip_occurrence(
        &self,
        call: Request<UnskipOccurrenceRequest>,
    ) -> Result<Response<UnskipOccurrenceResponse>, Status> {
        let (ask, number) = parse_change::unskip(&self.keys, call)?;
        let receipt = self.orders.unskip(ask, number).await.map_err(refuse::subscription)?;
        Ok(present::unskipped(&self.keys, &receipt))
    }

    async fn pause_subscription(
        &self,
        call: Request<PauseSubscriptionRequest>,
    ) -> Result<Response<PauseSubscriptionResponse>, Status> {
        let (ask, reason) = parse_change::pause(&self.keys, call)?;
        let receipt = self.orders.pause(ask, &reason).await.map_err(refuse::subscription)?;
        Ok(present::paused(&self.keys, &receipt))
    }

    async fn resume_subscription(
        &self,
        call: Request<ResumeSubscriptionRequest>,
    ) -> Result<Response<ResumeSubscriptionResponse>, Status> {
        let (ask, reason) = parse_change::resume(&self.keys, call)?;
        let receipt = self.orders.resume(ask, &reason).await.map_err(refuse::subscription)?;
        Ok(present::resumed(&self.keys, &receipt))
    }

    async fn cancel_subscription(
        &self,
        call: Request<CancelSubscriptionRequest>,
    ) -> Result<Response<CancelSubscriptionResponse>, Status> {
        let (ask, (reason, at_once)) = parse_change::cancel(&self.keys, call)?;
        let receipt = self.orders.cancel(ask, &reason, at_once).await.map_err(refuse::subscription)?;
        Ok(present::cancelled(&self.keys, &receipt))
    }

    async fn change_cadence(
        &self,
        call: Request<ChangeCadenceRequest>,
    ) -> Result<Response<ChangeCadenceResponse>, Status> {
        let (ask, (cadence, anchor)) = parse_change::rhythm(&self.keys, call)?;
        let receipt = self.orders.change_cadence(ask, cadence, anchor).await.map_err(refuse::subscription)?;
        Ok(present::rhythm(&self.keys, &receipt))
    }

    async fn update_payment_token(
        &self,
        call: Request<UpdatePaymentTokenRequest>,
    ) -> Result<Response<UpdatePaymentTokenResponse>, Status> {
        let (ask, token) = parse_change::token(&self.keys, call)?;
        let receipt = self.orders.update_token(ask, &token).await.map_err(refuse::subscription)?;
        Ok(present::renewed_token(&self.keys, &receipt))
    }

    async fn refund_membership(
        &self,
        call: Request<RefundMembershipRequest>,
    ) -> Result<Response<RefundMembershipResponse>, Status> {
        let (ask, reason) = parse_change::refund(&self.keys, call)?;
        let receipt = self.orders.refund(ask, &reason).await.map_err(refuse::subscription)?;
        Ok(present::refunded(&self.keys, &receipt))
    }

    async fn report_charge(
        &self,
        call: Request<ReportChargeRequest>,
    ) -> Result<Response<ReportChargeResponse>, Status> {
        let ask = parse_change::report(&self.keys, call)?;
        let receipt = self.orders.report(ask).await.map_err(refuse::subscription)?;
        Ok(present::reported(&self.keys, &receipt))
    }

    async fn retry_order(&self, call: Request<RetryOrderRequest>) -> Result<Response<RetryOrderResponse>, Status> {
        let (ask, number) = parse_change::order(&self.keys, call)?;
        let receipt = self.orders.retry_order(ask, number).await.map_err(refuse::subscription)?;
        Ok(present::ordered(&self.keys, &receipt))
    }

    async fn list_charges(&self, call: Request<ListChargesRequest>) -> Result<Response<ListChargesResponse>, Status> {
        let ask = parse::charges(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.orders.charges(ask.tenant, ask.subscription, ask.after, ask.limit).await;
        Ok(present::charges(&self.keys, &ask, page.map_err(refuse::subscription)?))
    }

    async fn check_entitlement(
        &self,
        call: Request<CheckEntitlementRequest>,
    ) -> Result<Response<CheckEntitlementResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::gate(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let gate = self.hot.check(ask.tenant, ask.member, &ask.entitlement, &ask.freshness).await;
        Ok(present::gate(language, &gate.map_err(wire::failure)?, &ask.entitlement, ask.explain))
    }

    async fn get_forecast(&self, call: Request<GetForecastRequest>) -> Result<Response<GetForecastResponse>, Status> {
        let ask = parse::forecast(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let forecast = self.orders.forecast(ask.tenant, ask.months).await.map_err(refuse::subscription)?;
        Ok(present::forecast(forecast))
    }
}
