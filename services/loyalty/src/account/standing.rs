//! Where a member stands on a ladder, and what is missing: to keep the tier, to reach the next, and until when.

use std::ops::{Bound, RangeBounds as _};

use jiff::Timestamp;
use kernel::Currency;
use kernel::calendar::{day_of, days_after, end_of};

use super::decision::Decision;
use super::holdings::{Holdings, OutOfRange, Qualified, Standing};
use super::qualification::{Counted, On, before, counted, counts_until, on, rank, reached, tier, window_start};
use super::reviewing::{keep, reached_for_review};
use super::tier::Source;
use crate::programme::terms::{Demotion, Ladder, Metric, Terms, Tier, Window};

/// A member's place on a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingView {
    /// Code of the ladder.
    pub ladder: String,
    /// What counts on it.
    pub metric: Metric,
    /// Code of the tier.
    pub tier: String,
    /// What members read.
    pub display_name: String,
    /// What else it is good for.
    pub benefits: Vec<String>,
    /// Since when.
    pub since: Timestamp,
    /// When what they reached themselves is reviewed.
    pub review_at: Option<Timestamp>,
    /// What counts in the window that ends now.
    pub progress_minor: i64,
    /// Of it, what was carried over.
    pub carried_minor: i64,
    /// Still missing to keep the tier at the review.
    pub missing_to_keep_minor: i64,
    /// Until when that may be reached.
    pub keep_by: Option<Timestamp>,
    /// The term is over, and it may still be reached.
    pub in_grace: bool,
    /// The next tier.
    pub next: Option<NextTier>,
    /// Of these amounts, where money counts.
    pub currency: Option<Currency>,
    /// Where an operator has put them.
    pub assigned: Option<AssignedView>,
}

/// The tier above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextTier {
    /// Code.
    pub tier: String,
    /// What members read.
    pub display_name: String,
    /// Still missing; at least 1.
    pub missing_minor: i64,
    /// Until when no more than that is missing, if nothing comes back.
    pub by: Option<Timestamp>,
}

/// A tier that a member was put into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignedView {
    /// Code of the tier.
    pub tier: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// The tier they stand in without it.
    pub without: String,
}

/// Where a member stands on each ladder at a moment, and why; the first ladder first.
pub fn standings(
    holdings: &Holdings,
    terms: &Terms,
    now: Timestamp,
) -> Result<Vec<(StandingView, Decision)>, OutOfRange> {
    terms.ladders().map(|ladder| stands(holdings, On { terms, ladder }, now)).collect()
}

/// The same on one ladder: the first where none is named. Nothing where the programme has no such ladder.
pub fn standing(
    holdings: &Holdings,
    terms: &Terms,
    ladder: Option<&str>,
    now: Timestamp,
) -> Result<Option<(StandingView, Decision)>, OutOfRange> {
    let first = terms.ladder.as_ref().map(|ladder| ladder.code.as_str());
    let Some(on) = ladder.or(first).and_then(|code| on(Some(terms), code)) else { return Ok(None) };
    stands(holdings, on, now).map(Some)
}

fn stands(holdings: &Holdings, on: On<'_>, now: Timestamp) -> Result<(StandingView, Decision), OutOfRange> {
    let ladder = on.ladder;
    let lowest = ladder.tiers.first().map(|tier| tier.code.clone()).unwrap_or_default();
    let since = holdings.joined_at;
    let unbegun = Standing::resting(lowest, since, Qualified::at(since, None, on.terms.number));
    let own = holdings.standings.get(&ladder.code).unwrap_or(&unbegun);
    let held = own.held(ladder);
    let place = rank(ladder, held);
    let (progress_minor, carried_minor) = reached(holdings, on, own, (now, now))?;
    let missing_to_keep_minor = match own.review_at {
        Some(review) => {
            let by_then = reached_for_review(holdings, on, own, review, now)?;
            keep(ladder, &own.tier).saturating_sub(by_then).max(0)
        }
        None => 0,
    };
    let view = StandingView {
        ladder: ladder.code.clone(),
        metric: ladder.metric,
        tier: held.to_owned(),
        display_name: tier(ladder, place).map(|tier| tier.display_name.clone()).unwrap_or_default(),
        benefits: tier(ladder, place).map(|tier| tier.benefits.clone()).unwrap_or_default(),
        since: own.held_since(ladder),
        review_at: own.review_at,
        progress_minor,
        carried_minor,
        missing_to_keep_minor,
        keep_by: keep_by(on, own)?,
        in_grace: own.ended_at.is_some(),
        next: match above(ladder, place) {
            Some(above) => Some(NextTier {
                tier: above.code.clone(),
                display_name: above.display_name.clone(),
                missing_minor: above.enter_minor.saturating_sub(progress_minor).max(1),
                by: stays_so_until(holdings, on, now)?,
            }),
            None => None,
        },
        currency: ladder.currency,
        assigned: own.assigned.as_ref().map(|assigned| AssignedView {
            tier: assigned.tier.clone(),
            since: assigned.since,
            until: assigned.until,
            reason: assigned.reason.clone(),
            without: own.tier.clone(),
        }),
    };
    let decision = grounds(&view, on, own, now);
    Ok((view, decision))
}

/// The next tier that can be reached.
fn above(ladder: &Ladder, place: usize) -> Option<&Tier> {
    ladder.tiers.iter().skip(place.saturating_add(1)).find(|tier| !tier.invitation_only)
}

/// Until when the threshold to keep a tier may be met: the days of grace included.
fn keep_by(on: On<'_>, own: &Standing) -> Result<Option<Timestamp>, OutOfRange> {
    let Some(review) = own.review_at else { return Ok(None) };
    let grace = on.ladder.grace_days;
    if own.ended_at.is_some() || grace == 0 || on.ladder.demotion == Demotion::None {
        return Ok(Some(review));
    }
    let zone = on.terms.zone.rules();
    Ok(Some(end_of(days_after(day_of(before(review), zone), grace)?, zone)?))
}

/// When the first of what counts now falls out of the window.
fn stays_so_until(holdings: &Holdings, on: On<'_>, now: Timestamp) -> Result<Option<Timestamp>, OutOfRange> {
    let window = (window_start(holdings, on, now)?, Bound::Included(now));
    let counting: Vec<Timestamp> = counted(holdings, on.ladder)
        .map(|counted| counted.occurred_at)
        .filter(|occurred| window.contains(occurred))
        .collect();
    let mut first = None;
    for occurred in counting {
        let until = counts_until(holdings, on, occurred, now)?;
        first = [first, until].into_iter().flatten().min();
    }
    // A window that begins anew does so whether or not anything counts in it.
    match on.ladder.window {
        Window::CalendarYear | Window::MemberYear => Ok(counts_until(holdings, on, now, now)?),
        Window::RollingMonths(_) | Window::SinceJoining => Ok(first),
    }
}

fn grounds(view: &StandingView, on: On<'_>, own: &Standing, now: Timestamp) -> Decision {
    let window = match on.ladder.window {
        Window::RollingMonths(months) => format!("the last {months} months"),
        Window::CalendarYear => "the calendar year".to_owned(),
        Window::MemberYear => "the member's year".to_owned(),
        Window::SinceJoining => "since joining".to_owned(),
    };
    let mut decision = Decision::new(&view.tier, on.terms.number, now)
        .fact("ladder", &view.ladder)
        .fact("metric", metric(view.metric))
        .fact("window", window)
        .fact("progress_minor", view.progress_minor);
    if let Some(currency) = view.currency {
        decision = decision.fact("currency", currency);
    }
    if view.carried_minor > 0 {
        decision = decision.fact("carried_minor", view.carried_minor);
    }
    for tier in &on.ladder.tiers {
        let met = match (tier.invitation_only, tier.enter_minor <= view.progress_minor) {
            (true, _) => "by invitation",
            (false, true) => "reached",
            (false, false) => "not reached",
        };
        decision = decision.step(&tier.display_name, met, 0).figure("tier", &tier.code);
        decision = decision.figure("enter_minor", tier.enter_minor);
    }
    if let Some(review) = view.review_at {
        let missing = view.missing_to_keep_minor;
        let met = if missing == 0 { "enough to keep the tier" } else { "more is needed to keep the tier" };
        decision = decision.fact("review_time", review).step("keep", met, 0);
        decision = decision.figure("keep_minor", keep(on.ladder, &own.tier)).figure("missing_minor", missing);
        if let Some(by) = view.keep_by {
            decision = decision.figure("by_time", by);
        }
    }
    if let Some(assigned) = &view.assigned {
        decision = decision.step("assigned", &assigned.reason, 0).figure("tier", &assigned.tier);
        if let Some(until) = assigned.until {
            decision = decision.figure("until_time", until);
        }
    }
    match &view.next {
        Some(next) => decision.unless("progress_minor", next.missing_minor, next.tier.clone()),
        None => decision,
    }
}

/// What a metric is called in an explanation.
pub const fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Spend => "spend",
        Metric::Orders => "orders",
        Metric::PointsEarned => "points earned",
        Metric::Granted => "granted",
    }
}

/// Something that counts for a tier, with when it stops to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QualificationView {
    /// What it is.
    pub counted: Counted,
    /// From when on it does not count any more; nothing where it always will.
    pub counts_until: Option<Timestamp>,
    /// Why, where it was granted.
    pub reason: String,
    /// By whom, where it was granted.
    pub actor: String,
}

/// What counts on a ladder now, newest first.
pub fn counting(holdings: &Holdings, on: On<'_>, now: Timestamp) -> Result<Vec<QualificationView>, OutOfRange> {
    let window = (window_start(holdings, on, now)?, Bound::Included(now));
    let mut all = Vec::new();
    for counted in counted(holdings, on.ladder).filter(|counted| window.contains(&counted.occurred_at)) {
        let credit = holdings
            .credits
            .iter()
            .find(|credit| counted.source == Source::Credit(credit.cause.clone()) && credit.ladder == on.ladder.code);
        all.push(QualificationView {
            counts_until: counts_until(holdings, on, counted.occurred_at, now)?,
            reason: credit.map(|credit| credit.reason.clone()).unwrap_or_default(),
            actor: credit.map(|credit| credit.actor.clone()).unwrap_or_default(),
            counted,
        });
    }
    all.sort_by(|one, other| {
        (other.counted.occurred_at, &other.counted.source).cmp(&(one.counted.occurred_at, &one.counted.source))
    });
    Ok(all)
}
