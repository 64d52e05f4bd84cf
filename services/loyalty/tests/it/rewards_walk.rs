//! A random walk over claims, beside a plain model of the same: points, stock and the wallet always say the same, whatever
//! happened when.

use kernel::MemberId;
use proto::loyalty::v1::*;

use crate::coupons::{reason, ten_off};
use crate::rewards::mug;
use crate::shop::Shop;

const STOCK: i64 = 5;
const EACH: i64 = 2;
const STEPS: u64 = 120;
const POINTS: i64 = 260;

/// A claim as the model knows it.
struct Known {
    member: usize,
    id: String,
    coupon: bool,
    state: ClaimState,
}

fn price(coupon: bool) -> i64 {
    if coupon { 30 } else { 50 }
}

fn code(coupon: bool) -> &'static str {
    if coupon { "tea" } else { "mug" }
}

/// Numbers that look random and are the same in every run of a seed.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

#[derive(Default)]
struct Model {
    claims: Vec<Known>,
}

impl Model {
    fn standing(&self, coupon: bool, of: impl Fn(usize) -> bool) -> i64 {
        let counts = |one: &&Known| one.coupon == coupon && one.state != ClaimState::Cancelled && of(one.member);
        i64::try_from(self.claims.iter().filter(counts).count()).expect("few")
    }

    fn points(&self, member: usize) -> i64 {
        let spent = |coupon: bool| self.standing(coupon, |one| one == member) * price(coupon);
        POINTS - spent(true) - spent(false)
    }

    /// Why a claim would be refused.
    fn refuses(&self, member: usize, coupon: bool) -> Option<&'static str> {
        if !coupon && self.standing(false, |one| one == member) >= EACH {
            return Some("REWARD_LIMIT_REACHED");
        }
        if !coupon && self.standing(false, |_| true) >= STOCK {
            return Some("REWARD_OUT_OF_STOCK");
        }
        if self.points(member) < price(coupon) {
            return Some("INSUFFICIENT_POINTS");
        }
        (coupon && self.standing(true, |one| one == member) >= 4).then_some("TOO_MANY_HELD")
    }
}

async fn step(shop: &Shop, model: &mut Model, members: &[MemberId], seed: &mut u64) {
    let (member, coupon) = (usize::try_from(next(seed) % 3).expect("few"), next(seed).is_multiple_of(2));
    let picked = (!model.claims.is_empty()).then(|| usize::try_from(next(seed)).unwrap_or(0) % model.claims.len());
    match (next(seed) % 4, picked) {
        (0 | 1, _) | (_, None) => {
            let answer = shop.claim(members[member], code(coupon)).await;
            match model.refuses(member, coupon) {
                Some(why) => assert_eq!(reason(answer), why),
                None => {
                    let claim = answer.expect("the model says so");
                    model.claims.push(Known { member, id: claim.id.clone(), coupon, state: claim.state() });
                }
            }
        }
        (2, Some(picked)) => {
            let known = &mut model.claims[picked];
            let answer = shop.cancel_claim(members[known.member], &known.id).await;
            if known.coupon || known.state != ClaimState::Fulfilled {
                assert_eq!(answer.expect("it can be given up").state(), ClaimState::Cancelled);
                known.state = ClaimState::Cancelled;
            } else {
                assert_eq!(reason(answer), "CLAIM_OVER");
            }
        }
        (_, Some(picked)) => {
            let known = &mut model.claims[picked];
            let answer = shop.fulfil_claim(members[known.member], &known.id).await;
            if known.state == ClaimState::Cancelled {
                assert_eq!(reason(answer), "CLAIM_OVER");
            } else {
                known.state = answer.expect("handed over").state();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_stock_and_wallet_always_say_the_same() {
    let shop = Shop::open().await;
    shop.put(Campaign { max_held_per_member: 4, ..ten_off("tea") }).await.expect("put");
    shop.put_reward(Reward { stock: Some(STOCK), max_per_member: EACH, ..mug("mug") }).await.expect("put");
    let tea = Some(reward::Gives::Coupon(RewardCoupon { campaign: "tea".to_owned() }));
    shop.put_reward(Reward { points: price(true), gives: tea, ..mug("tea") }).await.expect("put");
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(shop.rich(POINTS).await);
    }
    let (mut model, mut seed) = (Model::default(), 0x5eed_2026_u64);
    for turn in 0..STEPS {
        step(&shop, &mut model, &members, &mut seed).await;
        if turn % 20 == 19 {
            for (place, member) in members.iter().enumerate() {
                assert_eq!(shop.account(*member, "").await.spendable, model.points(place), "turn {turn}");
                let held = shop.wallet(*member).await.iter().filter(|one| one.state() == CouponState::Issued).count();
                assert_eq!(i64::try_from(held).expect("few"), model.standing(true, |one| one == place));
            }
            for coupon in [true, false] {
                let standing = model.standing(coupon, |_| true);
                let (claims, .., points, cost, left) = shop.taken(code(coupon)).await;
                assert_eq!((claims, points, cost), (standing, standing * price(coupon), standing * 80));
                assert_eq!(left, (!coupon).then_some(STOCK - standing));
            }
        }
    }
    for member in members {
        assert!(crate::ledger::proved(&shop, member).await.holds);
    }
}
