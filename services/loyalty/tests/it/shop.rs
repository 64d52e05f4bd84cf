//! A shop in miniature: loyalty served in memory, activity and registry played by speakers.

use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, MemberId, OrderId, RequestId, ReturnId, TenantId};
use loyalty::Loyalty;
use proto::activity::events::v1::{Line, OrderRecorded, OrderReturned, ReturnedLine};
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::loyalty::v1::*;
use proto::registry::events::v1::MemberEnrolled;
use server::Services;
use testkit::registry::{Birthdays, FakeRegistry, People};
use testkit::{Database, House, Served, Speaker, Spoken};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use wire::{Freshness, Keys};

pub struct Shop {
    pub database: Database,
    pub clock: Clock,
    pub tenant: TenantId,
    pub served: Served,
    pub service: Loyalty,
    pub activity: Speaker,
    pub registry: Speaker,
    pub birthdays: Birthdays,
    pub keys: Keys,
    pub stop: CancellationToken,
}

impl Shop {
    /// Opens with the example programme in force.
    pub async fn open() -> Self {
        let shop = Self::without_programme().await;
        let request = shop.programme();
        shop.client().put_programme(request).await.expect("the terms are valid");
        shop
    }

    pub async fn without_programme() -> Self {
        Self::with_options(|_| {}).await
    }

    /// A member of whom registry has said that they joined, and loyalty has heard.
    pub async fn enrolled(&self) -> MemberId {
        let member = self.member();
        let joined = MemberEnrolled {
            member: member.to_string(),
            join_time: Some(proto::timestamp(self.clock.now())),
            ..MemberEnrolled::default()
        };
        let said = self.registry.say(self.tenant, member, &joined).await;
        self.account(member, &self.seal(&said)).await;
        member
    }

    /// A second process of the service on the same database, hearing and ringing.
    pub async fn twin(&self) -> tokio::task::JoinHandle<()> {
        let store = self.database.store(loyalty::SERVICE).await;
        let peers = self.served.peers(&["activity", "registry"]);
        let twin = Loyalty::open(store, self.clock.clone(), self.keys.clone(), &peers).expect("its peers are known");
        tokio::spawn(twin.run(self.stop.clone()))
    }

    pub async fn with_options(change: fn(&mut server::Options)) -> Self {
        let parts = [
            (loyalty::SERVICE, loyalty::migrations()),
            ("activity", testkit::house_tables()),
            ("registry", testkit::house_tables()),
        ];
        let database = Database::for_suite(&parts).await;
        let clock = testkit::clock_at("2026-01-10T02:00:00Z");
        let house = House::new().with_options(change);
        let activity = Speaker::open(&database, "activity", clock.clone()).await;
        let registry = Speaker::open(&database, "registry", clock.clone()).await;
        let store = database.store(loyalty::SERVICE).await;
        let peers = house.peers(&["activity", "registry"]);
        let service = Loyalty::open(store, clock.clone(), house.keys(), &peers).expect("its peers are known");
        let (keys, stop) = (house.keys(), house.stopping());
        let logs = house.event_logs([activity.log(), registry.log(), service.log()], service.consumer());
        let birthdays = Birthdays::default();
        let registry_itself = FakeRegistry::with_birthdays(People::default(), birthdays.clone());
        let served = house.serve(service.mount(Services::new()).with(logs).with(registry_itself));
        tokio::spawn(service.clone().run(stop.clone()));
        let tenant = TenantId::new_at(clock.now());
        Self { database, clock, tenant, served, service, activity, registry, birthdays, keys, stop }
    }

    pub fn client(&self) -> LoyaltyServiceClient<Spoken> {
        LoyaltyServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    /// The same service served a second time on the same database. It hears nothing itself.
    pub async fn another_process(&self) -> Another {
        let house = House::new();
        let store = self.database.store(loyalty::SERVICE).await;
        let peers = house.peers(&["activity", "registry"]);
        let service = Loyalty::open(store, self.clock.clone(), self.keys.clone(), &peers).expect("its peers are known");
        Another { served: house.serve(service.mount(Services::new())), tenant: self.tenant }
    }

    pub fn request_id(&self) -> String {
        RequestId::new_at(self.clock.now()).to_string()
    }

    pub fn member(&self) -> MemberId {
        MemberId::new_at(self.clock.now())
    }

    /// NT$ 50 a point, to the end of the month a year later; Silver from 10,000, Gold from 30,000 in twelve months.
    pub fn programme(&self) -> PutProgrammeRequest {
        let tier = |code: &str, name: &str, enter_minor, keep_minor, multiplier_percent| Tier {
            code: code.to_owned(),
            display_name: name.to_owned(),
            enter_minor,
            keep_minor,
            multiplier_percent,
            ..Tier::default()
        };
        PutProgrammeRequest {
            request_id: self.request_id(),
            programme: Some(Programme {
                effective_time: Some(proto::timestamp(testkit::instant("2020-01-01T00:00:00Z"))),
                display_name: "Signature".to_owned(),
                zone: "Asia/Taipei".to_owned(),
                earn_rates: vec![EarnRate {
                    currency_code: "TWD".to_owned(),
                    points: 1,
                    per_minor: 50,
                    ..EarnRate::default()
                }],
                expiry: Some(ExpiryPolicy {
                    policy: Some(expiry_policy::Policy::After(LapseAfter { months: 12, days: 0, to_month_end: true })),
                }),
                ladder: Some(TierLadder {
                    tiers: vec![
                        tier("member", "Member", 0, 0, 0),
                        tier("silver", "Silver", 10_000, 8_000, 120),
                        tier("gold", "Gold", 30_000, 24_000, 150),
                    ],
                    window: Some(QualificationWindow { window: Some(qualification_window::Window::RollingMonths(12)) }),
                    currency_code: "TWD".to_owned(),
                    ..TierLadder::default()
                }),
                transfers: Some(TransferPolicy { allowed: TransferScope::Anybody.into(), ..TransferPolicy::default() }),
                ..Programme::default()
            }),
            validate_only: false,
        }
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
                product: "coffee".to_owned(),
                quantity: 1,
                gross_minor: amount,
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

    /// A member buys now; answers the order and the token to wait for.
    pub async fn buys(&self, member: MemberId, amount: i64) -> (OrderRecorded, String) {
        let order = self.order(member, amount, self.clock.now());
        let said = self.activity.say(self.tenant, member, &order).await;
        (order, said.seal(&self.keys))
    }

    pub async fn returns(&self, member: MemberId, order: &OrderRecorded, so_far: i64, now: i64) -> String {
        self.activity.say(self.tenant, member, &self.back(order, so_far, now)).await.seal(&self.keys)
    }

    pub async fn account(&self, member: MemberId, fresh: &str) -> Account {
        let request = GetAccountRequest {
            member: member.to_string(),
            at_least_as_fresh: fresh.to_owned(),
            wallet: String::new(),
        };
        let answer = self.client().get_account(request).await.expect("an account can be read");
        answer.into_inner().account.expect("it is there")
    }

    pub async fn redeem(&self, member: MemberId, points: i64) -> Result<RedeemPointsResponse, Status> {
        let request = RedeemPointsRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            points,
            spent_on: "coffee".to_owned(),
            validate_only: false,
            explain: false,
            wallet: String::new(),
        };
        self.client().redeem_points(request).await.map(tonic::Response::into_inner)
    }

    /// Some days pass; what falls due happens.
    pub async fn days_pass(&self, days: i64) {
        let later = self.clock.now() + SignedDuration::from_hours(24 * days);
        self.clock.move_to(later).expect("forward");
        self.service.clockwork().expect("loyalty has one").drain(later).await.expect("due work is done");
    }

    /// Everything known of a member's statement, oldest first.
    pub async fn statement(&self, member: MemberId) -> Vec<Entry> {
        let request = ListEntriesRequest { member: member.to_string(), page_size: 1_000, ..Default::default() };
        let mut entries =
            self.client().list_entries(request).await.expect("a statement can be read").into_inner().entries;
        entries.reverse();
        entries
    }

    pub fn seal(&self, token: &Freshness) -> String {
        token.seal(&self.keys)
    }
}

pub struct Another {
    served: Served,
    tenant: TenantId,
}

impl Another {
    pub fn client(&self) -> LoyaltyServiceClient<Spoken> {
        LoyaltyServiceClient::new(self.served.channel_for_everything(self.tenant))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
