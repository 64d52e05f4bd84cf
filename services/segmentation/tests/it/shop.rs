//! A shop in miniature: segmentation served in memory, activity, registry and loyalty played by speakers.

use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, MemberId, OrderId, RequestId, ReturnId, Shard, TenantId};
use proto::activity::events::v1::{Line, OrderRecorded, OrderReturned, ReturnedLine};
use proto::registry::events::v1::{MemberEnrolled, TenantSettled};
use proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient;
use proto::segmentation::v1::*;
use segmentation::Segmentation;
use server::Services;
use testkit::{Database, House, Served, Speaker, Spoken};
use tokio_util::sync::CancellationToken;
use wire::{Freshness, Keys};

pub struct Shop {
    pub database: Database,
    pub clock: Clock,
    pub tenant: TenantId,
    pub served: Served,
    pub service: Segmentation,
    pub activity: Speaker,
    pub registry: Speaker,
    pub keys: Keys,
    stop: CancellationToken,
}

const HEARD: [&str; 3] = ["activity", "registry", "loyalty"];

impl Shop {
    /// A shop in Taipei that is paid in TWD, at ten in the morning.
    pub async fn open() -> Self {
        let house_tables = HEARD.map(|name| (name, testkit::house_tables()));
        let parts = [(segmentation::SERVICE, segmentation::migrations())].into_iter().chain(house_tables);
        let database = Database::for_suite(&parts.collect::<Vec<_>>()).await;
        let clock = testkit::clock_at("2026-01-10T02:00:00Z");
        let house = House::new();
        let activity = Speaker::open(&database, "activity", clock.clone()).await;
        let registry = Speaker::open(&database, "registry", clock.clone()).await;
        let loyalty = Speaker::open(&database, "loyalty", clock.clone()).await;
        let store = database.store(segmentation::SERVICE).await;
        let peers = house.peers(&HEARD);
        let service = Segmentation::open(store, clock.clone(), house.keys(), &peers).expect("its peers are known");
        let (keys, stop) = (house.keys(), house.stopping());
        let logs = house.event_logs([activity.log(), registry.log(), loyalty.log(), service.log()], service.consumer());
        let served = house.serve(service.mount(Services::new()).with(logs));
        tokio::spawn(service.clone().run(stop.clone()));
        let tenant = TenantId::new_at(clock.now());
        let shop = Self { database, clock, tenant, served, service, activity, registry, keys, stop };
        shop.settled(false).await;
        shop
    }

    /// Registry settles the tenant, and that is heard.
    pub async fn settled(&self, suspended: bool) {
        let settled = TenantSettled {
            tenant: self.tenant.to_string(),
            zone: "Asia/Taipei".to_owned(),
            currency_code: "TWD".to_owned(),
            minor_digits: 0,
            suspended,
        };
        let (shard, now) = (Shard::of_tenant(self.tenant), self.clock.now());
        let said = self.registry.say_at(self.tenant, shard, self.tenant, now, &settled).await;
        let asked = GetSchemeRequest { at_least_as_fresh: self.seal(&said), ..GetSchemeRequest::default() };
        self.client().get_scheme(asked).await.expect("it can be read");
    }

    pub fn client(&self) -> SegmentationServiceClient<Spoken> {
        SegmentationServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub fn request_id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    pub fn member(&self) -> MemberId {
        MemberId::new_at(self.clock.now())
    }

    pub fn seal(&self, token: &Freshness) -> String {
        token.seal(&self.keys)
    }

    /// Registry says that a member joined now; answers the token to wait for.
    pub async fn joins(&self, member: MemberId) -> String {
        let join_time = Some(proto::timestamp(self.clock.now()));
        let joined = MemberEnrolled { member: member.to_string(), join_time, ..MemberEnrolled::default() };
        self.seal(&self.registry.say(self.tenant, member, &joined).await)
    }

    /// An order of one line, as activity tells it.
    pub fn order(&self, member: MemberId, amount: i64, occurred_at: Timestamp) -> OrderRecorded {
        let id = OrderId::new_at(occurred_at);
        OrderRecorded {
            order: id.to_string(),
            member: member.to_string(),
            source: "web".to_owned(),
            external_id: id.to_string(),
            channel: "web".to_owned(),
            currency_code: "TWD".to_owned(),
            lines: vec![Line {
                number: 1,
                product: "beans".to_owned(),
                category: "coffee".to_owned(),
                quantity: 1,
                gross_minor: amount,
                cost_minor: Some(amount / 2),
                ..Line::default()
            }],
            occur_time: Some(proto::timestamp(occurred_at)),
            ..OrderRecorded::default()
        }
    }

    /// A return of so much of an order, as activity tells it.
    pub fn back(&self, order: &OrderRecorded, so_far: i64, now: i64) -> OrderReturned {
        let net = order.lines.iter().map(|line| line.gross_minor).sum::<i64>();
        OrderReturned {
            return_id: ReturnId::new_at(self.clock.now()).to_string(),
            order: order.order.clone(),
            member: order.member.clone(),
            lines: vec![ReturnedLine { number: 1, quantity: 0, amount_minor: now }],
            returned_minor: so_far,
            net_minor: net,
            whole: so_far == net,
            occur_time: Some(proto::timestamp(self.clock.now())),
            historic: false,
            avoids_chargeback: false,
        }
    }

    pub async fn says(&self, member: MemberId, order: &OrderRecorded) -> String {
        self.seal(&self.activity.say(self.tenant, member, order).await)
    }

    /// A member buys now; answers the order and the token to wait for.
    pub async fn buys(&self, member: MemberId, amount: i64) -> (OrderRecorded, String) {
        let order = self.order(member, amount, self.clock.now());
        let fresh = self.says(member, &order).await;
        (order, fresh)
    }

    pub async fn returns(&self, member: MemberId, order: &OrderRecorded, so_far: i64, now: i64) -> String {
        self.brings(member, &self.back(order, so_far, now)).await
    }

    /// The same with a return that was made before.
    pub async fn brings(&self, member: MemberId, back: &OrderReturned) -> String {
        self.seal(&self.activity.say(self.tenant, member, back).await)
    }

    pub async fn insight(&self, member: MemberId, fresh: &str) -> Insight {
        self.insight_at(member, None, fresh).await
    }

    pub async fn insight_at(&self, member: MemberId, as_of_occurred: Option<Timestamp>, fresh: &str) -> Insight {
        let request = GetInsightRequest {
            member: member.to_string(),
            as_of_occurred: as_of_occurred.map(proto::timestamp),
            at_least_as_fresh: fresh.to_owned(),
        };
        let told = self.client().get_insight(request).await.expect("it can be read").into_inner().insight;
        let told = told.expect("it is there");
        // Whatever a test looks at, both decisions read well.
        testkit::sentence(told.rfm.as_ref().and_then(|rfm| rfm.decision.as_ref()));
        testkit::sentence(told.lifecycle.as_ref().and_then(|standing| standing.decision.as_ref()));
        told
    }

    pub async fn snapshot(&self) -> TakeSnapshotResponse {
        let request = TakeSnapshotRequest { request_id: self.request_id(), validate_only: false };
        let taken = self.client().take_snapshot(request).await.expect("it is taken").into_inner();
        self.rings().await;
        taken
    }

    pub async fn overview(&self, as_of_occurred: Option<Timestamp>) -> Overview {
        let as_of_occurred = as_of_occurred.map(proto::timestamp);
        let request = GetOverviewRequest { as_of_occurred, ..GetOverviewRequest::default() };
        self.client().get_overview(request).await.expect("it can be read").into_inner().overview.expect("it is there")
    }

    /// Everything known of a member's changes, oldest first: "LIFECYCLE from to" and "GROUP from to", with when.
    pub async fn changes(&self, member: MemberId) -> Vec<Change> {
        let request = ListChangesRequest { member: member.to_string(), page_size: 1_000, ..Default::default() };
        let mut all = self.client().list_changes(request).await.expect("they can be read").into_inner().changes;
        all.reverse();
        all
    }

    /// The changes of lifecycle alone: to what, and when.
    pub async fn stages(&self, member: MemberId) -> Vec<(Lifecycle, String)> {
        let stages = self.changes(member).await.into_iter().filter(|one| one.to_lifecycle() != Lifecycle::Unspecified);
        stages.map(|one| (one.to_lifecycle(), when(one.occur_time))).collect()
    }

    /// What is due rings.
    pub async fn rings(&self) {
        let clockwork = self.service.clockwork().expect("segmentation has one");
        clockwork.drain(self.clock.now()).await.expect("due work is done");
    }

    /// The clock moves on, and what falls due happens.
    pub async fn pass_until(&self, moment: Timestamp) {
        self.clock.move_to(moment).expect("forward");
        self.rings().await;
    }

    pub async fn days_pass(&self, days: i64) {
        self.pass_until(self.clock.now() + SignedDuration::from_hours(24 * days)).await;
    }
}

pub fn when(wire: Option<prost_types::Timestamp>) -> String {
    wire.map(|wire| proto::instant(&wire).expect("an instant").to_string()).unwrap_or_default()
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
