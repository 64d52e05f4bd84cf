//! How a tier is won and kept: promotion at once, renewal within the term. What the end of a term brings is in
//! [`term_end`], what a return does in [`looking_back`], what a person does in [`assigning`], what is given for it in
//! [`gifts`], what is brought along from another system in [`bringing`].
//!
//! Each ladder is decided by itself, the first one first.

pub mod assigning;
pub mod bringing;
pub mod gifts;
pub mod looking_back;
pub mod term_end;

use jiff::Timestamp;
use kernel::calendar::day_of;

use self::gifts::Deserved;
use self::term_end::term;
use super::holdings::{Holdings, OutOfRange, Qualified, Standing, TierChange, TierChangeKind};
use super::qualification::{
    On, before, contributed, highest_entered, rank, reached, reached_after, reviewed_moment, tier,
};
use crate::programme::terms::{Ladder, Renewal, Terms};

/// Puts a member without a tier into the lowest one of each ladder. No change of tier: everybody begins there. Whoever has
/// a tier and no review, because the programme had no such ladder for a while, has a term again from now on.
pub fn begin(holdings: &mut Holdings, terms: &Terms, moment: Timestamp) -> Result<(), OutOfRange> {
    for ladder in terms.ladders() {
        let on = On { terms, ladder };
        match holdings.standings.get(&ladder.code) {
            None => {
                let Some(lowest) = tier(ladder, 0) else { continue };
                let since = holdings.joined_at;
                let qualified = Qualified::at(since, None, terms.number);
                holdings.stand(&ladder.code, Standing::resting(lowest.code.clone(), since, qualified));
            }
            Some(standing) if standing.review_at.is_none() && rank(ladder, &standing.tier) > 0 => {
                let standing = standing.clone();
                let term = term(holdings, on, day_of(moment, terms.zone.rules()), moment)?;
                holdings.stand(&ladder.code, term.of(standing));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Settles what something that counts has brought: a higher tier, the tier kept in its days of grace, a term renewed.
pub fn reach(holdings: &mut Holdings, terms: &Terms, moment: Timestamp, cause: &str) -> Result<(), OutOfRange> {
    begin(holdings, terms, moment)?;
    for ladder in terms.ladders() {
        let on = On { terms, ladder };
        let Some(standing) = holdings.standings.get(&ladder.code).cloned() else { continue };
        let promoted = promote(holdings, on, &standing, (moment, cause))?;
        let kept = promoted || keep_in_grace(holdings, on, &standing, (moment, cause))?;
        if !kept {
            renew(holdings, on, &standing, (moment, cause))?;
        }
    }
    Ok(())
}

/// Promotes a member who has reached a higher tier.
fn promote(
    holdings: &mut Holdings,
    on: On<'_>,
    standing: &Standing,
    (moment, cause): (Timestamp, &str),
) -> Result<bool, OutOfRange> {
    let (reached, carried) = reached(holdings, on, standing, (moment, moment))?;
    let (now, then) = (rank(on.ladder, &standing.tier), highest_entered(on.ladder, reached));
    if then <= now {
        return Ok(false);
    }
    let needed = entered(on.ladder, then);
    let qualified = Qualified { carried, ..Qualified::at(moment, needed, on.terms.number) };
    let term = term(holdings, on, day_of(moment, on.terms.zone.rules()), moment)?;
    let to = Standing {
        before: standing.clone().behind(moment),
        carries: on.ladder.carry_over,
        ..term.of(Standing::resting(code(on.ladder, then), moment, qualified))
    };
    turn(holdings, on, (TierChangeKind::Promoted, Deserved::Promotion), to, (moment, reached, cause))?;
    Ok(true)
}

/// Keeps a tier whose term is over, when the threshold is met in the days of grace.
fn keep_in_grace(
    holdings: &mut Holdings,
    on: On<'_>,
    standing: &Standing,
    (moment, cause): (Timestamp, &str),
) -> Result<bool, OutOfRange> {
    let Some(ended) = standing.ended_at else { return Ok(false) };
    let seen = reviewed_moment(on.ladder, ended);
    let (reached, carried) = reached(holdings, on, standing, (seen, moment))?;
    let keep = keep(on.ladder, &standing.tier);
    // What was met before, as a return has left a lower tier, is told when the days are over: this did not bring it.
    let anew = reached.saturating_sub(contributed(holdings, on, cause)) < keep;
    if reached < keep || !anew {
        return Ok(false);
    }
    let qualified = Qualified { carried, until: Some(moment), ..Qualified::at(seen, Some(keep), on.terms.number) };
    let term = term(holdings, on, day_of(before(ended), on.terms.zone.rules()), moment)?;
    let behind = standing.clone().behind(moment);
    let to =
        Standing { before: behind, ..term.of(Standing::resting(standing.tier.clone(), standing.since, qualified)) };
    turn(holdings, on, (TierChangeKind::Retained, Deserved::Retention), to, (moment, reached, cause))?;
    Ok(true)
}

/// Extends a term within which as much as it takes to keep the tier was reached since it was decided last.
fn renew(
    holdings: &mut Holdings,
    on: On<'_>,
    standing: &Standing,
    (moment, cause): (Timestamp, &str),
) -> Result<(), OutOfRange> {
    let (Some(review), 1..) = (standing.review_at, rank(on.ladder, &standing.tier)) else { return Ok(()) };
    let zone = on.terms.zone.rules();
    let anew = term(holdings, on, day_of(moment, zone), moment)?;
    let longer = match on.ladder.renewal {
        Renewal::AtReview => return Ok(()),
        Renewal::Restarts => anew,
        Renewal::Appends if anew.review_at.is_some_and(|ends| review > ends) => return Ok(()),
        Renewal::Appends => term(holdings, on, day_of(before(review), zone), moment)?,
    };
    let after = standing.qualified.until.unwrap_or(standing.qualified.at);
    let reached = reached_after(holdings, on, (after, moment), moment)?;
    let of_this = contributed(holdings, on, cause);
    let keep = keep(on.ladder, &standing.tier);
    // Each time the threshold is met anew: so that what comes back at once leaves the term as it found it.
    let met = |reached: i64| reached.checked_div(keep).unwrap_or(0);
    let (times, before_this) = (met(reached), met(reached.saturating_sub(of_this)));
    if longer.review_at <= Some(review) || times <= before_this {
        return Ok(());
    }
    let needed = Some(keep.saturating_mul(times));
    let qualified = Qualified { after: Some(after), ..Qualified::at(moment, needed, on.terms.number) };
    let behind = standing.clone().behind(moment);
    let to =
        Standing { before: behind, ..longer.of(Standing::resting(standing.tier.clone(), standing.since, qualified)) };
    turn(holdings, on, (TierChangeKind::Renewed, Deserved::Retention), to, (moment, reached, cause))
}

/// What it takes to enter the tier at a place; nothing for the lowest.
fn entered(ladder: &Ladder, rank: usize) -> Option<i64> {
    tier(ladder, rank).filter(|_| rank > 0).map(|tier| tier.enter_minor)
}

/// What it takes to keep a tier.
pub fn keep(ladder: &Ladder, code: &str) -> i64 {
    tier(ladder, rank(ladder, code)).map_or(0, |tier| tier.keep_minor)
}

fn code(ladder: &Ladder, rank: usize) -> String {
    tier(ladder, rank).map(|tier| tier.code.clone()).unwrap_or_default()
}

/// What has been reached of what a standing needs until its review, and when that is.
pub fn reached_for_review(
    holdings: &Holdings,
    on: On<'_>,
    standing: &Standing,
    review: Timestamp,
    known: Timestamp,
) -> Result<i64, OutOfRange> {
    let seen = reviewed_moment(on.ladder, standing.ended_at.unwrap_or(review));
    let until = if standing.ended_at.is_some() { known } else { seen.min(known) };
    Ok(reached(holdings, on, standing, (seen, until))?.0)
}

/// Gives a member another standing, at a moment, with so much reached, because of something; and what is given for it.
///
/// Whoever was put into a tier stays there: what happens below it is no change that anybody sees.
fn turn(
    holdings: &mut Holdings,
    on: On<'_>,
    (kind, deserved): (TierChangeKind, Deserved),
    to: Standing,
    (moment, progress_minor, cause): (Timestamp, i64, &str),
) -> Result<(), OutOfRange> {
    let ladder = on.ladder;
    let was = holdings.standings.get(&ladder.code).cloned();
    let from = was.as_ref().map(|standing| standing.held(ladder).to_owned()).unwrap_or_default();
    let assigned = was.and_then(|standing| standing.assigned);
    let to = Standing { assigned, ..to };
    let (held, own) = (to.held(ladder).to_owned(), to.tier.clone());
    let floor = to.assigned.as_ref().map(|assigned| rank(ladder, &assigned.tier));
    let seen = held != from || floor.is_none_or(|floor| floor < rank(ladder, &own));
    holdings.stand(&ladder.code, to);
    if !seen {
        return Ok(());
    }
    let number = holdings.change_tier(TierChange {
        number: 0,
        ladder: ladder.code.clone(),
        kind,
        from,
        to: held,
        cause: cause.to_owned(),
        progress_minor,
        programme_version: on.terms.number,
        occurred_at: moment,
        reason: String::new(),
        actor: String::new(),
        historic: false,
    })?;
    gifts::give(holdings, on, (&own, deserved), number, moment)
}
