//! Which days of the year have their birthday when, in the programme's zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kernel::calendar::{OutOfCalendar, day_of, days_after, end_of, start_of};

use crate::programme::occasions::Birthdays;
use crate::programme::terms::{Terms, Versions};

/// A look goes back so far at most: who had their birthday before has it again by now.
const MOST_DAYS: i32 = 365;

/// What registry writes down while a look is made may be of a moment before it.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

/// A day of the year: month and day.
pub type MonthDay = (i8, i8);

/// A period to look at: a day, or a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// In which calendar year it lies.
    pub year: i16,
    /// Whose birthday is in it: those of these days.
    pub days: Vec<MonthDay>,
    /// Those alone whose record changed since: it was looked at before.
    pub changed_since: Option<Timestamp>,
}

/// The periods to look at now: that of the last look once more, and those since; the present one alone where there was none.
pub fn looks(
    policy: Birthdays,
    last: Option<Timestamp>,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Vec<Look>, OutOfCalendar> {
    let today = day_of(now, zone);
    let earliest = days_after(today, MOST_DAYS.saturating_neg())?;
    let seen = last.map(|last| day_of(last, zone)).filter(|seen| *seen >= earliest && *seen <= today);
    let begin = match (seen, last) {
        (Some(seen), _) => seen,
        (None, Some(_)) => earliest,
        (None, None) => today,
    };
    let mut looks = Vec::new();
    let mut first = first_of(policy, begin);
    while first <= today {
        let last_day = if policy.whole_month { first.last_of_month() } else { first };
        let changed_since = last.filter(|_| seen.is_some() && looks.is_empty());
        looks.push(Look {
            from: start_of(first, zone)?,
            until: end_of(last_day, zone)?,
            year: first.year(),
            days: days(policy, first, last_day)?,
            changed_since: changed_since.map(|since| since.saturating_sub(MARGIN).unwrap_or(since)),
        });
        first = days_after(last_day, 1)?;
    }
    Ok(looks)
}

fn first_of(policy: Birthdays, day: Date) -> Date {
    if policy.whole_month { day.first_of_month() } else { day }
}

/// The days of the year from one day through another, with 29 February where it is kept in a year without one.
fn days(policy: Birthdays, first: Date, last: Date) -> Result<Vec<MonthDay>, OutOfCalendar> {
    let kept = if policy.leap_day_in_march { (3, 1) } else { (2, 28) };
    let (mut days, mut day) = (Vec::new(), first);
    while day <= last {
        let own = (day.month(), day.day());
        days.push(own);
        if own == kept && !day.in_leap_year() {
            days.push((2, 29));
        }
        day = days_after(day, 1)?;
    }
    Ok(days)
}

/// The moment of which what is given in a period is: its beginning, or when terms begin to rule that give something then.
/// None where none do by now.
pub fn moment(versions: &Versions, look: &Look, now: Timestamp) -> Option<Timestamp> {
    if versions.at(look.from).is_some_and(|terms| terms.keeps_birthdays()) {
        return Some(look.from);
    }
    let within = |at: &Timestamp| *at > look.from && *at < look.until && *at <= now;
    versions.iter().filter(|terms| terms.keeps_birthdays()).map(|terms| terms.effective_at).filter(within).min()
}

/// When to look again: at the start of the next day, or when other terms begin to rule before that. Never where no birthday is
/// kept any more.
pub fn next_look(versions: &Versions, now: Timestamp) -> Result<Option<Timestamp>, OutOfCalendar> {
    let coming: Vec<&Terms> = versions.iter().filter(|terms| terms.effective_at > now).collect();
    let ruling = versions.at(now);
    if !coming.iter().copied().chain(ruling).any(|terms| terms.keeps_birthdays()) {
        return Ok(None);
    }
    let tomorrow = ruling.map(|terms| end_of(day_of(now, terms.zone.rules()), terms.zone.rules())).transpose()?;
    Ok(coming.into_iter().map(|terms| terms.effective_at).chain(tomorrow).min())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::wallet::WalletCode;
    use crate::programme::example;
    use crate::programme::occasions::{OccasionAward, OccasionRule, On};
    use crate::programme::rules::Condition;

    fn taipei() -> TimeZone {
        example::signature().zone.rules().clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    /// What is looked at: "from..until days, since".
    fn told(policy: Birthdays, last: Option<&str>, now: &str, zone: &TimeZone) -> Vec<String> {
        let looks = looks(policy, last.map(at), at(now), zone).expect("in the calendar");
        let told = looks.into_iter().map(|look| {
            let days = match look.days.as_slice() {
                [(month, day)] => format!("{month}-{day}"),
                [one, other] => format!("{}-{} and {}-{}", one.0, one.1, other.0, other.1),
                [first, .., last] => {
                    format!("{} from {}-{} to {}-{}", look.days.len(), first.0, first.1, last.0, last.1)
                }
                [] => "none".to_owned(),
            };
            let since = look.changed_since.map(|since| format!(" since {since}")).unwrap_or_default();
            format!("{}..{} of {}: {days}{since}", look.from, look.until, look.year)
        });
        told.collect()
    }

    const DAY: Birthdays = Birthdays { whole_month: false, leap_day_in_march: false };
    const MONTH: Birthdays = Birthdays { whole_month: true, ..DAY };

    #[test]
    fn days_begin_in_the_programmes_zone() {
        assert_eq!(
            told(DAY, None, "2026-05-16T15:59:59Z", &taipei()),
            ["2026-05-15T16:00:00Z..2026-05-16T16:00:00Z of 2026: 5-16"]
        );
        assert_eq!(
            told(DAY, None, "2026-05-16T16:00:00Z", &taipei()),
            ["2026-05-16T16:00:00Z..2026-05-17T16:00:00Z of 2026: 5-17"]
        );
        let london = kernel::calendar::zone("Europe/London").expect("known");
        assert_eq!(
            told(DAY, None, "2026-03-29T12:00:00Z", &london),
            ["2026-03-29T00:00:00Z..2026-03-29T23:00:00Z of 2026: 3-29"],
            "a day of 23 hours"
        );
    }

    #[test]
    fn the_leap_day_is_kept_every_year() {
        let march = Birthdays { leap_day_in_march: true, ..DAY };
        let days = |policy, now: &str| {
            let looks = looks(policy, None, at(now), &TimeZone::UTC).expect("in the calendar");
            looks[0].days.clone()
        };
        for (day, early, late) in [
            ("2027-02-28", vec![(2, 28), (2, 29)], vec![(2, 28)]),
            ("2027-03-01", vec![(3, 1)], vec![(3, 1), (2, 29)]),
            ("2028-02-28", vec![(2, 28)], vec![(2, 28)]),
            ("2028-02-29", vec![(2, 29)], vec![(2, 29)]),
            ("2028-03-01", vec![(3, 1)], vec![(3, 1)]),
        ] {
            let noon = format!("{day}T12:00:00Z");
            assert_eq!((days(DAY, &noon), days(march, &noon)), (early, late), "{day}");
        }
        let month = |policy: Birthdays, now| days(Birthdays { whole_month: true, ..policy }, now);
        assert!(month(DAY, "2027-02-03T00:00:00Z").contains(&(2, 29)));
        assert!(!month(march, "2027-02-03T00:00:00Z").contains(&(2, 29)));
        assert!(month(march, "2027-03-03T00:00:00Z").contains(&(2, 29)));
        assert!(month(march, "2028-02-03T00:00:00Z").contains(&(2, 29)));
    }

    #[test]
    fn what_was_missed_is_looked_at_late_and_the_last_period_once_more() {
        assert_eq!(
            told(DAY, Some("2026-12-30T16:00:00Z"), "2027-01-01T20:00:00Z", &taipei()),
            [
                "2026-12-30T16:00:00Z..2026-12-31T16:00:00Z of 2026: 12-31 since 2026-12-30T15:00:00Z",
                "2026-12-31T16:00:00Z..2027-01-01T16:00:00Z of 2027: 1-1",
                "2027-01-01T16:00:00Z..2027-01-02T16:00:00Z of 2027: 1-2",
            ]
        );
        assert_eq!(
            told(MONTH, Some("2027-01-20T16:00:00Z"), "2027-02-03T00:00:00Z", &taipei()),
            [
                "2026-12-31T16:00:00Z..2027-01-31T16:00:00Z of 2027: 31 from 1-1 to 1-31 since 2027-01-20T15:00:00Z",
                "2027-01-31T16:00:00Z..2027-02-28T16:00:00Z of 2027: 29 from 2-1 to 2-29",
            ]
        );
        let looks = looks(DAY, Some(at("2020-01-01T00:00:00Z")), at("2027-01-01T20:00:00Z"), &taipei());
        let looks = looks.expect("in the calendar");
        assert_eq!((looks.len(), looks[0].changed_since), (366, None), "a year back at most");
    }

    fn versions(keeping: &[(&str, bool)]) -> Versions {
        let version = |(place, (from, keeps)): (usize, &(&str, bool))| {
            let mut terms = example::signature();
            terms.number = i32::try_from(place).expect("few").saturating_add(1);
            terms.effective_at = at(from);
            terms.terms.occasions = keeps
                .then(|| OccasionRule {
                    code: "cake".to_owned(),
                    wallet: WalletCode::POINTS,
                    display_name: "Cake".to_owned(),
                    on: On::Birthday,
                    when: Condition::default(),
                    award: OccasionAward::Fixed(10),
                    campaign: None,
                    from: None,
                    until: None,
                    limits: Vec::new(),
                })
                .into_iter()
                .collect();
            terms
        };
        Versions::new(keeping.iter().enumerate().map(version).collect())
    }

    #[test]
    fn what_is_given_is_of_the_beginning_or_of_when_the_terms_begin_to_rule() {
        let january = looks(MONTH, None, at("2027-01-20T00:00:00Z"), &taipei()).expect("in the calendar").remove(0);
        let moment = |keeping: &[(&str, bool)]| {
            moment(&versions(keeping), &january, at("2027-01-20T00:00:00Z")).map(|at| at.to_string())
        };
        let start = "2026-12-31T16:00:00Z".to_owned();
        assert_eq!(moment(&[("2020-01-01T00:00:00Z", true)]), Some(start.clone()));
        assert_eq!(moment(&[("2020-01-01T00:00:00Z", true), ("2027-01-10T00:00:00Z", false)]), Some(start));
        let later = Some("2027-01-10T00:00:00Z".to_owned());
        assert_eq!(moment(&[("2020-01-01T00:00:00Z", false), ("2027-01-10T00:00:00Z", true)]), later);
        assert_eq!(moment(&[("2020-01-01T00:00:00Z", false), ("2027-01-25T00:00:00Z", true)]), None, "not yet");
        assert_eq!(moment(&[("2020-01-01T00:00:00Z", false)]), None);
    }

    #[test]
    fn it_looks_again_at_the_next_day_or_under_the_next_terms() {
        let next = |keeping: &[(&str, bool)]| {
            let next = next_look(&versions(keeping), at("2027-01-20T00:00:00Z")).expect("in the calendar");
            next.map(|at| at.to_string())
        };
        assert_eq!(next(&[("2020-01-01T00:00:00Z", true)]).as_deref(), Some("2027-01-20T16:00:00Z"));
        let soon = [("2020-01-01T00:00:00Z", true), ("2027-01-20T01:00:00Z", false)];
        assert_eq!(next(&soon).as_deref(), Some("2027-01-20T01:00:00Z"));
        assert_eq!(next(&[("2027-01-30T00:00:00Z", true)]).as_deref(), Some("2027-01-30T00:00:00Z"));
        assert_eq!(next(&[("2020-01-01T00:00:00Z", false)]), None);
    }
}
