//! The rewards' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::reward_service_server::{RewardService, RewardServiceServer};
use proto::loyalty::v1::*;
use server::Services;
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use super::{parse_reward, present_rewards, refuse_rewards};
use crate::reward::Rewards;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    rewards: Rewards,
    progress: Progress,
}

impl Service {
    pub(crate) const fn new(keys: Keys, rewards: Rewards, progress: Progress) -> Self {
        Self { keys, rewards, progress }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(RewardServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl RewardService for Service {
    async fn put_reward(&self, call: Request<PutRewardRequest>) -> Result<Response<PutRewardResponse>, Status> {
        let ask = parse_reward::put(&self.keys, call)?;
        let put = self.rewards.put(&ask).await.map_err(refuse_rewards::reward)?;
        Ok(present_rewards::put(&self.keys, &put))
    }

    async fn get_reward(&self, call: Request<GetRewardRequest>) -> Result<Response<GetRewardResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_reward::which(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.rewards.get(ask.tenant, (ask.reward, ask.version), ask.member).await;
        Ok(Response::new(present_rewards::offer(language, found.map_err(refuse_rewards::reward)?)))
    }

    async fn list_rewards(&self, call: Request<ListRewardsRequest>) -> Result<Response<ListRewardsResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse_reward::catalogue(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.rewards.list(ask.tenant, ask.member, ask.after.clone(), ask.limit).await;
        Ok(present_rewards::catalogue(&self.keys, language, &ask, page.map_err(refuse_rewards::reward)?))
    }

    async fn claim_reward(&self, call: Request<ClaimRewardRequest>) -> Result<Response<ClaimRewardResponse>, Status> {
        let ask = parse_reward::claim(&self.keys, call)?;
        let receipt = self.rewards.claim(ask).await.map_err(refuse_rewards::reward)?;
        Ok(present_rewards::claimed(&self.keys, receipt))
    }

    async fn cancel_claim(&self, call: Request<CancelClaimRequest>) -> Result<Response<CancelClaimResponse>, Status> {
        let ask = parse_reward::cancel(&self.keys, call)?;
        let receipt = self.rewards.end(ask).await.map_err(refuse_rewards::reward)?;
        Ok(present_rewards::cancelled(&self.keys, receipt))
    }

    async fn fulfil_claim(&self, call: Request<FulfilClaimRequest>) -> Result<Response<FulfilClaimResponse>, Status> {
        let ask = parse_reward::fulfil(&self.keys, call)?;
        let receipt = self.rewards.end(ask).await.map_err(refuse_rewards::reward)?;
        Ok(present_rewards::fulfilled(&self.keys, receipt))
    }

    async fn list_claims(&self, call: Request<ListClaimsRequest>) -> Result<Response<ListClaimsResponse>, Status> {
        let ask = parse_reward::claims(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.rewards.claims_of(ask.tenant, ask.member, ask.before, ask.limit).await;
        Ok(present_rewards::claims(&self.keys, &ask, page.map_err(refuse_rewards::reward)?))
    }
}
