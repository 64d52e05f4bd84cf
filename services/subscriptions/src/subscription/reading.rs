//! Looking at subscriptions.

use std::collections::BTreeMap;

use ::store::{Head, StoreError};
use jiff::Timestamp;
use jiff::civil::Date;
use kernel::{ChargeId, MemberId, SubscriptionId, TenantId};
use wire::Stop;

use super::charging::Decline;
use super::paid::Grant;
use super::standing::{Change, Occurrence, Standing, State};
use super::store::looking;
use super::{Refusal, StandingOrders, schedule};
use crate::plan::cadence::{Cadence, Schedule, Zone};
use crate::plan::terms::Plan;

/// Which subscriptions to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of whom; of everybody if none.
    pub member: Option<MemberId>,
    /// Of which plan; of every one if empty.
    pub plan: String,
    /// In which state.
    pub state: Option<State>,
}

/// A subscription with what is told beside it.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// As it stands.
    pub ours: Standing,
    /// The next occurrences.
    pub next: Vec<Occurrence>,
    /// The latest ones, newest first.
    pub recent: Vec<Occurrence>,
    /// The latest charges, newest first.
    pub charges: Vec<ChargeView>,
    /// The latest changes, newest first.
    pub changes: Vec<Change>,
}

/// A charge as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeView {
    /// Its id.
    pub id: ChargeId,
    /// The occurrence.
    pub number: i64,
    /// From 1; of refunds from 0.
    pub attempt: i32,
    /// It goes back to the member.
    pub refund: bool,
    /// How much.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// What the provider answered; none until then. `Ok` is money moved.
    pub outcome: Option<Result<(), Decline>>,
    /// The provider's code of a decline.
    pub code: String,
    /// The provider's number of a success.
    pub reference: String,
    /// When the provider was to be asked.
    pub placed_at: Timestamp,
    /// When its answer was written.
    pub answered_at: Option<Timestamp>,
}

/// All that is, or was, open to a member.
pub type Grants = Vec<Grant>;

/// Charges of one month in one currency: how many, and their sum.
pub type Forecast = BTreeMap<(String, String), (i64, i64)>;

const NEXT: usize = 10;
const LATEST: i64 = 20;
/// Subscriptions that a forecast reads at once.
const AT_ONCE: i64 = 1_000;

impl StandingOrders {
    /// A subscription with its next and latest occurrences, charges and changes.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn glimpse(&self, tenant: TenantId, subscription: SubscriptionId) -> Result<Glimpse, Stop<Refusal>> {
        let ours = self.look(tenant, subscription).await?;
        let mut reading = self.store.read(tenant).await?;
        let recent = looking::recent(reading.connection(), tenant, &ours, LATEST).await?;
        let charges = looking::charges(reading.connection(), tenant, &ours, None, LATEST).await?;
        let changes = looking::changes(reading.connection(), tenant, &ours, LATEST).await?;
        let next = schedule::preview(&ours, NEXT, self.clock.now());
        Ok(Glimpse { ours, next, recent, charges, changes })
    }

    /// A page of subscriptions, oldest first, behind one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn page(
        &self,
        tenant: TenantId,
        filter: &Filter,
        after: Option<(Timestamp, SubscriptionId)>,
        limit: i64,
    ) -> Result<Vec<Standing>, Stop<Refusal>> {
        Ok(self.standings(tenant, filter, after, limit).await?)
    }

    async fn standings(
        &self,
        tenant: TenantId,
        filter: &Filter,
        after: Option<(Timestamp, SubscriptionId)>,
        limit: i64,
    ) -> Result<Vec<Standing>, StoreError> {
        let rows = {
            let mut reading = self.store.read(tenant).await?;
            looking::page(reading.connection(), tenant, filter, after, limit).await?
        };
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let plan = self.plans.named(tenant, &row.plan, row.plan_version).await?;
            all.push(row.read(plan)?);
        }
        Ok(all)
    }

    /// What is ahead of a subscription.
    ///
    /// # Errors
    /// There is none, or the database fails.
    pub async fn preview(
        &self,
        tenant: TenantId,
        subscription: SubscriptionId,
        count: usize,
    ) -> Result<(Standing, Vec<Occurrence>), Stop<Refusal>> {
        let ours = self.look(tenant, subscription).await?;
        let ahead = schedule::preview(&ours, count, self.clock.now());
        Ok((ours, ahead))
    }

    /// When occurrences of a rhythm would be due that somebody thinks about.
    ///
    /// # Errors
    /// The database fails.
    pub async fn imagine(
        &self,
        tenant: TenantId,
        (plan, cadence): (&Plan, Cadence),
        (anchor, zone): (Option<jiff::civil::DateTime>, Option<Zone>),
        count: usize,
    ) -> Result<Vec<Occurrence>, Stop<Refusal>> {
        let now = self.clock.now();
        let zone = match zone {
            Some(zone) => zone,
            None => Zone::of(terms::now(&self.store, tenant).await?.zone),
        };
        let schedule = Schedule { cadence, anchor: anchor.unwrap_or_else(|| zone.wall(now)), zone, base: 0 };
        let first = if anchor.is_none() { 0 } else { schedule.first_from(now).unwrap_or_default() };
        let planned = |number| Occurrence::planned(&schedule, plan.charge_offset_days, number);
        Ok((first..).take(count).map_while(planned).collect())
    }

    /// A page of charges, newest first, behind one: occurrence, refund or not, attempt.
    ///
    /// # Errors
    /// There is no such subscription, or the database fails.
    pub async fn charges(
        &self,
        tenant: TenantId,
        subscription: SubscriptionId,
        after: Option<(i64, i16, i32)>,
        limit: i64,
    ) -> Result<Vec<ChargeView>, Stop<Refusal>> {
        let ours = self.look(tenant, subscription).await?;
        let mut reading = self.store.read(tenant).await?;
        Ok(looking::charges(reading.connection(), tenant, &ours, after, limit).await?)
    }

    /// What is, or was, open to a member, and where the member's partition stood.
    pub(crate) async fn grants(&self, tenant: TenantId, member: MemberId) -> Result<(Head, Grants), StoreError> {
        let mut reading = self.store.read(tenant).await?;
        looking::grants(reading.connection(), tenant, member).await
    }

    /// What active subscriptions will charge, if all goes as planned, by month of the tenant's zone.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forecast(&self, tenant: TenantId, months: i32) -> Result<Forecast, Stop<Refusal>> {
        let (now, zone) = (self.clock.now(), Zone::of(terms::now(&self.store, tenant).await?.zone));
        let until = schedule::months_end(now, months, &zone);
        let filter = Filter { state: Some(State::Active), ..Filter::default() };
        let (mut forecast, mut after) = (Forecast::new(), None);
        loop {
            let page = self.standings(tenant, &filter, after, AT_ONCE).await?;
            let Some(last) = page.last() else { return Ok(forecast) };
            after = Some((last.started_at, last.id));
            for mut ours in page {
                {
                    let mut reading = self.store.read(tenant).await?;
                    ours.occurrences = looking::open(reading.connection(), tenant, &ours).await?;
                }
                for charge_at in schedule::charges_until(&ours, until) {
                    let month = kernel::calendar::month_label(charge_at, zone.rules());
                    let sum = forecast.entry((month, ours.plan.currency.to_string())).or_default();
                    *sum = (sum.0.saturating_add(1), sum.1.saturating_add(ours.amount()));
                }
            }
        }
    }

    /// Whose subscription it is: that never changes.
    pub(super) async fn whose(
        &self,
        tenant: TenantId,
        subscription: SubscriptionId,
    ) -> Result<MemberId, Stop<Refusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = looking::member_of(reading.connection(), tenant, subscription).await?;
        found.ok_or(Stop::Refused(Refusal::SubscriptionNotFound { subscription }))
    }

    /// Subscriptions that a provider charges by itself with a token, oldest first, and the occurrence each has on a day.
    pub(super) async fn on_day(
        &self,
        tenant: TenantId,
        token: &str,
        day: Date,
    ) -> Result<Vec<(SubscriptionId, i64)>, StoreError> {
        let rows = {
            let mut reading = self.store.read(tenant).await?;
            looking::with_token(reading.connection(), tenant, token).await?
        };
        let mut found = Vec::new();
        for row in rows {
            let plan = self.plans.named(tenant, &row.plan, row.plan_version).await?;
            let ours = row.read(plan)?;
            let mut reading = self.store.read(tenant).await?;
            let known = looking::due_days(reading.connection(), tenant, &ours).await?;
            let fell = known.iter().rev().find(|(_, due_at)| ours.schedule.zone.wall(**due_at).date() == day);
            let number = fell.map(|(number, _)| *number).or_else(|| schedule::number_on(&ours, day));
            found.extend(number.map(|number| (ours.id, number)));
        }
        Ok(found)
    }

    async fn look(&self, tenant: TenantId, subscription: SubscriptionId) -> Result<Standing, Stop<Refusal>> {
        let row = {
            let mut reading = self.store.read(tenant).await?;
            looking::one(reading.connection(), tenant, subscription).await?
        };
        let row = row.ok_or(Stop::Refused(Refusal::SubscriptionNotFound { subscription }))?;
        let plan = self.plans.named(tenant, &row.plan, row.plan_version).await?;
        let mut ours = row.read(plan)?;
        let mut reading = self.store.read(tenant).await?;
        ours.occurrences = looking::open(reading.connection(), tenant, &ours).await?;
        Ok(ours)
    }
}
