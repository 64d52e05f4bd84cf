//! What callers reach. Every rpc is the same three moves: parse, call, present.

use bytes::Bytes;
use kernel::Clock;
use proto::portrait::v1 as wire_portrait;
use proto::portrait::v1::portrait_service_server::{PortraitService, PortraitServiceServer};
use proto::registry::v1 as wire_registry;
use proto::registry::v1::registry_service_server::{RegistryService, RegistryServiceServer};
use proto::registry::v1::tenant_service_server::{TenantService, TenantServiceServer};
use server::{Behalf, Services};
use tonic::{Request, Response, Status};
use wire::{Keys, Language};

use crate::hot::Hot;
use crate::members::{Member, Members};
use crate::tenants::Tenants;

mod parse;
mod portrait;
mod present;
mod refuse;

pub(crate) use portrait::Portraits;

/// How a member is kept in memory and in Redis: the bytes of the message that callers get.
pub(crate) fn written(member: &Member) -> Bytes {
    present::written(member)
}

/// Adds the three services to a server.
pub(crate) fn mount(services: Services, registry: RegistryApi, tenants: TenantApi, portraits: PortraitApi) -> Services {
    services
        .with(server::compressed!(RegistryServiceServer::new(registry)))
        .with(server::compressed!(TenantServiceServer::new(tenants)))
        .with(server::compressed!(PortraitServiceServer::new(portraits)))
}

/// What reading a call needs: the keys of its tokens, the moment, and how the tenant is settled.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) hot: Hot,
}

/// `rapport.registry.v1.RegistryService`.
#[derive(Clone, Debug)]
pub(crate) struct RegistryApi {
    pub(crate) desk: Desk,
    pub(crate) members: Members,
}

/// `rapport.portrait.v1.PortraitService`.
#[derive(Clone, Debug)]
pub(crate) struct PortraitApi {
    pub(crate) desk: Desk,
    pub(crate) portraits: Portraits,
}

/// `rapport.registry.v1.TenantService`.
#[derive(Clone, Debug)]
pub(crate) struct TenantApi {
    pub(crate) desk: Desk,
    pub(crate) tenants: Tenants,
}

#[tonic::async_trait]
impl RegistryService for RegistryApi {
    async fn enrol_member(
        &self,
        call: Request<wire_registry::EnrolMemberRequest>,
    ) -> Result<Response<wire_registry::EnrolMemberResponse>, Status> {
        let ask = parse::enrolment(&self.desk, call).await?;
        let enrolled = self.members.enrol(ask).await.map_err(refuse::members)?;
        Ok(present::enrolled(&self.desk.keys, &enrolled))
    }

    async fn enrol_members(
        &self,
        call: Request<wire_registry::EnrolMembersRequest>,
    ) -> Result<Response<wire_registry::EnrolMembersResponse>, Status> {
        let language = Language::of(call.extensions());
        let ask = parse::enrolments(&self.desk, call).await?;
        let enrolled = self.members.enrol_all(ask).await.map_err(refuse::members)?;
        Ok(present::outcomes(&self.desk.keys, language, &enrolled))
    }

    async fn get_member(
        &self,
        call: Request<wire_registry::GetMemberRequest>,
    ) -> Result<Response<wire_registry::GetMemberResponse>, Status> {
        let ask = parse::one(&self.desk, call)?;
        let profile = self.desk.hot.get(ask).await.map_err(refuse::members)?;
        present::one(&profile)
    }

    async fn batch_get_members(
        &self,
        call: Request<wire_registry::BatchGetMembersRequest>,
    ) -> Result<Response<wire_registry::BatchGetMembersResponse>, Status> {
        let ask = parse::several(&self.desk, call)?;
        let found = self.desk.hot.get_all(ask).await.map_err(refuse::members)?;
        present::several(&found)
    }

    async fn find_member(
        &self,
        call: Request<wire_registry::FindMemberRequest>,
    ) -> Result<Response<wire_registry::FindMemberResponse>, Status> {
        let ask = parse::known_by(&self.desk, call).await?;
        let profile = self.desk.hot.find(ask).await.map_err(refuse::members)?;
        present::found(&profile)
    }

    async fn list_members(
        &self,
        call: Request<wire_registry::ListMembersRequest>,
    ) -> Result<Response<wire_registry::ListMembersResponse>, Status> {
        let (ask, page) = parse::list(&self.desk, call)?;
        let members = self.desk.hot.list(ask).await.map_err(refuse::members)?;
        Ok(present::page(&self.desk.keys, &page, &members))
    }

    async fn list_birthdays(
        &self,
        call: Request<wire_registry::ListBirthdaysRequest>,
    ) -> Result<Response<wire_registry::ListBirthdaysResponse>, Status> {
        let (ask, page) = parse::birthdays(&self.desk, call)?;
        let members = self.desk.hot.birthdays(ask).await.map_err(refuse::members)?;
        Ok(present::birthdays(&self.desk.keys, &page, &members))
    }

    async fn update_member(
        &self,
        call: Request<wire_registry::UpdateMemberRequest>,
    ) -> Result<Response<wire_registry::UpdateMemberResponse>, Status> {
        let ask = parse::update(&self.desk, call).await?;
        let receipt = self.members.change(ask).await.map_err(refuse::members)?;
        let (etag, freshness) = present::changed(&self.desk.keys, &receipt);
        Ok(Response::new(wire_registry::UpdateMemberResponse { etag, freshness }))
    }

    async fn add_identity(
        &self,
        call: Request<wire_registry::AddIdentityRequest>,
    ) -> Result<Response<wire_registry::AddIdentityResponse>, Status> {
        let ask = parse::identity_to_add(&self.desk, call).await?;
        let receipt = self.members.change(ask).await.map_err(refuse::members)?;
        let (etag, freshness) = present::changed(&self.desk.keys, &receipt);
        Ok(Response::new(wire_registry::AddIdentityResponse { etag, freshness }))
    }

    async fn remove_identity(
        &self,
        call: Request<wire_registry::RemoveIdentityRequest>,
    ) -> Result<Response<wire_registry::RemoveIdentityResponse>, Status> {
        let ask = parse::identity_to_remove(&self.desk, call).await?;
        let receipt = self.members.change(ask).await.map_err(refuse::members)?;
        let (etag, freshness) = present::changed(&self.desk.keys, &receipt);
        Ok(Response::new(wire_registry::RemoveIdentityResponse { etag, freshness }))
    }

    async fn tag_member(
        &self,
        call: Request<wire_registry::TagMemberRequest>,
    ) -> Result<Response<wire_registry::TagMemberResponse>, Status> {
        let ask = parse::tags(&self.desk, call)?;
        let receipt = self.members.change(ask).await.map_err(refuse::members)?;
        let (etag, freshness) = present::changed(&self.desk.keys, &receipt);
        Ok(Response::new(wire_registry::TagMemberResponse { etag, freshness }))
    }

    async fn set_consent(
        &self,
        call: Request<wire_registry::SetConsentRequest>,
    ) -> Result<Response<wire_registry::SetConsentResponse>, Status> {
        let ask = parse::consents(&self.desk, call)?;
        let receipt = self.members.change(ask).await.map_err(refuse::members)?;
        let (etag, freshness) = present::changed(&self.desk.keys, &receipt);
        Ok(Response::new(wire_registry::SetConsentResponse { etag, freshness }))
    }
}

#[tonic::async_trait]
impl TenantService for TenantApi {
    async fn create_tenant(
        &self,
        call: Request<wire_registry::CreateTenantRequest>,
    ) -> Result<Response<wire_registry::CreateTenantResponse>, Status> {
        let ask = parse::tenant::opening(&self.desk, call)?;
        let receipt = self.tenants.open(ask).await.map_err(refuse::tenants)?;
        Ok(present::opened(&self.desk.keys, &receipt))
    }

    async fn get_tenant(
        &self,
        call: Request<wire_registry::GetTenantRequest>,
    ) -> Result<Response<wire_registry::GetTenantResponse>, Status> {
        let (asking, named, fresh) = parse::tenant::one(&self.desk, call)?;
        let tenant = self.tenants.get(asking, &named, &fresh).await.map_err(refuse::tenants)?;
        Ok(present::tenant(tenant))
    }

    async fn list_tenants(
        &self,
        call: Request<wire_registry::ListTenantsRequest>,
    ) -> Result<Response<wire_registry::ListTenantsResponse>, Status> {
        let page = parse::tenant::list(&self.desk, call)?;
        let tenants = self.tenants.page(page.after, page.limit, &page.fresh).await.map_err(refuse::tenants)?;
        Ok(present::tenants(&self.desk.keys, &page, tenants))
    }

    async fn update_tenant(
        &self,
        call: Request<wire_registry::UpdateTenantRequest>,
    ) -> Result<Response<wire_registry::UpdateTenantResponse>, Status> {
        let ask = parse::tenant::update(&self.desk, call)?;
        let receipt = self.tenants.change(ask).await.map_err(refuse::tenants)?;
        Ok(present::settled(&self.desk.keys, &receipt))
    }

    async fn suspend_tenant(
        &self,
        call: Request<wire_registry::SuspendTenantRequest>,
    ) -> Result<Response<wire_registry::SuspendTenantResponse>, Status> {
        let ask = parse::tenant::suspension(&self.desk, call)?;
        let receipt = self.tenants.change(ask).await.map_err(refuse::tenants)?;
        Ok(present::suspended(&self.desk.keys, &receipt))
    }

    async fn resume_tenant(
        &self,
        call: Request<wire_registry::ResumeTenantRequest>,
    ) -> Result<Response<wire_registry::ResumeTenantResponse>, Status> {
        let ask = parse::tenant::resumption(&self.desk, call)?;
        let receipt = self.tenants.change(ask).await.map_err(refuse::tenants)?;
        Ok(present::resumed(&self.desk.keys, &receipt))
    }
}

#[tonic::async_trait]
impl PortraitService for PortraitApi {
    async fn get_portrait(
        &self,
        call: Request<wire_portrait::GetPortraitRequest>,
    ) -> Result<Response<wire_portrait::GetPortraitResponse>, Status> {
        let behalf = Behalf::of(call.extensions())?;
        let (ask, sitting) = parse::portrait(&self.desk, behalf, call)?;
        let profile = self.desk.hot.get(ask).await.map_err(refuse::members)?;
        let portrait = self.portraits.of(&sitting, present::member(&profile)?).await;
        Ok(Response::new(wire_portrait::GetPortraitResponse { portrait: Some(portrait) }))
    }
}
