//! Looking at tiers: why one is held, what counts for it, what became of it, which was held when, and by how many.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::Currency;

use crate::account::holdings::{Holdings, OutOfRange, TierChange};
use crate::account::qualification::{On, asked_for, progress, rank, tier};
use crate::account::standing::{QualificationView, counting};
use crate::account::{AccountRefusal, TierRefusal};
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

pub(super) fn ladder_of<'a>(
    terms: Option<&'a Terms>,
    ladder: Option<&str>,
    now: Timestamp,
) -> Result<On<'a>, AccountRefusal> {
    let terms = terms.ok_or(AccountRefusal::ProgrammeNotFound { at: now })?;
    asked_for(terms, ladder).ok_or_else(|| match ladder {
        Some(ladder) => AccountRefusal::Tier(TierRefusal::LadderNotFound { ladder: ladder.to_owned() }),
        None => AccountRefusal::ProgrammeNotFound { at: now },
    })
}

/// What counts on a ladder, newest first: so many behind so many.
pub(super) fn counted(
    holdings: &Holdings,
    on: On<'_>,
    (behind, limit): (i64, i64),
    now: Timestamp,
) -> Result<Qualifications, OutOfRange> {
    let all = counting(holdings, on, now)?;
    let places = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let more = all.len() > places(behind).saturating_add(places(limit));
    Ok(Qualifications {
        ladder: on.ladder.code.clone(),
        metric: on.ladder.metric,
        currency: on.ladder.currency,
        progress_minor: progress(holdings, on, now)?,
        page: all.into_iter().skip(places(behind)).take(places(limit)).collect(),
        more,
    })
}

/// The tiers that were held at a moment; none before the member joined.
pub(super) fn then(holdings: &Holdings, terms: &Terms, at: Timestamp) -> Vec<TierThen> {
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
    terms.ladders().filter(|_| joined).filter_map(then).collect()
}
