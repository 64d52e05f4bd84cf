//! Where a member stands on the ladder, and what is missing: to keep the tier, to reach the next.

use jiff::Timestamp;
use kernel::Currency;
use kernel::calendar::OutOfCalendar;

use super::decision::Decision;
use super::holdings::{Holdings, Qualified, Standing};
use super::qualification::{progress, progress_until, rank, reviewed_moment, tier};
use crate::programme::terms::{Ladder, Terms, Window};

/// A member's place on the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingView {
    /// Code of the tier.
    pub tier: String,
    /// What members read.
    pub display_name: String,
    /// Since when.
    pub since: Timestamp,
    /// When it is reviewed.
    pub review_at: Option<Timestamp>,
    /// Spent in the window that ends now.
    pub progress_minor: i64,
    /// Still missing to keep the tier at the review.
    pub missing_to_keep_minor: i64,
    /// The next tier.
    pub next: Option<NextTier>,
    /// Of these amounts.
    pub currency: Currency,
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
}

/// Where a member stands at a moment, and why. Nothing where the programme has no tiers.
pub fn standing(
    holdings: &Holdings,
    terms: &Terms,
    now: Timestamp,
) -> Result<Option<(StandingView, Decision)>, OutOfCalendar> {
    let Some(ladder) = &terms.ladder else { return Ok(None) };
    let lowest = ladder.tiers.first().map(|tier| tier.code.clone()).unwrap_or_default();
    let since = holdings.joined_at;
    let qualified = Qualified { at: since, needed_minor: None, by_version: terms.number };
    let unbegun = Standing { tier: lowest, since, qualified, review_at: None, before: None };
    let held = holdings.standing.as_ref().unwrap_or(&unbegun);
    let place = rank(ladder, &held.tier);
    let reached = progress(holdings, terms, ladder, now)?;

    let keep = tier(ladder, place).map_or(0, |tier| tier.keep_minor);
    let missing_to_keep_minor = match held.review_at {
        Some(review) => {
            let by_then = progress_until(holdings, terms, ladder, reviewed_moment(ladder, review), now)?;
            keep.saturating_sub(by_then).max(0)
        }
        None => 0,
    };
    let next = place.checked_add(1).and_then(|above| tier(ladder, above)).map(|above| NextTier {
        tier: above.code.clone(),
        display_name: above.display_name.clone(),
        missing_minor: above.enter_minor.saturating_sub(reached).max(1),
    });
    let view = StandingView {
        tier: held.tier.clone(),
        display_name: tier(ladder, place).map(|tier| tier.display_name.clone()).unwrap_or_default(),
        since: held.since,
        review_at: held.review_at,
        progress_minor: reached,
        missing_to_keep_minor,
        next,
        currency: ladder.currency,
    };
    let decision = grounds(&view, terms, ladder, keep, now);
    Ok(Some((view, decision)))
}

fn grounds(view: &StandingView, terms: &Terms, ladder: &Ladder, keep: i64, now: Timestamp) -> Decision {
    let window = match ladder.window {
        Window::RollingMonths(months) => format!("the last {months} months"),
        Window::CalendarYear => "the calendar year".to_owned(),
        Window::SinceJoining => "since joining".to_owned(),
    };
    let mut decision = Decision::new(&view.tier, terms.number, now)
        .fact("window", window)
        .fact("progress_minor", view.progress_minor)
        .fact("currency", view.currency);
    for tier in &ladder.tiers {
        let met = if tier.enter_minor <= view.progress_minor { "reached" } else { "not reached" };
        decision = decision.step(&tier.display_name, met, 0).figure("tier", &tier.code);
        decision = decision.figure("enter_minor", tier.enter_minor);
    }
    if let Some(review) = view.review_at {
        let missing = view.missing_to_keep_minor;
        let met = if missing == 0 { "enough to keep the tier" } else { "more is needed to keep the tier" };
        decision = decision.fact("review_time", review).step("keep", met, 0);
        decision = decision.figure("keep_minor", keep).figure("missing_minor", missing);
    }
    match &view.next {
        Some(next) => decision.unless("progress_minor", next.missing_minor, next.tier.clone()),
        None => decision,
    }
}
