//! What is outstanding, when it lapses, and how much of it will, as far as lots that have ended tell.
//!
//! The share of points that lapse is worked out over what lots *began* with, spent or not, for those that ended in the last
//! 24 months and this one: a cohort is judged whole. What is outstanding of a month's lots is expected to lapse as far as
//! that share of what they began with: who has spent much of them already lets less lapse, never more than is left.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kernel::Rounding;
use kernel::calendar::{day_of, months_before};
use kernel::rounding::share;

use crate::account::recorded::LotsOfMonth;

/// So many lots must have ended before anything is expected of others.
pub const LOTS_NEEDED: i64 = 100;
/// Of a month alone, so that it is told as the best or the worst.
const LOTS_OF_A_MONTH: i64 = 30;
/// Whole months looked back, beside the present one.
const MONTHS_BACK: i32 = 24;
const MILLION: i64 = 1_000_000;

/// What is outstanding and what is to come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// The moment.
    pub as_of: Timestamp,
    /// Points outstanding.
    pub outstanding: i64,
    /// Of these, what never lapses.
    pub never: i64,
    /// Points owed.
    pub deficit: i64,
    /// By when they lapse.
    pub months: Vec<Lapsing>,
    /// What the past tells.
    pub basis: Basis,
    /// Points expected to lapse; none where nothing can be told.
    pub breakage: Option<i64>,
}

/// Points that lapse in one month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapsing {
    /// "2026-12".
    pub month: String,
    /// What is left.
    pub left: i64,
    /// What its lots began with.
    pub issued: i64,
    /// Lots with something left.
    pub lots: i64,
    /// What of it is expected to lapse.
    pub breakage: Option<i64>,
}

/// What lots that have ended tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// How many.
    pub lots: i64,
    /// What they began with.
    pub issued: i64,
    /// What of it lapsed.
    pub lapsed: i64,
    /// In millionths; none where there are too few.
    pub ppm: Option<i64>,
    /// The least share of a month with lots enough, and the greatest.
    pub range: Option<(i64, i64)>,
    /// Month by month: month, lots, began with, lapsed.
    pub months: Vec<(String, i64, i64, i64)>,
}

/// Works it out from all lots, by month.
pub fn forecast(months: &[LotsOfMonth], deficit: i64, now: Timestamp, zone: &TimeZone) -> Forecast {
    let basis = basis(months, now, zone);
    let left = |of: &LotsOfMonth| of.left;
    let sum = |sum: i64, points: i64| sum.saturating_add(points);
    let outstanding = months.iter().map(left).fold(0, sum);
    let never = months.iter().filter(|of| of.month.is_none()).map(left).fold(0, sum);
    let lapsing = |of: &LotsOfMonth| {
        let expected = basis.ppm.map(|ppm| share(of.issued, ppm, MILLION, Rounding::HalfEven).unwrap_or(i64::MAX));
        let month = of.month.clone()?;
        let breakage = expected.map(|points| points.min(of.left));
        Some(Lapsing { month, left: of.left, issued: of.issued, lots: of.open, breakage })
    };
    let coming: Vec<Lapsing> = months.iter().filter(|of| of.left > 0).filter_map(lapsing).collect();
    let breakage = coming.iter().map(|of| of.breakage).sum::<Option<i64>>().filter(|_| basis.ppm.is_some());
    Forecast { as_of: now, outstanding, never, deficit, months: coming, basis, breakage }
}

fn basis(months: &[LotsOfMonth], now: Timestamp, zone: &TimeZone) -> Basis {
    let since = months_before(now, MONTHS_BACK, zone).map_or_else(|_| String::new(), |since| name(since, zone));
    let mut basis = Basis::default();
    let mut shares = Vec::new();
    for of in months.iter().filter(|of| of.ended > 0) {
        let Some(month) = of.month.as_ref().filter(|month| **month >= since) else { continue };
        basis.lots = basis.lots.saturating_add(of.ended);
        basis.issued = basis.issued.saturating_add(of.ended_issued);
        basis.lapsed = basis.lapsed.saturating_add(of.ended_lapsed);
        basis.months.push((month.clone(), of.ended, of.ended_issued, of.ended_lapsed));
        shares.extend(ppm(of.ended_lapsed, of.ended_issued).filter(|_| of.ended >= LOTS_OF_A_MONTH));
    }
    basis.ppm = ppm(basis.lapsed, basis.issued).filter(|_| basis.lots >= LOTS_NEEDED);
    basis.range = shares.iter().min().copied().zip(shares.iter().max().copied());
    basis
}

fn ppm(part: i64, whole: i64) -> Option<i64> {
    share(part, MILLION, whole, Rounding::HalfEven)
}

fn name(at: Timestamp, zone: &TimeZone) -> String {
    let day = day_of(at, zone);
    format!("{:04}-{:02}", day.year(), day.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(month: &str, ended: (i64, i64, i64), open: (i64, i64, i64)) -> LotsOfMonth {
        LotsOfMonth {
            month: Some(month.to_owned()).filter(|month| !month.is_empty()),
            ended: ended.0,
            ended_issued: ended.1,
            ended_lapsed: ended.2,
            open: open.0,
            issued: open.1,
            left: open.2,
        }
    }

    fn at(months: &[LotsOfMonth]) -> Forecast {
        let now = "2026-11-22T04:00:00Z".parse().expect("an instant");
        forecast(months, 7, now, &kernel::calendar::zone("Asia/Taipei").expect("known"))
    }

    #[test]
    fn what_lapses_is_a_share_of_what_lots_began_with_and_never_more_than_is_left() {
        let told = at(&[
            month("2024-10", (5_000, 9_000_000, 9_000_000), (0, 0, 0)),
            month("2026-09", (60, 6_000, 600), (0, 0, 0)),
            month("2026-10", (40, 4_000, 1_400), (0, 0, 0)),
            month("2026-12", (0, 0, 0), (9, 1_000, 900)),
            month("2027-01", (0, 0, 0), (3, 1_000, 50)),
            month("", (0, 0, 0), (1, 30, 30)),
        ]);
        assert_eq!((told.outstanding, told.never, told.deficit), (980, 30, 7));
        assert_eq!((told.basis.lots, told.basis.ppm), (100, Some(200_000)), "older ones tell nothing");
        assert_eq!(told.basis.range, Some((100_000, 350_000)));
        let expected: Vec<Option<i64>> = told.months.iter().map(|month| month.breakage).collect();
        assert_eq!(expected, [Some(200), Some(50)]);
        assert_eq!(told.breakage, Some(250));
    }

    #[test]
    fn too_few_lots_tell_nothing() {
        let told = at(&[month("2026-10", (99, 4_000, 1_400), (0, 0, 0)), month("2026-12", (0, 0, 0), (9, 1_000, 900))]);
        assert_eq!((told.basis.lots, told.basis.ppm, told.breakage), (99, None, None));
        assert_eq!(told.months[0].breakage, None);
        assert_eq!(at(&[]).breakage, None);
    }
}
