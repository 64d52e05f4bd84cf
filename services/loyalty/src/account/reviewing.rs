//! How a tier is won, kept and lost: promotion at once, review at the end of the term, a look back after a return.

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::calendar::{day_of, end_of, months_after};

use super::holdings::{Holdings, OutOfRange, Qualified, Standing, TierChange, TierChangeKind};
use super::qualification::{before, highest_entered, progress, rank, reviewed_moment, tier};
use crate::programme::terms::{Demotion, Ladder, Terms, Versions, Window};

/// Puts a member without a tier into the lowest one. No change of tier: everybody begins there. Whoever has a tier and no
/// review, because the programme had no tiers for a while, has a term again from now on.
pub fn begin(holdings: &mut Holdings, terms: &Terms, moment: Timestamp) -> Result<(), OutOfRange> {
    let Some(ladder) = &terms.ladder else { return Ok(()) };
    match holdings.standing.clone() {
        None => {
            let Some(lowest) = tier(ladder, 0) else { return Ok(()) };
            let since = holdings.joined_at;
            let qualified = Qualified { at: since, needed_minor: None, by_version: terms.number };
            holdings.standing =
                Some(Standing { tier: lowest.code.clone(), since, qualified, review_at: None, before: None });
            holdings.touched = true;
        }
        Some(standing) if standing.review_at.is_none() && rank(ladder, &standing.tier) > 0 => {
            let review_at = Some(term_end(terms, ladder, day_of(moment, terms.zone.rules()))?);
            holdings.standing = Some(Standing { review_at, ..standing });
            holdings.touched = true;
        }
        Some(_) => {}
    }
    Ok(())
}

/// Promotes a member who has reached a higher tier.
pub fn promote_if_reached(
    holdings: &mut Holdings,
    terms: &Terms,
    moment: Timestamp,
    cause: &str,
) -> Result<(), OutOfRange> {
    begin(holdings, terms, moment)?;
    let (Some(ladder), Some(standing)) = (&terms.ladder, &holdings.standing) else { return Ok(()) };
    let reached = progress(holdings, terms, ladder, moment)?;
    let (now, then) = (rank(ladder, &standing.tier), highest_entered(ladder, reached));
    if then <= now {
        return Ok(());
    }
    let qualified = Qualified { at: moment, needed_minor: entered(ladder, then), by_version: terms.number };
    let review_at = Some(term_end(terms, ladder, day_of(moment, terms.zone.rules()))?);
    let to = Standing {
        tier: code(ladder, then),
        since: moment,
        qualified,
        review_at,
        before: Some(Box::new(standing.clone())),
    };
    turn(holdings, terms, TierChangeKind::Promoted, to, (moment, reached, cause))
}

/// Reviews a tier at the end of its term: kept for another, or lost as the programme says.
pub fn review(holdings: &mut Holdings, versions: &Versions, due: Timestamp) -> Result<(), OutOfRange> {
    let Some(standing) = holdings.standing.clone() else { return Ok(()) };
    let Some((terms, ladder)) = laddered(versions.at(due)) else {
        // A programme that has given up its tiers reviews nobody.
        holdings.standing = Some(Standing { review_at: None, ..standing });
        holdings.touched = true;
        return Ok(());
    };
    let seen = reviewed_moment(ladder, due);
    let reached = progress(holdings, terms, ladder, seen)?;
    let now = rank(ladder, &standing.tier);
    let keep = tier(ladder, now).map_or(0, |tier| tier.keep_minor);
    let kept = now == 0 || reached >= keep;
    let then = match ladder.demotion {
        _ if kept => now,
        Demotion::None => now,
        Demotion::OneStep => now.saturating_sub(1),
        Demotion::ToWhatIsMet => highest_entered(ladder, reached).min(now),
    };
    let kind = if then == now { TierChangeKind::Retained } else { TierChangeKind::Demoted };
    // Who was let stay, or fell softly, met no threshold that a return could undo.
    let needed = if kept { Some(keep) } else { entered(ladder, then).filter(|enter| reached >= *enter) };
    let qualified = Qualified { at: seen, needed_minor: needed.filter(|_| then > 0), by_version: terms.number };
    // The next term begins where this one ended, so that it ends on the same day of the year.
    let last_day = day_of(before(due), terms.zone.rules());
    let review_at = if then > 0 { Some(term_end(terms, ladder, last_day)?) } else { None };
    let (tier, since) = if then == now { (standing.tier, standing.since) } else { (code(ladder, then), due) };
    let to = Standing { tier, since, qualified, review_at, before: None };
    turn(holdings, terms, kind, to, (due, reached, ""))
}

/// Looks back after a return: whoever reached the tier with the returned goods only, and does not reach it now, stands
/// where they would stand had those goods never been bought. What a tier needed is what its decision asked for, by the
/// terms of that time.
pub fn look_back(
    holdings: &mut Holdings,
    versions: &Versions,
    moment: Timestamp,
    cause: &str,
) -> Result<(), OutOfRange> {
    let Some(standing) = holdings.standing.clone() else { return Ok(()) };
    let Some((terms, ladder)) = laddered(versions.at(moment)) else { return Ok(()) };
    if rests(holdings, versions, &standing)? {
        return Ok(());
    }
    let reached = progress(holdings, terms, ladder, moment)?;
    let now = rank(ladder, &standing.tier);
    let met = highest_entered(ladder, reached);
    let won_since = Qualified { at: moment, needed_minor: entered(ladder, met.min(now)), by_version: terms.number };
    if met >= now {
        // Lost then and won since: nothing to tell, but from here on this is what the tier rests on.
        holdings.standing = Some(Standing { qualified: won_since, ..standing });
        holdings.touched = true;
        return Ok(());
    }
    // Where both lead to the same tier, the standing that was there before counts: the last of equals is taken.
    let below = [met_then(holdings, versions, &standing)?, stood_before(holdings, versions, &standing, moment)?];
    let lower = below.into_iter().flatten().filter(|lower| rank(ladder, &lower.tier) < now);
    let to = match lower.max_by_key(|lower| rank(ladder, &lower.tier)) {
        Some(lower) if rank(ladder, &lower.tier) >= met => lower,
        Some(_) | None => {
            let review_at = match met {
                0 => None,
                _ => Some(term_end(terms, ladder, day_of(moment, terms.zone.rules()))?),
            };
            Standing { tier: code(ladder, met), since: moment, qualified: won_since, review_at, before: None }
        }
    };
    turn(holdings, terms, TierChangeKind::Demoted, to, (moment, reached, cause))
}

/// Whether what a standing needed was spent in its window, by what is known now of it.
fn rests(holdings: &Holdings, versions: &Versions, standing: &Standing) -> Result<bool, OutOfRange> {
    let Some(needed) = standing.qualified.needed_minor else { return Ok(true) };
    let Some((terms, ladder)) = laddered(versions.version(standing.qualified.by_version)) else { return Ok(true) };
    Ok(progress(holdings, terms, ladder, standing.qualified.at)? >= needed)
}

/// The last standing before the promotions of this term that still rests on something, and whose own term is not over.
fn stood_before(
    holdings: &Holdings,
    versions: &Versions,
    standing: &Standing,
    moment: Timestamp,
) -> Result<Option<Standing>, OutOfRange> {
    let mut before = standing.before.as_deref();
    while let Some(earlier) = before {
        if earlier.review_at.is_some_and(|review| review <= moment) {
            return Ok(None);
        }
        if rests(holdings, versions, earlier)? {
            return Ok(Some(earlier.clone()));
        }
        before = earlier.before.as_deref();
    }
    Ok(None)
}

/// The tier that would have been won at the same moment without the returned goods, for the same term.
fn met_then(holdings: &Holdings, versions: &Versions, standing: &Standing) -> Result<Option<Standing>, OutOfRange> {
    let Some((terms, ladder)) = laddered(versions.version(standing.qualified.by_version)) else { return Ok(None) };
    let met = highest_entered(ladder, progress(holdings, terms, ladder, standing.qualified.at)?);
    let qualified = Qualified { needed_minor: entered(ladder, met), ..standing.qualified };
    Ok((met > 0).then(|| Standing { tier: code(ladder, met), qualified, ..standing.clone() }))
}

fn laddered(terms: Option<&Terms>) -> Option<(&Terms, &Ladder)> {
    let terms = terms?;
    Some((terms, terms.ladder.as_ref()?))
}

/// What it takes to enter the tier at a place; nothing for the lowest.
fn entered(ladder: &Ladder, rank: usize) -> Option<i64> {
    tier(ladder, rank).filter(|_| rank > 0).map(|tier| tier.enter_minor)
}

fn code(ladder: &Ladder, rank: usize) -> String {
    tier(ladder, rank).map(|tier| tier.code.clone()).unwrap_or_default()
}

/// Gives a member another standing, at a moment, with so much spent, because of something.
fn turn(
    holdings: &mut Holdings,
    terms: &Terms,
    kind: TierChangeKind,
    to: Standing,
    (moment, progress_minor, cause): (Timestamp, i64, &str),
) -> Result<(), OutOfRange> {
    let before = holdings.standing.replace(to.clone());
    holdings.change_tier(TierChange {
        number: 0,
        kind,
        from: before.map(|before| before.tier).unwrap_or_default(),
        to: to.tier,
        cause: cause.to_owned(),
        progress_minor,
        programme_version: terms.number,
        occurred_at: moment,
        historic: false,
    })
}

/// A term ends with the day so many months after the one it is counted from, and with the year where years count; the
/// review is at the start of the next day.
fn term_end(terms: &Terms, ladder: &Ladder, counted_from: Date) -> Result<Timestamp, OutOfRange> {
    let last_day = months_after(counted_from, ladder.term_months)?;
    let last_day = match ladder.window {
        Window::RollingMonths(_) | Window::SinceJoining => last_day,
        Window::CalendarYear => last_day.last_of_year(),
    };
    Ok(end_of(last_day, terms.zone.rules())?)
}
