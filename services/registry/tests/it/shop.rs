//! A shop whose registry is served, and the calls a till makes.

use kernel::{Clock, MemberId, RequestId, TenantId};
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::registry::v1::{
    CreateTenantRequest, EnrolMemberRequest, EnrolMemberResponse, GetMemberRequest, Identity, IdentityKind, Member,
    NewMember, SuspendTenantRequest, TenantSettings,
};
use registry::Registry;
use server::Services;
use testkit::{Database, House, Served, Spoken};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

pub type Client = RegistryServiceClient<Spoken>;
pub type Operator = TenantServiceClient<Spoken>;

/// The moment at which every test begins.
pub const OPENING: &str = "2026-11-22T04:00:00Z";

pub struct Shop {
    pub database: Database,
    pub served: Served,
    pub clock: Clock,
    pub registry: Registry,
    pub tenant: TenantId,
    pub client: Client,
    pub operator: Operator,
}

impl Shop {
    /// In Taipei, with its background work running.
    pub async fn open() -> Self {
        let shop = Self::without_background_work().await;
        tokio::spawn(shop.registry.clone().run(shop.served.stopping()));
        shop
    }

    /// The same where nothing follows the log.
    pub async fn without_background_work() -> Self {
        let database = Database::create(registry::SERVICE, &registry::migrations()).await;
        let (house, clock) = (House::new(), testkit::clock_at(OPENING));
        let store = database.store(registry::SERVICE).await;
        let registry = Registry::open(store, clock.clone(), house.keys(), far(), house.peers(&[]));
        let served = house.serve(registry.mount(Services::new()));
        let mut operator = TenantServiceClient::new(served.channel_for_everything(None));
        let tenant = open_tenant(&mut operator, "signature").await;
        let client = RegistryServiceClient::new(served.channel_for_everything(tenant));
        Self { database, served, clock, registry, tenant, client, operator }
    }

    /// Another tenant of the same installation, and its people.
    pub async fn another(&mut self, code: &str) -> (TenantId, Client) {
        let tenant = open_tenant(&mut self.operator, code).await;
        (tenant, RegistryServiceClient::new(self.served.channel_for_everything(tenant)))
    }

    pub fn request_id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    pub async fn enrol(&mut self, person: NewMember) -> Result<EnrolMemberResponse, Status> {
        let request_id = self.request_id();
        let request = EnrolMemberRequest { request_id, member: Some(person), validate_only: false };
        self.client.enrol_member(request).await.map(tonic::Response::into_inner)
    }

    /// Enrols somebody with a phone number.
    pub async fn enrol_phone(&mut self, number: &str) -> MemberId {
        let enrolled = self.enrol(person(&[phone(number)])).await.expect("the number is free");
        MemberId::parse(&enrolled.member).expect("the id of a member")
    }

    pub async fn get(&mut self, member: impl ToString, fresh: &str) -> Result<Member, Status> {
        let request = GetMemberRequest { member: member.to_string(), at_least_as_fresh: fresh.to_owned() };
        let answer = self.client.get_member(request).await?.into_inner();
        Ok(answer.member.expect("a member is answered"))
    }

    pub async fn suspend(&mut self) {
        let request = SuspendTenantRequest { request_id: self.request_id(), tenant: self.tenant.to_string() };
        self.operator.suspend_tenant(request).await.expect("the tenant is there");
    }

    /// How many rows a table holds.
    pub async fn rows(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM registry.{table}")).await
    }

    pub async fn number(&self, statement: &str) -> i64 {
        let mut connection = self.database.look().await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&mut connection).await.expect("a number")
    }
}

/// The tests' Redis, where there is one.
fn far() -> Option<cache::Far> {
    let url = testkit::redis_url()?;
    Some(cache::Far::prepare(cache::FarSettings::new(url, "registry-tests")).expect("the URL can be used"))
}

async fn open_tenant(operator: &mut Operator, code: &str) -> TenantId {
    let settings = TenantSettings {
        zone: "Asia/Taipei".to_owned(),
        currency_code: "TWD".to_owned(),
        minor_digits: None,
        phone_region: "TW".to_owned(),
    };
    let request = CreateTenantRequest {
        request_id: RequestId::new_at(testkit::instant(OPENING)).to_string(),
        code: code.to_owned(),
        display_name: code.to_owned(),
        settings: Some(settings),
    };
    let opened = operator.create_tenant(request).await.expect("the code is free").into_inner();
    TenantId::parse(&opened.tenant).expect("the id of a tenant")
}

pub fn phone(number: &str) -> Identity {
    identity(IdentityKind::Phone, "", number)
}

pub fn email(address: &str) -> Identity {
    identity(IdentityKind::Email, "", address)
}

pub fn identity(kind: IdentityKind, issuer: &str, value: &str) -> Identity {
    Identity { kind: kind.into(), issuer: issuer.to_owned(), value: value.to_owned(), verified: false }
}

pub fn person(identities: &[Identity]) -> NewMember {
    NewMember { identities: identities.to_vec(), acquisition_source: "till".to_owned(), ..NewMember::default() }
}

/// The reason of a refusal, with one of its facts.
pub fn reason(status: &Status, fact: &str) -> (String, String) {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no refusal: {status:?}"));
    assert_eq!(info.domain, "rapport");
    (info.reason.clone(), info.metadata.get(fact).cloned().unwrap_or_default())
}

/// The fields a call is told are wrong.
pub fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let told = status.get_details_bad_request().unwrap_or_else(|| panic!("no violations: {status:?}"));
    told.field_violations.into_iter().map(|violation| violation.field).collect()
}
