//! Reservations: all or nothing, for a while, and no counter is ever overrun.

use futures::future::join_all;
use kernel::MemberId;
use proto::loyalty::v1::*;

use crate::coupons::{cart, reason, ten_off};
use crate::shop::Shop;

/// A campaign with one code for everybody.
fn shared(code: &str, text: &str) -> Campaign {
    let distribution = Distribution::SharedCode.into();
    Campaign { distribution, shared_code: text.to_owned(), minimum_minor: 0, ..ten_off(code) }
}

async fn savings(shop: &Shop, member: MemberId) -> Vec<(SavingKind, i64, i64)> {
    let ask = GetSavingsRequest { member: member.to_string(), ..Default::default() };
    let told = shop.coupons().get_savings(ask).await.expect("told").into_inner().savings;
    told.iter().map(|one| (one.kind(), one.uses, one.saved.clone().expect("told").minor)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_taken_once_however_many_want_it() {
    let shop = Shop::open().await;
    shop.put(Campaign { max_uses: 1, ..shared("flash", "FLASH") }).await.expect("put");
    let members: Vec<MemberId> = (0..64).map(|_| shop.member()).collect();
    let tries = members.iter().map(|member| shop.reserve(shop.reservation(*member, "1", &[], &["FLASH"])));
    let outcomes = join_all(tries).await;
    let won: Vec<usize> = (0..64).filter(|place| outcomes[*place].is_ok()).collect();
    assert_eq!(won.len(), 1, "exactly one");
    for refused in outcomes.into_iter().filter(Result::is_err) {
        assert_eq!(reason(refused), "COUPON_USED_UP");
    }
    assert_eq!(shop.used("flash").await, (1, 0, 10, 0));
    shop.redeem_order(members[won[0]], "1").await.expect("used");
    assert_eq!(shop.used("flash").await, (0, 1, 0, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_limit_holds() {
    let shop = Shop::open().await;
    let (one, other) = (shop.member(), shop.member());
    let limit = |answer: Result<CouponReservation, tonic::Status>| {
        use tonic_types::StatusExt as _;
        let info = answer.expect_err("refused").get_details_error_info().expect("a refusal");
        (info.reason, info.metadata["limit"].clone(), info.metadata["most"].clone())
    };
    let told = |limit: &str, most: &str| ("COUPON_USED_UP".to_owned(), limit.to_owned(), most.to_owned());
    let try_it =
        |member, number: &'static str, code: &'static str| shop.reserve(shop.reservation(member, number, &[], &[code]));
    shop.put(Campaign { budget_minor: 25, ..shared("budget", "BUDGET") }).await.expect("put");
    try_it(one, "b1", "BUDGET").await.expect("10 of 25");
    try_it(one, "b2", "BUDGET").await.expect("20 of 25");
    assert_eq!(limit(try_it(other, "b3", "BUDGET").await), told("CAMPAIGN_BUDGET", "25"));
    shop.cancel_order(one, "b1").await.expect("given up");
    try_it(other, "b3", "BUDGET").await.expect("it is free at once");

    shop.put(Campaign { max_uses_per_member: 1, ..shared("once", "ONCE") }).await.expect("put");
    try_it(one, "m1", "ONCE").await.expect("once");
    assert_eq!(limit(try_it(one, "m2", "ONCE").await), told("MEMBER_USES", "1"));
    try_it(other, "m3", "ONCE").await.expect("somebody else");
    shop.redeem_order(one, "m1").await.expect("used");
    assert_eq!(limit(try_it(one, "m2", "ONCE").await), told("MEMBER_USES", "1"));

    // A limit is the last version's, and counts what was used under the earlier ones.
    shop.put(Campaign { max_uses: 2, ..shared("once", "ONCE") }).await.expect("put");
    assert_eq!(limit(try_it(shop.member(), "m4", "ONCE").await), told("CAMPAIGN_USES", "2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_its_orders_and_said_twice_it_is_one() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.put(ten_off("spring")).await.expect("put");
    let coupon = shop.issue(member, "spring").await.expect("given").coupon;
    let ask = shop.reservation(member, "1", &[&coupon], &[]);
    let first = shop.reserve(ask.clone()).await.expect("put aside");
    assert_eq!(shop.reserve(ask).await.expect("the same request"), first);
    let again = shop.reserve(shop.reservation(member, "1", &[&coupon], &[])).await.expect("the same order");
    assert_eq!((&again.id, again.lapse_time), (&first.id, first.lapse_time));
    let other = ReserveCouponsRequest { cart: Some(cart(300)), ..shop.reservation(member, "1", &[&coupon], &[]) };
    assert_eq!(reason(shop.reserve(other).await), "ORDER_RESERVED");
    assert_eq!(reason(shop.reserve(shop.reservation(member, "2", &[&coupon], &[])).await), "COUPON_NOT_FREE");
    assert_eq!(shop.used("spring").await, (1, 0, 10, 0));

    let cancelled = shop.cancel_order(member, "1").await.expect("given up");
    assert_eq!(cancelled.state(), ReservationState::Cancelled);
    assert_eq!(shop.cancel_order(member, "1").await.expect("said twice").state(), ReservationState::Cancelled);
    assert_eq!(reason(shop.redeem_order(member, "1").await), "RESERVATION_OVER");
    assert_eq!(shop.used("spring").await, (0, 0, 0, 0));

    let second = shop.reserve(shop.reservation(member, "1", &[&coupon], &[])).await.expect("put aside again");
    assert_ne!(second.id, first.id);
    let redeemed = shop.redeem_order(member, "1").await.expect("used");
    assert_eq!((redeemed.id.as_str(), redeemed.state()), (second.id.as_str(), ReservationState::Redeemed));
    assert_eq!(shop.redeem_order(member, "1").await.expect("said twice"), redeemed);
    assert_eq!(reason(shop.cancel_order(member, "1").await), "RESERVATION_OVER");
    assert_eq!(reason(shop.reserve(shop.reservation(member, "1", &[&coupon], &[])).await), "RESERVATION_OVER");
    assert_eq!(reason(shop.redeem_order(member, "3").await), "RESERVATION_NOT_FOUND");
    assert_eq!(shop.used("spring").await, (0, 1, 0, 10));
    assert_eq!(savings(&shop, member).await, [(SavingKind::AmountOff, 1, 10)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_ends_at_its_instant_whether_or_not_it_rings() {
    let shop = Shop::open().await;
    let (one, other) = (shop.member(), shop.member());
    shop.put(Campaign { max_uses: 1, ..shared("flash", "FLASH") }).await.expect("put");
    let ask = |member, number: &str| shop.reservation(member, number, &[], &["FLASH"]);
    let held = ReserveCouponsRequest { lifetime_seconds: 600, ..ask(one, "1") };
    shop.reserve(held).await.expect("put aside");
    shop.minutes_pass(9);
    assert_eq!(reason(shop.reserve(ask(other, "2")).await), "COUPON_USED_UP");
    shop.minutes_pass(1);
    assert_eq!(shop.used("flash").await, (0, 0, 0, 0), "nothing rang, and it counts no more");
    shop.reserve(ask(other, "2")).await.expect("whoever comes next has it");
    assert_eq!(reason(shop.redeem_order(one, "1").await), "RESERVATION_OVER");
    shop.ring().await;
    assert_eq!(shop.used("flash").await, (1, 0, 10, 0), "what rings late takes nothing from who came first");
    shop.redeem_order(other, "2").await.expect("used");
    shop.minutes_pass(60);
    shop.ring().await;
    assert_eq!(shop.used("flash").await, (0, 1, 0, 10));
    assert_eq!(shop.cancel_order(one, "1").await.expect("it ended").state(), ReservationState::Lapsed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_that_is_put_aside_outlives_its_time() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.put(Campaign { valid_days: 1, ..ten_off("spring") }).await.expect("put");
    let kept = shop.issue(member, "spring").await.expect("given").coupon;
    let lost = shop.issue(member, "spring").await.expect("given").coupon;
    shop.minutes_pass(24 * 60 - 5);
    shop.reserve(shop.reservation(member, "1", &[&kept], &[])).await.expect("just in time");
    shop.reserve(shop.reservation(member, "2", &[&lost], &[])).await.expect("just in time");
    shop.minutes_pass(10);
    shop.ring().await;
    shop.redeem_order(member, "1").await.expect("it was put aside in time");
    shop.cancel_order(member, "2").await.expect("given up");
    let states: Vec<CouponState> = shop.wallet(member).await.iter().map(Coupon::state).collect();
    assert_eq!(states, [CouponState::Lapsed, CouponState::Redeemed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_comes_back_whole_gives_the_use_back() {
    let shop = Shop::open().await;
    shop.put(Campaign { max_uses: 1, ..ten_off("spring") }).await.expect("put");
    shop.put(Campaign { return_rule: ReturnRule::StaysUsed.into(), ..ten_off("stays") }).await.expect("put");
    let buys = async |campaign: &str, number: &str, avoids_chargeback: bool, part: i64| {
        let member = shop.enrolled().await;
        let coupon = shop.issue(member, campaign).await.expect("given").coupon;
        shop.reserve(shop.reservation(member, number, &[&coupon], &[])).await.expect("put aside");
        let mut order = shop.order(member, 200, shop.clock.now());
        order.external_id = number.to_owned();
        shop.activity.say(shop.tenant, member, &order).await;
        shop.redeem_order(member, number).await.expect("used");
        let mut back = shop.back(&order, part, part);
        back.avoids_chargeback = avoids_chargeback;
        let said = shop.activity.say(shop.tenant, member, &back).await;
        shop.account(member, &shop.seal(&said)).await;
        shop.ring().await;
        (member, shop.wallet(member).await[0].state())
    };
    let (member, state) = buys("spring", "part", false, 150).await;
    assert_eq!(state, CouponState::Redeemed, "a part that comes back changes nothing");
    assert_eq!(savings(&shop, member).await, [(SavingKind::AmountOff, 1, 10)]);
    shop.put(Campaign { max_uses: 2, ..ten_off("spring") }).await.expect("put");
    let (_, state) = buys("spring", "chargeback", true, 200).await;
    assert_eq!(state, CouponState::Redeemed, "the refund avoided a chargeback");
    assert_eq!(shop.used("spring").await, (0, 2, 0, 20));
    shop.put(Campaign { max_uses: 3, ..ten_off("spring") }).await.expect("put");
    let (member, state) = buys("spring", "whole", false, 200).await;
    assert_eq!(state, CouponState::Issued);
    assert_eq!(shop.used("spring").await, (0, 2, 0, 20), "the use came back to the campaign");
    assert_eq!(savings(&shop, member).await, []);
    let (_, state) = buys("stays", "stays", false, 200).await;
    assert_eq!((state, shop.used("stays").await), (CouponState::Redeemed, (0, 1, 0, 10)));
    // What came back can be used again.
    let coupon = shop.wallet(member).await[0].id.clone();
    shop.reserve(shop.reservation(member, "next", &[&coupon], &[])).await.expect("put aside");
    assert_eq!(shop.used("spring").await, (1, 2, 10, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_put_aside_for_twice_gives_its_use_back() {
    let shop = Shop::open().await;
    shop.put(Campaign { max_uses: 1, ..ten_off("spring") }).await.expect("put");
    let member = shop.enrolled().await;
    let coupon = shop.issue(member, "spring").await.expect("given").coupon;
    shop.reserve(shop.reservation(member, "slow", &[&coupon], &[])).await.expect("put aside");
    let mut order = shop.order(member, 200, shop.clock.now());
    order.external_id = "slow".to_owned();
    let said = shop.activity.say(shop.tenant, member, &order).await;
    shop.account(member, &shop.seal(&said)).await;
    shop.minutes_pass(20);
    assert_eq!(reason(shop.redeem_order(member, "slow").await), "RESERVATION_OVER");
    shop.reserve(shop.reservation(member, "slow", &[&coupon], &[])).await.expect("put aside again");
    shop.redeem_order(member, "slow").await.expect("used");
    let said = shop.activity.say(shop.tenant, member, &shop.back(&order, 200, 200)).await;
    shop.account(member, &shop.seal(&said)).await;
    shop.ring().await;
    assert_eq!(shop.wallet(member).await[0].state(), CouponState::Issued);
    assert_eq!(shop.used("spring").await, (0, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_before_it_was_used_is_given_up() {
    let shop = Shop::open().await;
    shop.put(Campaign { max_uses: 1, ..ten_off("spring") }).await.expect("put");
    let member = shop.enrolled().await;
    let coupon = shop.issue(member, "spring").await.expect("given").coupon;
    shop.reserve(shop.reservation(member, "hasty", &[&coupon], &[])).await.expect("put aside");
    let mut order = shop.order(member, 200, shop.clock.now());
    order.external_id = "hasty".to_owned();
    shop.activity.say(shop.tenant, member, &order).await;
    let said = shop.activity.say(shop.tenant, member, &shop.back(&order, 200, 200)).await;
    shop.account(member, &shop.seal(&said)).await;
    assert_eq!(reason(shop.redeem_order(member, "hasty").await), "RESERVATION_OVER");
    assert_eq!(shop.wallet(member).await[0].state(), CouponState::Issued);
    shop.minutes_pass(20);
    shop.ring().await;
    assert_eq!(shop.used("spring").await, (0, 0, 0, 0));
}
