//! The campaign: what coupons of one kind promise, and what they may cost.
//!
//! 1. A version is written once. Putting a campaign again makes another version; what was issued keeps the terms it was
//!    issued with, for they were promised to somebody. Limits and budgets are the shop's own matter: those of the last
//!    version hold for all.
//! 2. `reserved + redeemed <= limit`, of uses and of money, at every moment. Both are checked and taken in one conditional
//!    statement with the campaign's shard locked ([`reserve`]).
//! 3. What is reserved is a row of its own (a *hold*) that ends at an instant. From that instant on it counts for nothing,
//!    whether or not anybody has written that down: whoever comes next sweeps it first ([`sweep`]).
//! 4. What members may feel tricked by is told to whoever defines it, and never refused ([`fairness`]).
//!
//! Life of a use: free -> reserved -> redeemed | free; redeemed -> free, where the order comes back.
//! Cost: a put is one commit and one reading of the tenant's purchases. Everything of a campaign lies in one shard, so that
//! all uses of a campaign go one batch after another, and share their commits.

mod events;
#[cfg(test)]
pub(crate) mod example;
pub mod fairness;
mod store;
pub mod terms;

use std::collections::{BTreeMap, BTreeSet};

use ::store::{RequestKey, Store, StoreError, Tx};
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, ReservationId, Shard, TenantId};
use serde::{Deserialize, Serialize};
use wire::{Stop, known, patiently};

use self::fairness::{Habits, Issue, issues};
pub(crate) use self::store::{Connection, give_back, reserve, settle, sweep};
use self::terms::Terms;
use crate::account::Accounts;
use crate::codes;
use crate::receipt::Reached;

/// A campaign to put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whose tenant.
    pub tenant: TenantId,
    /// Its code.
    pub campaign: String,
    /// The whole of it.
    pub terms: Terms,
    /// Decide and write nothing.
    pub validate_only: bool,
    /// What makes it repeat-safe.
    pub key: RequestKey,
}

/// What the caller of `put` keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutReceipt {
    /// The version it has become.
    pub version: i32,
    /// Where the tenant's log stood.
    pub reached: Reached,
}

/// What a campaign has come to, at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Use {
    /// Put aside.
    pub reserved_uses: i64,
    /// Used.
    pub redeemed_uses: i64,
    /// Put aside of the budget.
    pub reserved_minor: i64,
    /// What it has cost.
    pub redeemed_minor: i64,
    /// Codes that were generated.
    pub codes: i64,
}

/// A version of a campaign, and what all versions have come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its code.
    pub campaign: String,
    /// The version of the terms.
    pub version: i32,
    /// What it promises.
    pub terms: Terms,
    /// How often all of it can be used, by the last version.
    pub max_uses: Option<i64>,
    /// What all of it may save, by the last version.
    pub budget_minor: Option<i64>,
    /// What it has come to.
    pub taken: Use,
    /// When the version was put.
    pub recorded_at: Timestamp,
}

/// Campaigns as they were asked for: a version, or 0 for the last.
pub type Standings = BTreeMap<(String, i32), Standing>;

/// Why a campaign was not put or found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignRefusal {
    /// None has this code, or not this version.
    NotFound {
        /// The code.
        campaign: String,
    },
    /// What it is does not change.
    Fixed {
        /// The code.
        campaign: String,
        /// What would change.
        field: &'static str,
    },
    /// Another campaign has the shared code.
    CodeTaken {
        /// The code.
        code: String,
        /// Whose it is.
        campaign: String,
    },
}

/// Where a campaign lies.
pub(crate) fn shard_of(tenant: TenantId, campaign: &str) -> Shard {
    Shard::of_text(tenant, &["campaign", campaign])
}

/// Campaigns by code and version, 0 for the last, as they stand at a moment. What no campaign has is left out.
pub(crate) async fn within(
    connection: &mut Connection,
    tenant: TenantId,
    asked: &BTreeSet<(String, i32)>,
    now: Timestamp,
) -> Result<Standings, StoreError> {
    if asked.is_empty() {
        return Ok(Standings::new());
    }
    store::load(connection, tenant, asked, now).await
}

/// What a reservation holds of a campaign, and until when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) campaign: &'a str,
    pub(crate) reservation: ReservationId,
}

/// Says that codes of a campaign were generated; its shard must be locked.
pub(crate) async fn count_codes(tx: &mut Tx, tenant: TenantId, campaign: &str, more: i64) -> Result<(), StoreError> {
    store::count_codes(tx.connection(), tenant, campaign, more).await
}

/// How far back purchases tell how members buy.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// All campaigns.
#[derive(Clone)]
pub struct Campaigns {
    store: Store,
    clock: Clock,
    accounts: Accounts,
}

impl Campaigns {
    pub(crate) const fn new(store: Store, clock: Clock, accounts: Accounts) -> Self {
        Self { store, clock, accounts }
    }

    /// Puts a campaign, and tells what members may feel tricked by.
    pub async fn put(&self, ask: &Put) -> Result<(PutReceipt, Vec<Issue>), Stop<CampaignRefusal>> {
        let receipt = patiently(|| self.try_put(ask)).await?;
        let since = self.clock.now().saturating_sub(RECENT).unwrap_or(Timestamp::MIN);
        let terms = &ask.terms;
        let bought = self.accounts.habits(ask.tenant, terms.currency, since, terms.minimum_minor).await?;
        let habits =
            Habits { baskets: bought.orders, meet: bought.meet, gaps: bought.gaps, cycle_days: bought.mean_days() };
        Ok((receipt, issues(terms, habits)))
    }

    async fn try_put(&self, ask: &Put) -> Result<PutReceipt, Stop<CampaignRefusal>> {
        let (tenant, home, tenants) = (ask.tenant, shard_of(ask.tenant, &ask.campaign), Shard::of_tenant(ask.tenant));
        let code = ask.terms.shared_code.as_deref();
        let shards = [home, tenants].into_iter().chain(code.map(|code| codes::shard_of(tenant, code)));
        let mut tx = self.store.begin(tenant, shards).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(tenant, tenants, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let last = within(tx.connection(), tenant, &BTreeSet::from([(ask.campaign.clone(), 0)]), now).await?;
        let last = last.into_values().next();
        if let Some(field) = last.as_ref().and_then(|last| last.terms.differs_in(&ask.terms)) {
            return Err(Stop::Refused(CampaignRefusal::Fixed { campaign: ask.campaign.clone(), field }));
        }
        if let Some(code) = code {
            let owner = codes::owner(&mut tx, tenant, code).await?;
            if let Some(campaign) = owner.filter(|owner| *owner != ask.campaign) {
                return Err(Stop::Refused(CampaignRefusal::CodeTaken { code: code.to_owned(), campaign }));
            }
        }
        let version = last.as_ref().map_or(1, |last| last.version.saturating_add(1));
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(PutReceipt { version, reached: Reached::default() });
        }
        store::put(tx.connection(), ask, version, now).await?;
        if let (None, Some(code)) = (last, code) {
            codes::share(&mut tx, tenant, code, &ask.campaign, now).await?;
        }
        eventlog::append(&mut tx, [events::put(tenant, &ask.campaign, version, now)], now)?;
        let receipt = PutReceipt { version, reached: Reached::of(&tx, tenants) };
        tx.remember(tenant, tenants, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// A campaign, its last version where none is named.
    pub async fn get(
        &self,
        tenant: TenantId,
        campaign: String,
        version: i32,
    ) -> Result<Standing, Stop<CampaignRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let asked = BTreeSet::from([(campaign.clone(), version)]);
        let found = within(reading.connection(), tenant, &asked, self.clock.now()).await?;
        found.into_values().next().ok_or(Stop::Refused(CampaignRefusal::NotFound { campaign }))
    }

    /// Whether there are campaigns with all these codes: one that is put never goes.
    pub async fn are_known(&self, tenant: TenantId, campaigns: BTreeSet<String>) -> Result<(), Stop<CampaignRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let asked = campaigns.iter().map(|code| (code.clone(), 0)).collect();
        let found = within(reading.connection(), tenant, &asked, self.clock.now()).await?;
        match campaigns.into_iter().find(|code| !found.contains_key(&(code.clone(), 0))) {
            Some(campaign) => Err(Stop::Refused(CampaignRefusal::NotFound { campaign })),
            None => Ok(()),
        }
    }

    /// A page of campaigns by their code, each with its last version.
    pub async fn list(
        &self,
        tenant: TenantId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<Standing>, Stop<CampaignRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let codes = store::codes_after(reading.connection(), tenant, after.as_deref(), limit).await?;
        let asked = codes.into_iter().map(|code| (code, 0)).collect();
        Ok(within(reading.connection(), tenant, &asked, self.clock.now()).await?.into_values().collect())
    }
}
