//! Looking at benefits: what there are, what they do for a cart, and what a member saved.

use ::store::StoreError;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::{MemberId, TenantId};
use wire::Stop;

use super::checking::{Asker, Blocked, Candidate, Obstacle, Saved, blocked, check};
use super::terms::Terms;
use super::{BenefitRefusal, Benefits, Look, Saving, Standing, Use, store};
use crate::audience::facts::MemberFacts;

/// A benefit and a cart.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// It.
    pub standing: Standing,
    /// What it saves, or why it does not apply.
    pub outcome: Result<Saved, Obstacle>,
}

/// What benefits do for a cart.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// Each, by its code.
    pub all: Vec<Checked>,
    /// Lines that cannot be bought now.
    pub blocked: Vec<Blocked>,
    /// The member's next tier, and what is missing to it.
    pub next_tier: Option<(String, i64)>,
}

/// A member's uses that count, by benefit, with when.
pub(super) type Uses = Vec<(String, Timestamp)>;

/// Whether uses of it are counted for each member.
pub(super) fn is_counted(standing: &Standing) -> bool {
    standing.terms.max_per_member.is_some()
}

/// What each benefit does, for who asks.
pub(super) fn judge(asker: &Asker<'_>, all: &[Standing], uses: &Uses, zone: &TimeZone) -> Vec<Result<Saved, Obstacle>> {
    let by_member = |code: &str, terms: &Terms| {
        let same = uses.iter().filter(|(known, at)| known == code && terms.period.same(*at, asker.now, zone));
        i64::try_from(same.count()).unwrap_or(i64::MAX)
    };
    check(asker, &candidates(all, by_member))
}

fn candidates<'a>(all: &'a [Standing], by_member: impl Fn(&str, &Terms) -> i64) -> Vec<Candidate<'a>> {
    let candidate = |one: &'a Standing| Candidate {
        code: &one.benefit,
        terms: &one.terms,
        used: one.used,
        by_member: by_member(&one.benefit, &one.terms),
    };
    all.iter().map(candidate).collect()
}

impl Benefits {
    /// A page of benefits by their code, each with what it has come to.
    pub async fn list(
        &self,
        tenant: TenantId,
        after: Option<String>,
        limit: i64,
    ) -> Result<Vec<(Standing, Use)>, Stop<BenefitRefusal>> {
        let mut reading = self.store.read(tenant).await?;
        let page = store::page(reading.connection(), tenant, after.as_deref(), limit).await?;
        let codes: Vec<String> = page.iter().map(|one| one.benefit.clone()).collect();
        let sums = store::sums(reading.connection(), tenant, &codes).await?;
        let told = |one: Standing| {
            let sum = sums.get(&one.benefit).copied().unwrap_or_default();
            (one, sum)
        };
        Ok(page.into_iter().map(told).collect())
    }

    /// What benefits do for a cart.
    pub async fn look(&self, ask: &Look) -> Result<Looked, Stop<BenefitRefusal>> {
        let zone = self.programmes.of(ask.tenant).await?.settled.zone.clone();
        let facts = match ask.member {
            Some(member) => Some(self.accounts.facts(ask.tenant, member).await?),
            None => None,
        };
        let mut reading = self.store.read(ask.tenant).await?;
        let all = store::page(reading.connection(), ask.tenant, None, i64::MAX).await?;
        let limited: Vec<String> = all.iter().filter(|one| is_counted(one)).map(|one| one.benefit.clone()).collect();
        let uses = match ask.member {
            Some(member) => store::uses_of(reading.connection(), (ask.tenant, member), &limited).await?,
            None => Uses::new(),
        };
        let now = facts.as_ref().map_or_else(|| self.clock.now(), |facts| facts.now);
        let asker = Asker { member: facts.as_ref(), entitlements: &ask.entitlements, cart: &ask.cart, now };
        let outcomes = judge(&asker, &all, &uses, &zone);
        let blocked = blocked(&asker, &candidates(&all, |_, _| 0));
        let next_tier = facts.as_ref().and_then(|facts: &MemberFacts| facts.next_tier.clone());
        let all = all.into_iter().zip(outcomes).map(|(standing, outcome)| Checked { standing, outcome }).collect();
        Ok(Looked { all, blocked, next_tier })
    }

    /// What a member saved with benefits in a time.
    pub async fn savings(
        &self,
        tenant: TenantId,
        member: MemberId,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Vec<Saving>, StoreError> {
        let mut reading = self.store.read(tenant).await?;
        store::savings(reading.connection(), (tenant, member), since, until).await
    }
}
