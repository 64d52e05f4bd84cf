//! Earn rules through the contract: put, applied, limited, given back, explained and quoted.

use jiff::SignedDuration;
use kernel::MemberId;
use proto::activity::events::v1::OrderRecorded;
use proto::loyalty::v1::earn_rule::Award;
use proto::loyalty::v1::*;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

fn rule(code: &str, when: &str, award: Award) -> EarnRule {
    EarnRule {
        code: code.to_owned(),
        display_name: format!("The {code}"),
        when: when.to_owned(),
        award: Some(award),
        ..EarnRule::default()
    }
}

fn limit(period: LimitPeriod, most_points: i64, over: OverLimit) -> RuleLimit {
    RuleLimit { period: period.into(), most_points, over: over.into(), most_orders: 0 }
}

fn with_rules(shop: &Shop, earn_rules: Vec<EarnRule>) -> PutProgrammeRequest {
    let mut request = shop.programme();
    request.programme.as_mut().expect("there").earn_rules = earn_rules;
    request
}

async fn open(earn_rules: Vec<EarnRule>) -> Shop {
    let shop = Shop::without_programme().await;
    let request = with_rules(&shop, earn_rules);
    shop.client().put_programme(request).await.expect("the terms are valid");
    shop
}

/// Double points in the app, and thirty from 3,000 on, ten of them a month at most.
fn usual() -> Vec<EarnRule> {
    vec![
        rule("app", r#"order.channel == "app""#, Award::MultiplierPercent(200)),
        EarnRule {
            limits: vec![limit(LimitPeriod::Month, 40, OverLimit::Cap)],
            ..rule("large", "order.net_minor >= 3000", Award::FixedPoints(30))
        },
    ]
}

async fn bought(shop: &Shop, order: &OrderRecorded, member: MemberId) -> i64 {
    let before = shop.account(member, "").await.balance;
    let said = shop.activity.say(shop.tenant, member, order).await;
    shop.account(member, &shop.seal(&said)).await.balance - before
}

fn cart(member: MemberId, amount: i64, channel: &str) -> QuoteOrderRequest {
    QuoteOrderRequest {
        member: member.to_string(),
        currency_code: "TWD".to_owned(),
        lines: vec![QuoteLine {
            product: "coffee".to_owned(),
            quantity: 1,
            gross_minor: amount,
            ..QuoteLine::default()
        }],
        channel: channel.to_owned(),
        ..QuoteOrderRequest::default()
    }
}

async fn quote(shop: &Shop, request: QuoteOrderRequest) -> QuoteOrderResponse {
    shop.client().quote_order(request).await.expect("it can be quoted").into_inner()
}

fn outcome(quote: &QuoteOrderResponse, code: &str) -> (RuleOutcome, i64) {
    let rule = quote.rules.iter().find(|rule| rule.code == code).expect("it is told");
    (rule.outcome(), rule.points)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_read_as_they_were_put() {
    let mut rules = usual();
    rules.push(EarnRule {
        lines: r#"line.category in ["beans", "tea"]"#.to_owned(),
        from_time: Some(proto::timestamp(testkit::instant("2026-02-01T00:00:00Z"))),
        until_time: Some(proto::timestamp(testkit::instant("2026-03-01T00:00:00Z"))),
        exclusive_group: "season".to_owned(),
        limits: vec![
            limit(LimitPeriod::Order, 9, OverLimit::Refuse),
            limit(LimitPeriod::Ever, 90, OverLimit::Cap),
            RuleLimit { most_orders: 3, ..limit(LimitPeriod::Ever, 0, OverLimit::Cap) },
        ],
        ..rule("beans", "", Award::Rate(RuleRate { currency_code: "TWD".to_owned(), points: 1, per_minor: 10 }))
    });
    let shop = open(rules.clone()).await;
    let read = shop.client().get_programme(GetProgrammeRequest::default()).await.expect("it is there").into_inner();
    assert_eq!(read.programme.expect("there").earn_rules, rules);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_rule_is_told_with_its_place() {
    let shop = Shop::without_programme().await;
    let bad = vec![
        rule("app", "order.chanel == \"app\" &&\n  vip", Award::FixedPoints(1)),
        EarnRule { lines: "line.net_minor > 1.5".to_owned(), ..rule("app", "", Award::FixedPoints(0)) },
        EarnRule {
            award: None,
            exclusive_group: "Not A Code".to_owned(),
            ..rule("none", "order.net_minor", Award::FixedPoints(1))
        },
        EarnRule {
            from_time: Some(proto::timestamp(testkit::instant("2026-03-01T00:00:00Z"))),
            until_time: Some(proto::timestamp(testkit::instant("2026-03-01T00:00:00Z"))),
            limits: vec![
                limit(LimitPeriod::Unspecified, 1, OverLimit::Cap),
                limit(LimitPeriod::Day, 1, OverLimit::Cap),
                limit(LimitPeriod::Day, 2, OverLimit::Cap),
                RuleLimit { most_orders: 1, ..limit(LimitPeriod::Order, 0, OverLimit::Cap) },
                RuleLimit { most_orders: 1, ..limit(LimitPeriod::Week, 1, OverLimit::Cap) },
            ],
            ..rule("never", "", Award::MultiplierPercent(100))
        },
    ];
    let refused = shop.client().put_programme(with_rules(&shop, bad)).await.expect_err("much is wrong");
    let told = refused.get_details_bad_request().expect("violations").field_violations;
    let told: Vec<String> = told
        .into_iter()
        .map(|one| format!("{}: {}", one.field.trim_start_matches("programme.earn_rules"), one.description))
        .collect();
    for wanted in [
        "[0].when: line 1, column 1: there is no fact order.chanel; did you mean order.channel?",
        "[0].when: line 2, column 3: there is no fact vip",
        "[1].code: is used twice",
        "[1].lines: line 1, column 18: a decimal is not for rules; there are no fractions: write money in minor units, rates in basis points",
        "[2].when: line 1, column 1: here stands an int, where a condition is needed",
        "[2]: needs an award: fixed_points, rate or multiplier_percent",
        "[3].until_time: must be after from_time",
        "[3].limits[0].period: is required",
        "[3].limits[2].period: has such a limit already",
        "[3].limits[3].period: must be longer than an order, where orders are counted",
        "[3].limits[4].most_orders: cannot be said beside most_points: that is another limit",
    ] {
        assert!(told.iter().any(|one| one == wanted), "{wanted}\n{told:#?}");
    }
    for field in ["[1].fixed_points", "[2].exclusive_group", "[3].multiplier_percent"] {
        assert!(told.iter().any(|one| one.starts_with(field)), "{field}\n{told:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_has_so_many_rules_and_so_long_ones() {
    let shop = Shop::without_programme().await;
    let many = |count: usize| -> Vec<EarnRule> {
        (0..count).map(|number| rule(&format!("rule-{number}"), "", Award::FixedPoints(1))).collect()
    };
    shop.client().put_programme(with_rules(&shop, many(201))).await.expect_err("one too many");
    let long = rule("long", &" ".repeat(2_049), Award::FixedPoints(1));
    shop.client().put_programme(with_rules(&shop, vec![long])).await.expect_err("too long");
    let mut all = many(200);
    all.iter_mut().for_each(|rule| rule.when = format!("{:>400}", "order.lines > 0"));
    shop.client().put_programme(with_rules(&shop, all.clone())).await.expect_err("too long in all");
    all.iter_mut().for_each(|rule| rule.when = "order.lines > 0".to_owned());
    shop.client().put_programme(with_rules(&shop, all)).await.expect("just enough");
    let member = shop.member();
    let order = shop.order(member, 50, shop.clock.now());
    assert_eq!(bought(&shop, &order, member).await, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_earns_by_rules_within_their_limits_and_returns_free_them() {
    let shop = open(usual()).await;
    let member = shop.member();
    let order = |amount: i64, channel: &str| OrderRecorded {
        channel: channel.to_owned(),
        ..shop.order(member, amount, shop.clock.now())
    };
    let first = order(3_000, "web");
    assert_eq!(bought(&shop, &first, member).await, 60 + 30);
    assert_eq!(bought(&shop, &order(3_000, "app"), member).await, 60 + 60 + 10, "the month leaves ten");
    assert_eq!(bought(&shop, &order(500, "app"), member).await, 10 + 10);

    let entries = shop.statement(member).await;
    let explain = ExplainEntryRequest { entry: entries[1].id.clone(), ..ExplainEntryRequest::default() };
    let decision = shop.client().explain_entry(explain).await.expect("it is there").into_inner().decision;
    let decision = decision.expect("there");
    assert_eq!(decision.reason(), proto::common::v1::DecisionReason::EarnByRules);
    let steps: Vec<(&str, i64)> = decision.steps.iter().map(|step| (step.name.as_str(), step.contribution)).collect();
    assert_eq!(steps, [("base", 60), ("The app", 60), ("The large", 10)]);
    let message = decision.message.expect("a sentence").message;
    assert!(message.contains("The app") && message.contains("The large"), "{message}");

    let fresh = shop.returns(member, &first, 3_000, 3_000).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 150);
    assert_eq!(bought(&shop, &order(3_000, "web"), member).await, 60 + 30, "what came back is free again");
    assert_eq!(bought(&shop, &order(3_000, "web"), member).await, 60, "and used up again");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_heard_at_once_do_not_overrun_a_limit() {
    let shop = Shop::without_programme().await;
    let mut request = with_rules(&shop, usual());
    request.programme.as_mut().expect("there").ladder = None;
    shop.client().put_programme(request).await.expect("the terms are valid");
    let running = shop.twin().await;
    let member = shop.member();
    let mut fresh = Vec::new();
    for _ in 0..20 {
        let order = shop.order(member, 3_000, shop.clock.now());
        fresh.push(shop.seal(&shop.activity.say(shop.tenant, member, &order).await));
    }
    assert_eq!(shop.account(member, &fresh.join(",")).await.balance, 20 * 60 + 40);
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_is_what_the_order_then_earns() {
    let shop = open(usual()).await;
    let member = shop.enrolled().await;
    for (amount, channel) in [(2_000, "app"), (3_000, "web"), (12_000, "app"), (3_000, "web"), (70, "app")] {
        let quoted = quote(&shop, cart(member, amount, channel)).await;
        let order = OrderRecorded { channel: channel.to_owned(), ..shop.order(member, amount, shop.clock.now()) };
        assert_eq!(bought(&shop, &order, member).await, quoted.points, "{amount} in {channel}");
        let account = shop.account(member, "").await;
        assert_eq!(account.tier, quoted.standing_after, "{amount} in {channel}");
        let sum: i64 = quoted.rules.iter().map(|rule| rule.points).sum();
        assert_eq!(quoted.base_points + quoted.tier_points + sum, quoted.points);
        shop.clock.move_to(shop.clock.now() + SignedDuration::from_secs(1)).expect("forward");
    }
    assert_eq!(shop.account(member, "").await.tier.expect("a ladder").tier, "silver");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_says_what_is_missing_and_writes_nothing() {
    let mut rules = usual();
    rules.push(rule(
        "both",
        r#"order.net_minor >= 4000 && (order.channel == "app" || order.quantity >= 3)"#,
        Award::FixedPoints(5),
    ));
    let shop = open(rules).await;
    let member = shop.enrolled().await;
    let quoted = quote(&shop, cart(member, 2_680, "web")).await;
    assert_eq!((quoted.points, quoted.base_points, quoted.programme_version), (53, 53, 1));
    assert_eq!(outcome(&quoted, "large"), (RuleOutcome::NotMet, 0));
    let part = |rule: &QuotedRule| rule.need.clone().expect("it fails").part.expect("one part");
    let large = part(&quoted.rules[1]);
    assert_eq!((large.source.as_str(), large.found.as_str()), ("order.net_minor >= 3000", "2680"));
    assert_eq!(large.threshold, "3000");
    assert_eq!(large.changes[0].change, Some(320), "320 more");
    let app = part(&quoted.rules[0]);
    assert_eq!((app.changes[0].to.as_str(), app.changes[0].change), ("\"app\"", None));
    let both = quoted.rules[2].need.clone().expect("it fails");
    assert_eq!(both.joint(), NeedJoint::All);
    assert_eq!(both.needs[0].part.as_ref().expect("a part").changes[0].change, Some(1_320));
    assert_eq!(both.needs[1].joint(), NeedJoint::Any);
    assert_eq!(both.needs[1].needs.len(), 2);
    assert_eq!(shop.statement(member).await.len(), 0);
    assert_eq!(shop.account(member, "").await.balance, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_guest_nothing_is_known() {
    let mut rules = usual();
    rules.push(rule("first", "member.first_purchase", Award::FixedPoints(50)));
    let shop = open(rules).await;
    let quoted = quote(&shop, QuoteOrderRequest { member: String::new(), ..cart(shop.member(), 3_000, "app") }).await;
    assert_eq!((quoted.points, quoted.standing_after.is_none()), (60 + 60 + 30, true));
    assert_eq!(outcome(&quoted, "first"), (RuleOutcome::NotMet, 0));
    assert_eq!(quoted.rules[2].unknown_facts, ["member.first_purchase"]);
    let member = shop.enrolled().await;
    assert_eq!(quote(&shop, cart(member, 3_000, "app")).await.points, 60 + 60 + 30 + 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_of_another_currency_or_without_a_programme() {
    let shop = open(usual()).await;
    let member = shop.enrolled().await;
    let foreign = QuoteOrderRequest { currency_code: "JPY".to_owned(), ..cart(member, 3_000, "app") };
    let quoted = quote(&shop, foreign).await;
    assert_eq!((quoted.points, quoted.rules.len()), (0, 0));
    let shop = Shop::without_programme().await;
    let refused = shop.client().quote_order(cart(shop.member(), 3_000, "app")).await.expect_err("no programme");
    assert!(refused.get_details_error_info().is_some_and(|info| info.reason == "PROGRAMME_NOT_FOUND"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_order_earns_under_the_rules_of_its_own_time() {
    let shop = open(vec![rule("old", "", Award::FixedPoints(7))]).await;
    let member = shop.member();
    let then = shop.clock.now();
    shop.clock.move_to(then + SignedDuration::from_hours(48)).expect("forward");
    let mut later = with_rules(&shop, vec![rule("new", "", Award::FixedPoints(3))]);
    later.programme.as_mut().expect("there").effective_time = Some(proto::timestamp(shop.clock.now()));
    shop.client().put_programme(later).await.expect("from now on");
    assert_eq!(bought(&shop, &shop.order(member, 50, shop.clock.now()), member).await, 1 + 3);
    assert_eq!(bought(&shop, &shop.order(member, 50, then), member).await, 1 + 7);
}
