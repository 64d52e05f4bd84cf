//! Looking at rewards, for nobody or for a member, and at a member's claims.

use std::collections::BTreeSet;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{MemberId, Money, TenantId};
use wire::Stop;

use super::judging::{Obstacle, Taken, obstacles};
use super::life::{self, Claim};
use super::{RewardRefusal, Rewards, Standing, Standings, store};

/// A reward as a member sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// It.
    pub standing: Standing,
    /// All that keeps the member from it; none where nobody was named.
    pub obstacles: Option<Vec<Obstacle>>,
}

/// Rewards as a member sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    /// By their code.
    pub offers: Vec<Offer>,
    /// What the member can spend; none where nobody was named.
    pub spendable: Option<i64>,
}

impl Rewards {
    /// A reward, its last version where none is named.
    pub async fn get(
        &self,
        tenant: TenantId,
        (reward, version): (String, i32),
        member: Option<MemberId>,
    ) -> Result<Offer, Stop<RewardRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::load(reading.connection(), tenant, &BTreeSet::from([(reward.clone(), version)])).await?;
        drop(reading);
        if found.is_empty() {
            return Err(Stop::Refused(RewardRefusal::NotFound { reward }));
        }
        let seen = self.seen_by(tenant, member, found).await?;
        seen.offers.into_iter().next().ok_or(Stop::Refused(RewardRefusal::NotFound { reward }))
    }

    /// A page of rewards by their code, each with its last version.
    pub async fn list(
        &self,
        tenant: TenantId,
        member: Option<MemberId>,
        after: Option<String>,
        limit: i64,
    ) -> Result<Catalogue, Stop<RewardRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let codes = store::codes_after(reading.connection(), tenant, after.as_deref(), limit).await?;
        let asked = codes.into_iter().map(|code| (code, 0)).collect();
        let found = store::load(reading.connection(), tenant, &asked).await?;
        drop(reading);
        self.seen_by(tenant, member, found).await
    }

    async fn seen_by(
        &self,
        tenant: TenantId,
        member: Option<MemberId>,
        found: Standings,
    ) -> Result<Catalogue, Stop<RewardRefusal>> {
        let Some(member) = member else {
            let offers = found.into_values().map(|standing| Offer { standing, obstacles: None }).collect();
            return Ok(Catalogue { offers, spendable: None });
        };
        let facts = self.accounts.facts(tenant, member).await?;
        let codes: Vec<String> = found.keys().map(|(code, _)| code.clone()).collect();
        let mut reading = self.store.read(tenant).await?;
        let held = life::store::held(reading.connection(), tenant, member, &codes).await?;
        let offers = found.into_values().map(|standing| {
            let by_member = held.get(&standing.reward).copied().unwrap_or(0);
            let taken = Taken { by_all: standing.taken.standing(), by_member };
            let obstacles = Some(obstacles(&standing.terms, taken, &facts));
            Offer { standing, obstacles }
        });
        Ok(Catalogue { offers: offers.collect(), spendable: Some(facts.points) })
    }

    /// What a member saved with goods in a time, by currency: how often, and how much.
    pub async fn savings(
        &self,
        tenant: TenantId,
        member: MemberId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<(i64, Money)>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        life::store::savings(reading.connection(), (tenant, member), since, until).await
    }

    /// A page of a member's claims, newest first.
    pub async fn claims_of(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Claim>, Stop<RewardRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        Ok(life::store::page(reading.connection(), tenant, member, before.unwrap_or(i64::MAX), limit).await?)
    }
}
