//! What counts towards a tier, and which tier it is enough for. What counts is kept apart from the points that can be
//! spent: spending, lapsing and giving points change nothing of it.

use std::ops::{Bound, RangeBounds as _};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use kernel::calendar::{OutOfCalendar, day_of, end_of, months_after, months_before, start_of, year_start};

use super::holdings::{Holdings, Purchase, Qualified, Standing};
use super::tier::Source;
use crate::programme::terms::{Ladder, Metric, Terms, Tier, Window};

/// The finest step the database keeps.
const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

/// A ladder under the terms that have it.
#[derive(Clone, Copy, Debug)]
pub struct On<'a> {
    /// The terms.
    pub terms: &'a Terms,
    /// One of its ladders.
    pub ladder: &'a Ladder,
}

/// The ladder of a code, where the terms have it.
pub fn on<'a>(terms: Option<&'a Terms>, code: &str) -> Option<On<'a>> {
    let terms = terms?;
    Some(On { terms, ladder: terms.ladder_of(code)? })
}

/// The ladder that is asked for: the first of the programme where none is named.
pub fn asked_for<'a>(terms: &'a Terms, code: Option<&str>) -> Option<On<'a>> {
    let first = terms.ladder.as_ref().map(|ladder| ladder.code.as_str());
    on(Some(terms), code.or(first)?)
}

/// Something that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Where it comes from.
    pub source: Source,
    /// How much, in what the ladder counts.
    pub units: i64,
    /// When it happened.
    pub occurred_at: Timestamp,
}

/// Everything that ever counted on a ladder, in no order. What came to nothing is left out.
pub fn counted<'a>(holdings: &'a Holdings, ladder: &'a Ladder) -> impl Iterator<Item = Counted> + 'a {
    let bought = holdings.purchases.values().map(|purchase| Counted {
        source: Source::Order(purchase.order),
        units: units(purchase, ladder),
        occurred_at: purchase.occurred_at,
    });
    let credits = holdings.credits.iter().filter(|credit| credit.ladder == ladder.code).map(|credit| Counted {
        source: Source::Credit(credit.cause.clone()),
        units: credit.units,
        occurred_at: credit.occurred_at,
    });
    bought.chain(credits).filter(|counted| counted.units != 0)
}

fn units(purchase: &Purchase, ladder: &Ladder) -> i64 {
    match ladder.metric {
        Metric::Spend if Some(purchase.currency) == ladder.currency => purchase.kept_minor(),
        Metric::Spend | Metric::Granted => 0,
        Metric::Orders => i64::from(purchase.kept_minor() > 0),
        Metric::PointsEarned => purchase.kept_points(),
    }
}

/// What one cause counts for: an order, or a credit.
pub fn contributed(holdings: &Holdings, on: On<'_>, cause: &str) -> i64 {
    let is_it = |source: &Source| match source {
        Source::Order(order) => order.to_string() == cause,
        Source::Credit(credit) => credit == cause,
    };
    counted(holdings, on.ladder).find(|counted| is_it(&counted.source)).map_or(0, |counted| counted.units)
}

fn sum_in(holdings: &Holdings, ladder: &Ladder, start: Bound<Timestamp>, until: Timestamp) -> i64 {
    let window = (start, Bound::Included(until));
    let within = counted(holdings, ladder).filter(|counted| window.contains(&counted.occurred_at));
    within.fold(0_i64, |sum, counted| sum.saturating_add(counted.units)).max(0)
}

/// Where the window that ends at a moment begins. A rolling window is open at its start and closed at its end: what was
/// bought exactly twelve months ago does not count any more.
pub fn window_start(holdings: &Holdings, on: On<'_>, at: Timestamp) -> Result<Bound<Timestamp>, OutOfCalendar> {
    let zone = on.terms.zone.rules();
    Ok(match on.ladder.window {
        Window::RollingMonths(months) => Bound::Excluded(months_before(at, months, zone)?),
        Window::CalendarYear => Bound::Included(year_start(at, zone)?),
        Window::MemberYear => {
            let joined = day_of(holdings.joined_at, zone);
            let year = years_of(joined, day_of(at, zone))?;
            Bound::Included(start_of(year, zone)?)
        }
        Window::SinceJoining => Bound::Unbounded,
    })
}

/// The first day of the member's year that a day belongs to. Years are counted from the day of joining, so that who
/// joined on 29 February begins each fourth year on that day again.
fn years_of(joined: Date, day: Date) -> Result<Date, OutOfCalendar> {
    let years = i32::from(day.year()).saturating_sub(i32::from(joined.year()));
    let this = months_after(joined, years.saturating_mul(12))?;
    if this <= day { Ok(this) } else { months_after(joined, years.saturating_sub(1).saturating_mul(12)) }
}

/// The last day of the member's year that a day belongs to.
pub fn member_year_end(joined: Date, day: Date) -> Result<Date, OutOfCalendar> {
    let begun = years_of(joined, day)?;
    let years = i32::from(begun.year()).saturating_sub(i32::from(joined.year())).saturating_add(1);
    Ok(months_after(joined, years.saturating_mul(12))?.yesterday().unwrap_or(begun))
}

/// What counts in the window that ends at a moment, returns taken off.
pub fn progress(holdings: &Holdings, on: On<'_>, at: Timestamp) -> Result<i64, OutOfCalendar> {
    progress_until(holdings, on, at, at)
}

/// What counts from the start of the window of one moment until another: what is there already of a window that ends
/// later, or what came after the end of one.
pub fn progress_until(holdings: &Holdings, on: On<'_>, at: Timestamp, until: Timestamp) -> Result<i64, OutOfCalendar> {
    Ok(sum_in(holdings, on.ladder, window_start(holdings, on, at)?, until))
}

/// What a tier rests on, as it is known now.
pub fn still_there(holdings: &Holdings, on: On<'_>, qualified: &Qualified) -> Result<i64, OutOfCalendar> {
    let until = qualified.until.unwrap_or(qualified.at);
    let plain = match qualified.after {
        Some(after) => reached_after(holdings, on, (after, qualified.at), until)?,
        None => progress_until(holdings, on, qualified.at, until)?,
    };
    Ok(plain.saturating_add(qualified.carried))
}

/// What counts of a window, and was reached after a moment.
pub fn reached_after(
    holdings: &Holdings,
    on: On<'_>,
    (after, at): (Timestamp, Timestamp),
    until: Timestamp,
) -> Result<i64, OutOfCalendar> {
    let start = window_start(holdings, on, at)?;
    let begun_before = match start {
        Bound::Unbounded => true,
        Bound::Included(start) | Bound::Excluded(start) => start <= after,
    };
    let start = if begun_before { Bound::Excluded(after) } else { start };
    Ok(sum_in(holdings, on.ladder, start, until))
}

/// What counts for a standing: what is in the window, or what came after its promotion together with what exceeded the
/// threshold then, whichever is more. Nothing counts twice. The second is what was carried beyond the window.
pub fn reached(
    holdings: &Holdings,
    on: On<'_>,
    standing: &Standing,
    (at, until): (Timestamp, Timestamp),
) -> Result<(i64, i64), OutOfCalendar> {
    let plain = progress_until(holdings, on, at, until)?;
    let Some(needed) = standing.qualified.needed_minor.filter(|_| standing.carries) else { return Ok((plain, 0)) };
    let exceeded = still_there(holdings, on, &standing.qualified)?.saturating_sub(needed).max(0);
    let since = reached_after(holdings, on, (standing.qualified.at, at), until)?;
    let carried = since.saturating_add(exceeded).saturating_sub(plain).max(0);
    Ok((plain.saturating_add(carried), carried))
}

/// The moment whose window a review looks at. A year is reviewed when it is over: its last moment, for the review's own
/// already lies in the next.
pub fn reviewed_moment(ladder: &Ladder, due: Timestamp) -> Timestamp {
    match ladder.window {
        Window::RollingMonths(_) | Window::SinceJoining => due,
        Window::CalendarYear | Window::MemberYear => before(due),
    }
}

/// From when on something does not count any more, seen from a moment within whose window it lies; nothing where it
/// always will.
pub fn counts_until(
    holdings: &Holdings,
    on: On<'_>,
    occurred_at: Timestamp,
    now: Timestamp,
) -> Result<Option<Timestamp>, OutOfCalendar> {
    let zone = on.terms.zone.rules();
    Ok(match on.ladder.window {
        Window::RollingMonths(months) => {
            let same_day = months_before(occurred_at, months.saturating_neg(), zone)?;
            // A month that is too short for the day is counted to its end.
            let short = months_before(same_day, months, zone)? < occurred_at;
            Some(if short { end_of(day_of(same_day, zone).last_of_month(), zone)? } else { same_day })
        }
        Window::CalendarYear => Some(end_of(day_of(now, zone).last_of_year(), zone)?),
        Window::MemberYear => {
            Some(end_of(member_year_end(day_of(holdings.joined_at, zone), day_of(now, zone))?, zone)?)
        }
        Window::SinceJoining => None,
    })
}

/// The last moment before another.
pub fn before(moment: Timestamp) -> Timestamp {
    moment.saturating_sub(MICROSECOND).unwrap_or(moment)
}

/// The place of a tier on the ladder; a code that is not on it counts as the lowest.
pub fn rank(ladder: &Ladder, code: &str) -> usize {
    ladder.tiers.iter().position(|tier| tier.code == code).unwrap_or(0)
}

/// The highest tier that so much is enough to enter; to those by invitation nothing is.
pub fn highest_entered(ladder: &Ladder, progress: i64) -> usize {
    ladder.tiers.iter().rposition(|tier| !tier.invitation_only && tier.enter_minor <= progress).unwrap_or(0)
}

/// The tier at a place.
pub fn tier(ladder: &Ladder, rank: usize) -> Option<&Tier> {
    ladder.tiers.get(rank)
}
