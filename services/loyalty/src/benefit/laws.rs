//! Benefits in text tables: what applies, what it saves, and what is shut.

use jiff::{SignedDuration, Timestamp};

use super::checking::{Asker, Candidate, Obstacle, Saved, blocked, check};
use super::terms::{Goods, Issue, Kind, Price, Terms, issues};
use crate::audience::facts::example::member;
use crate::programme::rules::{Condition, LimitPeriod};
use crate::reservation::applying::{Cart, CartLine};

/// Of whom nothing is known.
const GUEST: &str = "a guest";

fn now() -> Timestamp {
    "2026-01-10T00:00:00Z".parse().expect("an instant")
}

fn hours(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn goods(words: &str) -> Goods {
    Goods {
        products: words.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        ..Goods::default()
    }
}

/// Terms of words: "price 10 tea for gold", "unit 80 tea", "only tea", "early tea 2 5", "delivery 60", "seat 3 worth 500".
fn terms(words: &str) -> Terms {
    let mut read = Terms {
        display_name: "Example".to_owned(),
        description: "Told.".to_owned(),
        audience: Condition::default(),
        kind: Kind::Service,
        currency: kernel::Currency::parse("TWD").expect("listed"),
        worth_minor: 0,
        normally_sold: false,
        cost_minor: 0,
        max_uses: None,
        max_per_member: None,
        period: LimitPeriod::Ever,
        from: None,
        until: None,
    };
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        let mut text = || words.next().expect("a word follows");
        let number = |text: &str| text.parse::<i64>().expect("a number");
        match word {
            "price" => {
                let price = Price::PercentOff(number(text()));
                read.kind = Kind::MemberPrice { price, goods: goods(text()) };
            }
            "unit" => {
                let price = Price::Unit(number(text()));
                read.kind = Kind::MemberPrice { price, goods: goods(text()) };
            }
            "only" => read.kind = Kind::MemberOnly { goods: goods(text()) },
            "early" => {
                let goods = goods(text());
                let (members_from, everybody_from) = (hours(number(text())), hours(number(text())));
                read.kind = Kind::EarlyAccess { goods, members_from, everybody_from };
            }
            "delivery" => read.kind = Kind::Delivery { most_minor: Some(number(text())).filter(|most| *most > 0) },
            "seat" => read.kind = Kind::EventSeat { event_at: hours(number(text())) },
            "charity" => read.kind = Kind::Charity { cause: "trees".to_owned(), minor: number(text()) },
            "for" => read.audience = Condition::parse(&format!("member.tier == \"{}\"", text())).expect("a condition"),
            "if" => read.audience = Condition::parse(&text().replace('~', " ")).expect("a condition"),
            "worth" => read.worth_minor = number(text()),
            "sold" => read.normally_sold = true,
            "untold" => read.description = String::new(),
            "uses" => read.max_uses = Some(number(text())),
            "each" => read.max_per_member = Some(number(text())),
            "from" => read.from = Some(hours(number(text()))),
            "until" => read.until = Some(hours(number(text()))),
            other => panic!("{other} is no word of terms"),
        }
    }
    read
}

/// A cart of words: "tea:100 cake:50x2 delivery:60".
fn cart(words: &str) -> Cart {
    let mut read =
        Cart { currency: kernel::Currency::parse("TWD").expect("listed"), lines: Vec::new(), delivery_minor: 0 };
    for word in words.split_whitespace() {
        let (product, amount) = word.split_once(':').expect("a product and an amount");
        let (amount, units) = amount.split_once('x').unwrap_or((amount, "1"));
        let amount: i64 = amount.parse().expect("a number");
        if product == "delivery" {
            read.delivery_minor = amount;
            continue;
        }
        read.lines.push(CartLine {
            product: product.to_owned(),
            category: String::new(),
            gross_minor: amount,
            discount_minor: 0,
            quantity: units.parse().expect("a number"),
        });
    }
    read
}

fn said(outcome: &Result<Saved, Obstacle>) -> String {
    match outcome {
        Ok(saved) if saved.line_minor.is_empty() => saved.minor.to_string(),
        Ok(saved) => format!("{} {:?}", saved.minor, saved.line_minor),
        Err(Obstacle::NotYet { .. }) => "not yet".to_owned(),
        Err(Obstacle::Over { .. }) => "over".to_owned(),
        Err(Obstacle::NotMet { needed, next_tier_opens }) => {
            let facts: Vec<String> = needed.iter().map(|one| format!("{}{:+}", one.fact, one.more)).collect();
            format!("needs {}{}", facts.join(" "), if *next_tier_opens { " or the next tier" } else { "" })
        }
        Err(Obstacle::OtherCurrency) => "other currency".to_owned(),
        Err(Obstacle::NothingCounts) => "nothing counts".to_owned(),
        Err(Obstacle::SavesNothing) => "saves nothing".to_owned(),
        Err(Obstacle::Outbid) => "outbid".to_owned(),
        Err(Obstacle::UsedUp) => "used up".to_owned(),
        Err(Obstacle::MemberUsedUp) => "member used up".to_owned(),
    }
}

/// Benefits separated by ";", each told with what it does.
fn told(benefits: &str, who: &str, basket: &str) -> (String, String) {
    let all: Vec<Terms> = benefits.split(';').map(terms).collect();
    let candidates: Vec<Candidate<'_>> =
        all.iter().map(|terms| Candidate { code: "example", terms, used: 2, by_member: 1 }).collect();
    let mut known = member(if who == GUEST { "" } else { who });
    known.next_tier = known.tier.is_some().then(|| ("gold".to_owned(), 700));
    let (basket, entitlements) = (cart(basket), ["plus"].map(str::to_owned).into_iter().collect());
    let member = (who != GUEST).then_some(&known);
    let asker = Asker { member, entitlements: &entitlements, cart: &basket, now: now() };
    let checks = check(&asker, &candidates).iter().map(said).collect::<Vec<_>>().join("; ");
    let shut = blocked(&asker, &candidates);
    let shut = shut.iter().map(|one| {
        let opens =
            one.opens_at.map(|at| format!(" until {}h", at.duration_since(now()).as_hours())).unwrap_or_default();
        format!("{} by {}{opens}{}", one.line, one.by, if one.next_tier_opens { " or the next tier" } else { "" })
    });
    (checks, shut.collect::<Vec<_>>().join("; "))
}

#[test]
fn each_benefit_tells_what_it_saves_or_why_it_does_not_apply() {
    let table = [
        // Prices: percents are rounded down, a unit price counts units, a line has the best.
        ("price 10 tea", "orders 1", "tea:105 cake:100", "10 [10, 0]"),
        ("unit 40 tea", "orders 1", "tea:100x2", "20 [20]"),
        ("unit 60 tea", "orders 1", "tea:100x2", "saves nothing"),
        ("price 10 milk", "orders 1", "tea:100", "nothing counts"),
        ("price 10 tea; price 20 tea,cake", "orders 1", "tea:100 cake:50", "outbid; 30 [20, 10]"),
        ("price 30 tea; price 20 tea,cake", "orders 1", "tea:100 cake:50", "30 [30, 0]; 10 [0, 10]"),
        ("price 10 tea; price 10 tea", "orders 1", "tea:100", "10 [10]; outbid"),
        // Delivery: the best alone.
        ("delivery 40; delivery 0", "orders 1", "tea:1 delivery:60", "outbid; 60"),
        ("delivery 0", "orders 1", "tea:1", "saves nothing"),
        // Whom it is for, and the nearest that would make it so.
        ("price 10 tea for gold", "tier gold", "tea:100", "10 [10]"),
        ("price 10 tea for gold", "tier silver rank 1", "tea:100", "needs member.tier+0 or the next tier"),
        ("price 10 tea for diamond", "tier silver rank 1", "tea:100", "needs member.tier+0"),
        (
            "price 10 tea if member.tier_rank~>=~2",
            "tier silver rank 1",
            "tea:100",
            "needs member.tier_rank+1 or the next tier",
        ),
        ("delivery 0 if cart.net_minor~>=~500", "orders 1", "tea:480 delivery:60", "needs cart.net_minor+20"),
        ("delivery 0 if \"plus\"~in~member.entitlements", "orders 1", "tea:1 delivery:60", "60"),
        (
            "delivery 0 if \"pro\"~in~member.entitlements",
            "orders 1",
            "tea:1 delivery:60",
            "needs \"pro\" in member.entitlements+0",
        ),
        (
            "delivery 0 if \"plus\"~in~member.entitlements",
            GUEST,
            "tea:1 delivery:60",
            "needs \"plus\" in member.entitlements+0",
        ),
        ("delivery 0", GUEST, "tea:1 delivery:60", "60"),
        // Time and limits.
        ("worth 50 from 1", "orders 1", "tea:1", "not yet"),
        ("worth 50 until 0", "orders 1", "tea:1", "over"),
        ("seat 1 worth 500", "orders 1", "tea:1", "500"),
        ("seat 0 worth 500", "orders 1", "tea:1", "over"),
        ("seat 1 worth 500 uses 3", "orders 1", "tea:1", "500"),
        ("seat 1 worth 500 uses 2", "orders 1", "tea:1", "used up"),
        ("worth 50 each 1", "orders 1", "tea:1", "member used up"),
        ("charity 5 worth 50", "orders 1", "tea:1", "0"),
    ];
    for (benefits, who, basket, expected) in table {
        assert_eq!(told(benefits, who, basket).0, expected, "{benefits} for {who} with {basket}");
    }
}

#[test]
fn goods_for_others_are_shut_and_when_they_open_is_told() {
    let table = [
        ("only tea for gold", "tier gold", "tea:1 cake:1", ""),
        ("only tea for gold", "tier silver rank 1", "cake:1 tea:1", "1 by 0 or the next tier"),
        ("only tea for diamond until 5", "tier silver rank 1", "tea:1", "0 by 0 until 5h"),
        ("only tea for diamond until 0", "tier silver rank 1", "tea:1", ""),
        ("only tea for diamond; only tea for silver", "tier silver rank 1", "tea:1", ""),
        ("early tea -1 5 for silver", "tier silver rank 1", "tea:1", ""),
        ("early tea -1 5 for diamond", "tier silver rank 1", "tea:1", "0 by 0 until 5h"),
        ("early tea 2 5 for silver", "tier silver rank 1", "tea:1", "0 by 0 until 2h"),
        ("early tea -3 0 for diamond", "tier silver rank 1", "tea:1", ""),
        ("early tea 2 5 for diamond; only tea for silver", "tier silver rank 1", "tea:1", "0 by 0 until 5h"),
    ];
    for (benefits, who, basket, expected) in table {
        assert_eq!(told(benefits, who, basket).1, expected, "{benefits} for {who} with {basket}");
    }
}

#[test]
fn what_is_otherwise_sold_is_told_with_the_price_that_is_forgone() {
    let table = [
        ("worth 500 sold", vec![Issue::NormallySold { forgone_minor: 500 }]),
        ("seat 1 worth 0", vec![Issue::WorthNothing]),
        ("price 10 tea for gold untold", vec![Issue::HiddenConditions]),
        ("price 10 tea untold", vec![]),
        ("worth 500", vec![]),
    ];
    for (words, expected) in table {
        assert_eq!(issues(&terms(words)), expected, "{words}");
    }
    assert_eq!((terms("worth 500").forgone(), terms("charity 5").booked_cost()), (0, 5));
}
