//! The missions' side of the contract: the same three moves.

use eventlog::Progress;
use proto::loyalty::v1::mission_service_server::{MissionService, MissionServiceServer};
use proto::loyalty::v1::*;
use server::{Behalf, Peers, Services, is_member};
use tonic::{Request, Response, Status};
use wire::Keys;

use super::{parse_missions, present_missions, refuse_missions};
use crate::mission::Missions;

/// The service as tonic calls it.
#[derive(Clone)]
pub(crate) struct Service {
    keys: Keys,
    missions: Missions,
    progress: Progress,
    peers: Peers,
}

impl Service {
    pub(crate) const fn new(keys: Keys, missions: Missions, progress: Progress, peers: Peers) -> Self {
        Self { keys, missions, progress, peers }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(MissionServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl MissionService for Service {
    async fn put_mission(&self, call: Request<PutMissionRequest>) -> Result<Response<PutMissionResponse>, Status> {
        // Conditions are read by a thread of their own: not one that serves others.
        let ask = parse_missions::put(self.keys.clone(), call).await?;
        let receipt = self.missions.put(&ask).await.map_err(refuse_missions::mission)?;
        Ok(present_missions::put(&self.keys, &receipt))
    }

    async fn get_mission(&self, call: Request<GetMissionRequest>) -> Result<Response<GetMissionResponse>, Status> {
        let ask = parse_missions::which(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.missions.get(ask.tenant, ask.mission, ask.version).await;
        Ok(Response::new(present_missions::standing(found.map_err(refuse_missions::mission)?)))
    }

    async fn list_missions(
        &self,
        call: Request<ListMissionsRequest>,
    ) -> Result<Response<ListMissionsResponse>, Status> {
        let ask = parse_missions::page(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.missions.list(ask.tenant, ask.after.clone(), ask.limit).await;
        Ok(present_missions::page(&self.keys, &ask, page.map_err(refuse_missions::mission)?))
    }

    async fn accept_mission(
        &self,
        call: Request<AcceptMissionRequest>,
    ) -> Result<Response<AcceptMissionResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let mut ask = parse_missions::accept(&self.keys, call)?;
        ask.known = is_member(&self.peers, behalf, ask.member).await?;
        let receipt = self.missions.accept(&ask).await.map_err(refuse_missions::mission)?;
        Ok(present_missions::accepted(&self.keys, receipt))
    }

    async fn record_mission_event(
        &self,
        call: Request<RecordMissionEventRequest>,
    ) -> Result<Response<RecordMissionEventResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let mut ask = parse_missions::event(&self.keys, call)?;
        ask.known = is_member(&self.peers, behalf, ask.member).await?;
        let receipt = self.missions.record(&ask).await.map_err(refuse_missions::mission)?;
        Ok(present_missions::recorded(&self.keys, receipt))
    }

    async fn list_member_missions(
        &self,
        call: Request<ListMemberMissionsRequest>,
    ) -> Result<Response<ListMemberMissionsResponse>, Status> {
        let ask = parse_missions::of_member(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.missions.of_member(ask.tenant, ask.member).await.map_err(refuse_missions::mission)?;
        Ok(present_missions::of_member(ask.member, found))
    }

    async fn list_mission_rewards(
        &self,
        call: Request<ListMissionRewardsRequest>,
    ) -> Result<Response<ListMissionRewardsResponse>, Status> {
        let ask = parse_missions::rewards(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.missions.rewards(ask.tenant, ask.member, ask.before, ask.limit).await;
        Ok(present_missions::rewards(&self.keys, &ask, page.map_err(refuse_missions::mission)?))
    }
}
