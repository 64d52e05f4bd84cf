//! What operators call.

use proto::clock::v1::{AdvanceClockRequest, GetClockRequest};
use proto::eventlog::v1::{
    DropParkedEventRequest, ListParkedEventsRequest, LocateCursorsRequest, RepairCursorsRequest,
    RetryParkedEventsRequest, WatchRequest,
};
use proto::operations::v1::GetStatusRequest;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::registry::v1::{
    CreateTenantRequest, GetTenantRequest, ListTenantsRequest, ResumeTenantRequest, SuspendTenantRequest,
    UpdateTenantRequest,
};
use sqlx::{Connection as _, PgConnection};
use testkit::{Examples, Spoken};

use super::make;
use crate::requests::tenant;
use crate::stage::{Stage, request_id};

#[derive(Clone)]
struct Office {
    channel: Spoken,
    clock: kernel::Clock,
    database: String,
}

impl Office {
    async fn opened(&self, code: &str) -> String {
        let asked = tenant(request_id(&self.clock), code);
        let answer = TenantServiceClient::new(self.channel.clone()).create_tenant(asked).await;
        answer.expect("the tenant is opened").into_inner().tenant
    }

    /// An event that loyalty has put aside, far beyond those it will hear; its position.
    async fn parked(&self, number: u32) -> i64 {
        let position = 1_000_000 + i64::from(number);
        let mut loyalty = PgConnection::connect(&self.database).await.expect("the database answers");
        sqlx::query(
            "INSERT INTO loyalty.parked (source, shard, position, tenant, subject, event, cause, attempts, parked_at)
             VALUES ('registry', 7, $1, gen_random_uuid(), $2, '', 'it makes no sense', 3, 'epoch')",
        )
        .bind(position)
        .bind(format!("somebody-{number}"))
        .execute(&mut loyalty)
        .await
        .expect("it is put aside");
        position
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
    let office =
        Office { channel: stage.operator(), clock: stage.clock.clone(), database: stage.database.url().to_owned() };
    let now = proto::timestamp(stage.clock.now());
    Examples::new(&stage.clock)
        .without::<WatchRequest>("a call of the suite's own services")
        .without::<LocateCursorsRequest>("a call of the suite's own services")
        .with_other(
            make!(office, |_office, n| RetryParkedEventsRequest {
                consumer: "loyalty".to_owned(),
                subject: format!("nobody-{n}"),
                ..RetryParkedEventsRequest::default()
            }),
            |request: &mut RetryParkedEventsRequest| request.subject.push('!'),
        )
        .with_other(
            make!(office, |office, n| DropParkedEventRequest {
                consumer: "loyalty".to_owned(),
                source: "registry".to_owned(),
                partition: 7,
                position: office.parked(n).await,
                reason: "nobody misses it".to_owned(),
                ..DropParkedEventRequest::default()
            }),
            |request: &mut DropParkedEventRequest| request.reason.push('!'),
        )
        .with_other(
            make!(office, |_office, _n| RepairCursorsRequest {
                consumer: "loyalty".to_owned(),
                source: "activity".to_owned(),
                ..RepairCursorsRequest::default()
            }),
            |request: &mut RepairCursorsRequest| request.accept_unknown = true,
        )
        .with(make!(office, |_office, _n| GetClockRequest {}))
        .with(make!(office, |_office, _n| AdvanceClockRequest { to: Some(now), step_seconds: 60 }))
        .with(make!(office, |_office, _n| GetStatusRequest { source: "loyalty".to_owned(), locate_cursors: true }))
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
