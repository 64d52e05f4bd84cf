//! The demo shop looks like a shop.

use std::collections::BTreeMap;

use super::*;

fn zone() -> TimeZone {
    kernel::calendar::zone("Asia/Taipei").expect("known")
}

fn end() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().expect("an instant")
}

fn net(purchase: &Purchase) -> i64 {
    purchase.lines.iter().map(|line| THINGS[line.thing].price * line.quantity - line.discount).sum()
}

#[test]
fn the_same_shop_has_the_same_history() {
    let shop = Shop { members: 50, ..Shop::default() };
    let (one, other) = (shop.history(end(), &zone()), shop.history(end(), &zone()));
    assert_eq!(one.purchases, other.purchases);
    let another = Shop { seed: 2, ..shop }.history(end(), &zone());
    assert_ne!(one.purchases, another.purchases);
}

#[test]
fn everything_happens_in_its_order_and_before_the_end() {
    let history = Shop::default().history(end(), &zone());
    assert!(history.purchases.is_sorted_by_key(|purchase| purchase.moment));
    for purchase in &history.purchases {
        assert!(purchase.moment < end() && !purchase.lines.is_empty());
        if let Some(buyer) = purchase.buyer {
            assert!(history.people[buyer as usize].1 <= purchase.moment);
        }
        match &purchase.fate {
            Fate::Kept => {}
            Fate::Returned(back, lines) => {
                assert!(*back > purchase.moment && *back < end());
                assert!(lines.iter().all(|line| *line < purchase.lines.len()));
            }
            Fate::Cancelled(at, _) => assert!(*at > purchase.moment && *at < end() && purchase.channel != 0),
        }
    }
}

#[test]
fn a_life_is_the_same_history_with_cancellations_all_along() {
    let shop = Shop { members: 300, ..Shop::default() };
    let (history, life) = (shop.history(end(), &zone()), shop.life(end(), &zone()));
    let cancelled = |purchases: &[Purchase]| {
        purchases.iter().filter(|purchase| matches!(purchase.fate, Fate::Cancelled(..))).count()
    };
    assert!(cancelled(&life.purchases) > cancelled(&history.purchases) + 5);
    assert_eq!(life.purchases.len(), history.purchases.len());
    for (lived, told) in life.purchases.iter().zip(&history.purchases) {
        let fate = told.fate.clone();
        assert!(lived.fate == fate || matches!(lived.fate, Fate::Cancelled(..)));
        assert_eq!(Purchase { fate, ..lived.clone() }, *told);
    }
}

#[test]
fn the_history_of_the_usual_seed_is_as_it_always_was() {
    // Written down once: whatever is added to the shop, its orders stay.
    let history = Shop { members: 300, ..Shop::default() }.history(end(), &zone());
    let digest = history.purchases.iter().fold(0_i64, |digest, purchase| {
        digest.wrapping_mul(31).wrapping_add(purchase.moment.as_second() ^ net(purchase))
    });
    assert_eq!((history.purchases.len(), digest), AS_IT_WAS);
}

const AS_IT_WAS: (usize, i64) = (2_882, -6_921_439_783_540_709_128);

#[test]
fn the_shop_is_believable() {
    let history = Shop::default().history(end(), &zone());
    let count = history.purchases.len();
    assert!((15_000..27_000).contains(&count), "{count} orders");
    let returned = history.purchases.iter().filter(|purchase| matches!(purchase.fate, Fate::Returned(..))).count();
    assert!((30..=40).contains(&(returned * 1_000 / count)), "{returned} of {count} returned");
    let cancelled = history.purchases.iter().filter(|purchase| matches!(purchase.fate, Fate::Cancelled(..))).count();
    assert!((5..100).contains(&cancelled), "{cancelled} cancelled");
    let guests = history.purchases.iter().filter(|purchase| purchase.buyer.is_none()).count();
    assert!((50..=65).contains(&(guests * 1_000 / count)), "{guests} of {count} by guests");
    let mean = history.purchases.iter().map(net).sum::<i64>() / i64::try_from(count).expect("few");
    assert!((600..1_500).contains(&mean), "a basket of NT$ {mean}");
    assert!((40..300).contains(&history.spendings.len()), "{} spend points", history.spendings.len());
}

#[test]
fn every_tier_has_members() {
    let history = Shop::default().history(end(), &zone());
    let year_ago = end().checked_sub(jiff::Span::new().hours(365 * 24)).expect("in range");
    let mut spent: BTreeMap<u32, i64> = BTreeMap::new();
    for purchase in history.purchases.iter().filter(|purchase| purchase.moment > year_ago) {
        if let Some(buyer) = purchase.buyer {
            *spent.entry(buyer).or_default() += net(purchase);
        }
    }
    let reached = |threshold: i64| spent.values().filter(|net| **net >= threshold).count();
    let (silver, gold, platinum) = (reached(10_000), reached(30_000), reached(60_000));
    assert!((250..700).contains(&silver), "{silver} reach Silver");
    assert!((40..250).contains(&gold), "{gold} reach Gold");
    assert!((3..60).contains(&platinum), "{platinum} reach Platinum");
    assert!((30_000..60_000).contains(&spent[&0]), "the member of the tour spent NT$ {}", spent[&0]);
}
