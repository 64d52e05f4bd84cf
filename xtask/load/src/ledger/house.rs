//! Loyalty in this program: on a database, at a loopback port, with a caller's token.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, TenantId};
use loyalty::Loyalty;
use loyalty::account::Accounts;
use proto::loyalty::v1::coupon_service_client::CouponServiceClient;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::loyalty::v1::{Programme, PutProgrammeRequest};
use server::{DevIssuer, Entrances, InternalKey, Options, Peers, Readiness, Services, Verifier};
use store::{Settings, Store};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use uuid::Uuid;
use wire::Keys;

use crate::Failed;
use crate::suite::{Bearer, request_id};

/// A caller's connections; callers share them in turn.
const CONNECTIONS: usize = 4;
/// Nobody is asked anything, because everybody is known.
const NOWHERE: &str = "http://127.0.0.1:1";
const SECRET: &str = "a bench that nobody else will ever call";

/// One of the connections, with a caller's token.
type Line = InterceptedService<Channel, Bearer>;
/// A client over one of the connections.
pub type Client = LoyaltyServiceClient<Line>;

/// The one tenant of the bench.
pub fn tenant() -> TenantId {
    TenantId::derived_from(Uuid::nil(), "bench")
}

/// Loyalty, served and called.
pub struct House {
    pub clients: Vec<Client>,
    pub coupons: CouponServiceClient<Line>,
    pub accounts: Accounts,
    pub keys: Keys,
    service: Loyalty,
    serving: JoinHandle<Result<(), server::ServeError>>,
    stop: CancellationToken,
}

impl House {
    /// On this database; on a new one it makes the tables first.
    pub async fn open(url: &str, new: bool) -> Result<Self, Failed> {
        if new {
            store::migrate(url, loyalty::SERVICE, &loyalty::migrations()).await?;
        }
        let (clock, keys, stop) = (Clock::system(), Keys::new(SECRET.as_bytes()), CancellationToken::new());
        let store = Store::open(&Settings::new(url, loyalty::SERVICE)).await?;
        let key = InternalKey::random()?;
        let peers = Peers::new(key.clone()).at("registry", NOWHERE)?.at("activity", NOWHERE)?;
        let service = Loyalty::open(store, clock, keys.clone(), &peers)?;
        // The clockwork reads several times a second, as in any process; whoever reads sees to the plans being kept.
        if let Some(clockwork) = service.clockwork() {
            tokio::spawn(clockwork.run(stop.clone()));
        }
        let issuer = DevIssuer::try_new(SECRET)?;
        let bearer = Bearer::of(&issuer, Some(tenant()))?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let options = Options::new(Arc::new(Verifier::new(&key).with_dev(&issuer)), Readiness::new());
        let (services, ended) = (service.mount(Services::new()), stop.clone());
        let entrances = Entrances { tcp: Some(listener), memory: None };
        let serving = tokio::spawn(async move { server::serve(services, entrances, ended, options).await.map(drop) });
        let line = || line(&format!("http://{address}"), &bearer);
        let clients = (0..CONNECTIONS).map(|_| Ok(LoyaltyServiceClient::new(line()?)));
        let clients = clients.collect::<Result<Vec<Client>, Failed>>()?;
        let coupons = CouponServiceClient::new(line()?);
        Ok(Self { clients, coupons, accounts: service.accounts().clone(), keys, service, serving, stop })
    }

    pub async fn put_programme(&self, programme: Programme) -> Result<(), Failed> {
        let ask = PutProgrammeRequest { request_id: request_id(), programme: Some(programme), validate_only: false };
        self.clients[0].clone().put_programme(ask).await?;
        Ok(())
    }

    /// Waits for what is under way.
    pub async fn close(self) -> Result<(), Failed> {
        self.stop.cancel();
        drop((self.clients, self.coupons));
        self.serving.await??;
        Ok(self.service.close().await?)
    }
}

fn line(url: &str, bearer: &Bearer) -> Result<Line, Failed> {
    let endpoint = Endpoint::from_shared(url.to_owned())?.tcp_nodelay(true).http2_adaptive_window(true);
    let channel = endpoint.connect_timeout(Duration::from_secs(5)).connect_lazy();
    Ok(InterceptedService::new(channel, bearer.clone()))
}
