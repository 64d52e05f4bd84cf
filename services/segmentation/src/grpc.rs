//! Segmentation's side of the contract. Every rpc makes the same three moves: parse, call, present.

mod parse;
mod parse_scheme;
mod present;
mod present_overview;
mod present_scheme;
mod refuse;
mod wording;

use eventlog::Progress;
use proto::segmentation::v1::segmentation_service_server::{SegmentationService, SegmentationServiceServer};
use proto::segmentation::v1::*;
use server::Services;
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use crate::members::Members;
use crate::scheme::Schemes;

/// The service as tonic calls it.
pub(crate) struct Service {
    keys: Keys,
    members: Members,
    schemes: Schemes,
    progress: Progress,
}

impl Service {
    pub(crate) const fn new(keys: Keys, members: Members, schemes: Schemes, progress: Progress) -> Self {
        Self { keys, members, schemes, progress }
    }

    pub(crate) fn mount(self, services: Services) -> Services {
        let progress = self.progress.clone();
        services.with(progress.telling(server::compressed!(SegmentationServiceServer::new(self))))
    }

    async fn fresh(&self, token: &wire::Freshness) -> Result<(), Status> {
        self.progress.wait_for(token).await.map_err(|unreachable| wire::refuse(unreachable.into()))
    }
}

#[tonic::async_trait]
impl SegmentationService for Service {
    async fn put_scheme(&self, call: Request<PutSchemeRequest>) -> Result<Response<PutSchemeResponse>, Status> {
        let ask = parse_scheme::new_scheme(&self.keys, call)?;
        let tenant = ask.tenant;
        let put = self.members.put_scheme(ask).await.map_err(refuse::scheme)?;
        Ok(present_scheme::put(&self.keys, tenant, &put))
    }

    async fn get_scheme(&self, call: Request<GetSchemeRequest>) -> Result<Response<GetSchemeResponse>, Status> {
        let ask = parse_scheme::which_scheme(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let found = self.schemes.get(ask.tenant, ask.version, ask.at).await;
        present_scheme::scheme(&ask, found)
    }

    async fn take_snapshot(
        &self,
        call: Request<TakeSnapshotRequest>,
    ) -> Result<Response<TakeSnapshotResponse>, Status> {
        let ask = parse::new_snapshot(&self.keys, call)?;
        let tenant = ask.tenant;
        let taken = self.members.take_snapshot(ask).await.map_err(refuse::member)?;
        Ok(present::taken(&self.keys, tenant, &taken))
    }

    async fn get_snapshot(&self, call: Request<GetSnapshotRequest>) -> Result<Response<GetSnapshotResponse>, Status> {
        let ask = parse::which_snapshot(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let snapshot = self.members.snapshot(ask.tenant, ask.number).await.map_err(refuse::member)?;
        Ok(present_scheme::snapshot_read(snapshot))
    }

    async fn get_insight(&self, call: Request<GetInsightRequest>) -> Result<Response<GetInsightResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::insight(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let insight = self.members.insight(ask.tenant, ask.member, ask.as_of_occurred).await;
        Ok(present::insight(language, insight.map_err(refuse::member)?))
    }

    async fn list_changes(&self, call: Request<ListChangesRequest>) -> Result<Response<ListChangesResponse>, Status> {
        let ask = parse::changes(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.members.changes(ask.tenant, ask.member, ask.before, ask.limit).await;
        Ok(present::changes(&self.keys, &ask, page.map_err(refuse::member)?))
    }

    async fn list_members(&self, call: Request<ListMembersRequest>) -> Result<Response<ListMembersResponse>, Status> {
        let ask = parse::members(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let page = self.members.list(ask.tenant, ask.wanted).await.map_err(refuse::member)?;
        Ok(present::members(&self.keys, &ask, page))
    }

    async fn get_overview(&self, call: Request<GetOverviewRequest>) -> Result<Response<GetOverviewResponse>, Status> {
        let ask = parse::overview(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let overview = self.members.overview(ask.tenant, ask.as_of_occurred).await.map_err(refuse::member)?;
        Ok(present_overview::overview(overview))
    }

    async fn get_cohorts(&self, call: Request<GetCohortsRequest>) -> Result<Response<GetCohortsResponse>, Status> {
        let ask = parse::cohorts(&self.keys, call)?;
        self.fresh(&ask.freshness).await?;
        let cohorts = self.members.cohorts(ask.tenant, ask.as_of_occurred).await.map_err(refuse::member)?;
        Ok(present_overview::cohorts(cohorts))
    }
}
