//! What operators call.

use proto::clock::v1::{AdvanceClockRequest, GetClockRequest};
use proto::eventlog::v1::{DropParkedEventRequest, ListParkedEventsRequest, RetryParkedEventsRequest, WatchRequest};
use proto::operations::v1::GetStatusRequest;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::registry::v1::{
    CreateTenantRequest, GetTenantRequest, ListTenantsRequest, ResumeTenantRequest, SuspendTenantRequest,
    UpdateTenantRequest,
};
use testkit::{Examples, Spoken};

use super::make;
use crate::requests::tenant;
use crate::stage::{Stage, request_id};

#[derive(Clone)]
struct Office {
    channel: Spoken,
    clock: kernel::Clock,
}

impl Office {
    async fn opened(&self, code: &str) -> String {
        let asked = tenant(request_id(&self.clock), code);
        let answer = TenantServiceClient::new(self.channel.clone()).create_tenant(asked).await;
        answer.expect("the tenant is opened").into_inner().tenant
    }

    async fn suspended(&self, code: &str) -> String {
        let tenant = self.opened(code).await;
        let asked = SuspendTenantRequest { request_id: request_id(&self.clock), tenant: tenant.clone() };
        TenantServiceClient::new(self.channel.clone()).suspend_tenant(asked).await.expect("it is suspended");
        tenant
    }
}

/// Requests of operators, about tenants that nobody else uses.
pub fn operators_examples(stage: &Stage) -> Examples {
    let office = Office { channel: stage.operator(), clock: stage.clock.clone() };
    let now = proto::timestamp(stage.clock.now());
    const PARKED: &str = "needs an event that cannot be applied; proved beside the services that listen";
    Examples::new(&stage.clock)
        .without::<RetryParkedEventsRequest>(PARKED)
        .without::<DropParkedEventRequest>(PARKED)
        .without::<WatchRequest>("the one call of the suite's own services")
        .with(make!(office, |_office, _n| GetClockRequest {}))
        .with(make!(office, |_office, _n| AdvanceClockRequest { to: Some(now), step_seconds: 60 }))
        .with(make!(office, |_office, _n| GetStatusRequest { source: "loyalty".to_owned() }))
        .with(make!(office, |_office, _n| ListParkedEventsRequest {
            consumer: "loyalty".to_owned(),
            ..ListParkedEventsRequest::default()
        }))
        .and(tenants(&office, stage))
}

fn tenants(office: &Office, stage: &Stage) -> Examples {
    Examples::new(&stage.clock)
        .with(make!(office, |_office, _n| GetTenantRequest {
            tenant: "signature".to_owned(),
            ..GetTenantRequest::default()
        }))
        .with(make!(office, |_office, _n| ListTenantsRequest { page_size: 10, ..ListTenantsRequest::default() }))
        .with_other(
            make!(office, |_office, n| tenant(String::new(), &format!("new-{n}"))),
            |request: &mut CreateTenantRequest| request.display_name.push('!'),
        )
        .with_other(
            make!(office, |office, n| UpdateTenantRequest {
                tenant: office.opened(&format!("update-{n}")).await,
                display_name: "Another name".to_owned(),
                update_mask: vec!["display_name".to_owned()],
                ..UpdateTenantRequest::default()
            }),
            |request: &mut UpdateTenantRequest| request.display_name.push('!'),
        )
        .with_subject_only(make!(office, |office, n| SuspendTenantRequest {
            tenant: office.opened(&format!("suspend-{n}")).await,
            ..SuspendTenantRequest::default()
        }))
        .with_subject_only(make!(office, |office, n| ResumeTenantRequest {
            tenant: office.suspended(&format!("resume-{n}")).await,
            ..ResumeTenantRequest::default()
        }))
}
