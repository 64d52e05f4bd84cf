//! The way to a running suite: an address, a token, and clients of its services.
//!
//! Commands are clients like any other: they use the public calls and nothing else. A token comes from `--token` or `RAPPORT_TOKEN`; where
//! there is none and the suite's development key lies in the state folder, one is made on the spot for the tenant named by `--tenant`.

mod patience;
mod silence;
mod trouble;
mod way;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures::future::join_all;
use kernel::{Clock, RequestId, TenantId, calendar};
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use proto::clock::v1::clock_service_client::ClockServiceClient;
use proto::eventlog::v1::event_log_service_client::EventLogServiceClient;
use proto::loyalty::v1::benefit_service_client::BenefitServiceClient;
use proto::loyalty::v1::coupon_service_client::CouponServiceClient;
use proto::loyalty::v1::draw_service_client::DrawServiceClient;
use proto::loyalty::v1::ledger_service_client::LedgerServiceClient;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::loyalty::v1::mission_service_client::MissionServiceClient;
use proto::loyalty::v1::opening_service_client::OpeningServiceClient;
use proto::loyalty::v1::planning_service_client::PlanningServiceClient;
use proto::loyalty::v1::reward_service_client::RewardServiceClient;
use proto::operations::v1::{GetStatusRequest, GetStatusResponse, ServiceStatus};
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
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::words::Words;

pub use patience::patiently;
pub use silence::{ANSWER_WITHIN, Silent};
pub use trouble::CliError;
pub(crate) use trouble::accused;
pub use way::Way;

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
    /// Address of the suite; of services that run apart, `RAPPORT_<SERVICE>_URL` says theirs
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
            return Suite::with_token(self.way()?, token);
        }
        self.entrance()?.tenant(&self.tenant).await
    }

    /// The suite as an operator sees it: with the token that was given, or one made from the development key.
    ///
    /// # Errors
    /// There is neither, or the token cannot be used.
    pub async fn operator(&self) -> Result<Suite, CliError> {
        match &self.token {
            Some(_) => self.suite().await,
            None => self.entrance()?.operator(),
        }
    }

    /// A way in for whoever holds the development key.
    pub fn entrance(&self) -> Result<Entrance, CliError> {
        Ok(Entrance { way: self.way()?, issuer: self.issuer()? })
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
    pub fn way(&self) -> Result<Way, CliError> {
        Way::of(&self.address)
    }
}

/// A suite and the key that opens it for anybody: a development installation, or a test.
#[derive(Clone, Debug)]
pub struct Entrance {
    way: Way,
    issuer: DevIssuer,
}

impl Entrance {
    /// Over an open channel, in process or not.
    pub fn new(way: impl Into<Way>, issuer: DevIssuer) -> Self {
        Self { way: way.into(), issuer }
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
        Suite::with_token(self.way.clone(), &token)
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
    way: Way,
    bearer: Bearer,
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $client:ident of $service:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $client<Line> {
            $client::new(self.line($service)).max_decoding_message_size(MOST_ANSWER_BYTES)
        }
    )*};
}

impl Suite {
    /// Over an open channel, with a token.
    pub fn with_token(way: impl Into<Way>, token: &str) -> Result<Self, CliError> {
        let bearer = format!("Bearer {}", token.trim()).parse::<MetadataValue<Ascii>>();
        let mut bearer = bearer.map_err(|_| CliError::Asked("the token holds characters no token has".to_owned()))?;
        bearer.set_sensitive(true);
        Ok(Self { way: way.into(), bearer: Bearer(bearer) })
    }

    clients! {
        /// Members.
        registry: RegistryServiceClient of "registry";
        /// One member as all services know them.
        portraits: PortraitServiceClient of "registry";
        /// Tenants.
        tenants: TenantServiceClient of "registry";
        /// Orders, returns, products.
        activity: ActivityServiceClient of "activity";
        /// Points, tiers, programmes.
        loyalty: LoyaltyServiceClient of "loyalty";
        /// Campaigns, coupons, codes.
        coupons: CouponServiceClient of "loyalty";
        /// What members can have for points.
        rewards: RewardServiceClient of "loyalty";
        /// What membership brings beside points.
        benefits: BenefitServiceClient of "loyalty";
        /// The whole ledger of points, to be proved.
        ledger: LedgerServiceClient of "loyalty";
        /// Missions.
        missions: MissionServiceClient of "loyalty";
        /// What members bring along from another system.
        openings: OpeningServiceClient of "loyalty";
        /// Prize draws.
        draws: DrawServiceClient of "loyalty";
        /// What would have come of other terms, what will, and what differs.
        planning: PlanningServiceClient of "loyalty";
        /// Groups, lifecycles, values.
        segmentation: SegmentationServiceClient of "segmentation";
        /// Codes and invitations.
        referrals: ReferralsServiceClient of "referrals";
        /// Plans, standing orders, paid memberships.
        subscriptions: SubscriptionsServiceClient of "subscriptions";
        /// The business clock, to be read.
        clock: ClockServiceClient of "registry";
    }

    /// The business clock, to be moved.
    ///
    /// # Errors
    /// Services run apart: each process has a clock of its own, and time moved in one of them alone makes no sense.
    pub fn movable_clock(&self) -> Result<ClockServiceClient<Line>, CliError> {
        if self.way.is_one_process() {
            return Ok(self.clock());
        }
        let text =
            "the clocks of services that run apart are not moved together: `rapport serve all --clock manual:...`";
        Err(CliError::Asked(text.to_owned()))
    }

    /// The log of a service, and what it hears of others.
    pub fn event_logs(&self, service: &str) -> EventLogServiceClient<Line> {
        EventLogServiceClient::new(self.line(service)).max_decoding_message_size(MOST_ANSWER_BYTES)
    }

    /// How the services are, of all processes.
    pub async fn status(&self, ask: GetStatusRequest) -> Result<GetStatusResponse, Status> {
        let (told, silent) = self.status_of_each(ask).await;
        silent.into_iter().next().map_or(Ok(told), |silent| Err(silent.why))
    }

    /// How the services are, of the processes that answer, each version that runs named; and where none does, and why
    /// not. All are asked side by side, so those that keep one waiting cost [`ANSWER_WITHIN`] together.
    pub async fn status_of_each(&self, ask: GetStatusRequest) -> (GetStatusResponse, Vec<Silent>) {
        let (mut services, mut versions) = (Vec::<ServiceStatus>::new(), BTreeSet::new());
        let mut silent = Vec::new();
        let places = self.way.everywhere();
        let line = |place: &way::Place| InterceptedService::new(place.channel.clone(), self.bearer.clone());
        let answers = join_all(places.iter().map(|place| silence::asked(line(place), &ask))).await;
        for (place, answer) in places.iter().zip(answers) {
            let told = match answer {
                Ok(told) => told,
                Err(why) => {
                    silent.push(Silent { place: place.name(), services: place.services.clone(), why });
                    continue;
                }
            };
            let unknown = |status: &ServiceStatus| services.iter().all(|known| known.source != status.source);
            let news: Vec<ServiceStatus> = told.services.into_iter().filter(unknown).collect();
            services.extend(news);
            versions.insert(told.version);
        }
        (GetStatusResponse { services, version: Vec::from_iter(versions).join(", ") }, silent)
    }

    fn line(&self, service: &str) -> Line {
        InterceptedService::new(self.way.to(service), self.bearer.clone())
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
