//! A shop in miniature: subscriptions served in memory, registry played by a speaker, activity by a fake.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use kernel::{Clock, MemberId, RequestId, TenantId};
use proto::registry::events::v1::{MemberEnrolled, TenantSettled};
use proto::subscriptions::v1::subscriptions_service_client::SubscriptionsServiceClient;
use proto::subscriptions::v1::*;
use server::Services;
use subscriptions::Subscriptions;
use subscriptions::provider::Sandbox;
use testkit::registry::{FakeRegistry, People};
use testkit::{Database, House, Served, Speaker, Spoken};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use wire::Keys;

use crate::journal::Journal;

pub struct Shop {
    pub database: Database,
    pub clock: Clock,
    pub tenant: TenantId,
    pub served: Served,
    pub service: Subscriptions,
    pub registry: Speaker,
    pub journal: Journal,
    pub keys: Keys,
    pub stop: CancellationToken,
}

impl Shop {
    /// With two plans: coffee for 600 a month, and the gate for 1,200 a year.
    pub async fn open() -> Self {
        let shop = Self::bare().await;
        for plan in [shop.coffee(), shop.gold()] {
            shop.put(plan).await;
        }
        shop
    }

    pub async fn bare() -> Self {
        let parts = [(subscriptions::SERVICE, subscriptions::migrations()), ("registry", testkit::house_tables())];
        let database = Database::for_suite(&parts).await;
        let clock = testkit::clock_at("2026-01-31T02:00:00Z");
        let house = House::new();
        let registry = Speaker::open(&database, "registry", clock.clone()).await;
        let store = database.store(subscriptions::SERVICE).await;
        let peers = house.peers(&["registry", "activity"]);
        let sandbox = Arc::new(Sandbox::default());
        let service = Subscriptions::with_provider(store, clock.clone(), house.keys(), &peers, None, sandbox);
        let service = service.expect("its peers are known");
        let (keys, stop, journal) = (house.keys(), house.stopping(), Journal::default());
        let logs = house.event_logs([registry.log(), service.log()], service.consumer());
        let registry_itself = FakeRegistry::serve(People::default());
        let services = Services::new().with(logs).with(registry_itself).with(journal.serve());
        let served = house.serve(service.mount(services));
        tokio::spawn(service.clone().run(stop.clone()));
        let tenant = TenantId::new_at(clock.now());
        let shop = Self { database, clock, tenant, served, service, registry, journal, keys, stop };
        shop.settle(false).await;
        shop
    }

    /// Registry says how the tenant is settled.
    pub async fn settle(&self, suspended: bool) {
        let settled = TenantSettled {
            currency_code: "TWD".to_owned(),
            zone: "Asia/Taipei".to_owned(),
            suspended,
            ..TenantSettled::default()
        };
        let shard = kernel::Shard::of_tenant(self.tenant);
        let said = self.registry.say_at(self.tenant, shard, self.tenant, self.clock.now(), &settled).await;
        let request = ListPlansRequest { at_least_as_fresh: said.seal(&self.keys), ..Default::default() };
        self.client().list_plans(request).await.expect("it is heard");
    }

    pub fn client(&self) -> SubscriptionsServiceClient<Spoken> {
        SubscriptionsServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub fn request_id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    /// A member of whom registry has said that they joined, and the service has heard.
    pub async fn enrolled(&self) -> MemberId {
        let member = MemberId::new_at(self.clock.now());
        let joined = MemberEnrolled {
            member: member.to_string(),
            join_time: Some(proto::timestamp(self.clock.now())),
            ..MemberEnrolled::default()
        };
        let said = self.registry.say(self.tenant, member, &joined).await;
        let request = ListPlansRequest { at_least_as_fresh: said.seal(&self.keys), ..Default::default() };
        self.client().list_plans(request).await.expect("it is heard");
        member
    }

    pub fn coffee(&self) -> Plan {
        let line = PlanLine {
            product: "coffee".to_owned(),
            category: "drinks".to_owned(),
            quantity: 2,
            unit_price_minor: 300,
        };
        Plan {
            code: "coffee".to_owned(),
            display_name: "Coffee".to_owned(),
            kind: PlanKind::Goods.into(),
            currency_code: "TWD".to_owned(),
            lines: vec![line],
            cadence: Some(monthly()),
            ..Plan::default()
        }
    }

    pub fn gold(&self) -> Plan {
        Plan {
            code: "gold".to_owned(),
            display_name: "Gold".to_owned(),
            kind: PlanKind::Membership.into(),
            currency_code: "TWD".to_owned(),
            fee_minor: 1_200,
            cadence: Some(Cadence { every: 1, unit: CadenceUnit::Year.into() }),
            entitlements: vec!["gate".to_owned()],
            ..Plan::default()
        }
    }

    pub async fn put(&self, plan: Plan) -> PutPlanResponse {
        let request = PutPlanRequest { request_id: self.request_id(), plan: Some(plan), validate_only: false };
        self.client().put_plan(request).await.expect("the plan is valid").into_inner()
    }

    pub async fn try_subscribe(&self, member: MemberId, plan: &str, token: &str) -> Result<SubscribeResponse, Status> {
        let request = SubscribeRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            plan: plan.to_owned(),
            payment_token: token.to_owned(),
            ..SubscribeRequest::default()
        };
        self.client().subscribe(request).await.map(tonic::Response::into_inner)
    }

    /// Subscribes; what has to be said elsewhere is said.
    pub async fn subscribe(&self, member: MemberId, plan: &str, token: &str) -> String {
        let told = self.try_subscribe(member, plan, token).await.expect("it can be subscribed to");
        self.said().await;
        told.subscription
    }

    /// Waits until everything is said that can be said.
    pub async fn said(&self) {
        let courier = self.service.courier().expect("it has one");
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while courier.count_open().await.expect("calls can be counted") > 0 {
            assert!(std::time::Instant::now() < deadline, "something stays unsaid");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The clock goes on to a moment; what falls due happens, in the order in which it does.
    pub async fn until(&self, moment: &str) {
        let moment = testkit::instant(moment);
        let clockwork = self.service.clockwork().expect("it has one");
        while let Some(next) = clockwork.next_due().await.expect("timers can be read").filter(|next| *next <= moment) {
            self.clock.move_to(next.max(self.clock.now())).expect("forward");
            clockwork.drain(self.clock.now()).await.expect("due work is done");
            self.said().await;
        }
        self.clock.move_to(moment).expect("forward");
    }

    /// The clock goes on by some hours, and nothing rings meanwhile.
    pub async fn outage(&self, hours: i64) {
        self.clock.move_to(self.clock.now() + SignedDuration::from_hours(hours)).expect("forward");
    }

    pub async fn ring(&self) {
        let clockwork = self.service.clockwork().expect("it has one");
        clockwork.drain(self.clock.now()).await.expect("due work is done");
    }

    pub async fn cancel(&self, subscription: &str, at_once: bool) -> CancelSubscriptionResponse {
        let request = CancelSubscriptionRequest {
            request_id: self.request_id(),
            subscription: subscription.to_owned(),
            at_once,
            ..CancelSubscriptionRequest::default()
        };
        self.client().cancel_subscription(request).await.expect("always possible").into_inner()
    }

    pub async fn refund(&self, subscription: &str) -> Result<RefundMembershipResponse, Status> {
        let request = RefundMembershipRequest {
            request_id: self.request_id(),
            subscription: subscription.to_owned(),
            ..RefundMembershipRequest::default()
        };
        self.client().refund_membership(request).await.map(tonic::Response::into_inner)
    }

    /// Another token; what waited for it is charged.
    pub async fn pay_with(&self, subscription: &str, token: &str) -> UpdatePaymentTokenResponse {
        let request = UpdatePaymentTokenRequest {
            request_id: self.request_id(),
            subscription: subscription.to_owned(),
            payment_token: token.to_owned(),
            validate_only: false,
        };
        let told = self.client().update_payment_token(request).await.expect("it is taken").into_inner();
        self.said().await;
        told
    }

    /// A token for all that was written about a subscription so far: that of one more harmless change.
    pub async fn fresh(&self, subscription: &str) -> String {
        let request = UpdatePaymentTokenRequest {
            request_id: self.request_id(),
            subscription: subscription.to_owned(),
            payment_token: "sandbox_ok".to_owned(),
            validate_only: false,
        };
        self.client().update_payment_token(request).await.expect("it is taken").into_inner().freshness
    }

    pub async fn look(&self, subscription: &str) -> GetSubscriptionResponse {
        let request = GetSubscriptionRequest { subscription: subscription.to_owned(), ..Default::default() };
        self.client().get_subscription(request).await.expect("it can be read").into_inner()
    }

    /// State, then the occurrences that fell due, oldest first: "ACTIVE 0:PAID 1:DUE".
    pub async fn told(&self, subscription: &str) -> String {
        let seen = self.look(subscription).await;
        let state = seen.subscription.expect("it is there").state().as_str_name().replace("SUBSCRIPTION_STATE_", "");
        let stage = |one: &Occurrence| one.state().as_str_name().replace("OCCURRENCE_STATE_", "");
        let all = seen.recent.iter().rev().map(|one| format!(" {}:{}", one.number, stage(one)));
        format!("{state}{}", all.collect::<String>())
    }

    pub async fn check(&self, member: MemberId, entitlement: &str, fresh: &str) -> CheckEntitlementResponse {
        let request = CheckEntitlementRequest {
            member: member.to_string(),
            entitlement: entitlement.to_owned(),
            explain: true,
            at_least_as_fresh: fresh.to_owned(),
        };
        let told = self.client().check_entitlement(request).await.expect("the gate answers").into_inner();
        // Whatever a test looks at, the decision reads well.
        testkit::sentence(told.decision.as_ref());
        told
    }
}

pub fn monthly() -> Cadence {
    Cadence { every: 1, unit: CadenceUnit::Month.into() }
}

pub fn reason(refused: &Status) -> String {
    use tonic_types::StatusExt as _;
    refused.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
