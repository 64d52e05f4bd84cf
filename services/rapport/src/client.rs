//! The way to a running suite: an address, a token, and clients of its services.
//!
//! Commands are clients like any other: they use the public calls and nothing else. A token comes from `--token` or `RAPPORT_TOKEN`; where
//! there is none and the suite's development key lies in the state folder, one is made on the spot for the tenant named by `--tenant`.

mod patience;
mod trouble;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use kernel::{Clock, RequestId, TenantId, calendar};
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use proto::clock::v1::clock_service_client::ClockServiceClient;
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::operations::v1::operations_service_client::OperationsServiceClient;
use proto::portrait::v1::portrait_service_client::PortraitServiceClient;
use proto::referrals::v1::referrals_service_client::ReferralsServiceClient;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::registry::v1::{GetTenantRequest, Tenant};
use proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient;
use proto::subscriptions::v1::subscriptions_service_client::SubscriptionsServiceClient;
use server::DevIssuer;
use server::auth::every_scope;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::words::Words;

pub use patience::patiently;
pub use trouble::CliError;
pub(crate) use trouble::accused;

/// Where the development key lies in the state folder.
pub const DEV_KEY: &str = "dev.key";

/// Answers to batches grow with them.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// Long enough for the longest import.
const TOKEN_LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// Whom the suite's records name when a command acted.
const ACTOR: &str = "rapport-cli";

/// How to reach a suite.
#[derive(Args, Clone, Debug)]
pub struct Reach {
    /// Address of the suite
    #[arg(long, env = "RAPPORT_ADDRESS", default_value = "127.0.0.1:50051", value_name = "HOST:PORT", global = true)]
    pub address: String,
    /// Token to call with; made from the development key where there is none
    #[arg(long, env = "RAPPORT_TOKEN", hide_env_values = true, value_name = "JWT", global = true)]
    pub token: Option<String>,
    /// Code of the tenant that a token is made for
    #[arg(long, env = "RAPPORT_TENANT", default_value = "demo", value_name = "CODE", global = true)]
    pub tenant: String,
    /// Folder of the development key and of what commands remember
    #[arg(long, env = "RAPPORT_STATE_DIR", default_value = ".rapport", value_name = "FOLDER", global = true)]
    pub state_dir: PathBuf,
    /// Print one JSON object instead of text for people
    #[arg(long, global = true)]
    pub json: bool,
}

impl Reach {
    /// The suite as the tenant sees it.
    pub async fn suite(&self) -> Result<Suite, CliError> {
        if let Some(token) = &self.token {
            return Suite::with_token(self.channel()?, token);
        }
        self.entrance()?.tenant(&self.tenant).await
    }

    /// A way in for whoever holds the development key.
    pub fn entrance(&self) -> Result<Entrance, CliError> {
        Ok(Entrance { channel: self.channel()?, issuer: self.issuer()? })
    }

    /// The key of a local suite. None is made here: a token of a key that no suite has opens nothing.
    pub fn issuer(&self) -> Result<DevIssuer, CliError> {
        let key = self.state_dir.join(DEV_KEY);
        if !key.exists() {
            return Err(CliError::Asked(format!(
                "no token: give --token or RAPPORT_TOKEN, or name the folder of a local suite with --state-dir (there is no {})",
                key.display()
            )));
        }
        DevIssuer::open(&key).map_err(|error| CliError::Asked(error.to_string()))
    }

    /// Where the suite answers.
    pub fn channel(&self) -> Result<Channel, CliError> {
        let address =
            if self.address.contains("://") { self.address.clone() } else { format!("http://{}", self.address) };
        let endpoint = Endpoint::from_shared(address)
            .map_err(|_| CliError::Asked(format!("--address {} is no address: 127.0.0.1:50051", self.address)))?;
        Ok(endpoint.connect_timeout(Duration::from_secs(5)).http2_adaptive_window(true).connect_lazy())
    }
}

/// A suite and the key that opens it for anybody: a development installation, or a test.
#[derive(Clone, Debug)]
pub struct Entrance {
    channel: Channel,
    issuer: DevIssuer,
}

impl Entrance {
    /// Over an open channel, in process or not.
    pub fn new(channel: Channel, issuer: DevIssuer) -> Self {
        Self { channel, issuer }
    }

    /// The suite as an operator sees it, who belongs to no tenant.
    pub fn operator(&self) -> Result<Suite, CliError> {
        self.suite(None)
    }

    /// The suite as the tenant with this id sees it.
    pub fn tenant_by_id(&self, tenant: TenantId) -> Result<Suite, CliError> {
        self.suite(Some(tenant))
    }

    /// The suite as the tenant with this code sees it.
    pub async fn tenant(&self, code: &str) -> Result<Suite, CliError> {
        let tenant = self.operator()?.tenant_named(code).await?;
        let id = TenantId::parse(&tenant.id).map_err(|_| CliError::odd("the suite gave a tenant without an id"))?;
        self.suite(Some(id))
    }

    fn suite(&self, tenant: Option<TenantId>) -> Result<Suite, CliError> {
        let token = self.issuer.mint(tenant, every_scope(), ACTOR, TOKEN_LIFETIME);
        Suite::with_token(self.channel.clone(), &token)
    }
}

/// Puts the token into every call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// What the clients speak through.
pub type Line = InterceptedService<Channel, Bearer>;

/// A running suite, as the bearer of one token sees it.
#[derive(Clone)]
pub struct Suite {
    channel: Channel,
    bearer: Bearer,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $client<Line> {
            $client::with_interceptor(self.channel.clone(), self.bearer.clone())
                .max_decoding_message_size(MOST_ANSWER_BYTES)
        }
    )*};
}

impl Suite {
    /// Over an open channel, with a token.
    pub fn with_token(channel: Channel, token: &str) -> Result<Self, CliError> {
        let bearer = format!("Bearer {}", token.trim()).parse::<MetadataValue<Ascii>>();
        let mut bearer = bearer.map_err(|_| CliError::Asked("the token holds characters no token has".to_owned()))?;
        bearer.set_sensitive(true);
        Ok(Self { channel, bearer: Bearer(bearer) })
    }

    clients! {
        /// Members.
        registry: RegistryServiceClient;
        /// One member as all services know them.
        portraits: PortraitServiceClient;
        /// Tenants.
        tenants: TenantServiceClient;
        /// Orders, returns, products.
        activity: ActivityServiceClient;
        /// Points, tiers, programmes.
        loyalty: LoyaltyServiceClient;
        /// Groups, lifecycles, values.
        segmentation: SegmentationServiceClient;
        /// Codes and invitations.
        referrals: ReferralsServiceClient;
        /// Plans, standing orders, paid memberships.
        subscriptions: SubscriptionsServiceClient;
        /// The business clock.
        clock: ClockServiceClient;
        /// How the services are.
        operations: OperationsServiceClient;
        /// What could not be applied.
        event_logs: EventLogServiceClient;
    }

    /// The caller's own tenant.
    pub async fn own_tenant(&self) -> Result<Tenant, CliError> {
        self.tenant_named("").await
    }

    /// How the caller's tenant writes money and times.
    pub async fn words(&self) -> Result<Words, CliError> {
        words_of(&self.own_tenant().await?)
    }

    /// A tenant by its code; an operator may ask for any.
    pub async fn tenant_named(&self, tenant: &str) -> Result<Tenant, CliError> {
        let answer = self
            .tenants()
            .get_tenant(GetTenantRequest { tenant: tenant.to_owned(), ..GetTenantRequest::default() })
            .await?;
        answer.into_inner().tenant.ok_or_else(|| CliError::odd("the suite answered without a tenant"))
    }
}

/// How a tenant writes money and times.
pub fn words_of(tenant: &Tenant) -> Result<Words, CliError> {
    let settings = tenant.settings.as_ref().ok_or_else(|| CliError::odd("the suite gave a tenant without settings"))?;
    let zone = calendar::zone(&settings.zone).map_err(|_| CliError::odd("the suite gave a tenant without a zone"))?;
    let usual = || kernel::Currency::parse(&settings.currency_code).map_or(2, kernel::Currency::usual_minor_digits);
    let digits = settings.minor_digits.and_then(|digits| u32::try_from(digits).ok()).unwrap_or_else(usual);
    Ok(Words::new(zone, &settings.currency_code, digits))
}

/// What every command is told that changes something.
#[derive(Args, Clone, Debug)]
pub struct Call {
    /// Id of this request, to repeat it safely
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
    /// Where.
    #[command(flatten)]
    pub reach: Reach,
}

impl Call {
    /// The request id a person gave, to repeat a call, or a new one.
    pub fn request_id(&self) -> Result<String, CliError> {
        match &self.request_id {
            Some(text) => {
                let given = RequestId::parse(text);
                given.map(|id| id.to_string()).map_err(|error| CliError::Asked(format!("--request-id {text}: {error}")))
            }
            None => Ok(new_request_id()),
        }
    }
}

/// An id for a call that nobody will repeat by hand.
pub fn new_request_id() -> String {
    RequestId::new_at(Clock::system().now()).to_string()
}

/// A call that may take as long as a large batch does.
pub fn long_call<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(300));
    request
}
