//! A whole suite in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Clock, RequestId, TenantId};
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use proto::clock::v1::AdvanceClockRequest;
use proto::clock::v1::clock_service_client::ClockServiceClient;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::portrait::v1::portrait_service_client::PortraitServiceClient;
use proto::referrals::v1::referrals_service_client::ReferralsServiceClient;
use proto::registry::v1::registry_service_client::RegistryServiceClient;
use proto::registry::v1::tenant_service_client::TenantServiceClient;
use proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient;
use proto::subscriptions::v1::subscriptions_service_client::SubscriptionsServiceClient;
use rapport::suite::{Plan, Service, Stores, Suite};
use server::{Peers, Services};
use testkit::{Database, FaultyLine, House, Served, Spoken};
use tokio::task::JoinHandle;

use crate::requests;

/// The suite as it runs in production, but for its sockets.
pub struct Stage {
    pub served: Served,
    pub suite: Suite,
    pub clock: Clock,
    redis: Option<String>,
    running: JoinHandle<()>,
    /// Over which the services reach each other, where that is not straight.
    pub line: Option<FaultyLine>,
    // Last: a database is dropped after those who use it.
    pub database: Arc<Database>,
}

/// A tenant of the suite with a programme, as its own people see it.
#[derive(Clone)]
pub struct Shop {
    pub tenant: TenantId,
    pub channel: Spoken,
    pub clock: Clock,
}

impl Stage {
    /// Opens all services on a database of their own.
    pub async fn open(moment: &str) -> Self {
        Self::whole(database(None).await, testkit::redis_url(), moment).await
    }

    /// The same where the database lies on a server of the test's own.
    pub async fn on_server(url: String, moment: &str) -> Self {
        Self::whole(database(Some(url)).await, testkit::redis_url(), moment).await
    }

    /// The same with a Redis of the test's own.
    pub async fn with_redis(redis: String, moment: &str) -> Self {
        Self::whole(database(None).await, Some(redis), moment).await
    }

    /// The same where the services reach each other over a line that delivers badly.
    pub async fn over_a_faulty_line(seed: u64, moment: &str) -> Self {
        let house = House::new();
        let line = FaultyLine::to(&house.connector(), seed).await;
        let peers = line.peers(house.internal_key(), &Service::ALL.map(Service::name));
        let (database, redis, clock) = (database(None).await, testkit::redis_url(), testkit::clock_at(moment));
        let stage = Self::of(database, redis, (house, peers), clock, &Service::ALL).await;
        Self { line: Some(line), ..stage }
    }

    async fn whole(database: Arc<Database>, redis: Option<String>, moment: &str) -> Self {
        Self::of(database, redis, straight(House::new()), testkit::clock_at(moment), &Service::ALL).await
    }

    /// Another process of the same installation, in which registry alone is served.
    pub async fn another_registry(&self) -> Self {
        let house = House::new().with_keys(self.served.keys());
        let (database, redis, clock) = (Arc::clone(&self.database), self.redis.clone(), self.clock.clone());
        Self::of(database, redis, straight(house), clock, &[Service::Registry]).await
    }

    async fn of(
        database: Arc<Database>,
        redis: Option<String>,
        (house, peers): (House, Peers),
        clock: Clock,
        services: &[Service],
    ) -> Self {
        let urls: BTreeMap<Service, String> =
            services.iter().map(|service| (*service, database.url().to_owned())).collect();
        let plan = Plan {
            stores: Stores::open(&urls, 8, store::Retention::default()).await.expect("the stores open"),
            clock: clock.clone(),
            keys: house.keys(),
            peers,
            redis: redis.clone(),
            seals: None,
            readiness: house.readiness(),
            kept: None,
        };
        let suite = Suite::open(plan).expect("the suite opens");
        let served = house.serve(suite.mount(Services::new()));
        let running = tokio::spawn(suite.clone().run(served.stopping()));
        Self { served, suite, clock, redis, running, line: None, database }
    }

    /// Nobody's channel: an operator's.
    pub fn operator(&self) -> Spoken {
        self.served.channel_for_everything(None)
    }

    /// Opens a tenant in Taipei with the usual programme.
    pub async fn shop(&self, code: &str) -> Shop {
        let opened = TenantServiceClient::new(self.operator())
            .create_tenant(requests::tenant(request_id(&self.clock), code))
            .await
            .expect("the tenant is opened")
            .into_inner();
        let tenant = TenantId::parse(&opened.tenant).expect("a tenant's id");
        let shop = Shop { tenant, channel: self.served.channel_for_everything(tenant), clock: self.clock.clone() };
        let terms = requests::programme(request_id(&self.clock), "2011-01-01T00:00:00Z");
        shop.loyalty().put_programme(terms).await.expect("the programme is in force");
        shop
    }

    /// Moves the clock, and lets everything happen that falls due on the way.
    pub async fn advance(&self, to: &str) {
        let asked = AdvanceClockRequest { to: Some(proto::timestamp(testkit::instant(to))), step_seconds: 3_600 };
        ClockServiceClient::new(self.operator()).advance_clock(asked).await.expect("the clock moves");
    }

    /// What a service has written, once nobody has anything left to hear or to do.
    pub async fn effects_of(&self, service: &'static str) -> i64 {
        self.suite.coordinator().quiet().await.expect("it comes to rest");
        match Service::ALL.iter().find(|one| one.name() == service) {
            Some(service) => self.database.effects_of(service.name()).await,
            // What an operator does to a consumer is written down with the consumer: loyalty's, in the examples.
            None => self.database.effects_of(loyalty::SERVICE).await,
        }
    }

    /// Stops as a process does.
    pub async fn stop(self) {
        self.served.stop().await;
        self.running.await.expect("the services end");
        self.suite.close().await;
    }
}

/// A house in which the services reach each other straight.
fn straight(house: House) -> (House, Peers) {
    let peers = house.peers(&Service::ALL.map(Service::name));
    (house, peers)
}

/// A database with the tables of all services: on the tests' server, or on one of the test's own.
async fn database(server: Option<String>) -> Arc<Database> {
    let schemas = Service::ALL.map(|service| (service.name(), service.migrations()));
    Arc::new(match server {
        Some(url) => Database::on(url, &schemas).await,
        None => Database::for_suite(&schemas).await,
    })
}

impl Shop {
    /// The same shop, served by another process.
    pub fn at(&self, stage: &Stage) -> Self {
        Self { channel: stage.served.channel_for_everything(self.tenant), ..self.clone() }
    }

    pub fn registry(&self) -> RegistryServiceClient<Spoken> {
        RegistryServiceClient::new(self.channel.clone())
    }

    pub fn activity(&self) -> ActivityServiceClient<Spoken> {
        ActivityServiceClient::new(self.channel.clone())
    }

    pub fn loyalty(&self) -> LoyaltyServiceClient<Spoken> {
        LoyaltyServiceClient::new(self.channel.clone())
    }

    pub fn portraits(&self) -> PortraitServiceClient<Spoken> {
        PortraitServiceClient::new(self.channel.clone())
    }

    pub fn segmentation(&self) -> SegmentationServiceClient<Spoken> {
        SegmentationServiceClient::new(self.channel.clone())
    }

    pub fn referrals(&self) -> ReferralsServiceClient<Spoken> {
        ReferralsServiceClient::new(self.channel.clone())
    }

    pub fn subscriptions(&self) -> SubscriptionsServiceClient<Spoken> {
        SubscriptionsServiceClient::new(self.channel.clone())
    }

    pub fn request_id(&self) -> String {
        request_id(&self.clock)
    }

    /// Makes somebody a member by their phone number.
    pub async fn enrol(&self, phone: &str) -> String {
        let request = requests::enrolment(self.request_id(), phone);
        self.registry().enrol_member(request).await.expect("they join").into_inner().member
    }
}

/// As a caller makes it.
pub fn request_id(clock: &Clock) -> String {
    RequestId::new_at(clock.now()).to_string()
}
