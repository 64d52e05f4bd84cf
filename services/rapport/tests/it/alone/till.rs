//! A till: it serves customers one after the other, and makes each call again under the same request id until it is
//! answered.

use std::error::Error as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kernel::TenantId;
use proto::activity::v1::{
    NewOrder, NewReturn, OrderLine, RecordOrderRequest, RecordReturnRequest, ReturnLine, new_order, new_return,
};
use proto::loyalty::v1::{GetBalanceRequest, RedeemPointsRequest};
use proto::referrals::v1::{AttributeRequest, AttributionPoint, IssueCodeRequest};
use proto::registry::v1::{EnrolMemberRequest, Identity, IdentityKind, NewMember};
use proto::subscriptions::v1::SubscribeRequest;
use rapport::client::{Suite, new_request_id};
use rapport::suite::Service;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Response, Status};

use super::fleet::Fleet;

/// What an order comes to, in two pieces.
pub const ORDER_MINOR: i64 = 1_000;
/// A point for NT$ 50.
pub const PER_MINOR: i64 = 50;
pub const REDEEMED: i64 = 5;
/// A call that is not answered for so long never will be.
const PATIENCE: Duration = Duration::from_secs(60);
/// Long enough ago that the day is over and an invitation is rewarded at once, and not so long that an order named at
/// checkout would be an old one.
const AGO: SignedDuration = SignedDuration::from_hours(30);

/// The six processes, as the people of one shop call them.
#[derive(Clone)]
pub struct Shop {
    pub registry: Suite,
    pub activity: Suite,
    pub loyalty: Suite,
    pub segmentation: Suite,
    pub referrals: Suite,
    pub subscriptions: Suite,
}

/// What a customer did, by the answers that were given.
#[derive(Debug)]
pub struct Customer {
    pub member: String,
    pub order: String,
    pub redemption: String,
    /// Pieces of the order that came back.
    pub returned: i64,
    pub referral: Option<String>,
    pub subscription: Option<String>,
}

/// Where a till stands.
pub struct Till {
    pub number: u64,
    pub shop: Shop,
    code: String,
}

impl Shop {
    pub fn of(fleet: &Fleet, tenant: TenantId) -> Self {
        let at = |service| fleet.speaks_to(service, Some(tenant));
        Self {
            registry: at(Service::Registry),
            activity: at(Service::Activity),
            loyalty: at(Service::Loyalty),
            segmentation: at(Service::Segmentation),
            referrals: at(Service::Referrals),
            subscriptions: at(Service::Subscriptions),
        }
    }

    async fn enrol(&self, phone: String) -> String {
        let phone = Identity { kind: IdentityKind::Phone.into(), value: phone, ..Identity::default() };
        let acquisition_source = "till".to_owned();
        let member = NewMember { identities: vec![phone], acquisition_source, ..NewMember::default() };
        let ask = EnrolMemberRequest { request_id: new_request_id(), member: Some(member), validate_only: false };
        patiently("enrol", || async { self.registry.registry().enrol_member(ask.clone()).await }).await.member
    }
}

impl Till {
    /// With an inviter of its own.
    pub async fn open(shop: Shop, number: u64) -> Self {
        let inviter = shop.enrol(format!("09{number:02}-999999")).await;
        let ask = IssueCodeRequest { request_id: new_request_id(), member: inviter, ..IssueCodeRequest::default() };
        let issued =
            patiently("issue a code", || async { shop.referrals.referrals().issue_code(ask.clone()).await }).await;
        Self { number, shop, code: issued.code }
    }

    /// Serves until it is over.
    pub async fn serve_all(self, served: UnboundedSender<Customer>, over: CancellationToken) {
        for number in 0.. {
            if over.is_cancelled() {
                return;
            }
            let customer = self.serve(number).await;
            served.send(customer).expect("somebody writes them down");
        }
    }

    /// One customer; what they do differs with their number.
    async fn serve(&self, number: u64) -> Customer {
        let member = self.shop.enrol(format!("09{:02}-{number:06}", self.number)).await;
        let (order, freshness) = self.sell(number, &member).await;
        self.has_earned(&member, freshness).await;
        let redemption = self.redeem(&member).await;
        let referral = if number.is_multiple_of(2) { Some(self.attribute(&member, &order).await) } else { None };
        let returned = match number % 6 {
            2 | 3 => 1,
            4 => 2,
            _ => 0,
        };
        if returned > 0 {
            self.take_back(number, &order, returned).await;
        }
        let subscription = if number % 3 == 1 { Some(self.subscribe(&member).await) } else { None };
        Customer { member, order, redemption, returned, referral, subscription }
    }

    async fn sell(&self, number: u64, member: &str) -> (String, String) {
        let line = OrderLine {
            number: 1,
            product: "mug".to_owned(),
            quantity: 2,
            unit_price: (ORDER_MINOR / 2).to_string(),
            ..OrderLine::default()
        };
        let order = NewOrder {
            source: "till".to_owned(),
            external_id: format!("{}-{number}", self.number),
            buyer: Some(new_order::Buyer::Member(member.to_owned())),
            channel: "store".to_owned(),
            currency_code: "TWD".to_owned(),
            lines: vec![line],
            occur_time: Some(proto::timestamp(the_day_before())),
            ..NewOrder::default()
        };
        let ask =
            RecordOrderRequest { request_id: new_request_id(), order: Some(order), ..RecordOrderRequest::default() };
        let sold =
            patiently("record an order", || async { self.shop.activity.activity().record_order(ask.clone()).await });
        let sold = sold.await;
        (sold.order, sold.freshness)
    }

    /// An acknowledged order has earned its points, for whoever shows its token.
    async fn has_earned(&self, member: &str, at_least_as_fresh: String) {
        let member = member.to_owned();
        let ask = GetBalanceRequest { member, at_least_as_fresh, ..GetBalanceRequest::default() };
        let seen = patiently("read a balance", || async { self.shop.loyalty.loyalty().get_balance(ask.clone()).await });
        assert_eq!(seen.await.balance, ORDER_MINOR / PER_MINOR);
    }

    async fn redeem(&self, member: &str) -> String {
        let ask = RedeemPointsRequest {
            request_id: new_request_id(),
            member: member.to_owned(),
            points: REDEEMED,
            spent_on: "coffee".to_owned(),
            ..RedeemPointsRequest::default()
        };
        patiently("redeem", || async { self.shop.loyalty.loyalty().redeem_points(ask.clone()).await }).await.entry
    }

    async fn attribute(&self, member: &str, order: &str) -> String {
        let ask = AttributeRequest {
            request_id: new_request_id(),
            member: member.to_owned(),
            code: self.code.clone(),
            point: AttributionPoint::Checkout.into(),
            order: order.to_owned(),
            ..AttributeRequest::default()
        };
        patiently("attribute", || async { self.shop.referrals.referrals().attribute(ask.clone()).await }).await.referral
    }

    async fn take_back(&self, number: u64, order: &str, quantity: i64) {
        let goods = NewReturn {
            source: "till".to_owned(),
            external_id: format!("r-{}-{number}", self.number),
            origin: Some(new_return::Origin::Order(order.to_owned())),
            lines: vec![ReturnLine { order_line: 1, quantity, ..ReturnLine::default() }],
            occur_time: Some(proto::timestamp(the_day_before() + SignedDuration::from_hours(1))),
            channel: "store".to_owned(),
            ..NewReturn::default()
        };
        let ask =
            RecordReturnRequest { request_id: new_request_id(), goods: Some(goods), ..RecordReturnRequest::default() };
        patiently("take back", || async { self.shop.activity.activity().record_return(ask.clone()).await }).await;
    }

    async fn subscribe(&self, member: &str) -> String {
        let ask = SubscribeRequest {
            request_id: new_request_id(),
            member: member.to_owned(),
            plan: "coffee".to_owned(),
            payment_token: "sandbox_ok".to_owned(),
            ..SubscribeRequest::default()
        };
        let subscriptions = &self.shop.subscriptions;
        patiently("subscribe", || async { subscriptions.subscriptions().subscribe(ask.clone()).await })
            .await
            .subscription
    }
}

fn the_day_before() -> Timestamp {
    kernel::Clock::system().now() - AGO
}

/// Makes the same call until it is answered. Where a process answers that it cannot now, it must say so as the contract
/// has it; a status with a source was made on this side, by a connection that broke or was never made.
pub async fn patiently<T, F>(what: &str, call: impl Fn() -> F) -> T
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let end = Instant::now() + PATIENCE;
    loop {
        let status = match call().await {
            Ok(answer) => return answer.into_inner(),
            Err(status) => status,
        };
        let passes = matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) || status.source().is_some();
        assert!(passes, "{what}: {status:?}");
        assert!(Instant::now() < end, "{what}: not answered for {PATIENCE:?}: {status:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
