//! Earn rules and occasion rules as a person reads them out.

use super::terms::{Award, Birthdays, EarnRule, Limit, Occasion, OccasionRule, Over, Period};
use crate::words::{self, Words};

/// One rule in one line: what it gives, for what, when, and how much at most.
pub(super) fn described(rule: &EarnRule, words: &Words) -> String {
    let mut text = format!("{} ({}): {}", rule.display_name, rule.code, given(&rule.award, words));
    let mut add = |what: String| {
        text.push_str(", ");
        text.push_str(&what);
    };
    if !rule.wallet.is_empty() {
        add(format!("in {}", rule.wallet));
    }
    if !rule.lines.is_empty() {
        add(format!("of lines with {}", rule.lines));
    }
    if !rule.when.is_empty() {
        add(format!("where {}", rule.when));
    }
    rule.from.into_iter().for_each(|from| add(format!("from {}", words.time(from))));
    rule.until.into_iter().for_each(|until| add(format!("before {}", words.time(until))));
    if !rule.exclusive_group.is_empty() {
        add(format!("the best of {} alone", rule.exclusive_group));
    }
    rule.limits.iter().for_each(|limit| add(limited(limit, ("order", "orders"))));
    text
}

/// The same of an occasion rule.
pub(super) fn occasion(rule: &OccasionRule, birthdays: &Birthdays, words: &Words) -> String {
    let counted = |points: i64| words::counted(points, "point", "points");
    let points = match (rule.fixed_points, rule.points_each) {
        (0, 0) => None,
        (0, each) => Some(format!("{} each", counted(each))),
        (points, _) => Some(counted(points)),
    };
    let coupon = Some(&rule.campaign).filter(|campaign| !campaign.is_empty());
    let coupon = coupon.map(|campaign| format!("a coupon of {campaign}"));
    let gifts: Vec<String> = points.into_iter().chain(coupon).collect();
    let on = match &rule.on {
        Occasion::Enrolment => "for joining".to_owned(),
        Occasion::Birthday if birthdays.whole_month => "in the month of the birthday".to_owned(),
        Occasion::Birthday => "on the birthday".to_owned(),
        Occasion::Event(event) => format!("for the event {event}"),
    };
    let mut text = format!("{} ({}): {} {on}", rule.display_name, rule.code, gifts.join(" and "));
    let mut add = |what: String| {
        text.push_str(", ");
        text.push_str(&what);
    };
    if !rule.wallet.is_empty() {
        add(format!("in {}", rule.wallet));
    }
    if !rule.when.is_empty() {
        add(format!("where {}", rule.when));
    }
    rule.from.into_iter().for_each(|from| add(format!("from {}", words.time(from))));
    rule.until.into_iter().for_each(|until| add(format!("before {}", words.time(until))));
    rule.limits.iter().for_each(|limit| add(limited(limit, ("occasion", "occasions"))));
    text
}

fn given(award: &Award, words: &Words) -> String {
    let counted = |points: i64| words::counted(points, "point", "points");
    match award {
        Award::FixedPoints(points) => counted(*points),
        Award::Rate { currency, points, per_minor } => {
            format!("{} more for {}", counted(*points), words.money(*per_minor, currency))
        }
        Award::MultiplierPercent(percent) => format!("x {}.{:02}", percent / 100, percent % 100),
    }
}

fn limited(limit: &Limit, (one, many): (&str, &str)) -> String {
    let most = match limit.most_orders {
        0 => words::counted(limit.most_points, "point", "points"),
        orders => words::counted(orders, one, many),
    };
    let per = match limit.period {
        Period::Order => "an order",
        Period::Day => "a day",
        Period::Week => "a week",
        Period::Month => "a month",
        Period::Year => "a year",
        Period::Ever => "a member",
    };
    let over = match limit.over {
        Over::Cap => "",
        Over::Refuse => " or nothing",
    };
    format!("at most {most} {per}{over}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programme::terms::Terms;
    use proto::loyalty::v1 as wire;

    const FILE: &str = r#"{
        "display_name": "a",
        "zone": "Asia/Taipei",
        "earn_rates": [],
        "earn_rules": [
            {"code": "app", "display_name": "App days", "when": "order.channel == \"app\"", "award": {"multiplier_percent": 200},
             "from": "2026-01-01T00:00:00+08:00", "until": "2026-02-01T00:00:00+08:00", "exclusive_group": "season",
             "limits": [{"period": "month", "most_points": 40}]},
            {"code": "beans", "display_name": "Beans", "lines": "line.category == \"beans\"",
             "award": {"rate": {"currency": "TWD", "points": 1, "per_minor": 10}},
             "limits": [{"period": "ever", "most_points": 1, "over": "refuse"}, {"period": "week", "most_orders": 2}]},
            {"code": "gift", "display_name": "Gift", "award": {"fixed_points": 30}}
        ]
    }"#;

    #[test]
    fn rules_survive_the_wire() {
        let terms: Terms = serde_json::from_str(FILE).expect("a programme");
        let there: wire::Programme = terms.clone().into();
        assert_eq!(there.earn_rules.len(), 3);
        let back = Terms::try_from(there).expect("a whole programme");
        assert_eq!(Terms { version: None, ..back }, terms);
    }

    #[test]
    fn rules_read_well() {
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let terms: Terms = serde_json::from_str(FILE).expect("a programme");
        let told: Vec<String> = terms.earn_rules.iter().map(|rule| described(rule, &words)).collect();
        assert_eq!(
            told,
            [
                "App days (app): x 2.00, where order.channel == \"app\", from 2026-01-01 00:00, before 2026-02-01 00:00, \
                 the best of season alone, at most 40 points a month",
                "Beans (beans): 1 point more for NT$ 10, of lines with line.category == \"beans\", at most 1 point a member \
                 or nothing, at most 2 orders a week",
                "Gift (gift): 30 points",
            ]
        );
    }

    #[test]
    fn occasions_survive_the_wire_and_read_well() {
        let file = r#"{
            "display_name": "a", "zone": "Asia/Taipei", "earn_rates": [],
            "birthdays": {"whole_month": true},
            "occasion_rules": [
                {"code": "welcome", "display_name": "Welcome", "on": "enrolment", "fixed_points": 100, "campaign": "hello",
                 "when": "occasion.channel == \"app\""},
                {"code": "cake", "display_name": "Cake", "on": "birthday", "campaign": "cake"},
                {"code": "photos", "display_name": "Photos", "on": {"event": "photo"}, "points_each": 2, "wallet": "stamps",
                 "limits": [{"period": "month", "most_orders": 3}]}
            ]
        }"#;
        let terms: Terms = serde_json::from_str(file).expect("a programme");
        let there: wire::Programme = terms.clone().into();
        let back = Terms::try_from(there).expect("a whole programme");
        assert_eq!(Terms { version: None, ..back }, terms);
        let words = Words::new(kernel::calendar::zone("Asia/Taipei").expect("known"), "TWD", 0);
        let told = terms.occasion_rules.iter().map(|rule| occasion(rule, &terms.birthdays, &words));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "Welcome (welcome): 100 points and a coupon of hello for joining, where occasion.channel == \"app\"",
                "Cake (cake): a coupon of cake in the month of the birthday",
                "Photos (photos): 2 points each for the event photo, in stamps, at most 3 occasions a month",
            ]
        );
    }
}
