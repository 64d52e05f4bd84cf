//! How long a term lasts, and what happens as it ends: those at risk are told before it, then there are days of grace,
//! and then the tier is kept or lost.

use jiff::Timestamp;
use jiff::civil::Date;
use kernel::calendar::{day_of, days_after, end_of, months_after, start_of};

use super::gifts::Deserved;
use super::{code, entered, keep, reached_for_review, turn};
use crate::account::holdings::{AtRisk, Holdings, OutOfRange, Qualified, Standing, TierChangeKind};
use crate::account::qualification::{
    On, before, highest_entered, member_year_end, on, rank, reached, reviewed_moment, tier,
};
use crate::programme::terms::{Demotion, Ladder, Versions, Window};

/// When a term ends, and when it is looked at before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// When the tier is reviewed.
    pub review_at: Option<Timestamp>,
    /// When it is looked at whether it is at risk.
    pub notice_at: Option<Timestamp>,
}

impl Term {
    /// The term of the lowest tier, which has none.
    pub const ENDLESS: Self = Self { review_at: None, notice_at: None };

    /// A standing for this term.
    pub fn of(self, standing: Standing) -> Standing {
        Standing { review_at: self.review_at, notice_at: self.notice_at, ended_at: None, ..standing }
    }
}

/// A term ends with the day so many months after the one it is counted from, and with the year where years count; the
/// review is at the start of the next day.
pub fn term(holdings: &Holdings, on: On<'_>, counted_from: Date, moment: Timestamp) -> Result<Term, OutOfRange> {
    let zone = on.terms.zone.rules();
    let counted_from_here = review_of(holdings, on, counted_from)?;
    // Days of grace may be longer than a term that new terms have made shorter.
    let is_over = counted_from_here <= moment;
    let review = if is_over { review_of(holdings, on, day_of(moment, zone))? } else { counted_from_here };
    ending(on, review, moment)
}

/// A term that ends at a moment.
pub fn ending(on: On<'_>, review: Timestamp, moment: Timestamp) -> Result<Term, OutOfRange> {
    let zone = on.terms.zone.rules();
    let notice = match on.ladder.notice_days {
        0 => None,
        days => Some(start_of(days_after(day_of(review, zone), days.saturating_neg())?, zone)?),
    };
    let falls = on.ladder.demotion != Demotion::None;
    Ok(Term { review_at: Some(review), notice_at: notice.filter(|notice| falls && *notice > moment) })
}

fn review_of(holdings: &Holdings, on: On<'_>, counted_from: Date) -> Result<Timestamp, OutOfRange> {
    let zone = on.terms.zone.rules();
    let last_day = months_after(counted_from, on.ladder.term_months)?;
    let last_day = match on.ladder.window {
        Window::RollingMonths(_) | Window::SinceJoining => last_day,
        Window::CalendarYear => last_day.last_of_year(),
        Window::MemberYear => member_year_end(day_of(holdings.joined_at, zone), last_day)?,
    };
    Ok(end_of(last_day, zone)?)
}

/// The tiers of a moment, each on its ladder: what `due` picks of a standing is due then.
fn due_then(holdings: &Holdings, due: impl Fn(&Standing) -> bool) -> Option<(String, Standing)> {
    let found = holdings.standings.iter().find(|(_, standing)| due(standing));
    found.map(|(ladder, standing)| (ladder.clone(), standing.clone()))
}

/// Looks at whether a tier is at risk, so many days before its review; it is said once for each term.
pub fn notice(holdings: &mut Holdings, versions: &Versions, due: Timestamp) -> Result<(), OutOfRange> {
    let Some((ladder, standing)) = due_then(holdings, |standing| standing.notice_at == Some(due)) else {
        return Ok(());
    };
    let looked_at = Standing { notice_at: None, ..standing.clone() };
    let at_risk = match (on(versions.at(due), &ladder), standing.review_at) {
        (Some(on), Some(review_at)) => {
            let reached = reached_for_review(holdings, on, &standing, review_at, due)?;
            let missing_minor = keep(on.ladder, &standing.tier).saturating_sub(reached);
            let safe = missing_minor <= 0 || standing.held(on.ladder) != standing.tier;
            (!safe).then(|| AtRisk {
                ladder: ladder.clone(),
                tier: standing.tier.clone(),
                missing_minor,
                currency: on.ladder.currency,
                review_at,
                occurred_at: due,
                historic: holdings.loading,
            })
        }
        (None, _) | (_, None) => None,
    };
    holdings.at_risk.extend(at_risk);
    holdings.stand(&ladder, looked_at);
    Ok(())
}

/// Reviews a tier at the end of its term: kept for another, given days of grace, or lost as the programme says.
pub fn review(holdings: &mut Holdings, versions: &Versions, due: Timestamp) -> Result<(), OutOfRange> {
    let Some((ladder, standing)) = due_then(holdings, |standing| standing.review_at == Some(due)) else {
        return Ok(());
    };
    let Some(on) = on(versions.at(due), &ladder) else {
        // A programme that has given up the ladder reviews nobody on it.
        holdings.stand(&ladder, Term::ENDLESS.of(standing));
        return Ok(());
    };
    let ladder = on.ladder;
    let ended = standing.ended_at.unwrap_or(due);
    let seen = reviewed_moment(ladder, ended);
    let until = if standing.ended_at.is_some() { before(due) } else { seen };
    let (reached, carried) = reached(holdings, on, &standing, (seen, until))?;
    let (now, keep) = (rank(ladder, &standing.tier), keep(ladder, &standing.tier));
    let kept = now == 0 || reached >= keep;
    let falls = !kept && ladder.demotion != Demotion::None;
    let zone = on.terms.zone.rules();
    // The next term begins where this one ended, so that it ends on the same day of the year.
    let last_day = day_of(before(ended), zone);
    if falls && standing.ended_at.is_none() && ladder.grace_days > 0 {
        let review_at = Some(end_of(days_after(last_day, ladder.grace_days)?, zone)?);
        holdings.stand(&ladder.code, Standing { review_at, notice_at: None, ended_at: Some(due), ..standing });
        return Ok(());
    }
    let then = if falls { below(ladder, now, reached) } else { now };
    let kind = if then == now { TierChangeKind::Retained } else { TierChangeKind::Demoted };
    // Who was let stay, or fell softly, met no threshold that a return could undo.
    let needed = if kept { Some(keep) } else { entered(ladder, then).filter(|enter| reached >= *enter) };
    let until = Some(until).filter(|until| *until != seen);
    let qualified = Qualified {
        carried: if needed.is_some() { carried } else { 0 },
        until,
        ..Qualified::at(seen, needed.filter(|_| then > 0), on.terms.number)
    };
    let term = if then > 0 { term(holdings, on, last_day, due)? } else { Term::ENDLESS };
    let (tier, since) = if then == now { (standing.tier, standing.since) } else { (code(ladder, then), due) };
    let deserved = if kept && now > 0 { Deserved::Retention } else { Deserved::Nothing };
    let to = term.of(Standing::resting(tier, since, qualified));
    turn(holdings, on, (kind, deserved), to, (due, reached, ""))
}

/// Where somebody falls who has reached so much: never into a tier by invitation.
fn below(ladder: &Ladder, now: usize, reached: i64) -> usize {
    match ladder.demotion {
        Demotion::None => now,
        Demotion::OneStep => {
            let open = |place: &usize| tier(ladder, *place).is_some_and(|tier| !tier.invitation_only);
            (0..now).rev().find(open).unwrap_or(0)
        }
        Demotion::ToWhatIsMet => highest_entered(ladder, reached).min(now),
    }
}
