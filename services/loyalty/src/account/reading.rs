//! Looking at accounts. What has fallen due and is not written yet is settled in memory first: a look is exact to the
//! second, however late the clockwork is.

mod past;
mod store;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{EntryId, MemberId, Money, TenantId};
use wire::Stop;

use super::decision::Decision;
use super::holdings::{EntryKind, Holdings, Lot, TierChange, Totals};
use super::settling::{Until, settle};
use super::standing::{StandingView, standing};
use super::store as rows;
use super::{AccountRefusal, Accounts};
use crate::programme::Versions;

/// A member's points and tier.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountView {
    /// Whose.
    pub member: MemberId,
    /// All points, less the deficit.
    pub balance: i64,
    /// What can be spent.
    pub spendable: i64,
    /// What the next points fill first.
    pub deficit: i64,
    /// Lots with something left, in the order they are spent.
    pub lots: Vec<Lot>,
    /// Sums over all entries.
    pub totals: Totals,
    /// The tier, where the programme has any.
    pub standing: Option<StandingView>,
}

/// A member's tier with its reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct TierView {
    /// Where they stand.
    pub standing: StandingView,
    /// Why.
    pub decision: Decision,
    /// The change that led here.
    pub last_change: Option<TierChange>,
}

/// A line of a statement, as written.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryView {
    /// Its id.
    pub id: EntryId,
    /// Its place on the statement.
    pub number: i64,
    /// What happened.
    pub kind: EntryKind,
    /// Signed.
    pub points: i64,
    /// After it.
    pub balance_after: i64,
    /// What caused it.
    pub cause: String,
    /// What it did to which lots.
    pub draws: Vec<super::holdings::Draw>,
    /// Why.
    pub grounds: Decision,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When it was written.
    pub recorded_at: Timestamp,
}

/// Sums over a programme.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Overview {
    /// Members by tier: code, what members read, how many.
    pub tiers: Vec<(String, String, i64)>,
    /// Points outstanding by lapse month: month (none for never), points, lots.
    pub lapse_months: Vec<(Option<String>, i64, i64)>,
    /// Sums over all entries.
    pub totals: Totals,
    /// What can be spent.
    pub outstanding: i64,
    /// What members owe.
    pub deficit: i64,
    /// Accounts.
    pub accounts: i64,
    /// Entries.
    pub entries: i64,
    /// Spent, returns taken off, by currency.
    pub spend: Vec<Money>,
}

impl Accounts {
    /// A member's points and tier now. A member without any entry has an empty account.
    pub async fn account(&self, tenant: TenantId, member: MemberId) -> Result<AccountView, Stop<AccountRefusal>> {
        let (holdings, versions, now) = self.settled(tenant, member).await?;
        let standing = match versions.at(now) {
            Some(terms) => standing(&holdings, terms, now).map_err(StoreError::unreadable)?.map(|(view, _)| view),
            None => None,
        };
        let mut lots: Vec<Lot> = holdings.lots.iter().filter(|lot| lot.left > 0).cloned().collect();
        lots.sort_by_key(Lot::spending_order);
        Ok(AccountView {
            member,
            balance: holdings.balance(),
            spendable: holdings.spendable(),
            deficit: holdings.deficit,
            lots,
            totals: holdings.totals,
            standing,
        })
    }

    /// Why a member has the tier they have.
    pub async fn explain_tier(&self, tenant: TenantId, member: MemberId) -> Result<TierView, Stop<AccountRefusal>> {
        let (holdings, versions, now) = self.settled(tenant, member).await?;
        let found = match versions.at(now) {
            Some(terms) => standing(&holdings, terms, now).map_err(StoreError::unreadable)?,
            None => None,
        };
        let (standing, decision) = found.ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at: now }))?;
        Ok(TierView { standing, decision, last_change: holdings.history.last().cloned() })
    }

    /// A member's balance: now, as known at a moment, as true at a moment. A look at that moment would have settled what
    /// had fallen due, so this counts it as lapsed too, whenever that was written.
    pub async fn balance(
        &self,
        tenant: TenantId,
        member: MemberId,
        as_of: Option<Timestamp>,
        as_of_occurred: Option<Timestamp>,
    ) -> Result<i64, Stop<AccountRefusal>> {
        if as_of.is_none() && as_of_occurred.is_none() {
            let (holdings, ..) = self.settled(tenant, member).await?;
            return Ok(holdings.balance());
        }
        let mut reading = self.store.read(tenant).await?;
        let known = as_of.unwrap_or(Timestamp::MAX);
        let happened = as_of_occurred.unwrap_or(Timestamp::MAX);
        let entries = store::past_entries(reading.connection(), tenant, member, known, happened).await?;
        let moment = known.min(happened).min(self.clock.now());
        let lapsed = store::lapsed_lots(reading.connection(), tenant, member, moment).await?;
        Ok(past::balance(&entries, &lapsed))
    }

    /// A page of a member's entries, newest first.
    pub async fn entries(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<EntryView>, Stop<AccountRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(store::entries(reading.connection(), tenant, member, before.unwrap_or(i64::MAX), limit).await?)
    }

    /// One entry, with the grounds of its decision.
    pub async fn entry(
        &self,
        tenant: TenantId,
        member: Option<MemberId>,
        entry: EntryId,
    ) -> Result<EntryView, Stop<AccountRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::entry(reading.connection(), tenant, member, entry).await?;
        found.ok_or(Stop::Refused(AccountRefusal::EntryNotFound { entry }))
    }

    /// The changes of a member's tier, newest first.
    pub async fn tier_changes(
        &self,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<Vec<TierChange>, Stop<AccountRefusal>> {
        let (holdings, ..) = self.settled(tenant, member).await?;
        Ok(holdings.history.into_iter().rev().take(100).collect())
    }

    /// Sums over a programme. Points whose lapse is due and not written yet count as lapsed; a review that is due does not
    /// move its member yet.
    pub async fn overview(&self, tenant: TenantId) -> Result<Overview, Stop<AccountRefusal>> {
        let terms = self.programmes.of(tenant).await?;
        let now = self.clock.now();
        let current = terms.versions.at(now).or_else(|| terms.versions.last());
        let zone = current.map_or("UTC", |terms| terms.zone.name());
        let mut reading = self.store.read(tenant).await?;
        let mut overview = store::overview(reading.connection(), tenant, zone, now).await?;
        let counts = store::tiers(reading.connection(), tenant).await?;
        let count_of = |code: &str| counts.iter().filter(|(tier, _)| tier == code).map(|(_, count)| *count).sum();
        if let Some(ladder) = current.and_then(|terms| terms.ladder.as_ref()) {
            overview.tiers = ladder
                .tiers
                .iter()
                .map(|tier| (tier.code.clone(), tier.display_name.clone(), count_of(&tier.code)))
                .collect();
        }
        overview.spend = store::spend(reading.connection(), tenant).await?;
        Ok(overview)
    }

    async fn settled(
        &self,
        tenant: TenantId,
        member: MemberId,
    ) -> Result<(Holdings, std::sync::Arc<Versions>, Timestamp), Stop<AccountRefusal>> {
        let terms = self.programmes.of(tenant).await?;
        let mut reading = self.store.read(tenant).await?;
        let now = self.clock.now();
        let known = rows::read_one(reading.connection(), tenant, member).await?;
        let mut holdings = known.unwrap_or_else(|| Holdings::new(member, now));
        settle(&mut holdings, &terms.versions, Until::Including(now)).map_err(StoreError::unreadable)?;
        Ok((holdings, terms.versions, now))
    }
}
