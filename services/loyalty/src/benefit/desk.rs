//! Booking the benefits of an order, and giving them up.

use std::collections::BTreeSet;

use ::store::Tx;
use jiff::Timestamp;
use kernel::{Shard, TenantId};
use wire::{Stop, known, patiently};

use super::checking::Asker;
use super::reading::{is_counted, judge};
use super::terms::Sort;
use super::{BenefitRefusal, Benefits, Booked, Booking, Cancel, Receipt, Standing, events, shard_of, store};
use crate::account::within;
use crate::receipt::Reached;

impl Benefits {
    /// Books benefits for an order: all of them or none.
    pub async fn book(&self, ask: &Booking) -> Result<Receipt, Stop<BenefitRefusal>> {
        patiently(|| self.try_book(ask)).await
    }

    async fn try_book(&self, ask: &Booking) -> Result<Receipt, Stop<BenefitRefusal>> {
        let home = Shard::of_member(ask.member);
        let counted = self.counted(ask.tenant, &ask.benefits).await?;
        let mut tx = self.store.begin(ask.tenant, counted.iter().copied().chain([home])).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(ask.tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        let settled = ::terms::of(&mut tx, ask.tenant).await?;
        if settled.suspended {
            return Err(Stop::TenantSuspended);
        }
        let whose = (ask.tenant, ask.member);
        let before = store::of_order(tx.connection(), whose, &ask.order).await?;
        let booked = match before {
            Some(before) if before.asked == ask.asked && before.stands => before.booked,
            Some(before) => {
                let booked = before.booked.into_iter().map(|one| one.benefit).collect();
                return Err(Stop::Refused(BenefitRefusal::OrderHas { order: ask.order.clone(), booked }));
            }
            None => {
                let judged = self.judged(&mut tx, ask, &settled.zone, now).await?;
                if !ask.validate_only {
                    take(&mut tx, ask, &judged, now).await?;
                }
                judged.into_iter().map(|(one, _)| one).collect()
            }
        };
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Receipt { booked, currency: ask.cart.currency, reached: Reached::default() });
        }
        let receipt = Receipt { booked, currency: ask.cart.currency, reached: Reached::of(&tx, home) };
        tx.remember(ask.tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }

    /// Where benefits lie that are counted over all members, as it is known before the lock.
    async fn counted(&self, tenant: TenantId, codes: &[String]) -> Result<BTreeSet<Shard>, Stop<BenefitRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let found = store::named(reading.connection(), tenant, codes).await?;
        let counted = found.iter().filter(|one| one.terms.max_uses.is_some());
        Ok(counted.map(|one| shard_of(tenant, &one.benefit)).collect())
    }

    /// What each benefit comes to, or why one does not apply. All of them are looked at together: a line has one price.
    async fn judged(
        &self,
        tx: &mut Tx,
        ask: &Booking,
        zone: &jiff::tz::TimeZone,
        now: Timestamp,
    ) -> Result<Vec<(Booked, Sort)>, Stop<BenefitRefusal>> {
        let found = store::named(tx.connection(), ask.tenant, &ask.benefits).await?;
        if let Some(unknown) = ask.benefits.iter().find(|code| !found.iter().any(|one| one.benefit == **code)) {
            return Err(Stop::Refused(BenefitRefusal::NotFound { benefit: unknown.clone() }));
        }
        let whose = (ask.tenant, ask.member);
        let (member, heard_of) = within::facts(&self.programmes, tx, whose, now).await?;
        if !ask.known && !heard_of {
            return Err(Stop::Refused(BenefitRefusal::MemberNotFound { member: ask.member }));
        }
        let limited: Vec<String> = found.iter().filter(|one| is_counted(one)).map(|one| one.benefit.clone()).collect();
        let uses = store::uses_of(tx.connection(), whose, &limited).await?;
        let asker = Asker { member: Some(&member), entitlements: &ask.entitlements, cart: &ask.cart, now };
        let mut booked = Vec::with_capacity(found.len());
        for (standing, outcome) in found.iter().zip(judge(&asker, &found, &uses, zone)) {
            match outcome {
                Ok(saved) => booked.push((made(standing, saved.minor), standing.terms.sort())),
                Err(obstacle) => {
                    let benefit = standing.benefit.clone();
                    return Err(Stop::Refused(BenefitRefusal::NotApplicable { benefit, obstacle }));
                }
            }
        }
        Ok(booked)
    }

    /// Gives up what was booked for an order.
    pub async fn cancel(&self, ask: &Cancel) -> Result<Receipt, Stop<BenefitRefusal>> {
        patiently(|| self.try_cancel(ask)).await
    }

    async fn try_cancel(&self, ask: &Cancel) -> Result<Receipt, Stop<BenefitRefusal>> {
        let (home, whose) = (Shard::of_member(ask.member), (ask.tenant, ask.member));
        let not_booked = || Stop::Refused(BenefitRefusal::NotBooked { order: ask.order.clone() });
        let mut reading = self.store.read(ask.tenant).await?;
        let seen = store::of_order(reading.connection(), whose, &ask.order).await?;
        drop(reading);
        // What is booked for an order never changes but for its end: what is seen before the lock is what is there.
        let counted = seen.iter().flat_map(|seen| &seen.booked).filter(|one| one.counted);
        let shards: BTreeSet<Shard> = counted.map(|one| shard_of(ask.tenant, &one.benefit)).chain([home]).collect();
        let mut tx = self.store.begin(ask.tenant, shards.iter().copied()).await?;
        let now = self.clock.now();
        if let Some(receipt) = known(tx.recall(ask.tenant, home, &ask.key, now).await?)? {
            return Ok(receipt);
        }
        if ::terms::of(&mut tx, ask.tenant).await?.suspended {
            return Err(Stop::TenantSuspended);
        }
        let found = store::of_order(tx.connection(), whose, &ask.order).await?.ok_or_else(not_booked)?;
        let currency = found.booked.first().map(|one| one.currency).ok_or_else(not_booked)?;
        if ask.validate_only {
            tx.roll_back().await?;
            return Ok(Receipt { booked: found.booked, currency, reached: Reached::default() });
        }
        if !found.cancelled {
            if found.booked.iter().any(|one| one.counted && !shards.contains(&shard_of(ask.tenant, &one.benefit))) {
                return Err(Stop::Failed(::store::StoreError::Full));
            }
            store::cancel(tx.connection(), whose, &ask.order, now).await?;
            for one in found.booked.iter().filter(|one| one.counted) {
                store::count(tx.connection(), ask.tenant, &one.benefit, -1).await?;
            }
            // What came back with its order was told then.
            if found.stands {
                let said: Vec<_> = found.booked.iter().map(|one| events::returned(whose, one, now)).collect();
                eventlog::append(&mut tx, said, now)?;
            }
        }
        let receipt = Receipt { booked: found.booked, currency, reached: Reached::of(&tx, home) };
        tx.remember(ask.tenant, home, &ask.key, &receipt, now)?;
        tx.commit().await?;
        Ok(receipt)
    }
}

fn made(standing: &Standing, saved_minor: i64) -> Booked {
    let terms = &standing.terms;
    Booked {
        benefit: standing.benefit.clone(),
        version: standing.version,
        currency: terms.currency,
        saved_minor,
        cost_minor: terms.booked_cost(),
        forgone_minor: terms.forgone(),
        counted: terms.max_uses.is_some(),
    }
}

/// Writes the uses, and counts those that are limited over all members.
async fn take(
    tx: &mut Tx,
    ask: &Booking,
    booked: &[(Booked, Sort)],
    now: Timestamp,
) -> Result<(), Stop<BenefitRefusal>> {
    for (one, _) in booked.iter().filter(|(one, _)| one.counted) {
        if !tx.heads().contains_key(&shard_of(ask.tenant, &one.benefit)) {
            // It was limited a moment ago: the call comes again with the right place.
            return Err(Stop::Failed(::store::StoreError::Full));
        }
        if !store::count(tx.connection(), ask.tenant, &one.benefit, 1).await? {
            let unreadable = "a count that was read under its lock is another when it is written";
            return Err(Stop::Failed(::store::StoreError::unreadable(unreadable)));
        }
    }
    store::insert(tx.connection(), ask, booked, now).await?;
    let whose = (ask.tenant, ask.member);
    let said: Vec<_> = booked.iter().map(|(one, _)| events::used(whose, &ask.order, one, now)).collect();
    Ok(eventlog::append(tx, said, now)?)
}
