//! A shop with a journal, and a registry that knows whom a test tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use activity::Activity;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Clock, MemberId, RequestId, TenantId};
use proto::activity::v1::activity_service_client::ActivityServiceClient;
use proto::activity::v1::{self as wire_activity};
use proto::registry::v1::{Identity, IdentityKind};
use server::Services;
use testkit::{Database, House, Served, Speaker, Spoken};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use testkit::registry::{FakeRegistry, People};

/// Noon of a day on which nothing else happens.
pub const NOON: &str = "2011-12-01T12:00:00Z";

pub struct Shop {
    pub database: Database,
    pub registry: Speaker,
    pub served: Served,
    pub tenant: TenantId,
    pub clock: Clock,
    pub people: People,
}

pub type Client = ActivityServiceClient<Spoken>;

impl Shop {
    /// Opens with a clock that stands at noon.
    pub async fn open() -> Self {
        Self::with_company(true).await
    }

    /// The same where only the service under test has a door: for harnesses that try everything that is answered.
    pub async fn alone() -> Self {
        Self::with_company(false).await
    }

    async fn with_company(company: bool) -> Self {
        let suite = [("activity", activity::migrations()), ("registry", testkit::house_tables())];
        let database = Database::for_suite(&suite).await;
        let (house, clock) = (House::new(), testkit::clock_at(NOON));
        let registry = Speaker::open(&database, "registry", clock.clone()).await;
        let peers = house.peers(&["registry"]);
        let store = database.store(activity::SERVICE).await;
        let service = Activity::open(store, clock.clone(), house.keys(), &peers).expect("registry is at home");
        let people = People::default();
        let logs = house.event_logs([registry.log(), service.log()], service.consumer());
        let fake = FakeRegistry::serve(Arc::clone(&people));
        let alone = service.mount(Services::new());
        let services = if company { alone.with(logs).with(fake) } else { alone };
        let stopping = house.stopping();
        let served = house.serve(services);
        tokio::spawn(service.run(stopping));
        let tenant = TenantId::new_at(clock.now());
        Self { database, registry, served, tenant, clock, people }
    }

    pub fn client(&self) -> Client {
        self.client_of(self.tenant)
    }

    pub fn client_of(&self, tenant: TenantId) -> Client {
        ActivityServiceClient::new(self.served.channel(tenant, &["activity.read", "activity.write"]))
            .max_encoding_message_size(16 << 20)
    }

    pub fn request_id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    pub fn member(&self) -> MemberId {
        MemberId::new_at(self.clock.now())
    }

    /// Records an order and answers its id.
    pub async fn record(&self, order: wire_activity::NewOrder) -> String {
        self.client().record_order(self.ask(order)).await.expect("it is recorded").into_inner().order
    }

    pub fn ask(&self, order: wire_activity::NewOrder) -> wire_activity::RecordOrderRequest {
        wire_activity::RecordOrderRequest { request_id: self.request_id(), order: Some(order), ..Default::default() }
    }

    /// A way to record orders that outlives this borrow.
    pub fn buying(&self) -> impl Fn(String, Buyer<'static>) -> BoxFuture<'static, String> + Send + Sync + 'static {
        let (client, clock) = (self.client(), self.clock.clone());
        move |number, buyer| {
            let (mut client, request_id) = (client.clone(), RequestId::new_at(clock.now()).to_string());
            let order = Some(order(&number, buyer, NOON, "A 2 x 5, B 1 x 1"));
            let ask = wire_activity::RecordOrderRequest { request_id, order, ..Default::default() };
            Box::pin(async move {
                match client.record_order(ask).await {
                    Ok(recorded) => recorded.into_inner().order,
                    Err(there) => refusal(&there).2["id"].clone(),
                }
            })
        }
    }

    pub async fn give_back(
        &self,
        goods: wire_activity::NewReturn,
    ) -> Result<wire_activity::RecordReturnResponse, Status> {
        let request = wire_activity::RecordReturnRequest {
            request_id: self.request_id(),
            goods: Some(goods),
            ..Default::default()
        };
        self.client().record_return(request).await.map(tonic::Response::into_inner)
    }

    pub async fn order(&self, order: &str) -> wire_activity::Order {
        let request = wire_activity::GetOrderRequest { order: order.to_owned(), ..Default::default() };
        self.client().get_order(request).await.expect("it is there").into_inner().order.expect("it is told")
    }

    /// Everything the journal has told, decoded, in the order of its shards.
    pub async fn told<P: prost::Message + prost::Name + Default>(&self) -> Vec<P> {
        let mut look = self.database.look().await;
        let payloads: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT payload FROM activity.event WHERE type = $1 ORDER BY occurred_at, shard, position",
        )
        .bind(P::full_name())
        .fetch_all(&mut look)
        .await
        .expect("events can be read");
        payloads.iter().map(|payload| P::decode(payload.as_slice()).expect("our own payload")).collect()
    }
}

pub fn wire_time(moment: &str) -> Option<prost_types::Timestamp> {
    let moment: Timestamp = moment.parse().expect("an instant");
    Some(proto::timestamp(moment))
}

/// An order in pounds: "A 3 x 2.50, B 1 x 10" bought at a time.
pub fn order(number: &str, buyer: Buyer<'_>, at: &str, lines: &str) -> wire_activity::NewOrder {
    let lines = lines.split(',').map(str::trim).zip(1..).map(|(line, number)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        wire_activity::OrderLine {
            number,
            product: words[0].to_owned(),
            quantity: words[1].parse().expect("units"),
            unit_price: words[3].to_owned(),
            ..Default::default()
        }
    });
    wire_activity::NewOrder {
        source: "till".to_owned(),
        external_id: number.to_owned(),
        buyer: Some(buyer.said()),
        channel: "store".to_owned(),
        invoice_number: format!("inv-{number}"),
        currency_code: "GBP".to_owned(),
        lines: lines.collect(),
        occur_time: wire_time(at),
        ..Default::default()
    }
}

#[derive(Clone, Copy)]
pub enum Buyer<'a> {
    Member(MemberId),
    Phone(&'a str),
    Guest,
}

impl Buyer<'_> {
    fn said(self) -> wire_activity::new_order::Buyer {
        match self {
            Self::Member(member) => wire_activity::new_order::Buyer::Member(member.to_string()),
            Self::Guest => wire_activity::new_order::Buyer::Guest(wire_activity::Guest {}),
            Self::Phone(value) => wire_activity::new_order::Buyer::Identity(Identity {
                kind: IdentityKind::Phone.into(),
                value: value.to_owned(),
                ..Default::default()
            }),
        }
    }
}

/// A return of lines of a named order: "1 x 2, 3 x 1" is two units of line 1 and one of line 3.
pub fn back_of(number: &str, order: &str, lines: &str) -> wire_activity::NewReturn {
    let lines = lines.split(',').map(str::trim).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        wire_activity::ReturnLine {
            order_line: words[0].parse().expect("a line"),
            quantity: words[2].parse().expect("units"),
            ..Default::default()
        }
    });
    wire_activity::NewReturn {
        source: "till".to_owned(),
        external_id: number.to_owned(),
        origin: Some(wire_activity::new_return::Origin::Order(order.to_owned())),
        lines: lines.collect(),
        occur_time: wire_time(NOON),
        ..Default::default()
    }
}

/// A return by a member who names no order: "A 3 x 2.50".
pub fn back_from(number: &str, member: MemberId, at: &str, lines: &str) -> wire_activity::NewReturn {
    let lines = lines.split(',').map(str::trim).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        wire_activity::ReturnLine {
            product: words[0].to_owned(),
            quantity: words[1].parse().expect("units"),
            unit_price: words[3].to_owned(),
            ..Default::default()
        }
    });
    wire_activity::NewReturn {
        source: "till".to_owned(),
        external_id: number.to_owned(),
        origin: Some(wire_activity::new_return::Origin::Member(member.to_string())),
        lines: lines.collect(),
        occur_time: wire_time(at),
        currency_code: "GBP".to_owned(),
        channel: "store".to_owned(),
        ..Default::default()
    }
}

/// The reason and facts of a refusal.
pub fn refusal(status: &Status) -> (Code, String, BTreeMap<String, String>) {
    let info = status.get_details_error_info().unwrap_or_else(|| panic!("no refusal: {status:?}"));
    (status.code(), info.reason, info.metadata.into_iter().collect())
}

/// The fields a call was told to be wrong in.
pub fn wrong_fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let told = status.get_details_bad_request().unwrap_or_else(|| panic!("no violations: {status:?}"));
    told.field_violations.into_iter().map(|one| one.field).collect()
}
