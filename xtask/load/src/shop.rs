//! A shop to be put under load: a tenant with terms, plans and members, and the orders it takes.

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use kernel::{Clock, TenantId};
use proto::activity::v1::{GetOverviewRequest as SalesRequest, NewOrder, OrderLine, RecordOrderRequest, new_order};
use proto::loyalty::v1::{
    EarnRate, ExpiryPolicy, GetOverviewRequest as PointsRequest, LapseAfter, Programme, PutProgrammeRequest,
    expiry_policy,
};
use proto::operations::v1::GetStatusRequest;
use proto::referrals::v1::{AttributeRequest, AttributionPoint, IssueCodeRequest, PutTermsRequest, Terms};
use proto::registry::v1::{CreateTenantRequest, EnrolMemberRequest, Identity, IdentityKind, NewMember, TenantSettings};
use proto::subscriptions::v1::{Cadence, CadenceUnit, Plan, PlanKind, PlanLine, PutPlanRequest};
use tonic::Status;
use tonic::transport::Channel;

use crate::Failed;
use crate::suite::{Suite, request_id};

/// What an order comes to, and a point for NT$ 50.
const ORDER_MINOR: i64 = 1_000;
/// The points of an order.
pub const POINTS: i64 = ORDER_MINOR / 50;
/// The points of an occurrence of the plan.
const COFFEE_POINTS: i64 = 2;
const AT_ONCE: usize = 32;
/// Since when terms rule.
const LONG_AGO: prost_types::Timestamp = prost_types::Timestamp { seconds: 1_300_000_000, nanos: 0 };

/// A point for NT$ 50, for a year.
pub fn programme() -> Programme {
    let rate = EarnRate { currency_code: "TWD".to_owned(), points: 1, per_minor: 50, ..EarnRate::default() };
    let after = LapseAfter { months: 12, ..LapseAfter::default() };
    Programme {
        effective_time: Some(LONG_AGO),
        display_name: "Bench".to_owned(),
        zone: "Asia/Taipei".to_owned(),
        earn_rates: vec![rate],
        expiry: Some(ExpiryPolicy { policy: Some(expiry_policy::Policy::After(after)) }),
        ..Programme::default()
    }
}

/// A tenant of the suite.
#[derive(Clone)]
pub struct Shop {
    pub suite: Suite,
    operator: Suite,
}

impl Shop {
    pub async fn open(state: &str, channels: &[Channel], code: &str) -> Result<Self, Failed> {
        let operator = Suite::of(state, channels, None)?;
        let settings = TenantSettings {
            zone: "Asia/Taipei".to_owned(),
            currency_code: "TWD".to_owned(),
            minor_digits: Some(0),
            phone_region: "TW".to_owned(),
        };
        let ask = CreateTenantRequest {
            request_id: request_id(),
            code: code.to_owned(),
            display_name: "Bench".to_owned(),
            settings: Some(settings),
        };
        let tenant = operator.tenants().create_tenant(ask).await?.into_inner().tenant;
        let suite = Suite::of(state, channels, Some(TenantId::parse(&tenant)?))?;
        let shop = Self { suite, operator };
        shop.put_terms().await?;
        shop.put_plan().await?;
        Ok(shop)
    }

    async fn put_terms(&self) -> Result<(), Failed> {
        let ask = PutProgrammeRequest { request_id: request_id(), programme: Some(programme()), validate_only: false };
        self.suite.loyalty().put_programme(ask).await?;
        let currency_code = "TWD".to_owned();
        let terms = Terms {
            effective_time: Some(LONG_AGO),
            currency_code,
            inviter_points: 100,
            invitee_points: 50,
            ..Terms::default()
        };
        let ask = PutTermsRequest { request_id: request_id(), terms: Some(terms), validate_only: false };
        self.suite.referrals().put_terms(ask).await?;
        Ok(())
    }

    async fn put_plan(&self) -> Result<(), Failed> {
        let coffee =
            PlanLine { product: "coffee".to_owned(), quantity: 1, unit_price_minor: 100, ..PlanLine::default() };
        let plan = Plan {
            code: "coffee".to_owned(),
            display_name: "Coffee".to_owned(),
            currency_code: "TWD".to_owned(),
            cadence: Some(Cadence { every: 1, unit: CadenceUnit::Month.into() }),
            kind: PlanKind::Goods.into(),
            lines: vec![coffee],
            ..Plan::default()
        };
        let ask = PutPlanRequest { request_id: request_id(), plan: Some(plan), validate_only: false };
        self.suite.subscriptions().put_plan(ask).await?;
        Ok(())
    }

    /// New members, by phone numbers that begin with these digits.
    pub async fn members(&self, prefix: &str, many: usize) -> Result<Vec<String>, Failed> {
        let enrol = |number: usize| async move {
            let value = format!("{prefix}{number:06}");
            let phone = Identity { kind: IdentityKind::Phone.into(), value, ..Identity::default() };
            let acquisition_source = "till".to_owned();
            let member = NewMember { identities: vec![phone], acquisition_source, ..NewMember::default() };
            let ask = EnrolMemberRequest { request_id: request_id(), member: Some(member), validate_only: false };
            Ok(self.suite.registry().enrol_member(ask).await?.into_inner().member)
        };
        stream::iter(0..many).map(enrol).buffered(AT_ONCE).try_collect().await
    }

    /// Members who were invited by another one, and have not bought yet.
    pub async fn invited(&self, prefix: &str, many: usize) -> Result<Vec<String>, Failed> {
        let all = self.members(prefix, many + 1).await?;
        let (inviter, invited) = all.split_first().ok_or("nobody joined")?;
        let ask = IssueCodeRequest { request_id: request_id(), member: inviter.clone(), ..IssueCodeRequest::default() };
        let code = self.suite.referrals().issue_code(ask).await?.into_inner().code;
        let attribute = |member: String| {
            let ask = AttributeRequest {
                request_id: request_id(),
                member,
                code: code.clone(),
                point: AttributionPoint::Enrolment.into(),
                ..AttributeRequest::default()
            };
            async move { self.suite.referrals().attribute(ask).await }
        };
        // One after the other: each takes the lock of their inviter.
        for member in invited {
            attribute(member.clone()).await?;
        }
        Ok(invited.to_vec())
    }

    /// Records an order; answers the token to read it by.
    pub async fn sell(&self, member: &str, number: &str) -> Result<String, Status> {
        let line = OrderLine {
            number: 1,
            product: "mug".to_owned(),
            quantity: 2,
            unit_price: (ORDER_MINOR / 2).to_string(),
            ..OrderLine::default()
        };
        let order = NewOrder {
            source: "till".to_owned(),
            external_id: number.to_owned(),
            buyer: Some(new_order::Buyer::Member(member.to_owned())),
            channel: "store".to_owned(),
            currency_code: "TWD".to_owned(),
            lines: vec![line],
            occur_time: Some(proto::timestamp(Clock::system().now())),
            ..NewOrder::default()
        };
        let ask = RecordOrderRequest { request_id: request_id(), order: Some(order), ..RecordOrderRequest::default() };
        Ok(self.suite.activity().record_order(ask).await?.into_inner().freshness)
    }

    /// How many events are written that somebody who hears them has not applied, and calls to others that are open.
    pub async fn behind(&self) -> Result<i64, Failed> {
        let mut behind = 0;
        for mut process in self.operator.operations() {
            for status in process.get_status(GetStatusRequest::default()).await?.into_inner().services {
                behind += status.open_calls + status.lags.iter().map(|lag| lag.events).sum::<i64>();
                if status.parked_events > 0 {
                    return Err(format!("{} could not apply something", status.source).into());
                }
            }
        }
        Ok(behind)
    }

    /// Waits until everybody has heard everything.
    pub async fn settled(&self) -> Result<(), Failed> {
        while self.behind().await? > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// So many orders and occurrences were told: activity keeps them, and loyalty has counted each once.
    pub async fn prove(&self, orders: i64, coffees: i64) -> Result<(), Failed> {
        self.settled().await?;
        let sales = self.suite.activity().get_overview(SalesRequest::default()).await?.into_inner();
        let kept =
            sales.buckets.iter().find(|bucket| bucket.name == "member-orders").map_or(0, |bucket| bucket.entries);
        let points = self.suite.loyalty().get_overview(PointsRequest::default()).await?.into_inner();
        let (found, expected) = ((kept, points.earned), (orders + coffees, orders * POINTS + coffees * COFFEE_POINTS));
        if found == expected {
            return Ok(());
        }
        Err(format!("orders kept and points earned are {found:?} and should be {expected:?}").into())
    }
}
