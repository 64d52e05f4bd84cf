//! What members may feel tricked by. It is told to whoever defines a campaign, and never refused.

use super::terms::{Benefit, Terms};

/// Something that members may feel tricked by, with what it was seen by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issue {
    /// There are conditions, and nothing that tells members of them.
    HiddenConditions,
    /// It cannot be used when it is given, but so many days later.
    NextTimeOnly {
        /// How many.
        days: i64,
    },
    /// It cannot be used on some days.
    ExcludesDays {
        /// How many of the week.
        weekdays: usize,
        /// How many single ones.
        dates: usize,
    },
    /// Most recent baskets do not meet the minimum.
    MinimumSeldomMet {
        /// Recent baskets.
        baskets: i64,
        /// Those that meet it.
        meet: i64,
    },
    /// It lapses before members usually come back.
    ShorterThanCycle {
        /// How long it lasts.
        days: i64,
        /// How long members take to come back, in the mean.
        cycle_days: i64,
        /// Over how many gaps.
        gaps: i64,
    },
}

/// What is known of how members buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Habits {
    /// Recent baskets in the campaign's currency.
    pub baskets: i64,
    /// Those that come to the minimum.
    pub meet: i64,
    /// Gaps between two purchases of one member.
    pub gaps: i64,
    /// Their mean in whole days, rounded down.
    pub cycle_days: i64,
}

/// Everything about these terms that members may feel tricked by.
pub fn issues(terms: &Terms, habits: Habits) -> Vec<Issue> {
    let mut found = Vec::new();
    if terms.conditions.is_empty() && has_conditions(terms) {
        found.push(Issue::HiddenConditions);
    }
    if terms.delay_days > 0 {
        found.push(Issue::NextTimeOnly { days: terms.delay_days });
    }
    if !terms.excluded_weekdays.is_empty() || !terms.excluded_dates.is_empty() {
        let (weekdays, dates) = (terms.excluded_weekdays.len(), terms.excluded_dates.len());
        found.push(Issue::ExcludesDays { weekdays, dates });
    }
    // Half of them is not most.
    if terms.minimum_minor > 0 && habits.meet.saturating_mul(2) < habits.baskets {
        found.push(Issue::MinimumSeldomMet { baskets: habits.baskets, meet: habits.meet });
    }
    if let Some(days) = terms.valid_days.filter(|days| habits.gaps > 0 && *days < habits.cycle_days) {
        found.push(Issue::ShorterThanCycle { days, cycle_days: habits.cycle_days, gaps: habits.gaps });
    }
    found
}

/// Whether a member could be refused who has read nothing but its name.
fn has_conditions(terms: &Terms) -> bool {
    let capped = match &terms.benefit {
        Benefit::PercentOff { most_minor, .. } | Benefit::FreeDelivery { most_minor } => most_minor.is_some(),
        Benefit::AmountOff { .. } | Benefit::Gift { .. } => false,
    };
    capped
        || terms.minimum_minor > 0
        || !terms.products.is_empty()
        || !terms.categories.is_empty()
        || terms.delay_days > 0
        || !terms.excluded_weekdays.is_empty()
        || !terms.excluded_dates.is_empty()
        || terms.exclusive
}

#[cfg(test)]
mod tests {
    use super::super::example::terms;
    use super::*;

    fn named(terms: &Terms, habits: Habits) -> String {
        let told = issues(terms, habits).into_iter().map(|issue| match issue {
            Issue::HiddenConditions => "hidden".to_owned(),
            Issue::NextTimeOnly { days } => format!("later {days}"),
            Issue::ExcludesDays { weekdays, dates } => format!("without {weekdays}+{dates}"),
            Issue::MinimumSeldomMet { baskets, meet } => format!("{meet} of {baskets}"),
            Issue::ShorterThanCycle { days, cycle_days, .. } => format!("{days} < {cycle_days}"),
        });
        told.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn what_members_may_feel_tricked_by() {
        let habits = Habits { baskets: 10, meet: 5, gaps: 4, cycle_days: 30 };
        let plain = terms("amount 10");
        let minimum = terms("amount 10 min 100");
        let told = Terms { conditions: "From NT$ 100.".to_owned(), ..minimum.clone() };
        let table = [
            (plain.clone(), habits, ""),
            (minimum.clone(), habits, "hidden"),
            (told.clone(), habits, ""),
            (told.clone(), Habits { meet: 4, ..habits }, "4 of 10"),
            (told.clone(), Habits::default(), ""),
            (plain.clone(), Habits { meet: 0, ..habits }, ""),
            (Terms { delay_days: 1, ..told.clone() }, habits, "later 1"),
            (Terms { excluded_weekdays: [6, 7].into(), ..told.clone() }, habits, "without 2+0"),
            (Terms { valid_days: Some(29), ..told.clone() }, habits, "29 < 30"),
            (Terms { valid_days: Some(30), ..told.clone() }, habits, ""),
            (Terms { valid_days: Some(29), ..told }, Habits { gaps: 0, ..habits }, ""),
            (Terms { exclusive: true, ..plain }, habits, "hidden"),
        ];
        for (place, (terms, habits, expected)) in table.into_iter().enumerate() {
            assert_eq!(named(&terms, habits), expected, "line {place}");
        }
    }
}
