//! Ladders as a person reads them out.

use super::{Counted, Gift, Ladder, Metric, Renewal, Tier};
use crate::table::{Side, Table};
use crate::words::{self, Words};

/// A ladder in a few lines and a table.
pub(super) fn described(ladder: &Ladder, words: &Words) -> String {
    let named = match ladder.code.as_str() {
        "" | "main" => String::new(),
        code => format!("on \"{code}\", "),
    };
    let mut text = format!("  {named}tiers count {} {}\n", what(ladder.metric), over(ladder.window));
    for line in terms(ladder) {
        text.push_str(&format!("  {line}\n"));
    }
    let mut table = Table::new(&[Side::Left, Side::Left, Side::Right, Side::Left, Side::Left]);
    if ladder.metric == Metric::Spend {
        table = Table::new(&[Side::Left, Side::Right, Side::Right, Side::Right, Side::Left]);
    }
    table.heading(["tier", "to reach", "to keep", "points", ""]);
    ladder.tiers.iter().for_each(|tier| table.row(row(ladder, tier, words)));
    text + &table.to_string()
}

fn row(ladder: &Ladder, tier: &Tier, words: &Words) -> [String; 5] {
    let keep = if tier.keep_minor == 0 { tier.enter_minor } else { tier.keep_minor };
    let percent = if tier.multiplier_percent == 0 { 100 } else { tier.multiplier_percent };
    let units = |units: i64| match ladder.metric {
        Metric::Spend => words.money(units, &ladder.currency),
        Metric::Orders => words::counted(units, "order", "orders"),
        Metric::PointsEarned => words::counted(units, "point", "points"),
        Metric::Granted if units == 0 => String::new(),
        Metric::Granted => units.to_string(),
    };
    let (reach, keep) = if tier.invitation_only {
        ("by invitation".to_owned(), String::new())
    } else {
        (units(tier.enter_minor), units(keep))
    };
    let times = format!("x {}.{:02}", percent / 100, percent % 100);
    let gift = |gift: Option<&Gift>, when: &str| {
        let points = gift.filter(|gift| gift.points > 0).map(|gift| words::counted(gift.points, "point", "points"));
        let coupon = gift.filter(|gift| !gift.campaign.is_empty()).map(|gift| format!("a coupon of {}", gift.campaign));
        let parts: Vec<String> = points.into_iter().chain(coupon).collect();
        (!parts.is_empty()).then(|| format!("{} {when}", parts.join(" and ")))
    };
    let mut others = tier.benefits.clone();
    others.extend(gift(tier.promotion_gift.as_ref(), "when it is reached"));
    others.extend(gift(tier.retention_gift.as_ref(), "when it is kept"));
    [tier.display_name.clone(), reach, keep, times, others.join(", ")]
}

const fn what(metric: Metric) -> &'static str {
    match metric {
        Metric::Spend => "what was spent",
        Metric::Orders => "orders",
        Metric::PointsEarned => "points earned with orders",
        Metric::Granted => "what is granted",
    }
}

fn over(window: Counted) -> String {
    match window {
        Counted::RollingMonths(months) => format!("in the last {}", words::counted(months, "month", "months")),
        Counted::CalendarYear => "in the calendar year".to_owned(),
        Counted::MemberYear => "in the member's year".to_owned(),
        Counted::SinceJoining => "since joining".to_owned(),
    }
}

/// What its terms bring beside the review.
fn terms(ladder: &Ladder) -> Vec<String> {
    let mut said = Vec::new();
    match ladder.renewal {
        Renewal::AtReview => {}
        Renewal::Restarts => said.push("a tier kept within its term begins a new term at once".to_owned()),
        Renewal::Appends => said.push("a tier kept within its term has another term appended".to_owned()),
    }
    if ladder.carry_over {
        said.push("what exceeds a threshold counts for the next term".to_owned());
    }
    if ladder.notice_days > 0 {
        said.push(format!("those at risk are told {} before", words::counted(ladder.notice_days, "day", "days")));
    }
    if ladder.grace_days > 0 {
        said.push(format!(
            "a tier may still be kept for {} after its term",
            words::counted(ladder.grace_days, "day", "days")
        ));
    }
    said
}
