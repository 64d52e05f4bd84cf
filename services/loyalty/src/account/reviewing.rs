//! How a tier is won, kept and lost: promotion at once, review at the end of the term, a look back after a return.

use jiff::Timestamp;
use kernel::calendar::{day_of, months_after, start_of};

use super::holdings::{Holdings, OutOfRange, Standing, TierChange, TierChangeKind};
use super::qualification::{highest_entered, progress, rank, tier};
use crate::programme::terms::{Demotion, Ladder, Terms, Versions};

/// Puts a member without a tier into the lowest one. No change of tier: everybody begins there.
pub fn begin(holdings: &mut Holdings, terms: &Terms) {
    if let (None, Some(lowest)) = (&holdings.standing, terms.ladder.as_ref().and_then(|ladder| ladder.tiers.first())) {
        let since = holdings.joined_at;
        holdings.standing = Some(Standing { tier: lowest.code.clone(), since, qualified_at: since, review_at: None });
        holdings.touched = true;
    }
}

/// Promotes a member who has reached a higher tier.
pub fn promote_if_reached(
    holdings: &mut Holdings,
    terms: &Terms,
    moment: Timestamp,
    cause: &str,
) -> Result<(), OutOfRange> {
    begin(holdings, terms);
    let (Some(ladder), Some(standing)) = (&terms.ladder, holdings.standing.clone()) else { return Ok(()) };
    let reached = progress(holdings, terms, ladder, moment)?;
    let (now, then) = (rank(ladder, &standing.tier), highest_entered(ladder, reached));
    if then <= now {
        return Ok(());
    }
    enter(holdings, terms, ladder, TierChangeKind::Promoted, then, moment, reached, cause)
}

/// Reviews a tier at the end of its term: kept for another, or lost as the programme says.
pub fn review(holdings: &mut Holdings, versions: &Versions, due: Timestamp) -> Result<(), OutOfRange> {
    let Some(standing) = holdings.standing.clone() else { return Ok(()) };
    let Some((terms, ladder)) = versions.at(due).and_then(|terms| Some((terms, terms.ladder.as_ref()?))) else {
        // A programme that has given up its tiers reviews nobody.
        return keep_until(holdings, &standing, None);
    };
    let reached = progress(holdings, terms, ladder, due)?;
    let now = rank(ladder, &standing.tier);
    let kept = now == 0 || tier(ladder, now).is_some_and(|tier| reached >= tier.keep_minor);
    let then = match ladder.demotion {
        _ if kept => now,
        Demotion::None => now,
        Demotion::OneStep => now.saturating_sub(1),
        Demotion::ToWhatIsMet => highest_entered(ladder, reached).min(now),
    };
    let kind = if then == now { TierChangeKind::Retained } else { TierChangeKind::Demoted };
    enter(holdings, terms, ladder, kind, then, due, reached, "")
}

/// Looks back after a return: whoever would not have reached the tier without the returned goods, and does not reach it
/// now, falls to what is met.
pub fn look_back(
    holdings: &mut Holdings,
    versions: &Versions,
    moment: Timestamp,
    cause: &str,
) -> Result<(), OutOfRange> {
    let Some(standing) = holdings.standing.clone() else { return Ok(()) };
    let Some((terms, ladder)) = versions.at(moment).and_then(|terms| Some((terms, terms.ladder.as_ref()?))) else {
        return Ok(());
    };
    let now = rank(ladder, &standing.tier);
    let Some(held) = tier(ladder, now).filter(|_| now > 0) else { return Ok(()) };
    let then = progress(holdings, terms, ladder, standing.qualified_at)?;
    let reached = progress(holdings, terms, ladder, moment)?;
    // What a promotion needed is the enter threshold, what a review needed the keep threshold.
    let needed = if standing.qualified_at == standing.since { held.enter_minor } else { held.keep_minor };
    if then >= needed || reached >= held.enter_minor {
        return Ok(());
    }
    let lower = highest_entered(ladder, then.max(reached)).min(now.saturating_sub(1));
    enter(holdings, terms, ladder, TierChangeKind::Demoted, lower, moment, reached, cause)
}

fn keep_until(holdings: &mut Holdings, standing: &Standing, review_at: Option<Timestamp>) -> Result<(), OutOfRange> {
    holdings.standing = Some(Standing { review_at, ..standing.clone() });
    holdings.touched = true;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one row of the tier history, said in one breath")]
fn enter(
    holdings: &mut Holdings,
    terms: &Terms,
    ladder: &Ladder,
    kind: TierChangeKind,
    to: usize,
    moment: Timestamp,
    progress_minor: i64,
    cause: &str,
) -> Result<(), OutOfRange> {
    let Some(before) = holdings.standing.clone() else { return Ok(()) };
    let tier_code = tier(ladder, to).map_or_else(|| before.tier.clone(), |tier| tier.code.clone());
    let since = match kind {
        TierChangeKind::Retained => before.since,
        TierChangeKind::Promoted | TierChangeKind::Demoted => moment,
    };
    let review_at = match to {
        0 => None,
        _ => Some(term_end(terms, ladder, moment)?),
    };
    holdings.standing = Some(Standing { tier: tier_code.clone(), since, qualified_at: moment, review_at });
    holdings.change_tier(TierChange {
        number: 0,
        kind,
        from: before.tier,
        to: tier_code,
        cause: cause.to_owned(),
        progress_minor,
        programme_version: terms.version,
        occurred_at: moment,
        historic: false,
    })
}

/// A term ends with the day so many months after it began; the review is at the start of the next.
fn term_end(terms: &Terms, ladder: &Ladder, moment: Timestamp) -> Result<Timestamp, OutOfRange> {
    let zone = terms.zone.rules();
    let last_day = months_after(day_of(moment, zone), ladder.term_months)?;
    Ok(start_of(last_day.tomorrow().map_err(|_| OutOfRange)?, zone)?)
}
