//! Looking at tiers: why one is held, what counts for it, what became of it, which was held when, and by how many.

use std::collections::BTreeMap;

use ::store::StoreError;
use jiff::Timestamp;
use kernel::{Currency, MemberId, TenantId};
use wire::Stop;

use super::TierView;
use crate::account::holdings::{Holdings, TierChange};
use crate::account::qualification::{On, asked_for, progress, rank, tier};
use crate::account::standing::{QualificationView, counting, standing};
use crate::account::wallet::WalletCode;
use crate::account::{AccountRefusal, Accounts, TierRefusal};
use crate::programme::terms::{Ladder, Metric, Terms, Tier};

/// What counts on a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualifications {
    /// Code of the ladder.
    pub ladder: String,
    /// What counts on it.
    pub metric: Metric,
    /// Of what, where it is money.
    pub currency: Option<Currency>,
    /// What all of it comes to.
    pub progress_minor: i64,
    /// Some of it, newest first.
    pub page: Vec<QualificationView>,
    /// There is more.
    pub more: bool,
}

/// A tier that was held at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierThen {
    /// Code of the ladder.
    pub ladder: String,
    /// Code of the tier.
    pub tier: String,
    /// What members read.
    pub display_name: String,
    /// The last decision until then.
    pub decided_by: Option<TierChange>,
}

/// Where members stand on a ladder: what they reached, and what they were put into; both empty for none.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub tier: String,
    pub assigned: String,
}

/// Where one member stands.
pub(super) fn held(holdings: &Holdings, ladder: &str) -> Held {
    let standing = holdings.standings.get(ladder);
    standing.map_or_else(Held::default, |standing| Held {
        tier: standing.tier.clone(),
        assigned: standing.assigned.as_ref().map(|assigned| assigned.tier.clone()).unwrap_or_default(),
    })
}

pub(super) fn count(counts: &mut BTreeMap<Held, i64>, held: Held, by: i64) {
    let members = counts.entry(held).or_default();
    *members = members.saturating_add(by);
}

/// Members by tier, lowest first. Whoever has no tier yet, or one that was given up, stands in the lowest.
pub(super) fn by_rank(ladder: &Ladder, counts: &BTreeMap<Held, i64>) -> Vec<(String, String, i64)> {
    let place_of = |held: &Held| rank(ladder, &held.tier).max(rank(ladder, &held.assigned));
    let at = |place: usize| -> i64 {
        counts.iter().filter(|(held, _)| place_of(held) == place).map(|(_, members)| *members).sum()
    };
    let named = |(place, tier): (usize, &Tier)| (tier.code.clone(), tier.display_name.clone(), at(place));
    ladder.tiers.iter().enumerate().map(named).collect()
}

fn ladder_of<'a>(terms: Option<&'a Terms>, ladder: Option<&str>, now: Timestamp) -> Result<On<'a>, AccountRefusal> {
    let terms = terms.ok_or(AccountRefusal::ProgrammeNotFound { at: now })?;
    asked_for(terms, ladder).ok_or_else(|| match ladder {
        Some(ladder) => AccountRefusal::Tier(TierRefusal::LadderNotFound { ladder: ladder.to_owned() }),
        None => AccountRefusal::ProgrammeNotFound { at: now },
    })
}

impl Accounts {
    /// Why a member has the tier they have on a ladder: the first where none is named.
    pub async fn explain_tier(
        &self,
        tenant: TenantId,
        member: MemberId,
        ladder: Option<&str>,
    ) -> Result<TierView, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (holdings, now) = (settled.take(WalletCode::POINTS), settled.now);
        let versions = settled.versions.points();
        let on = ladder_of(versions.at(now), ladder, now).map_err(Stop::Refused)?;
        let code = &on.ladder.code;
        let found = standing(&holdings, on.terms, Some(code), now).map_err(StoreError::unreadable)?;
        let (standing, decision) = found.ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at: now }))?;
        let last_change = holdings.history.iter().rev().find(|change| change.ladder == *code).cloned();
        Ok(TierView { standing, decision, last_change })
    }

    /// What counts for a member on a ladder, newest first: so many behind so many.
    pub async fn qualifications(
        &self,
        tenant: TenantId,
        member: MemberId,
        ladder: Option<&str>,
        (behind, limit): (i64, i64),
    ) -> Result<Qualifications, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (holdings, now) = (settled.take(WalletCode::POINTS), settled.now);
        let versions = settled.versions.points();
        let on = ladder_of(versions.at(now), ladder, now).map_err(Stop::Refused)?;
        let all = counting(&holdings, on, now).map_err(StoreError::unreadable)?;
        let places = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let more = all.len() > places(behind).saturating_add(places(limit));
        Ok(Qualifications {
            ladder: on.ladder.code.clone(),
            metric: on.ladder.metric,
            currency: on.ladder.currency,
            progress_minor: progress(&holdings, on, now).map_err(StoreError::unreadable)?,
            page: all.into_iter().skip(places(behind)).take(places(limit)).collect(),
            more,
        })
    }

    /// A page of the changes of a member's tiers, newest first: those that are due and not written yet too.
    pub async fn tier_changes(
        &self,
        tenant: TenantId,
        member: MemberId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<TierChange>, Stop<AccountRefusal>> {
        let holdings = self.settled(tenant, member).await?.take(WalletCode::POINTS);
        let earlier =
            holdings.history.into_iter().rev().filter(|change| before.is_none_or(|before| change.number < before));
        Ok(earlier.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    /// The tiers a member held at a moment, as it is known now: on each ladder of the programme that ruled then.
    pub async fn tiers_at(
        &self,
        tenant: TenantId,
        member: MemberId,
        at: Option<Timestamp>,
    ) -> Result<Vec<TierThen>, Stop<AccountRefusal>> {
        let mut settled = self.settled(tenant, member).await?;
        let (holdings, now) = (settled.take(WalletCode::POINTS), settled.now);
        let versions = settled.versions.points();
        let at = at.unwrap_or(now).min(now);
        let terms = versions.at(at).ok_or(Stop::Refused(AccountRefusal::ProgrammeNotFound { at }))?;
        let then = |ladder: &Ladder| {
            let code = holdings.tier_at(ladder, at)?;
            let named = tier(ladder, rank(ladder, code))?;
            let of = |change: &&TierChange| change.ladder == ladder.code && change.occurred_at <= at;
            Some(TierThen {
                ladder: ladder.code.clone(),
                tier: named.code.clone(),
                display_name: named.display_name.clone(),
                decided_by: holdings.history.iter().rev().find(of).cloned(),
            })
        };
        let joined = at >= holdings.joined_at;
        Ok(terms.ladders().filter(|_| joined).filter_map(then).collect())
    }
}
