//! A paid membership: what a payment extends, and until when it opens what it opens.

use jiff::Timestamp;
use jiff::civil::DateTime;
use kernel::SubscriptionId;
use serde::{Deserialize, Serialize};

use super::proration::Parts;
use crate::plan::cadence::{Cadence, Zone, days_later, instant_of, months_later, step};

/// What was paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// When the run of terms began.
    pub since: Timestamp,
    /// The wall's day and time from which its terms are counted.
    pub anchor: DateTime,
    /// Terms paid since the anchor.
    pub terms: i64,
    /// When the last term began.
    pub from: Timestamp,
    /// When it ends.
    pub until: Timestamp,
    /// From when on this subscription has paid without a gap. What is run on from may have been paid by another one, and
    /// be given back.
    #[serde(default)]
    pub opens_from: Timestamp,
    /// Until when it opens what it opens.
    pub entitled_until: Timestamp,
    /// Its end was told.
    pub ended: bool,
    /// It was ended before its time: nothing runs on from it.
    pub cut: bool,
    /// What the provider was asked to give back and has not given back yet.
    #[serde(default)]
    pub refund: Option<Refund>,
}

/// Money that is owed to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The occurrence that had been paid.
    pub number: i64,
    /// How often it was asked for before.
    pub attempt: i32,
    /// How the fee was divided when the membership ended.
    pub parts: Parts,
    /// The provider would not; it may be asked again.
    pub declined: bool,
}

/// One entitlement of one paid membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What it opens.
    pub code: String,
    /// Which subscription pays for it.
    pub subscription: SubscriptionId,
    /// From when on it has paid without a gap; it may be ahead.
    pub paid_from: Timestamp,
    /// Until when it is paid.
    pub paid_until: Timestamp,
    /// Until when it opens it.
    pub entitled_until: Timestamp,
}

/// What a term is.
#[derive(Clone, Copy, Debug)]
pub struct TermRules<'a> {
    /// How long.
    pub cadence: Cadence,
    /// Days of grace after it.
    pub grace_days: i32,
    /// Months after it within which a payment runs on from the old date.
    pub renew_within_months: i32,
    /// Whose days.
    pub zone: &'a Zone,
}

/// Whether something is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entitled {
    /// Paid.
    Active,
    /// The term is over, the grace is not.
    Grace,
    /// Closed.
    No,
}

/// A term paid at a moment: run on from the former one where that ended lately or has not ended, else from now. A term that
/// would be over already is not run on: whoever pays has something of it. Tells whether it runs on. None beyond the calendar.
#[must_use]
pub fn extend(former: Option<&Membership>, rules: TermRules<'_>, now: Timestamp) -> Option<(Membership, bool)> {
    let ends = |anchor, terms| instant_of(step(anchor, rules.cadence, terms)?, rules.zone);
    let runs_on = former.filter(|former| {
        let latest = months_later(former.until, rules.renew_within_months, rules.zone);
        let would_end = former.terms.checked_add(1).and_then(|terms| ends(former.anchor, terms));
        !former.cut && latest.is_some_and(|latest| now <= latest) && would_end.is_some_and(|ends| now < ends)
    });
    let (since, anchor, terms, from, opens_from) = match runs_on {
        Some(former) => (former.since, former.anchor, former.terms, former.until, former.opens_from),
        None => (now, rules.zone.wall(now), 0, now, now),
    };
    let terms = terms.checked_add(1)?;
    let until = ends(anchor, terms)?;
    let entitled_until = days_later(until, rules.grace_days, rules.zone)?;
    let (ended, cut, refund) = (false, false, None);
    let membership = Membership { since, anchor, terms, from, until, opens_from, entitled_until, ended, cut, refund };
    Some((membership, runs_on.is_some()))
}

/// Whether something is open that is paid until one moment and opens until another.
#[must_use]
pub fn entitled(paid_until: Timestamp, entitled_until: Timestamp, now: Timestamp) -> Entitled {
    if now >= entitled_until {
        Entitled::No
    } else if now < paid_until {
        Entitled::Active
    } else {
        Entitled::Grace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::cadence::Unit;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn paid(former: Option<&Membership>, now: &str) -> (Membership, bool) {
        let zone = Zone::parse("Asia/Taipei").expect("known");
        let cadence = Cadence { every: 1, unit: Unit::Year };
        extend(former, TermRules { cadence, grace_days: 14, renew_within_months: 2, zone: &zone }, at(now))
            .expect("in range")
    }

    #[test]
    fn a_renewal_runs_on_from_the_old_date_or_from_the_payment() {
        let (first, runs_on) = paid(None, "2028-02-29T02:00:00Z");
        assert!(!runs_on);
        assert_eq!((first.until, first.entitled_until), (at("2029-02-28T02:00:00Z"), at("2029-03-14T02:00:00Z")));
        // paid at | paid until | runs on
        let table = [
            ("2029-01-01T02:00:00Z", "2030-02-28T02:00:00Z", true),
            ("2029-02-28T02:00:00Z", "2030-02-28T02:00:00Z", true),
            ("2029-04-28T02:00:00Z", "2030-02-28T02:00:00Z", true),
            ("2029-04-28T02:00:01Z", "2030-04-28T02:00:01Z", false),
        ];
        for (now, until, runs_on) in table {
            let (second, on) = paid(Some(&first), now);
            assert_eq!((second.until, on), (at(until), runs_on), "paid at {now}");
            assert_eq!(second.from, if runs_on { first.until } else { at(now) }, "paid at {now}");
        }
        let cut = Membership { cut: true, ..first };
        assert!(!paid(Some(&cut), "2029-01-01T02:00:00Z").1, "what was given back is not run on from");
    }

    #[test]
    fn a_term_that_would_be_over_is_not_run_on() {
        let zone = Zone::parse("Asia/Taipei").expect("known");
        let cadence = Cadence { every: 1, unit: Unit::Month };
        let rules = TermRules { cadence, grace_days: 3, renew_within_months: 2, zone: &zone };
        let (first, _) = extend(None, rules, at("2026-01-10T02:00:00Z")).expect("in range");
        // paid at | paid until | runs on
        let table = [
            ("2026-03-10T01:59:59Z", "2026-03-10T02:00:00Z", true),
            ("2026-03-10T02:00:00Z", "2026-04-10T02:00:00Z", false),
            ("2026-03-20T02:00:00Z", "2026-04-20T02:00:00Z", false),
        ];
        for (now, until, runs_on) in table {
            let (second, on) = extend(Some(&first), rules, at(now)).expect("in range");
            assert_eq!((second.until, on), (at(until), runs_on), "paid at {now}");
        }
    }

    #[test]
    fn terms_are_counted_from_the_original_day() {
        let mut membership = paid(None, "2028-02-29T02:00:00Z").0;
        for _ in 0..3 {
            membership = paid(Some(&membership), "2029-01-01T02:00:00Z").0;
        }
        assert_eq!(membership.until, at("2032-02-29T02:00:00Z"));
    }

    #[test]
    fn what_is_open_when() {
        let table = [
            ("2028-12-31T23:59:59Z", Entitled::Active),
            ("2029-01-01T00:00:00Z", Entitled::Grace),
            ("2029-01-14T23:59:59Z", Entitled::Grace),
            ("2029-01-15T00:00:00Z", Entitled::No),
        ];
        for (now, expected) in table {
            let told = entitled(at("2029-01-01T00:00:00Z"), at("2029-01-15T00:00:00Z"), at(now));
            assert_eq!(told, expected, "{now}");
        }
    }
}
