//! What coupons take off a cart, as statements of account: the cart, the coupons, and behind the arrow what must come of it.
//!
//! A line of a cart is `product:gross` or `product:gross-discount`; `delivery:60` is what delivery costs.

use std::collections::BTreeMap;

use kernel::Currency;
use proptest::prelude::*;

use super::applying::{Cart, CartLine, Discount, Obstacle, Rest, discount};
use super::combining::{Apart, Candidate, all_of, best};
use super::limits::{Counter, Room};
use crate::campaign::example::terms;
use crate::campaign::terms::Terms;

fn cart(words: &str) -> Cart {
    let mut read = Cart { currency: Currency::parse("TWD").expect("listed"), lines: Vec::new(), delivery_minor: 0 };
    for word in words.split_whitespace() {
        let (product, amounts) = word.split_once(':').expect("a product and its amount");
        let (gross, discount) = amounts.split_once('-').unwrap_or((amounts, "0"));
        let number = |text: &str| text.parse::<i64>().expect("a number");
        if product == "delivery" {
            read.delivery_minor = number(gross);
            continue;
        }
        read.lines.push(CartLine {
            product: product.to_owned(),
            category: if product == "tea" { "drinks".to_owned() } else { String::new() },
            gross_minor: number(gross),
            discount_minor: number(discount),
            quantity: 1,
        });
    }
    read
}

fn told(outcome: Result<Discount, Obstacle>) -> String {
    match outcome {
        Ok(off) => {
            let mut text = format!("{} {:?}", off.saved_minor, off.line_minor);
            if off.delivery_minor > 0 {
                text.push_str(&format!(" delivery {}", off.delivery_minor));
            }
            off.gift.into_iter().for_each(|gift| text.push_str(&format!(" gift {gift}")));
            text
        }
        Err(Obstacle::MinimumNotMet { missing_minor }) => format!("{missing_minor} more"),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn what_one_coupon_takes_off() {
    let table = "
        tea:80 cake:40            | amount 30                        -> 30 [20, 10]
        tea:80 cake:40            | amount 500                       -> 120 [80, 40]
        tea:100 cake:100 pie:100  | amount 100                       -> 100 [34, 33, 33]
        tea:80 cake:40            | amount 30 product cake           -> 30 [0, 30]
        tea:80 cake:40            | amount 30 category drinks        -> 30 [30, 0]
        tea:80 cake:40            | amount 30 product pie            -> NothingCounts
        tea:80 cake:40            | percent 15                       -> 18 [12, 6]
        tea:99                    | percent 10                       -> 9 [9]
        tea:9                     | percent 10                       -> SavesNothing
        tea:1000                  | percent 10 most 50               -> 50 [50]
        tea:80                    | amount 10 min 100                -> 20 more
        tea:100                   | amount 10 min 100                -> 10 [10]
        tea:100-30                | amount 10 min 100                -> 10 [10]
        tea:100-30                | amount 10 min 100 after          -> 30 more
        tea:130-30                | amount 10 min 100 after          -> 10 [10]
        tea:100 cake:100          | amount 10 min 150 product tea    -> 50 more
        tea:100-30                | percent 50                       -> 35 [35]
        tea:100-100               | amount 10                        -> SavesNothing
        tea:100 delivery:60       | delivery 0                       -> 60 [0] delivery 60
        tea:100 delivery:60       | delivery 0 most 40               -> 40 [0] delivery 40
        tea:100                   | delivery 0                       -> SavesNothing
        tea:500                   | gift 120 min 500                 -> 120 [0] gift cup
        tea:499                   | gift 120 min 500                 -> 1 more
        tea:500                   | gift 0                           -> 0 [0] gift cup
    ";
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.split_once("->").expect("an arrow");
        let (bought, coupon) = said.split_once('|').expect("a cart and a coupon");
        let (cart, coupon) = (cart(bought), terms(&coupon.replace("delivery 0", "delivery")));
        assert_eq!(told(discount(&coupon, &cart, &Rest::of(&cart))), expected.trim(), "{line}");
    }
}

/// Which of these are used, in their order, and what all of it saves.
fn combined(cart: &Cart, coupons: &[Terms], rooms: &BTreeMap<String, Room>) -> String {
    let named: Vec<String> = (0..coupons.len()).map(|place| place.to_string()).collect();
    let candidates: Vec<Candidate<'_>> =
        coupons.iter().zip(&named).map(|(terms, campaign)| Candidate { campaign, terms }).collect();
    let chosen = best(cart, &candidates, rooms);
    let saved: i64 = chosen.iter().map(|(_, off)| off.saved_minor).sum();
    let order: Vec<String> = chosen.iter().map(|(place, _)| (place + 1).to_string()).collect();
    format!("{} saves {saved}", order.join(" "))
}

#[test]
fn what_is_best_together() {
    let table = "
        tea:100 | amount 10; amount 20                               -> 1 2 saves 30
        tea:100 | amount 10 group a; amount 20 group a               -> 2 saves 20
        tea:100 | amount 10 group a; amount 20 group b               -> 1 2 saves 30
        tea:100 | amount 10; amount 25 alone                         -> 2 saves 25
        tea:100 | amount 10; amount 20; amount 25 alone              -> 1 2 saves 30
        tea:100 | percent 10; amount 20                              -> 1 2 saves 30
        tea:100 | amount 20; percent 10                              -> 2 1 saves 30
        tea:100 | amount 20; percent 10 min 100 after                -> 2 1 saves 30
        tea:100 | percent 50 min 100 after; amount 30 min 100 after  -> 1 saves 50
        tea:100 | amount 10 min 101                                  ->  saves 0
        tea:30  | amount 30; amount 20; percent 50                   -> 1 saves 30
        tea:100 | amount 1; amount 2; amount 3; amount 4; amount 5   -> 2 3 4 5 saves 14
        tea:100 | amount 5; amount 5                                 -> 1 2 saves 10
    ";
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (said, expected) = line.split_once("->").expect("an arrow");
        let (bought, coupons) = said.split_once('|').expect("a cart and coupons");
        let coupons: Vec<Terms> = coupons.split(';').map(terms).collect();
        let found = combined(&cart(bought), &coupons, &BTreeMap::new());
        let sorted = |text: &str| {
            let (order, saves) = text.split_once("saves").expect("it says what it saves");
            // Amounts that commute may come in either order; the law is about which, and how much.
            let mut order: Vec<&str> = order.split_whitespace().collect();
            if !coupons.iter().any(|one| matches!(one.benefit, crate::campaign::terms::Benefit::PercentOff { .. })) {
                order.sort_unstable();
            }
            (order.join(" "), saves.trim().to_owned())
        };
        assert_eq!(sorted(&found), sorted(expected.trim()), "{line}");
    }
}

#[test]
fn what_a_limit_does_not_hold_is_not_tried() {
    let full = |taken, most| Counter { taken, most: Some(most) };
    let free = Counter { taken: 0, most: None };
    let room = |uses, budget, member| Room { uses, budget, member };
    let coupons = [terms("amount 10"), terms("amount 20")];
    let cart = cart("tea:100");
    let with = |room: Room| combined(&cart, &coupons, &BTreeMap::from([("1".to_owned(), room)]));
    assert_eq!(with(room(full(1, 1), free, free)), "1 saves 10");
    assert_eq!(with(room(free, full(81, 100), free)), "1 saves 10");
    assert_eq!(with(room(free, full(80, 100), free)), "2 1 saves 30");
    assert_eq!(with(room(free, free, full(2, 2))), "1 saves 10");
}

#[test]
fn what_cannot_be_used_together_says_why() {
    let asked = |bought: &str, coupons: &[&str]| {
        let coupons: Vec<Terms> = coupons.iter().map(|words| terms(words)).collect();
        let candidates: Vec<Candidate<'_>> = coupons.iter().map(|terms| Candidate { campaign: "one", terms }).collect();
        all_of(&cart(bought), &candidates, &BTreeMap::new())
            .map(|chosen| chosen.iter().map(|(_, off)| off.saved_minor).sum::<i64>())
    };
    assert_eq!(asked("tea:100", &["amount 10", "amount 20"]), Ok(30));
    assert_eq!(asked("tea:100", &["amount 10 group a", "amount 20 group a"]), Err(Apart::Two(0, 1)));
    assert_eq!(asked("tea:100", &["amount 10", "amount 5", "amount 20 alone"]), Err(Apart::Two(0, 2)));
    assert_eq!(
        asked("tea:100", &["amount 10", "amount 5 min 120"]),
        Err(Apart::One(1, Obstacle::MinimumNotMet { missing_minor: 20 }))
    );
    // The order in which they were said does not work; another does.
    assert_eq!(asked("tea:100", &["amount 20", "percent 10 min 100 after"]), Ok(30));
    assert_eq!(asked("tea:10", &["amount 10", "amount 5"]), Ok(10), "the smaller one first, the larger takes the rest");
}

proptest! {
    #[test]
    fn the_parts_sum_to_the_whole_and_no_line_is_overdrawn(
        gross in proptest::collection::vec(0..5_000_i64, 1..8),
        minor in 1..20_000_i64,
        percent in 1..=100_i64,
        amount in any::<bool>(),
    ) {
        let words: Vec<String> = gross.iter().map(|gross| format!("tea:{gross}")).collect();
        let cart = cart(&words.join(" "));
        let coupon = terms(&if amount { format!("amount {minor}") } else { format!("percent {percent}") });
        if let Ok(off) = discount(&coupon, &cart, &Rest::of(&cart)) {
            prop_assert_eq!(off.line_minor.iter().sum::<i64>(), off.saved_minor);
            for (off, line) in off.line_minor.iter().zip(&cart.lines) {
                prop_assert!((0..=line.gross_minor).contains(off), "{} of {}", off, line.gross_minor);
            }
        }
    }
}
