//! Occasions as statements of account: `tell review r1 app x3` tells an event of the shop, `tell review r1 - x1 on 2026-01-05`
//! late and of a place nobody told; behind the arrow stands what each rule came to. `enrol` tells that the member joined.

use super::*;
use crate::account::decision::Step;
use crate::account::granting::Granted;
use crate::account::occasion::{OccasionFacts, book, coupons, judge, stand};
use crate::account::uses::give_all_back;
use crate::account::wallet::WalletCode;
use crate::programme::occasions::{OccasionAward, OccasionRule, On};
use crate::programme::rules::{Condition, Counted, Limit, LimitPeriod, OverLimit};

fn rule(code: &str, on: On, when: &str, award: OccasionAward) -> OccasionRule {
    OccasionRule {
        code: code.to_owned(),
        wallet: WalletCode::POINTS,
        display_name: code.to_owned(),
        on,
        when: Condition::parse(when).expect("a condition"),
        award,
        campaign: None,
        from: None,
        until: None,
        limits: Vec::new(),
    }
}

fn review() -> On {
    On::Event("review".to_owned())
}

fn at_most(most: i64, of: Counted, over: OverLimit, mut rule: OccasionRule) -> OccasionRule {
    rule.limits.push(Limit { per: LimitPeriod::Month, most, of, over });
    rule
}

fn terms(rules: Vec<OccasionRule>) -> Terms {
    let mut terms = example::signature();
    terms.terms.occasions = rules;
    terms
}

fn told(step: &Step) -> String {
    let why = match step.detail.as_str() {
        "applied" => String::new(),
        "applied, up to its limit" => " capped".to_owned(),
        "more than its limit leaves" => " limited".to_owned(),
        "its condition does not hold" => " not met".to_owned(),
        "its condition cannot be decided, as a fact is unknown" => " unknown".to_owned(),
        other => panic!("an occasion has no lines and no groups: {other}"),
    };
    format!("{} {:+}{why}", step.name, step.contribution)
}

/// What each rule came to, whether or not anything is booked; and what is booked.
fn tell(shop: &mut Shop, facts: &OccasionFacts) -> String {
    let holdings = &mut shop.holdings;
    let buyer = stand(holdings, &shop.versions, facts, shop.now).expect("in range");
    let terms = shop.versions.at(facts.occurred_at).expect("a programme").clone();
    let came = judge(&terms, facts, &buyer, &holdings.uses).expect("in range");
    let why = crate::account::occasion::grounds(&terms, facts, &buyer, &came, None);
    let gift = book(holdings, &shop.versions, facts, (&came, &buyer), shop.now).expect("in range");
    assert_eq!(gift.map_or(0, |gift| gift.points), why.steps.iter().map(|step| step.contribution).sum::<i64>());
    shop.assert_sums();
    let handing = coupons(facts, &came).into_iter().map(|one| format!("coupon {}", one.campaign));
    why.steps.iter().map(told).chain(handing).collect::<Vec<_>>().join(", ")
}

fn say(shop: &mut Shop, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let member = shop.holdings.member;
    let channel = |place: usize| words[place].trim_start_matches('-').to_owned();
    match words[0] {
        "tell" => {
            let at = words.get(6).map_or(shop.now, |day| morning(day));
            let quantity = words[4].trim_start_matches('x').parse().expect("a quantity");
            let facts = OccasionFacts::event(member, (words[1], words[2]), at);
            tell(shop, &OccasionFacts { channel: channel(3), quantity, ..facts })
        }
        "enrol" => {
            let at = words.get(3).map_or(shop.now, |day| morning(day));
            tell(shop, &OccasionFacts::enrolment(member, &channel(1), at, words.contains(&"historic")))
        }
        "revoke" => {
            let facts = OccasionFacts::event(member, (words[1], words[2]), shop.now);
            let cause = facts.id.to_string();
            let posting = shop.holdings.postings.iter().find(|posting| posting.cause == cause).expect("posted");
            let granted = Granted { entry: posting.id, points: posting.points, cause: &cause };
            take_grant_back(&mut shop.holdings, &shop.versions, &granted, "a fake", shop.now).expect("in range");
            give_all_back(&mut shop.holdings, facts.id.uuid());
            String::new()
        }
        _ => shop.say(line),
    }
}

fn statement(versions: Vec<Terms>, text: &str) {
    let mut shop = Shop::open(versions);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.split_once("->").unwrap_or((line, ""));
        assert_eq!(say(&mut shop, said), expected.trim(), "in the line: {line}");
    }
}

#[test]
fn an_event_gives_what_the_rules_for_it_say() {
    let rules = vec![
        rule("review", review(), "", OccasionAward::Fixed(5)),
        rule("in-app", review(), r#"occasion.channel == "app""#, OccasionAward::Fixed(3)),
        rule("photos", On::Event("photos".to_owned()), "occasion.quantity <= 10", OccasionAward::Each(2)),
        rule("loyal", review(), r#"member.tier == "silver""#, OccasionAward::Fixed(10)),
    ];
    statement(
        vec![terms(rules)],
        "tell review r1 app x1         -> review +5, in-app +3, loyal +0 not met
         tell review r2 web x1         -> review +5, in-app +0 not met, loyal +0 not met
         tell review r3 - x1           -> review +5, in-app +0 unknown, loyal +0 not met
         tell photos p1 - x4           -> photos +8
         tell photos p2 - x11          -> photos +0 not met
         tell survey s1 - x1           ->
         buy A 12000                   -> +240 promoted to silver
         tell review r4 app x1         -> review +5, in-app +3, loyal +10
         left                          -> 284 left, 0 owed",
    );
}

#[test]
fn what_an_occasion_gives_counts_for_no_tier_and_is_not_multiplied() {
    let rules = vec![rule("review", review(), "", OccasionAward::Fixed(20_000))];
    statement(
        vec![terms(rules)],
        "missing                       -> member, 0 to keep, 10000 to silver
         tell review r1 app x1         -> review +20000
         missing                       -> member, 0 to keep, 10000 to silver
         buy A 12000                   -> +240 promoted to silver
         tell review r2 app x1         -> review +20000",
    );
}

#[test]
fn a_limit_holds_within_its_period_and_what_is_revoked_is_free_again() {
    let capped = at_most(12, Counted::Points, OverLimit::Cap, rule("review", review(), "", OccasionAward::Fixed(5)));
    let counted = at_most(1, Counted::Orders, OverLimit::Cap, rule("first", review(), "", OccasionAward::Fixed(1)));
    statement(
        vec![terms(vec![capped, counted])],
        "on  2026-01-10
         tell review r1 - x1           -> review +5, first +1
         tell review r2 - x1           -> review +5, first +0 limited
         tell review r3 - x1           -> review +2 capped, first +0 limited
         tell review r4 - x1           -> review +0 limited, first +0 limited
         revoke review r1
         tell review r5 - x1           -> review +5, first +1
         on  2026-02-01
         tell review r6 - x1           -> review +5, first +1
         tell review r7 - x1 on 2026-01-20 -> review +0 limited, first +0 limited",
    );
}

#[test]
fn a_late_event_earns_under_the_terms_of_its_time_and_dates_from_there() {
    let older = terms(vec![rule("review", review(), "", OccasionAward::Fixed(5))]);
    let mut newer = terms(vec![rule("review", review(), "", OccasionAward::Fixed(50))]);
    (newer.number, newer.effective_at) = (2, morning("2026-03-01"));
    statement(
        vec![older, newer],
        "on  2026-03-10
         tell review r1 - x1               -> review +50
         tell review r2 - x1 on 2026-01-05 -> review +5
         lots                              -> 5 until 2027-01-31, 50 until 2027-03-31
         on  2027-06-01                    -> -5 -50
         tell review r3 - x1 on 2026-01-06 -> review +5
         lots                              -> 5 until 2027-06-15",
    );
}

#[test]
fn an_enrolment_is_booked_as_if_it_had_been_known_in_its_time() {
    let welcome = vec![rule("welcome", On::Enrolment, r#"occasion.channel == "app""#, OccasionAward::Fixed(100))];
    statement(
        vec![terms(welcome)],
        "on  2026-01-10
         buy A 2500                        -> +50
         on  2027-06-01                    -> -50
         enrol app on 2026-01-05           -> welcome +100
         on  2027-06-02                    -> -100",
    );
}

#[test]
fn a_coupon_comes_with_the_points_or_alone_and_not_for_a_history() {
    let mut both = rule("welcome", On::Enrolment, "", OccasionAward::Fixed(10));
    both.campaign = Some("hello".to_owned());
    let mut alone = rule("gift", On::Enrolment, r#"occasion.channel == "app""#, OccasionAward::Nothing);
    alone.campaign = Some("cup".to_owned());
    let rules = vec![both, alone];
    statement(
        vec![terms(rules.clone())],
        "enrol app                         -> welcome +10, gift +0, coupon hello, coupon cup",
    );
    statement(vec![terms(rules.clone())], "enrol web -> welcome +10, gift +0 not met, coupon hello");
    statement(vec![terms(rules)], "enrol app on 2025-01-05 historic -> welcome +10, gift +0");
}

#[test]
fn coupons_alone_are_limited_by_occasions() {
    let mut cup = rule("cup", review(), "", OccasionAward::Nothing);
    cup.campaign = Some("cup".to_owned());
    let cup = at_most(1, Counted::Orders, OverLimit::Cap, cup);
    statement(
        vec![terms(vec![cup])],
        "tell review r1 - x1               -> cup +0, coupon cup
         tell review r2 - x1               -> cup +0 limited",
    );
}
