//! Six processes, as somebody calls them who holds a token.

use std::path::Path;
use std::time::Duration;

use kernel::{Clock, RequestId, TenantId};
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::operations::v1::operations_service_client::OperationsServiceClient;
use proto::portrait::v1::portrait_service_client::PortraitServiceClient;
use proto::referrals::v1::referrals_service_client::ReferralsServiceClient;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient;
use proto::subscriptions::v1::subscriptions_service_client::SubscriptionsServiceClient;
use server::DevIssuer;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::Failed;

/// The order of the addresses.
pub const SERVICES: [&str; 6] = ["registry", "activity", "loyalty", "segmentation", "referrals", "subscriptions"];
const LIFETIME: Duration = Duration::from_secs(3_600);
/// A suite that has fallen behind is measured, not given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Connects to nobody yet.
pub fn channels(addresses: &[&str]) -> Result<Vec<Channel>, Failed> {
    if addresses.len() != SERVICES.len() {
        return Err(format!("six addresses are wanted, of {}", SERVICES.join(", ")).into());
    }
    let open = |address: &&str| {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        Ok(endpoint.http2_adaptive_window(true).tcp_nodelay(true).connect_lazy())
    };
    addresses.iter().map(open).collect()
}

/// Puts the token into every call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        request.set_timeout(PATIENCE);
        Ok(request)
    }
}

impl Bearer {
    /// For a tenant, or as an operator.
    pub fn of(issuer: &DevIssuer, tenant: Option<TenantId>) -> Result<Self, Failed> {
        let token = issuer.mint(tenant, server::auth::every_scope(), "bench", LIFETIME);
        Ok(Self(format!("Bearer {token}").parse()?))
    }
}

type Line = InterceptedService<Channel, Bearer>;

/// Six processes, for the bearer of one token.
#[derive(Clone)]
pub struct Suite {
    channels: Vec<Channel>,
    bearer: Bearer,
}

macro_rules! clients {
    ($($name:ident: $client:ident at $place:literal;)*) => {$(
        pub fn $name(&self) -> $client<Line> {
            $client::new(self.line($place))
        }
    )*};
}

impl Suite {
    /// For a tenant, or as an operator, by the development key in the state folder.
    pub fn of(state: &str, channels: &[Channel], tenant: Option<TenantId>) -> Result<Self, Failed> {
        let issuer = DevIssuer::open(Path::new(state).join("dev.key"))?;
        Ok(Self { channels: channels.to_vec(), bearer: Bearer::of(&issuer, tenant)? })
    }

    clients! {
        registry: RegistryServiceClient at 0;
        tenants: TenantServiceClient at 0;
        portraits: PortraitServiceClient at 0;
        activity: ActivityServiceClient at 1;
        loyalty: LoyaltyServiceClient at 2;
        segmentation: SegmentationServiceClient at 3;
        referrals: ReferralsServiceClient at 4;
        subscriptions: SubscriptionsServiceClient at 5;
    }

    /// How each process is.
    pub fn operations(&self) -> impl Iterator<Item = OperationsServiceClient<Line>> + '_ {
        (0..SERVICES.len()).map(|place| OperationsServiceClient::new(self.line(place)))
    }

    fn line(&self, place: usize) -> Line {
        InterceptedService::new(self.channels[place].clone(), self.bearer.clone())
    }
}

/// An id for a call that is made once.
pub fn request_id() -> String {
    RequestId::new_at(Clock::system().now()).to_string()
}
