//! Tiers that a person gives: a floor under what a member reaches, until its time is over or it is let go. What they reach
//! is reviewed below it as ever.

use jiff::Timestamp;

use super::begin;
use crate::account::holdings::{Assigned, Holdings, OutOfRange, Standing, TierChange, TierChangeKind};
use crate::account::qualification::{On, on, progress};
use crate::programme::terms::Versions;

/// Puts a member into a tier of a ladder.
pub fn assign(holdings: &mut Holdings, on: On<'_>, assigned: Assigned, moment: Timestamp) -> Result<(), OutOfRange> {
    begin(holdings, on.terms, moment)?;
    let said = (assigned.reason.clone(), assigned.actor.clone());
    change(holdings, on, (TierChangeKind::Assigned, Some(assigned)), said, moment)
}

/// Lets go of the tier a member was put into. Answers whether they were.
pub fn release(
    holdings: &mut Holdings,
    on: On<'_>,
    (reason, actor): (&str, &str),
    moment: Timestamp,
) -> Result<bool, OutOfRange> {
    if holdings.standings.get(&on.ladder.code).is_none_or(|standing| standing.assigned.is_none()) {
        return Ok(false);
    }
    let said = (reason.to_owned(), actor.to_owned());
    change(holdings, on, (TierChangeKind::Released, None), said, moment)?;
    Ok(true)
}

/// The time of an assignment is over.
pub fn expire(holdings: &mut Holdings, versions: &Versions, due: Timestamp) -> Result<(), OutOfRange> {
    let over = |standing: &&Standing| standing.assigned.as_ref().is_some_and(|one| one.until == Some(due));
    let found = holdings.standings.iter().find(|(_, standing)| over(standing)).map(|(ladder, _)| ladder.clone());
    let Some(ladder) = found else { return Ok(()) };
    match on(versions.at(due), &ladder) {
        Some(on) => change(holdings, on, (TierChangeKind::Released, None), Default::default(), due),
        None => {
            // The programme has given the ladder up: nobody stands on it.
            if let Some(standing) = holdings.standings.get(&ladder).cloned() {
                holdings.stand(&ladder, Standing { assigned: None, ..standing });
            }
            Ok(())
        }
    }
}

fn change(
    holdings: &mut Holdings,
    on: On<'_>,
    (kind, assigned): (TierChangeKind, Option<Assigned>),
    (reason, actor): (String, String),
    moment: Timestamp,
) -> Result<(), OutOfRange> {
    let ladder = on.ladder;
    let Some(standing) = holdings.standings.get(&ladder.code).cloned() else { return Ok(()) };
    let from = standing.held(ladder).to_owned();
    let to = Standing { assigned, ..standing };
    let held = to.held(ladder).to_owned();
    // What is held again has been held since now, as far as anybody could see.
    let since = if held == from { to.since } else { to.since.max(moment) };
    let since = if to.assigned.is_none() { since } else { to.since };
    holdings.stand(&ladder.code, Standing { since, ..to });
    let progress_minor = progress(holdings, on, moment)?;
    holdings.change_tier(TierChange {
        number: 0,
        ladder: ladder.code.clone(),
        kind,
        from,
        to: held,
        cause: String::new(),
        progress_minor,
        programme_version: on.terms.number,
        occurred_at: moment,
        reason,
        actor,
        historic: false,
    })?;
    Ok(())
}
