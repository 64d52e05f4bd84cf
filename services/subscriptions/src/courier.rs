//! What a change makes the service say elsewhere: the provider is asked for money, activity to record an order.
//!
//! A call is made as often as it takes until it is answered; its id is the same each time, so that money moves once and an
//! order is recorded once. The answer is written in the transaction that takes the call away.

use std::sync::Arc;

use ::store::{Store, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;
use kernel::{ChargeId, Currency, MemberId, OrderId, RequestId, SubscriptionId, TenantId};
use outbox::{Carry, NotCarried, Open};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::plan::Plans;
use crate::plan::terms::{Kind, Line, decimal};
use crate::provider::{ChargeOrder, Provider};
use crate::subscription::{Answered, CHARGE, ORDER, REFUND, StandingOrders};

/// An order that a paid occurrence becomes.
#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    /// Whose tenant.
    pub(crate) tenant: TenantId,
    /// Who bought it.
    pub(crate) member: MemberId,
    /// The request id of the call.
    pub(crate) id: RequestId,
    /// The shop's number of it: subscription and occurrence.
    pub(crate) external_id: String,
    /// ISO 4217.
    pub(crate) currency: Currency,
    /// What it holds: with the price of one as decimal text.
    pub(crate) lines: Vec<(Line, String)>,
    /// How it was paid.
    pub(crate) amount_minor: i64,
    /// When.
    pub(crate) paid_at: Timestamp,
}

/// Who records orders.
#[async_trait]
pub(crate) trait Journal: Send + Sync + 'static {
    /// Records one, or says why not: the inner error is a reason, the outer one that nobody answered.
    async fn record(&self, order: NewOrder) -> Result<Result<OrderId, String>, NotCarried>;
}

/// Carries what the service has to say.
pub(crate) struct Carrier {
    store: Store,
    orders: StandingOrders,
    plans: Plans,
    provider: Arc<dyn Provider>,
    journal: Arc<dyn Journal>,
}

#[derive(Deserialize)]
struct ChargePayload {
    number: i64,
    attempt: i32,
    token: String,
    amount_minor: i64,
    currency: Currency,
}

#[derive(Deserialize)]
struct OrderPayload {
    subscription: SubscriptionId,
    number: i64,
    member: MemberId,
    plan: String,
    version: i32,
    paid_at: Timestamp,
}

/// An answer, and the subscription and occurrence it is about.
type About = (SubscriptionId, i64, Answered);

impl Carrier {
    pub(crate) fn new(
        store: Store,
        orders: StandingOrders,
        plans: Plans,
        provider: Arc<dyn Provider>,
        journal: Arc<dyn Journal>,
    ) -> Self {
        Self { store, orders, plans, provider, journal }
    }

    async fn charge(&self, call: &Open) -> Result<About, NotCarried> {
        let asked: ChargePayload = read(call)?;
        let order = order_of(call, &asked);
        let told = self.provider.charge(&order).await;
        let answer = told.map_err(|silence| NotCarried::Unanswered(silence.to_string()))?;
        Ok((call.subject.into(), asked.number, Answered::Charge { attempt: asked.attempt, answer }))
    }

    async fn refund(&self, call: &Open) -> Result<About, NotCarried> {
        let asked: ChargePayload = read(call)?;
        let order = order_of(call, &asked);
        let told = self.provider.refund(&order).await;
        let answer = told.map_err(|silence| NotCarried::Unanswered(silence.to_string()))?;
        Ok((call.subject.into(), asked.number, Answered::Refund { attempt: asked.attempt, answer }))
    }

    async fn order(&self, call: &Open) -> Result<About, NotCarried> {
        let asked: OrderPayload = read(call)?;
        let plan = self.plans.named(call.tenant, &asked.plan, asked.version).await?;
        let digits = terms::now(&self.store, call.tenant).await?.digits_of(plan.currency);
        let lines = match &plan.kind {
            Kind::Goods { lines } => lines.clone(),
            Kind::Membership { .. } => Vec::new(),
        };
        let order = NewOrder {
            tenant: call.tenant,
            member: asked.member,
            id: call.id,
            external_id: format!("{}/{}", asked.subscription, asked.number),
            currency: plan.currency,
            lines: lines.into_iter().map(|line| (line.clone(), decimal(line.unit_price_minor, digits))).collect(),
            amount_minor: plan.amount().unwrap_or_default(),
            paid_at: asked.paid_at,
        };
        let told = self.journal.record(order).await?;
        Ok((asked.subscription, asked.number, Answered::Order { told }))
    }
}

#[async_trait]
impl Carry for Carrier {
    async fn carry(&self, call: Open) -> Result<(), NotCarried> {
        let (subscription, number, answer) = match call.kind.as_str() {
            CHARGE => self.charge(&call).await?,
            REFUND => self.refund(&call).await?,
            ORDER => self.order(&call).await?,
            other => return Err(NotCarried::Misunderstood(format!("nobody carries a call of kind {other}"))),
        };
        Ok(self.orders.answered(&call, (subscription, number), answer).await?)
    }
}

fn order_of(call: &Open, asked: &ChargePayload) -> ChargeOrder {
    ChargeOrder {
        key: ChargeId::from(call.id.uuid()),
        token: asked.token.clone(),
        amount_minor: asked.amount_minor,
        currency: asked.currency,
        occurrence: asked.number,
        attempt: asked.attempt,
    }
}

fn read<T: DeserializeOwned>(call: &Open) -> Result<T, NotCarried> {
    serde_json::from_value(call.payload.clone()).map_err(|error| StoreError::unreadable(error).into())
}
