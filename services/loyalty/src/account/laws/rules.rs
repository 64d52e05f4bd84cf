//! The laws of earn rules as statements: what is bought, and behind the arrow each step of the decision.
//!
//! `cart A app coffee:3000 tea:500` buys two lines in the app; `cart A - coffee:3000 on 2026-01-05` of a place nobody told,
//! reported late.

mod limits;

use kernel::{Currency, Rounding};

use super::{Shop, example, morning, order_id};
use crate::account::decision::Step;
use crate::account::earning::{LineFacts, OrderFacts, earn};
use crate::account::wallet::WalletCode;
use crate::programme::rules::{Award, Condition, Counted, EarnRule, Limit, LimitPeriod, OverLimit};
use crate::programme::terms::Terms;

fn rule(code: &str, when: &str, award: Award) -> EarnRule {
    EarnRule {
        wallet: WalletCode::POINTS,
        code: code.to_owned(),
        display_name: code.to_owned(),
        when: Condition::parse(when).expect("a condition"),
        lines: Condition::default(),
        award,
        from: None,
        until: None,
        group: String::new(),
        limits: Vec::new(),
    }
}

fn of_lines(lines: &str, rule: EarnRule) -> EarnRule {
    EarnRule { lines: Condition::parse(lines).expect("a condition"), ..rule }
}

fn in_group(group: &str, rule: EarnRule) -> EarnRule {
    EarnRule { group: group.to_owned(), ..rule }
}

fn at_most(points: i64, per: LimitPeriod, over: OverLimit, mut rule: EarnRule) -> EarnRule {
    rule.limits.push(Limit { per, most: points, of: Counted::Points, over });
    rule
}

fn by_orders(orders: i64, per: LimitPeriod, mut rule: EarnRule) -> EarnRule {
    rule.limits.push(Limit { per, most: orders, of: Counted::Orders, over: OverLimit::Cap });
    rule
}

fn rate(points: i64, per_minor: i64) -> Award {
    Award::Rate { currency: Currency::parse("TWD").expect("listed"), points, per_minor }
}

fn flat(rules: Vec<EarnRule>) -> Terms {
    let mut terms = example::signature();
    terms.ladder = None;
    terms.terms.rules = rules;
    terms
}

fn cart(shop: &Shop, words: &[&str]) -> OrderFacts {
    let late = words.iter().position(|word| *word == "on").map(|place| morning(words[place + 1]));
    let line = |word: &&str| {
        let (name, amount) = word.split_once(':')?;
        let (product, category, quantity) = (name.to_owned(), name.to_owned(), 1);
        let gross_minor = amount.parse().expect("an amount");
        Some(LineFacts { product, category, quantity, gross_minor, ..LineFacts::default() })
    };
    OrderFacts {
        order: order_id(words[1]),
        currency: Currency::parse("TWD").expect("listed"),
        channel: Some(words[2]).filter(|channel| *channel != "-").unwrap_or_default().to_owned(),
        touchpoint: String::new(),
        lines: words[3..].iter().filter_map(line).collect(),
        points_paid_minor: 0,
        occurred_at: late.unwrap_or(shop.now),
        received_at: None,
        historic: false,
    }
}

fn told(step: &Step) -> String {
    let figure = |wanted: &str| step.figures.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let why = match step.detail.as_str() {
        "its condition does not hold" => format!(" lacks {}", figure("part").or(figure("part_not")).unwrap_or("?")),
        "its condition cannot be decided, as a fact is unknown" => {
            format!(" unknown {}", figure("unknown").unwrap_or("?"))
        }
        "applied, up to its limit" => format!(" capped per {}", figure("limit_per").unwrap_or("?")),
        "more than its limit leaves" => {
            format!(" {} left per {}", figure("left").unwrap_or("?"), figure("limit_per").unwrap_or("?"))
        }
        "another rule of its group gives as much or more" => format!(" outbid by {}", figure("by").unwrap_or("?")),
        "none of the lines counts for it" => " no line".to_owned(),
        "what counts for it is worth less than a point" => " too little".to_owned(),
        "its condition cannot be read any more" => " unreadable".to_owned(),
        _ => String::new(),
    };
    format!("{} {:+}{why}", step.name, step.contribution)
}

fn say(shop: &mut Shop, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    if words[0] != "cart" {
        return shop.say(line);
    }
    let (order, before) = (cart(shop, &words), shop.holdings.postings.len());
    earn(&mut shop.holdings, &shop.versions, &order, None, shop.now).expect("in range");
    shop.assert_sums();
    let earned = &shop.holdings.postings[before..];
    let steps = earned.iter().flat_map(|posting| &posting.grounds.steps);
    steps.map(told).collect::<Vec<_>>().join(", ")
}

fn statement(versions: Vec<Terms>, text: &str) -> Shop {
    let mut shop = Shop::open(versions);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.split_once("->").unwrap_or((line, ""));
        assert_eq!(say(&mut shop, said), expected.trim(), "in the line: {line}");
    }
    shop
}

#[test]
fn fixed_points_for_orders_that_meet_a_condition() {
    let rules = vec![rule("app", r#"order.channel == "app" && order.net_minor >= 3000"#, Award::Fixed(30))];
    statement(
        vec![flat(rules)],
        r#"cart A app coffee:3000               -> base +60, app +30
           cart B app coffee:2999               -> base +59, app +0 lacks order.net_minor >= 3000
           cart C web coffee:3000               -> base +60, app +0 lacks order.channel == "app"
           cart D -   coffee:3000               -> base +60, app +0 unknown order.channel"#,
    );
}

#[test]
fn a_rate_counts_the_lines_that_match() {
    let rules = vec![of_lines(r#"line.category == "coffee""#, rule("beans", "", rate(1, 100)))];
    statement(
        vec![flat(rules)],
        "cart A web coffee:1050 tea:500 coffee:250   -> base +36, beans +13
         cart B web tea:500                          -> base +10, beans +0 no line
         cart C web coffee:99                        -> base +1, beans +0 too little",
    );
}

#[test]
fn a_multiplier_counts_what_the_base_rate_gave_for_the_lines_that_match() {
    // 99 + 99 is 198, three points: the first line has two of them, by largest remainder.
    let rules = vec![of_lines(r#"line.product == "coffee""#, rule("double", "", Award::Multiplied(200)))];
    statement(
        vec![flat(rules)],
        "cart A web coffee:99 tea:99                 -> base +3, double +2
         cart B web tea:99 coffee:99                 -> base +3, double +1
         cart C web coffee:5000                      -> base +100, double +100",
    );
    let half = vec![rule("half", "", Award::Multiplied(150))];
    statement(vec![flat(half)], "cart A web coffee:2550 -> base +51, half +25");
}

#[test]
fn a_rule_rounds_as_the_rate_of_its_currency() {
    let mut terms = flat(vec![rule("half", "", Award::Multiplied(150))]);
    terms.terms.rates[0].rounding = Rounding::HalfUp;
    statement(vec![terms], "cart A web coffee:2550 -> base +51, half +26");
}

#[test]
fn rules_add_to_the_tier_and_are_not_multiplied_by_it() {
    let mut terms = example::signature();
    terms.terms.rules = vec![
        rule("silver-extra", r#"member.tier == "silver""#, Award::Fixed(7)),
        rule("all", "", Award::Multiplied(200)),
    ];
    statement(
        vec![terms],
        r#"cart A web coffee:12000              -> base +240, silver-extra +0 lacks member.tier == "silver", all +240
           cart B web coffee:1000               -> base +20, Silver +4, silver-extra +7, all +20"#,
    );
}

#[test]
fn of_a_group_the_best_for_the_member_is_applied() {
    let capped = at_most(20, LimitPeriod::Order, OverLimit::Cap, rule("triple", "", Award::Multiplied(300)));
    let rules = vec![
        in_group("season", rule("ten", "", Award::Fixed(10))),
        in_group("season", rule("double", "", Award::Multiplied(200))),
        in_group("season", capped),
        in_group("season", rule("ten-again", "", Award::Fixed(10))),
        rule("beside", "", Award::Fixed(1)),
    ];
    statement(
        vec![flat(rules)],
        // Limits come first: the triple is worth 20 at most.
        "cart A web coffee:100    -> base +2, ten +10, double +0 outbid by ten, triple +0 outbid by ten, ten-again +0 outbid by ten, beside +1
         cart B web coffee:1000   -> base +20, ten +0 outbid by double, double +20, triple +0 outbid by double, ten-again +0 outbid by double, beside +1
         cart C web coffee:900    -> base +18, ten +0 outbid by triple, double +0 outbid by triple, triple +20 capped per order, ten-again +0 outbid by triple, beside +1",
    );
}

#[test]
fn a_window_begins_with_its_first_moment_and_ends_before_its_last() {
    let window = EarnRule {
        from: Some(morning("2026-01-10")),
        until: Some(morning("2026-01-12")),
        ..rule("days", "", Award::Fixed(5))
    };
    statement(
        vec![flat(vec![window])],
        "on 2026-01-09
         cart A web coffee:50     -> base +1
         on 2026-01-10
         cart B web coffee:50     -> base +1, days +5
         on 2026-01-12
         cart C web coffee:50     -> base +1
         cart D web coffee:50 on 2026-01-11     -> base +1, days +5",
    );
}

#[test]
fn a_late_order_earns_under_the_rules_and_counts_in_the_time_of_its_own_day() {
    let month = |code: &str| at_most(30, LimitPeriod::Month, OverLimit::Cap, rule(code, "", Award::Fixed(20)));
    let mut later = flat(vec![rule("new", "", Award::Fixed(3))]);
    (later.number, later.effective_at) = (2, morning("2026-02-01"));
    statement(
        vec![flat(vec![month("old")]), later],
        "on 2026-01-10
         cart A web coffee:50                   -> base +1, old +20
         on 2026-02-10
         cart B web coffee:50                   -> base +1, new +3
         cart C web coffee:50 on 2026-01-20     -> base +1, old +10 capped per month
         cart D web coffee:50 on 2026-01-21     -> base +1, old +0 0 left per month",
    );
}

#[test]
fn what_is_asked_of_the_member_is_what_was_before_the_order() {
    let rules = vec![
        rule("first", "member.first_purchase", Award::Fixed(50)),
        rule("third", "member.orders == 2", Award::Fixed(9)),
        rule("month-old", "member.days_since_joining >= 30", Award::Fixed(1)),
        rule("thrifty", "member.points >= 100", Award::Fixed(2)),
    ];
    let shop = statement(
        vec![flat(rules)],
        "on 2026-01-01
         cart A web coffee:50     -> base +1, first +50, third +0 lacks member.orders == 2, month-old +0 lacks member.days_since_joining >= 30, thrifty +0 lacks member.points >= 100
         return A 50 whole        -> -51
         on 2026-01-02
         cart B web coffee:50     -> base +1, first +50, third +0 lacks member.orders == 2, month-old +0 lacks member.days_since_joining >= 30, thrifty +0 lacks member.points >= 100",
    );
    drop(shop);
    let at = |hour: i64| example::signature().effective_at + jiff::SignedDuration::from_hours(hour);
    // The first instant of 2020 in UTC is eight in the morning of a Wednesday in Taipei.
    let rules = vec![rule("wednesday", "order.weekday == 3 && order.hour >= 8 && order.hour < 9", Award::Fixed(4))];
    let mut shop = Shop::open(vec![flat(rules)]);
    let earned: Vec<i64> = [0, 1, 24]
        .into_iter()
        .map(|hour| {
            let name = format!("order {hour}");
            let order =
                OrderFacts { occurred_at: at(hour), order: order_id(&name), ..cart(&shop, &["", "", "web", "tea:50"]) };
            earn(&mut shop.holdings, &shop.versions, &order, None, shop.now).expect("in range");
            shop.holdings.postings.last().expect("it earned").points
        })
        .collect();
    assert_eq!(earned, [5, 1, 1]);
}

#[test]
fn a_decision_says_what_more_money_would_open() {
    let rules = vec![
        rule("far", "order.net_minor >= 9000", Award::Fixed(90)),
        rule("near", "order.net_minor >= 3000", Award::Fixed(30)),
        rule("both", "order.net_minor >= 2000 && order.quantity >= 5", Award::Fixed(1)),
    ];
    let shop = statement(
        vec![flat(rules)],
        "cart A web coffee:1980 -> base +39, far +0 lacks order.net_minor >= 9000, near +0 lacks order.net_minor >= 3000, both +0 lacks order.net_minor >= 2000",
    );
    let grounds = &shop.holdings.postings[0].grounds;
    let flip = grounds.flip.as_ref().expect("more money helps");
    assert_eq!((flip.fact.as_str(), flip.change, flip.outcome.as_str()), ("order.net_minor", 1_020, "near"));
    let figures: Vec<String> = grounds.steps[3].figures.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        figures,
        [
            "rule=both",
            "part=order.net_minor >= 2000",
            "found=1980",
            "order.net_minor_more=20",
            "part=order.quantity >= 5",
            "found=1",
            "order.quantity_more=4"
        ]
    );
}

#[test]
fn a_condition_of_words_that_are_gone_gives_nothing_and_says_so() {
    let gone =
        EarnRule { when: Condition::from("order.colour == \"red\"".to_owned()), ..rule("gone", "", Award::Fixed(5)) };
    let lines = EarnRule { lines: Condition::from("line.colour".to_owned()), ..rule("lines", "", Award::Fixed(5)) };
    statement(
        vec![flat(vec![gone, lines])],
        "cart A web coffee:50 -> base +1, gone +0 unreadable, lines +0 unreadable",
    );
}

#[test]
fn terms_that_were_stored_without_rules_are_read_as_before_and_rules_come_back_as_they_were() {
    let plain = serde_json::to_value(&example::signature().terms).expect("written");
    assert!(plain.get("rules").is_none());
    let rules = vec![in_group(
        "season",
        at_most(
            25,
            LimitPeriod::Week,
            OverLimit::Refuse,
            of_lines("line.quantity > 1", rule("a", "order.lines > 1", rate(1, 7))),
        ),
    )];
    let terms = flat(rules).terms;
    let kept = serde_json::to_value(&terms).expect("written");
    assert_eq!(serde_json::from_value::<crate::programme::Programme>(kept).expect("read"), terms);
}
