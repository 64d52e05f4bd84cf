//! A random walk over reservations, beside a plain model of the same: no limit is ever overrun, and
//! `free + reserved + redeemed` is what there is, of uses and of money, whatever happened when.

use std::collections::BTreeMap;

use kernel::MemberId;
use proto::loyalty::v1::*;

use crate::coupons::{reason, ten_off};
use crate::shop::Shop;

const USES: i64 = 7;
const BUDGET: i64 = 60;
const EACH: i64 = 3;
const STEPS: u64 = 160;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    Reserved { until: i64 },
    Redeemed,
    Cancelled,
}

/// What is known of each order of each member, in minutes since the beginning.
#[derive(Default)]
struct Model {
    orders: BTreeMap<(usize, u64), Stands>,
    now: i64,
}

impl Model {
    fn live(&self, of: impl Fn(usize) -> bool) -> (i64, i64) {
        let (mut reserved, mut redeemed) = (0, 0);
        for ((member, _), stands) in &self.orders {
            match stands {
                Stands::Reserved { until } if of(*member) && *until > self.now => reserved += 1,
                Stands::Redeemed if of(*member) => redeemed += 1,
                Stands::Reserved { .. } | Stands::Redeemed | Stands::Cancelled => {}
            }
        }
        (reserved, redeemed)
    }

    fn fits(&self, member: usize) -> bool {
        let all = self.live(|_| true);
        let own = self.live(|one| one == member);
        all.0 + all.1 < USES && (all.0 + all.1 + 1) * 10 <= BUDGET && own.0 + own.1 < EACH
    }
}

/// Numbers that look random and are the same in every run of a seed.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

async fn reserve(shop: &Shop, model: &mut Model, members: &[MemberId], (member, order): (usize, u64)) {
    let answer = shop.reserve(shop.reservation(members[member], &order.to_string(), &[], &["WALK"])).await;
    match model.orders.get(&(member, order)).copied() {
        Some(Stands::Reserved { until }) if until > model.now => {
            answer.expect("the same reservation");
        }
        Some(Stands::Redeemed) => assert_eq!(reason(answer), "RESERVATION_OVER"),
        Some(Stands::Reserved { .. } | Stands::Cancelled) | None if model.fits(member) => {
            answer.expect("there is room");
            model.orders.insert((member, order), Stands::Reserved { until: model.now + 15 });
        }
        Some(Stands::Reserved { .. } | Stands::Cancelled) | None => assert_eq!(reason(answer), "COUPON_USED_UP"),
    }
}

async fn redeem(shop: &Shop, model: &mut Model, members: &[MemberId], (member, order): (usize, u64)) {
    let answer = shop.redeem_order(members[member], &order.to_string()).await;
    match model.orders.get(&(member, order)).copied() {
        None => assert_eq!(reason(answer), "RESERVATION_NOT_FOUND"),
        Some(Stands::Reserved { until }) if until > model.now => {
            answer.expect("it is held");
            model.orders.insert((member, order), Stands::Redeemed);
        }
        Some(Stands::Redeemed) => {
            answer.expect("said again");
        }
        Some(Stands::Reserved { .. } | Stands::Cancelled) => assert_eq!(reason(answer), "RESERVATION_OVER"),
    }
}

async fn cancel(shop: &Shop, model: &mut Model, members: &[MemberId], (member, order): (usize, u64)) {
    let answer = shop.cancel_order(members[member], &order.to_string()).await;
    match model.orders.get(&(member, order)).copied() {
        None => assert_eq!(reason(answer), "RESERVATION_NOT_FOUND"),
        Some(Stands::Redeemed) => assert_eq!(reason(answer), "RESERVATION_OVER"),
        Some(Stands::Reserved { until }) if until > model.now => {
            answer.expect("it is held");
            model.orders.insert((member, order), Stands::Cancelled);
        }
        Some(Stands::Reserved { .. } | Stands::Cancelled) => {
            answer.expect("it has ended");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_limit_is_overrun_on_any_way() {
    for seed in [1, 20_260_110] {
        let shop = Shop::open().await;
        let campaign = Campaign {
            distribution: Distribution::SharedCode.into(),
            shared_code: "WALK".to_owned(),
            minimum_minor: 0,
            max_uses: USES,
            budget_minor: BUDGET,
            max_uses_per_member: EACH,
            ..ten_off("walk")
        };
        shop.put(campaign).await.expect("put");
        let members: Vec<MemberId> = (0..4).map(|_| shop.member()).collect();
        let (mut model, mut state) = (Model::default(), seed);
        for step in 0..STEPS {
            let what = next(&mut state) % 10;
            let at = (usize::try_from(next(&mut state) % 4).expect("small"), next(&mut state) % 4);
            match what {
                0..=4 => reserve(&shop, &mut model, &members, at).await,
                5 => redeem(&shop, &mut model, &members, at).await,
                6 | 7 => cancel(&shop, &mut model, &members, at).await,
                8 => {
                    let minutes = 1 + i64::try_from(next(&mut state) % 8).expect("small");
                    shop.minutes_pass(minutes);
                    model.now += minutes;
                }
                _ => shop.ring().await,
            }
            let (reserved, redeemed) = model.live(|_| true);
            let told = shop.used("walk").await;
            assert_eq!(told, (reserved, redeemed, reserved * 10, redeemed * 10), "seed {seed}, step {step}");
            assert!(reserved + redeemed <= USES && (reserved + redeemed) * 10 <= BUDGET);
        }
    }
}
