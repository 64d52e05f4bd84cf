//! Looking at members. What has fallen due and is not written yet is settled in memory first: a look at one member is exact
//! to the second, however late the clockwork is.

mod store;

use std::collections::{BTreeMap, BTreeSet};

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, TenantId};
use wire::Stop;

use super::frame::{Frame, Making};
use super::insight::Insight;
use super::insight::insight;
use super::person::{Moved, Person};
use super::report::{Cohort, Counts, Summing, Sums, add_to_cohort};
use super::snapshot::{Shop, Snapshot};
use super::store as rows;
use super::{Group, Labels, Lifecycle, MemberRefusal, Members, desk};

/// A change as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeView {
    /// Its place in the member's history.
    pub number: i64,
    /// From where to where.
    pub moved: Moved,
    /// All labels that matched after it.
    pub labels: Labels,
    /// What caused it.
    pub cause: String,
    /// The snapshot it was decided under.
    pub snapshot: i64,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
}

/// Where a member stands, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// Who.
    pub member: MemberId,
    /// The group.
    pub group: Group,
    /// Since when.
    pub group_since: Option<Timestamp>,
    /// The lifecycle.
    pub lifecycle: Lifecycle,
    /// Since when.
    pub lifecycle_since: Option<Timestamp>,
    /// Money of their whole life.
    pub total_minor: i64,
    /// The last purchase.
    pub last_purchase_at: Option<Timestamp>,
}

/// A page of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// By id.
    pub members: Vec<MemberRow>,
    /// Members of the tenant who are still to be looked at.
    pub waiting: i64,
}

/// Which members to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Of this group.
    pub group: Option<Group>,
    /// Of this lifecycle.
    pub lifecycle: Option<Lifecycle>,
    /// After this one.
    pub after: Option<MemberId>,
    /// At most so many.
    pub limit: i64,
}

/// Sums over a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverviewView {
    /// The moment.
    pub as_of: Timestamp,
    /// Where members stand.
    pub counts: Counts,
    /// What they are compared with.
    pub snapshot: Snapshot,
    /// Members who are still to be looked at.
    pub waiting: i64,
    /// The sums.
    pub sums: Sums,
}

/// Cohorts by month of first purchase.
pub type CohortsView = BTreeMap<String, Cohort>;

impl Members {
    /// Everything about a member, now or at a moment.
    pub async fn insight(
        &self,
        tenant: TenantId,
        member: MemberId,
        as_of_occurred: Option<Timestamp>,
    ) -> Result<Insight, Stop<MemberRefusal>> {
        let held = self.schemes.of(tenant).await?;
        let mut reading = self.store.read(tenant).await?;
        let mut still = rows::stand_still(reading.connection()).await?;
        let now = self.clock.now();
        let mut people = rows::load(&mut still, &BTreeSet::from([(tenant, member)])).await?;
        if let Some(moment) = as_of_occurred {
            let mut making = Making::new(desk::unsorted(&held, moment), moment);
            rows::each_member(&mut still, tenant, |passing| making.add(&passing.purchases)).await?;
            let mut person = people.remove(&(tenant, member)).unwrap_or_else(|| Person::new(member));
            person.joined_at = person.joined_at.filter(|joined| *joined <= moment);
            (person.group_since, person.lifecycle_since) = (None, None);
            return Ok(insight(&person, &making.finish(), 0, moment));
        }
        let tenants = BTreeSet::from([tenant]);
        let taken = rows::snapshots_since(&mut still, &tenants, &people).await?.remove(&tenant).unwrap_or_default();
        let number = rows::latest(&mut still, tenant).await?.map_or(0, |last| last.number);
        let shop = Shop::new(desk::unsorted(&held, now), taken);
        let mut person = people.remove(&(tenant, member)).unwrap_or_else(|| Person::newcomer(member, &shop));
        person.settle(&shop, now);
        Ok(insight(&person, &shop.last().frame, number, now))
    }

    /// A page of a member's changes, newest first.
    pub async fn changes(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<ChangeView>, Stop<MemberRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(store::changes(reading.connection(), tenant, member, before.unwrap_or(i64::MAX), limit).await?)
    }

    /// A page of members, as stored.
    pub async fn list(&self, tenant: TenantId, wanted: Wanted) -> Result<Page, Stop<MemberRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let mut still = rows::stand_still(reading.connection()).await?;
        let members = store::members(&mut still, tenant, &wanted).await?;
        let last = rows::latest(&mut still, tenant).await?;
        let waiting = store::waiting(&mut still, tenant, last.map_or(0, |last| last.frame_since), self.clock.now());
        Ok(Page { members, waiting: waiting.await? })
    }

    /// A snapshot by its number, or the last one.
    pub async fn snapshot(&self, tenant: TenantId, number: Option<i64>) -> Result<Snapshot, Stop<MemberRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = match number {
            Some(number) => rows::numbered(reading.connection(), tenant, number).await?,
            None => rows::latest(reading.connection(), tenant).await?,
        };
        found.ok_or(Stop::Refused(MemberRefusal::SnapshotNotFound { number: number.unwrap_or(0) }))
    }

    /// Sums over a tenant, now or at a moment.
    pub async fn overview(
        &self,
        tenant: TenantId,
        as_of_occurred: Option<Timestamp>,
    ) -> Result<OverviewView, Stop<MemberRefusal>> {
        let held = self.schemes.of(tenant).await?;
        let mut reading = self.store.read(tenant).await?;
        let mut still = rows::stand_still(reading.connection()).await?;
        let now = self.clock.now();
        let moment = as_of_occurred.unwrap_or(now);
        let unsorted = desk::unsorted(&held, moment);
        let snapshot = match as_of_occurred {
            Some(_) => made(anew(&mut still, tenant, unsorted, moment).await?, moment),
            None => rows::latest(&mut still, tenant).await?.unwrap_or_else(|| made(unsorted, moment)),
        };
        let mut summing = Summing::new(&snapshot.frame, moment);
        rows::each_member(&mut still, tenant, |passing| {
            if passing.is_known_at(moment) {
                summing.add(&passing.purchases);
            }
        })
        .await?;
        let (sums, worked_out) = summing.finish();
        let (counts, waiting) = match as_of_occurred {
            Some(_) => (worked_out, 0),
            None => (
                store::counts(&mut still, tenant).await?,
                store::waiting(&mut still, tenant, snapshot.frame_since, now).await?,
            ),
        };
        Ok(OverviewView { as_of: moment, counts, snapshot: snapshot.clone(), waiting, sums })
    }

    /// Cohorts by month of first purchase, now or at a moment.
    pub async fn cohorts(
        &self,
        tenant: TenantId,
        as_of_occurred: Option<Timestamp>,
    ) -> Result<CohortsView, Stop<MemberRefusal>> {
        let held = self.schemes.of(tenant).await?;
        let mut reading = self.store.read(tenant).await?;
        let moment = as_of_occurred.unwrap_or_else(|| self.clock.now());
        let frame = desk::unsorted(&held, moment);
        let mut cohorts = CohortsView::new();
        let show = |passing: &rows::Passing| add_to_cohort(&mut cohorts, &passing.purchases, &frame, moment);
        rows::each_member(reading.connection(), tenant, show).await?;
        Ok(cohorts)
    }
}

/// The cuts and cycles of a moment, worked out anew.
async fn anew(
    still: &mut rows::Still<'_>,
    tenant: TenantId,
    unsorted: Frame,
    moment: Timestamp,
) -> Result<Frame, StoreError> {
    let mut making = Making::new(unsorted, moment);
    rows::each_member(still, tenant, |passing| making.add(&passing.purchases)).await?;
    Ok(making.finish())
}

/// What was never taken, as if it had been.
fn made(frame: Frame, moment: Timestamp) -> Snapshot {
    Snapshot { number: 0, taken_at: moment, frame_since: 0, frame, recorded_at: moment }
}
