//! Birthdays: when they are, and that what the programme promises is given for them.
//!
//! 1. Registry alone knows whose birthday is when. It is asked by the clockwork, outside of any transaction, day by day and
//!    page by page, and answers members and nothing else of them. What is kept here is that something was given, and when.
//! 2. A birthday is an occasion ([`crate::account::occasion`]), known once for each member and calendar year: a date that is
//!    edited brings nothing twice, and neither does a look that is broken off and begun again.
//! 3. A look covers every day or month since the last one, so that a service that was down gives late what it missed, dated
//!    as if it had been there. Of the day or month in which it looked last, those are looked at whose record has changed since.
//! 4. Where registry does not answer, the look is made again.
//!
//! Cost: a look asks registry once for each day of the period and page of members, and shares commits for what it gives.

pub mod days;
mod store;

use std::sync::Arc;

use ::store::{Digests, RequestKey, Store, StoreError};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use kernel::{Clock, MemberId, RequestId, Shard, TenantId};
use timers::Timer;
use wire::Stop;

use self::days::{Look, MonthDay, looks, moment, next_look};
use crate::account::occasion::OccasionFacts;
use crate::account::{Accounts, NewOccasion};
use crate::programme::{BIRTHDAYS, Programmes, Versions};

/// Tried again after so long where registry does not answer, or the tenant may not write.
const PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// Who has their birthday, and when they joined.
pub type Celebrant = (MemberId, Timestamp);

/// Whoever knows birthdays.
#[async_trait]
pub trait Register: Send + Sync {
    /// A page of those whose birthday is on a day, of those alone whose record changed since a moment where one is given, and
    /// the token of the next page, empty after the last. None where there is no answer.
    async fn celebrants(
        &self,
        tenant: TenantId,
        day: MonthDay,
        changed_since: Option<Timestamp>,
        page: String,
    ) -> Option<(Vec<Celebrant>, String)>;
}

/// The birthdays of all tenants.
#[derive(Clone)]
pub struct Birthdays {
    store: Store,
    clock: Clock,
    programmes: Programmes,
    accounts: Accounts,
    register: Arc<dyn Register>,
}

/// How a look ended.
enum Looked {
    Whole,
    /// It has to be made again.
    Later,
}

impl Birthdays {
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        programmes: Programmes,
        accounts: Accounts,
        register: Arc<dyn Register>,
    ) -> Self {
        Self { store, clock, programmes, accounts, register }
    }

    /// Looks at a tenant's birthdays since the last time, and gives what is promised.
    pub(crate) async fn ring(&self, tenant: TenantId) -> Result<(), StoreError> {
        let now = self.clock.now();
        let held = self.programmes.of(tenant).await?;
        let mut reading = self.store.read(tenant).await?;
        let last = store::looked_at(reading.connection(), tenant).await?;
        drop(reading);
        let mut looked = Looked::Whole;
        if let Some(terms) = held.versions.at(now) {
            for look in looks(terms.birthdays, last, now, terms.zone.rules()).map_err(StoreError::unreadable)? {
                let Some(at) = moment(&held.versions, &look, now) else { continue };
                if let Looked::Later = self.look(tenant, &look, at).await? {
                    looked = Looked::Later;
                    break;
                }
            }
        }
        self.rest(tenant, looked, now).await
    }

    async fn look(&self, tenant: TenantId, look: &Look, at: Timestamp) -> Result<Looked, StoreError> {
        for day in &look.days {
            let mut page = String::new();
            loop {
                let told = self.register.celebrants(tenant, *day, look.changed_since, page).await;
                let Some((celebrants, next)) = told else {
                    tracing::warn!(%tenant, "registry does not tell whose birthday it is; it is asked again later");
                    return Ok(Looked::Later);
                };
                if let Looked::Later = self.give(tenant, look, at, celebrants).await? {
                    return Ok(Looked::Later);
                }
                if next.is_empty() {
                    break;
                }
                page = next;
            }
        }
        Ok(Looked::Whole)
    }

    /// Gives what is promised to some members. Who joined after it was over had none.
    async fn give(
        &self,
        tenant: TenantId,
        look: &Look,
        at: Timestamp,
        celebrants: Vec<Celebrant>,
    ) -> Result<Looked, StoreError> {
        let there = celebrants.into_iter().filter(|(_, joined_at)| *joined_at < look.until);
        let asks = there.map(|(member, joined_at)| {
            let facts = OccasionFacts::birthday(member, look.year, at.max(joined_at));
            let id = RequestId::caused_by(facts.id.uuid(), "birthday");
            NewOccasion {
                tenant,
                member,
                facts,
                joined_at: Some(joined_at),
                known: true,
                validate_only: false,
                explain: false,
                key: RequestKey { rpc: "RecordBirthday", id, digests: Digests::default() },
            }
        });
        for outcome in self.accounts.occur_all(asks.collect()).await {
            match outcome {
                Ok(_) => {}
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::TenantSuspended) => return Ok(Looked::Later),
                Err(Stop::Refused(refusal)) => tracing::warn!(?refusal, "a birthday brings nothing"),
                Err(Stop::RequestIdReused { .. } | Stop::RequestIdTooOld { .. }) => {}
            }
        }
        Ok(Looked::Whole)
    }

    /// Writes down how far it has looked, and when it looks again.
    async fn rest(&self, tenant: TenantId, looked: Looked, now: Timestamp) -> Result<(), StoreError> {
        let shard = Shard::of_tenant(tenant);
        let mut tx = self.store.begin(tenant, [shard]).await?;
        let held = self.programmes.within(&mut tx, &[tenant].into()).await?.remove(&tenant).unwrap_or_default();
        let due_at = match looked {
            Looked::Whole => {
                store::look(tx.connection(), tenant, now).await?;
                next_of(&held.versions, now)?
            }
            Looked::Later => Some(now.saturating_add(PAUSE).unwrap_or(Timestamp::MAX)),
        };
        timers::set(&mut tx, &[Timer { tenant, shard, subject: tenant.uuid(), kind: BIRTHDAYS, due_at }]).await?;
        tx.commit().await
    }
}

fn next_of(versions: &Versions, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    next_look(versions, now).map_err(StoreError::unreadable)
}
