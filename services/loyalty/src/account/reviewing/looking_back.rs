//! What a return does to a tier: whoever reached it with the returned goods only, and does not reach it now, stands where
//! they would stand had those goods never been bought.

use jiff::Timestamp;
use kernel::calendar::day_of;

use super::gifts::{self, Deserved};
use super::term_end::{Term, term};
use super::{code, entered, turn};
use crate::account::holdings::{Holdings, OutOfRange, Qualified, Standing, TierChangeKind};
use crate::account::qualification::{On, highest_entered, on, progress, rank, reached, still_there};
use crate::programme::terms::Versions;

/// Looks back on every ladder. What a tier needed is what its decision asked for, by the terms of that time.
pub fn look_back(
    holdings: &mut Holdings,
    versions: &Versions,
    moment: Timestamp,
    cause: &str,
) -> Result<(), OutOfRange> {
    let ladders: Vec<String> = holdings.standings.keys().cloned().collect();
    for ladder in ladders {
        if let Some(on) = on(versions.at(moment), &ladder) {
            look_back_on(holdings, versions, on, (moment, cause))?;
        }
    }
    Ok(())
}

fn look_back_on(
    holdings: &mut Holdings,
    versions: &Versions,
    on: On<'_>,
    (moment, cause): (Timestamp, &str),
) -> Result<(), OutOfRange> {
    let ladder = on.ladder;
    let Some(standing) = holdings.standings.get(&ladder.code).cloned() else { return Ok(()) };
    if rests(holdings, versions, &ladder.code, &standing)? {
        return Ok(());
    }
    let stood = stood_before(holdings, versions, &ladder.code, &standing, moment)?;
    let now = rank(ladder, &standing.tier);
    if let Some(stood) = stood.clone().filter(|stood| stood.tier == standing.tier) {
        // The term was extended by what came back: it ends when it did.
        let progress = progress(holdings, on, moment)?;
        gifts::take_back(holdings, versions, (&standing, &stood), moment)?;
        let kind = (TierChangeKind::Shortened, Deserved::Nothing);
        return turn(holdings, on, kind, stood, (moment, progress, cause));
    }
    // Where both lead to the same tier, the standing that was there before counts: the last of equals is taken.
    let below = [met_then(holdings, versions, on, &standing)?, stood];
    let below: Vec<Standing> = below.into_iter().flatten().filter(|lower| rank(ladder, &lower.tier) < now).collect();
    let (reached, carried) = best_reached(holdings, on, (&standing, &below), moment)?;
    let met = highest_entered(ladder, reached);
    let needed = entered(ladder, met.min(now));
    let won_since = Qualified { carried, ..Qualified::at(moment, needed, on.terms.number) };
    if met >= now {
        // Lost then and won since: nothing to tell, but from here on this is what the tier rests on.
        holdings.stand(&ladder.code, Standing { qualified: won_since, ..standing });
        return Ok(());
    }
    let to = match below.into_iter().max_by_key(|lower| rank(ladder, &lower.tier)) {
        Some(lower) if rank(ladder, &lower.tier) >= met => lower,
        Some(_) | None => {
            let term = match met {
                0 => Term::ENDLESS,
                _ => term(holdings, on, day_of(moment, on.terms.zone.rules()), moment)?,
            };
            term.of(Standing::resting(code(ladder, met), moment, won_since))
        }
    };
    // A standing that was there before knows its gifts; one that is made now takes on that of its tier.
    let known = gifts::of_tier(&standing, &to.tier).filter(|gift| !gifts::is_behind(&to, gift));
    let to = Standing { gift: to.gift.clone().or(known), ..to };
    gifts::take_back(holdings, versions, (&standing, &to), moment)?;
    // A tier that is won instead of the one that is lost brings what it brings.
    let won_instead = would_have_won(on, &standing, &to.tier);
    let deserved = if won_instead { Deserved::Promotion } else { Deserved::Nothing };
    turn(holdings, on, (TierChangeKind::Demoted, deserved), to, (moment, reached, cause))
}

/// What counts now: for the standing that is lost, or with what would have been carried over by those below it.
fn best_reached(
    holdings: &Holdings,
    on: On<'_>,
    (standing, below): (&Standing, &[Standing]),
    moment: Timestamp,
) -> Result<(i64, i64), OutOfRange> {
    let mut best = (0, 0);
    for standing in below.iter().chain([standing]) {
        best = best.max(reached(holdings, on, standing, (moment, moment))?);
    }
    Ok(best)
}

/// Whether a standing that was won by a promotion would have been this tier's without what came back.
fn would_have_won(on: On<'_>, standing: &Standing, code: &str) -> bool {
    let won = standing.qualified.after.is_none() && standing.qualified.until.is_none();
    let from_below = |behind: &Standing| rank(on.ladder, &behind.tier) < rank(on.ladder, code);
    won && standing.before.as_deref().is_some_and(from_below)
}

/// Whether what a standing needed was reached in its window, by what is known now of it.
fn rests(holdings: &Holdings, versions: &Versions, ladder: &str, standing: &Standing) -> Result<bool, OutOfRange> {
    let Some(needed) = standing.qualified.needed_minor else { return Ok(true) };
    let Some(on) = on(versions.version(standing.qualified.by_version), ladder) else { return Ok(true) };
    Ok(still_there(holdings, on, &standing.qualified)? >= needed)
}

/// The last standing before the promotions and renewals of this term that still rests on something, and whose own term
/// is not over.
fn stood_before(
    holdings: &Holdings,
    versions: &Versions,
    ladder: &str,
    standing: &Standing,
    moment: Timestamp,
) -> Result<Option<Standing>, OutOfRange> {
    let mut before = standing.before.as_deref();
    while let Some(earlier) = before {
        if earlier.review_at.is_some_and(|review| review <= moment) {
            return Ok(None);
        }
        if rests(holdings, versions, ladder, earlier)? {
            return Ok(Some(earlier.clone()));
        }
        before = earlier.before.as_deref();
    }
    Ok(None)
}

/// The tier that would have been won at the same moment without the returned goods, for the same term.
fn met_then(
    holdings: &Holdings,
    versions: &Versions,
    now: On<'_>,
    standing: &Standing,
) -> Result<Option<Standing>, OutOfRange> {
    let ruled = versions.version(standing.qualified.by_version).filter(|_| standing.qualified.after.is_none());
    let Some(on) = on(ruled, &now.ladder.code) else { return Ok(None) };
    let met = highest_entered(on.ladder, still_there(holdings, on, &standing.qualified)?);
    let qualified = Qualified { needed_minor: entered(on.ladder, met), ..standing.qualified };
    let tier = code(on.ladder, met);
    let carries = standing.carries && would_have_won(on, standing, &tier);
    Ok((met > 0).then(|| Standing { tier, qualified, carries, gift: None, ..standing.clone() }))
}
