//! Earn rules as a person reads them out.

use super::terms::{Award, EarnRule, Limit, Over, Period};
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
    rule.limits.iter().for_each(|limit| add(limited(limit)));
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

fn limited(limit: &Limit) -> String {
    let most = match limit.most_orders {
        0 => words::counted(limit.most_points, "point", "points"),
        orders => words::counted(orders, "order", "orders"),
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
}
