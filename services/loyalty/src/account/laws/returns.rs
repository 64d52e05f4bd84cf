//! However an order comes back, in whatever order and whatever happens between: in the end it has never been.

use super::*;
use crate::programme::terms::{MAIN, Pending, PendingFrom};

/// What is left of an account but its statement.
#[derive(Debug, PartialEq)]
struct Rest {
    balance: i64,
    owed: i64,
    lots: String,
    pending: String,
    earned: i64,
    redeemed: i64,
    tier: Option<(String, Option<Timestamp>)>,
    counts: i64,
    due: Option<Timestamp>,
}

impl Rest {
    fn of(shop: &Shop) -> Self {
        let totals = shop.holdings.totals;
        Self {
            balance: shop.holdings.balance(),
            owed: shop.holdings.deficit,
            lots: shop.lots(),
            pending: shop.pending(),
            // What lapsed of the order was earned, and was not taken back.
            earned: totals.earned - totals.earn_reversed - totals.lapsed,
            redeemed: totals.redeemed - totals.redemption_reversed,
            tier: shop.holdings.standings.get(MAIN).map(|standing| (standing.tier.clone(), standing.review_at)),
            counts: shop.holdings.purchases.values().map(|purchase| purchase.kept_minor()).sum(),
            due: shop.holdings.next_due(),
        }
    }
}

/// All orders of so many parts.
fn permutations(parts: usize) -> Vec<Vec<usize>> {
    if parts == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(parts - 1);
    let longer = shorter.iter().flat_map(|one| {
        (0..=one.len()).map(move |place| {
            let mut longer = one.clone();
            longer.insert(place, parts - 1);
            longer
        })
    });
    longer.collect()
}

/// Lives a life in which the order X may have been: it is bought at the line "X", and at each "back" another part of it
/// comes back; the last takes what is left.
fn lived(terms: &Terms, life: &[&str], order: Option<(i64, &[i64])>) -> Rest {
    let mut shop = Shop::open(vec![terms.clone()]);
    // Everybody who ever bought stands somewhere.
    shop.say("buy nothing 0");
    let mut back = 0;
    let mut parts = order.map_or(Vec::new(), |(_, parts)| parts.to_vec()).into_iter();
    for line in life {
        match (*line, order) {
            ("X", Some((amount, _))) => drop(shop.say(&format!("buy X {amount}"))),
            ("back", Some((amount, _))) => {
                let Some(part) = parts.next() else { continue };
                back += part;
                let whole = if back == amount { " whole" } else { "" };
                drop(shop.say(&format!("return X {back}{whole}")));
            }
            ("X" | "back", None) => {}
            (line, _) => {
                let said = shop.say(line);
                assert!(!said.starts_with("refused"), "{line}: {said}");
            }
        }
    }
    assert_eq!(parts.next(), None, "all of it came back");
    Rest::of(&shop)
}

fn holds(terms: &Terms, life: &[&str], amount: i64, parts: &[i64]) {
    assert_eq!(parts.iter().sum::<i64>(), amount);
    let never = lived(terms, life, None);
    for order in permutations(parts.len()) {
        let parts: Vec<i64> = order.iter().map(|part| parts[*part]).collect();
        assert_eq!(lived(terms, life, Some((amount, &parts))), never, "{parts:?} in {life:?}");
    }
}

/// What may happen between, each with five places for a part to come back.
const LIVES: [&[&str]; 7] = [
    &["on 2026-01-10", "X", "back", "back", "back", "back", "back"],
    // It wins a tier, and loses it.
    &["on 2026-01-10", "buy A 500", "X", "back", "on 2026-02-10", "back", "back", "on 2026-05-10", "back", "back"],
    // Its points are spent where others would have been.
    &["on 2026-01-10", "X", "on 2026-02-10", "grant R 900", "back", "redeem 600", "back", "back", "back", "back"],
    // They lapse between.
    &["on 2026-01-10", "X", "back", "back", "on 2027-02-01", "back", "back", "back"],
    // They are spent, what is left lapses, and the others pay.
    &[
        "on 2026-01-10",
        "X",
        "on 2026-03-10",
        "grant R 900",
        "redeem 300",
        "back",
        "back",
        "on 2027-02-01",
        "back",
        "back",
        "back",
    ],
    // A deficit stands before, and is filled by it.
    &[
        "on 2026-01-10",
        "buy A 2500",
        "redeem 50",
        "return A 2500 whole",
        "X",
        "back",
        "back",
        "grant R 20",
        "back",
        "back",
        "back",
    ],
    // A deficit comes of another order between.
    &[
        "on 2026-01-10",
        "buy A 2500",
        "redeem 50",
        "X",
        "back",
        "return A 2500 whole",
        "back",
        "back",
        "grant R 900",
        "back",
        "back",
    ],
];

#[test]
fn an_order_that_came_back_in_any_parts_and_order_has_never_been() {
    let mut waiting = example::signature();
    waiting.pending = Some(Pending { days: 14, from: PendingFrom::Order });
    let parts: [(i64, &[i64]); 4] =
        [(350, &[350]), (12_345, &[12_344, 1]), (11_111, &[1, 5_000, 6_110]), (40_003, &[9_999, 1, 10_003, 7, 19_993])];
    for life in LIVES {
        for (amount, parts) in parts {
            holds(&example::signature(), life, amount, parts);
        }
    }
    // Where points wait, those that are spent have to be there.
    for life in &LIVES[..5] {
        for (amount, parts) in parts {
            holds(&waiting, life, amount, parts);
        }
    }
}

#[test]
fn what_came_back_late_and_lapsed_again_is_not_taken_a_second_time() {
    for parts in [&[350][..], &[100, 250], &[250, 100], &[50, 100, 200]] {
        let mut shop = Shop::open(vec![example::signature()]);
        for line in ["on 2026-01-10", "buy X 350", "redeem 7", "on 2027-02-01", "give-back 7", "on 2027-03-01"] {
            shop.say(line);
        }
        assert_eq!(shop.holdings.balance(), 0);
        let mut back = 0;
        for part in parts {
            back += part;
            shop.say(&format!("return X {back}{}", if back == 350 { " whole" } else { "" }));
        }
        assert_eq!((shop.holdings.balance(), shop.holdings.deficit), (0, 0), "{parts:?}");
    }
}

#[test]
fn what_came_back_late_is_the_orders_own() {
    statement(
        example::signature(),
        "on  2026-01-10
         buy X 2500                    -> +50
         redeem 50                     -> -50
         on  2026-02-10
         grant R 30                    -> +30
         on  2027-02-20
         give-back 50                  -> +50
         lots                          -> 30 until 2027-02-28, 50 until 2027-03-06
         return X 2500 whole           -> -50
         lots                          -> 30 until 2027-02-28",
    );
}

#[test]
fn a_return_of_an_unknown_order_is_not_swallowed() {
    statement(example::signature(), "return A 100 -> refused: the order of this return was never heard of");
}
