//! A shop in miniature: referrals served in memory, activity and registry played by speakers, loyalty by a fake.

use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, MemberId, OrderId, RequestId, ReturnId, Shard, TenantId};
use proto::activity::events::v1::{Line, OrderRecorded, OrderReturned, ReturnedLine};
use proto::referrals::v1::referrals_service_client::ReferralsServiceClient;
use proto::referrals::v1::*;
use proto::registry::events::v1::{MemberEnrolled, TenantSettled};
use referrals::Referrals;
use server::Services;
use testkit::registry::{FakeRegistry, People};
use testkit::{Database, House, Served, Speaker, Spoken, until};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::Keys;

use crate::loyalty::FakeLoyalty;

pub struct Shop {
    pub database: Database,
    pub clock: Clock,
    pub tenant: TenantId,
    pub served: Served,
    pub service: Referrals,
    pub activity: Speaker,
    pub registry: Speaker,
    pub loyalty: FakeLoyalty,
    pub keys: Keys,
    pub stop: CancellationToken,
    /// Ends the service's own work, and leaves everybody served.
    pub work: CancellationToken,
}

pub const PEERS: [&str; 3] = ["activity", "registry", "loyalty"];

/// A reason and its code.
pub fn reason(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().map(|info| info.reason).unwrap_or_default())
}

/// A fact a refusal carries.
pub fn fact(status: &Status, name: &str) -> String {
    let facts = status.get_details_error_info().map(|info| info.metadata).unwrap_or_default();
    facts.get(name).cloned().unwrap_or_default()
}

impl Shop {
    /// Opens in Taipei with 100 points for inviters and 50 for invitees who buy for 500.
    pub async fn open() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Terms)) -> Self {
        let shop = Self::without_terms().await;
        let mut terms = shop.terms();
        change(&mut terms);
        shop.puts(terms).await.expect("the terms are valid");
        shop
    }

    pub async fn without_terms() -> Self {
        let parts = [
            (referrals::SERVICE, referrals::migrations()),
            ("activity", testkit::house_tables()),
            ("registry", testkit::house_tables()),
        ];
        let database = Database::for_suite(&parts).await;
        let clock = testkit::clock_at("2026-01-10T02:00:00Z");
        let house = House::new();
        let activity = Speaker::open(&database, "activity", clock.clone()).await;
        let registry = Speaker::open(&database, "registry", clock.clone()).await;
        let store = database.store(referrals::SERVICE).await;
        let peers = house.peers(&PEERS);
        let service = Referrals::open(store, clock.clone(), house.keys(), &peers).expect("its peers are known");
        let (keys, stop) = (house.keys(), house.stopping());
        let logs = house.event_logs([activity.log(), registry.log(), service.log()], service.consumer());
        let loyalty = FakeLoyalty::default();
        let services = service.mount(Services::new()).with(logs).with(FakeRegistry::serve(People::default()));
        let served = house.serve(services.with(loyalty.serve()));
        let work = stop.child_token();
        tokio::spawn(service.clone().run(work.clone()));
        let tenant = TenantId::new_at(clock.now());
        let shop = Self { database, clock, tenant, served, service, activity, registry, loyalty, keys, stop, work };
        shop.settles(false).await;
        shop
    }

    /// Registry settles the tenant, and referrals has heard.
    pub async fn settles(&self, suspended: bool) {
        let settled = TenantSettled {
            tenant: self.tenant.to_string(),
            zone: "Asia/Taipei".to_owned(),
            currency_code: "TWD".to_owned(),
            minor_digits: 0,
            suspended,
        };
        let shard = Shard::of_tenant(self.tenant);
        let said = self.registry.say_at(self.tenant, shard, self.tenant, self.clock.now(), &settled).await;
        self.hears(&said.seal(&self.keys)).await;
    }

    /// Waits until referrals has heard as far as this.
    pub async fn hears(&self, fresh: &str) {
        let ask = GetOverviewRequest { at_least_as_fresh: fresh.to_owned() };
        self.client().get_overview(ask).await.expect("it is heard");
    }

    pub fn client(&self) -> ReferralsServiceClient<Spoken> {
        ReferralsServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub fn request_id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    /// Somebody of whom nothing was heard yet.
    pub fn member(&self) -> MemberId {
        MemberId::new_at(self.clock.now())
    }

    pub fn terms(&self) -> Terms {
        Terms {
            effective_time: Some(proto::timestamp(testkit::instant("2020-01-01T00:00:00Z"))),
            currency_code: "TWD".to_owned(),
            least_order_minor: Some(500),
            inviter_points: 100,
            invitee_points: 50,
            ..Terms::default()
        }
    }

    pub async fn puts(&self, terms: Terms) -> Result<PutTermsResponse, Status> {
        let ask = PutTermsRequest { request_id: self.request_id(), terms: Some(terms), validate_only: false };
        self.client().put_terms(ask).await.map(tonic::Response::into_inner)
    }

    /// Registry says that somebody joined, known by these identities, and referrals has heard.
    pub async fn joins(&self, member: MemberId, identities: &[&str]) {
        let joined = MemberEnrolled {
            member: member.to_string(),
            join_time: Some(proto::timestamp(self.clock.now())),
            acquisition_source: "web".to_owned(),
            identity_keys: identities.iter().map(|key| (*key).to_owned()).collect(),
        };
        let said = self.registry.say(self.tenant, member, &joined).await;
        self.hears(&said.seal(&self.keys)).await;
    }

    pub async fn enrolled(&self) -> MemberId {
        let member = self.member();
        self.joins(member, &[]).await;
        member
    }

    pub async fn code_of(&self, member: MemberId) -> String {
        let ask = IssueCodeRequest { request_id: self.request_id(), member: member.to_string(), ..Default::default() };
        self.client().issue_code(ask).await.expect("a member has a code").into_inner().code
    }

    pub fn attribution(&self, invitee: MemberId, code: &str) -> AttributeRequest {
        AttributeRequest {
            request_id: self.request_id(),
            member: invitee.to_string(),
            code: code.to_owned(),
            point: AttributionPoint::Enrolment.into(),
            ..Default::default()
        }
    }

    pub async fn attributes(&self, ask: AttributeRequest) -> Result<AttributeResponse, Status> {
        self.client().attribute(ask).await.map(tonic::Response::into_inner)
    }

    /// Two members of whom the second was invited by the first.
    pub async fn invited(&self) -> (MemberId, MemberId) {
        let (inviter, invitee) = (self.enrolled().await, self.enrolled().await);
        let code = self.code_of(inviter).await;
        self.attributes(self.attribution(invitee, &code)).await.expect("nothing speaks against it");
        (inviter, invitee)
    }

    /// An order of one line, as activity tells it.
    pub fn order(&self, member: MemberId, amount: i64, occurred_at: Timestamp) -> OrderRecorded {
        let id = OrderId::new_at(occurred_at);
        let line = Line { number: 1, quantity: 1, gross_minor: amount + 100, discount_minor: 100, ..Line::default() };
        OrderRecorded {
            order: id.to_string(),
            member: member.to_string(),
            source: "web".to_owned(),
            external_id: id.to_string(),
            currency_code: "TWD".to_owned(),
            lines: vec![line],
            occur_time: Some(proto::timestamp(occurred_at)),
            ..OrderRecorded::default()
        }
    }

    /// A guest's order that joined the member, of which so much had come back before, as activity tells it.
    pub fn joined(&self, member: MemberId, amount: i64, back: i64, occurred_at: Timestamp) -> OrderRecorded {
        let returned =
            if back > 0 { vec![ReturnedLine { number: 1, quantity: 0, amount_minor: back }] } else { vec![] };
        OrderRecorded { joined: true, returned, ..self.order(member, amount, occurred_at) }
    }

    /// A return after which so much has come back of an order, as activity tells it.
    pub fn back(&self, order: &OrderRecorded, so_far: i64, now: i64) -> OrderReturned {
        let net = order.lines.iter().map(|line| line.gross_minor - line.discount_minor).sum::<i64>();
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

    /// A member buys now, and referrals has heard.
    pub async fn buys(&self, member: MemberId, amount: i64) -> OrderRecorded {
        let order = self.order(member, amount, self.clock.now());
        let said = self.activity.say(self.tenant, member, &order).await;
        self.hears(&said.seal(&self.keys)).await;
        order
    }

    /// So much comes back now, and referrals has heard.
    pub async fn returns(&self, member: MemberId, order: &OrderRecorded, so_far: i64) {
        let said = self.activity.say(self.tenant, member, &self.back(order, so_far, so_far)).await;
        self.hears(&said.seal(&self.keys)).await;
    }

    pub async fn told(&self, invitee: MemberId) -> GetReferralOfResponse {
        let ask = GetReferralOfRequest { invitee: invitee.to_string(), explain: true, ..Default::default() };
        let told = self.client().get_referral_of(ask).await.expect("they were invited").into_inner();
        // Whatever a test looks at, the decision reads well.
        testkit::sentence(told.decision.as_ref());
        told
    }

    pub async fn state(&self, invitee: MemberId) -> ReferralState {
        self.told(invitee).await.referral.expect("it is there").state()
    }

    /// The states a referral went through.
    pub async fn life(&self, invitee: MemberId) -> Vec<ReferralState> {
        self.told(invitee).await.moves.iter().map(Move::to_state).collect()
    }

    /// The clock moves, and what falls due happens; loyalty may not have answered yet.
    pub async fn days_pass(&self, days: i64) {
        let later = self.clock.now() + SignedDuration::from_hours(24 * days);
        self.clock.move_to(later).expect("forward");
        self.service.clockwork().expect("referrals has one").drain(later).await.expect("due work is done");
    }

    /// Waits until loyalty has answered everything.
    pub async fn settled(&self) {
        let courier = self.service.courier().expect("referrals has one");
        until("loyalty has answered", async || courier.count_open().await.expect("it is counted") == 0).await;
    }

    /// A second process of the service on the same database; it rings and calls when it is told to.
    pub async fn twin(&self) -> Referrals {
        let store = self.database.store(referrals::SERVICE).await;
        let peers = self.served.peers(&PEERS);
        Referrals::open(store, self.clock.clone(), self.keys.clone(), &peers).expect("its peers are known")
    }

    pub async fn reviews(&self, referral: &str, verdict: Verdict) -> Result<ReviewResponse, Status> {
        let ask = ReviewRequest {
            request_id: self.request_id(),
            referral: referral.to_owned(),
            verdict: verdict.into(),
            reason: "looked at it".to_owned(),
            validate_only: false,
        };
        self.client().review(ask).await.map(tonic::Response::into_inner)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
