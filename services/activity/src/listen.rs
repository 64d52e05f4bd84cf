//! What activity hears of registry: who enrolled and by which identities (guests' orders join them), and what was
//! settled for a tenant (how money and months are written, whether it may write).

use std::collections::BTreeSet;
use std::sync::Arc;

use eventlog::{CannotApply, Heard, HeardEvent, Listener};
use jiff::Timestamp;
use kernel::{Clock, MemberId, Shard, TenantId};
use proto::registry::events::v1 as said;
use store::{Store, StoreError, Tenants};
use terms::Settled;

use crate::guests::{self, Claim, Guests};

/// Applies registry's events.
pub struct Ear {
    store: Store,
    clock: Clock,
    guests: Guests,
}

/// What some events mean here.
#[derive(Default)]
struct News {
    claims: Vec<Claim>,
    settled: Vec<(TenantId, Settled)>,
}

/// How often orders may turn up in further shards before it is left to the next try.
const GUESSES: u32 = 5;

impl Ear {
    /// On the service's database.
    pub const fn new(store: Store, clock: Clock, guests: Guests) -> Self {
        Self { store, clock, guests }
    }

    async fn apply(&self, heard: &Heard, news: &News) -> Result<(), StoreError> {
        let place = heard.place();
        let mut shards = place.shards;
        shards.extend(news.settled.iter().map(|(tenant, _)| Shard::of_tenant(*tenant)));
        shards.extend(self.guests.shards_of(&news.claims).await?);
        for _ in 0..GUESSES {
            let tenants: Tenants = place.tenants.iter().copied().collect();
            let mut tx = self.store.begin(tenants, shards.iter().copied()).await?;
            let now = self.clock.now();
            heard.settle(&mut tx, now).await?;
            let wider = self.work(&mut tx, news, &shards, now).await?;
            if wider.is_empty() {
                return tx.commit().await;
            }
            tx.roll_back().await?;
            shards.extend(wider);
        }
        Err(StoreError::Full)
    }

    async fn work(
        &self,
        tx: &mut store::Tx,
        news: &News,
        locked: &BTreeSet<Shard>,
        now: Timestamp,
    ) -> Result<BTreeSet<Shard>, StoreError> {
        for (tenant, terms) in &news.settled {
            terms::keep(tx, *tenant, terms, now).await?;
        }
        guests::join_claimed(tx, &news.claims, locked, now).await
    }
}

#[async_trait::async_trait]
impl Listener for Ear {
    async fn hear(&self, heard: Arc<Heard>) -> Result<(), CannotApply> {
        let mut news = News::default();
        for event in &heard.events {
            news.add(event)?;
        }
        Ok(self.apply(&heard, &news).await?)
    }
}

impl News {
    /// Reads an event; those that mean nothing here are passed over.
    fn add(&mut self, event: &HeardEvent) -> Result<(), CannotApply> {
        let tenant = event.tenant;
        if let Some(enrolled) = event.payload::<said::MemberEnrolled>() {
            let enrolled = enrolled?;
            self.claims.push(Claim { tenant, member: member(&enrolled.member)?, keys: enrolled.identity_keys });
        } else if let Some(updated) = event.payload::<said::MemberUpdated>() {
            let updated = updated?;
            self.claims.push(Claim { tenant, member: member(&updated.member)?, keys: updated.identity_keys });
        } else if let Some(settled) = terms::heard(event) {
            self.settled.push((tenant, settled?));
        }
        Ok(())
    }
}

fn member(text: &str) -> Result<MemberId, CannotApply> {
    MemberId::parse(text).map_err(|wrong| CannotApply::Event(format!("member {wrong}")))
}
