//! Tiers that members bring along from another system: standings like any other, with the term they had there.

use jiff::Timestamp;
use kernel::calendar::day_of;

use super::begin;
use super::term_end::{Term, ending, term};
use crate::account::holdings::{Credit, Holdings, OutOfRange, Qualified, Standing, TierChange, TierChangeKind};
use crate::account::qualification::{On, progress, rank};

/// What counts for a tier that was brought along stands under this cause: no other can have it.
pub const CAUSE: &str = "#opening";

/// Where a member stood in another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// Code of the tier here.
    pub tier: String,
    /// Since when.
    pub since: Timestamp,
    /// When its term ends, where that was told.
    pub review_at: Option<Timestamp>,
    /// What counts in the window already.
    pub progress: i64,
    /// When that is taken to have happened; now where not said.
    pub progress_at: Option<Timestamp>,
}

/// What was brought along on a ladder before: the tier, and what counts for it.
pub fn before<'a>(holdings: &'a Holdings, ladder: &str) -> Option<(&'a str, i64)> {
    let is_it = |change: &&TierChange| change.ladder == ladder && change.kind == TierChangeKind::Imported;
    let change = holdings.history.iter().find(is_it)?;
    let credit = holdings.credits.iter().find(|credit| credit.ladder == ladder && credit.cause == CAUSE);
    Some((&change.to, credit.map_or(0, |credit| credit.units)))
}

/// Whether the member stands as high by what they reached here themselves.
pub fn is_reached(holdings: &Holdings, on: On<'_>, tier: &str) -> bool {
    let own = holdings.standings.get(&on.ladder.code).map_or(0, |standing| rank(on.ladder, &standing.tier));
    own > 0 && own >= rank(on.ladder, tier)
}

/// Lets a member stand where they stood, from what counts there on. Nobody is told of it as news, it brings no gift, and it rests on nothing
/// that a return could undo.
pub fn bring(
    holdings: &mut Holdings,
    on: On<'_>,
    brought: &Brought,
    (reason, actor): (&str, &str),
    moment: Timestamp,
) -> Result<(), OutOfRange> {
    begin(holdings, on.terms, moment)?;
    let ladder = on.ladder;
    let was = holdings.standings.get(&ladder.code).cloned();
    let from = was.as_ref().map(|standing| standing.tier.clone()).unwrap_or_default();
    let term = match brought.review_at {
        _ if rank(ladder, &brought.tier) == 0 => Term::ENDLESS,
        Some(review) => ending(on, review, moment)?,
        None => term(holdings, on, day_of(brought.since, on.terms.zone.rules()), moment)?,
    };
    let qualified = Qualified::at(moment, None, on.terms.number);
    let standing = Standing::resting(brought.tier.clone(), brought.since, qualified);
    let assigned = was.and_then(|standing| standing.assigned);
    holdings.stand(&ladder.code, Standing { assigned, ..term.of(standing) });
    if brought.progress > 0 {
        holdings.credits.push(Credit {
            ladder: ladder.code.clone(),
            cause: CAUSE.to_owned(),
            units: brought.progress,
            reason: reason.to_owned(),
            actor: actor.to_owned(),
            occurred_at: brought.progress_at.unwrap_or(moment),
            touched: true,
        });
    }
    let progress_minor = progress(holdings, on, moment)?;
    holdings.change_tier(TierChange {
        number: 0,
        ladder: ladder.code.clone(),
        kind: TierChangeKind::Imported,
        from,
        to: brought.tier.clone(),
        cause: String::new(),
        progress_minor,
        programme_version: on.terms.number,
        occurred_at: moment,
        reason: reason.to_owned(),
        actor: actor.to_owned(),
        historic: false,
    })?;
    Ok(())
}
