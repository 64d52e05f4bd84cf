//! What is heard twice, or in another order, comes to the same.

use eventlog::NewEvent;
use jiff::SignedDuration;
use kernel::{MemberId, Shard};
use proto::activity::events::v1::{OrderRecorded, OrderReturned};
use proto::referrals::v1::*;
use testkit::{Promise, count};
use uuid::Uuid;

use crate::shop::Shop;

#[derive(Clone)]
enum News {
    Order(OrderRecorded),
    Back(OrderReturned),
}

async fn hear(shop: &Shop, member: MemberId, news: &[News]) {
    let event = |one: &News| match one {
        News::Order(order) => NewEvent::new(shop.tenant, Shard::of_member(member), member, shop.clock.now(), order),
        News::Back(back) => NewEvent::new(shop.tenant, Shard::of_member(member), member, shop.clock.now(), back),
    };
    for one in news {
        let said = shop.activity.say_all(shop.tenant, &[event(one)], &[Shard::of_member(member)]).await;
        shop.hears(&said.seal(&shop.keys)).await;
    }
}

/// Another order of the same news, some of them said up to five times.
fn shuffled(news: &[News]) -> Vec<News> {
    let mut all = Vec::new();
    for one in news {
        let times = Uuid::new_v4().as_bytes()[0] % 5 + 1;
        all.extend((0..times).map(|_| (Uuid::new_v4(), one.clone())));
    }
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, one)| one).collect()
}

#[tokio::test]
async fn any_order_of_delivery_has_the_same_effects() {
    let shop = Shop::open().await;
    for round in 0..count(Promise::Deliveries) {
        let (inviter, invitee) = shop.invited().await;
        let order = shop.order(invitee, 900, shop.clock.now());
        let small = shop.order(invitee, 100, shop.clock.now());
        let news = [
            News::Order(small),
            News::Order(order.clone()),
            News::Back(shop.back(&order, 200, 200)),
            News::Back(shop.back(&order, 700, 500)),
        ];
        hear(&shop, invitee, &shuffled(&news)).await;
        let told = shop.told(invitee).await;
        let states: Vec<_> = told.moves.iter().map(|step| (step.to_state(), step.reason.clone())).collect();
        let expected = [
            (ReferralState::Attributed, "CODE"),
            (ReferralState::Qualified, "ORDER"),
            (ReferralState::Held, "HOLD"),
            (ReferralState::Reversed, "RETURNED"),
        ];
        assert_eq!(states, expected.map(|(state, reason)| (state, reason.to_owned())), "round {round}");
        assert_eq!(told.referral.expect("there").order, order.order);
        shop.days_pass(30).await;
        shop.settled().await;
        assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 0));
    }
}

#[tokio::test]
async fn what_is_heard_before_the_member_is_known_counts_all_the_same() {
    let shop = Shop::open().await;
    let inviter = shop.enrolled().await;
    let code = shop.code_of(inviter).await;
    let invitee = shop.member();
    // Nothing was heard of them: registry is asked.
    shop.attributes(shop.attribution(invitee, &code)).await.expect("registry knows them");
    let order = shop.order(invitee, 900, shop.clock.now());
    hear(&shop, invitee, &[News::Order(order.clone()), News::Order(order)]).await;
    shop.joins(invitee, &["key of a phone"]).await;
    assert_eq!(shop.state(invitee).await, ReferralState::Held);
}

#[tokio::test]
async fn a_purchase_before_the_touch_that_is_heard_of_late_speaks_against_it() {
    let shop = Shop::open().await;
    let (_, invitee) = shop.invited().await;
    let earlier = shop.order(invitee, 50, shop.clock.now() - SignedDuration::from_hours(1));
    let order = shop.order(invitee, 900, shop.clock.now());
    hear(&shop, invitee, &[News::Order(earlier), News::Order(order)]).await;
    let last = shop.told(invitee).await.moves.pop().expect("it moved");
    assert_eq!((last.to_state(), last.reason.as_str()), (ReferralState::Rejected, "ALREADY_CUSTOMER"));
}

#[tokio::test]
async fn while_it_is_held_everything_heard_is_judged_together() {
    let shop = Shop::open().await;
    for round in 0..count(Promise::Deliveries) {
        let (_, invitee) = shop.invited().await;
        let hours = |hours: i64| shop.clock.now() + SignedDuration::from_hours(hours);
        // Of the first that comes to enough some came back, which leaves enough; a guest's order before it does not.
        let joined = shop.joined(invitee, 900, 600, hours(1));
        let first = shop.order(invitee, 900, hours(2));
        let second = shop.order(invitee, 800, hours(24 * 5));
        let mut news = vec![
            News::Order(joined.clone()),
            News::Back(shop.back(&joined, 700, 100)),
            News::Order(first.clone()),
            News::Back(shop.back(&first, 400, 400)),
            News::Order(second),
            News::Order(shop.order(invitee, 100, hours(3))),
        ];
        let was_a_customer = round % 2 == 1;
        if was_a_customer {
            news.push(News::Order(shop.joined(invitee, 50, 50, hours(-1))));
        }
        hear(&shop, invitee, &shuffled(&news)).await;
        let told = shop.told(invitee).await;
        let last = told.moves.last().expect("it moved");
        let referral = told.referral.expect("there");
        if was_a_customer {
            assert_eq!((last.to_state(), last.reason.as_str()), (ReferralState::Rejected, "ALREADY_CUSTOMER"));
        } else {
            assert_eq!((last.to_state(), last.reason.as_str()), (ReferralState::Held, "HOLD"), "round {round}");
            let ends = proto::timestamp(testkit::instant("2026-01-24T16:00:00Z"));
            assert_eq!((referral.order, referral.hold_end_time), (first.order, Some(ends)), "round {round}");
        }
    }
}

#[tokio::test]
async fn a_guests_order_that_joins_during_the_hold_speaks_against_it() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    shop.buys(invitee, 900).await;
    assert_eq!(shop.state(invitee).await, ReferralState::Held);
    let earlier = shop.joined(invitee, 50, 0, shop.clock.now() - SignedDuration::from_hours(24));
    hear(&shop, invitee, &[News::Order(earlier)]).await;
    let last = shop.told(invitee).await.moves.pop().expect("it moved");
    assert_eq!((last.to_state(), last.reason.as_str()), (ReferralState::Rejected, "ALREADY_CUSTOMER"));
    shop.days_pass(30).await;
    shop.settled().await;
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 0));
}

#[tokio::test]
async fn an_earlier_order_heard_during_the_hold_is_the_one_that_counts() {
    let shop = Shop::open().await;
    let (_, invitee) = shop.invited().await;
    let first = shop.order(invitee, 500, shop.clock.now());
    shop.clock.move_to(shop.clock.now() + SignedDuration::from_hours(24 * 4)).expect("forward");
    let second = shop.buys(invitee, 900).await;
    assert_eq!(shop.told(invitee).await.referral.expect("there").order, second.order);
    hear(&shop, invitee, &[News::Order(first.clone())]).await;
    let told = shop.told(invitee).await;
    assert_eq!(told.referral.expect("there").order, first.order);
    let reasons: Vec<_> = told.moves.iter().map(|step| step.reason.as_str()).collect();
    assert_eq!(reasons, ["CODE", "ORDER", "HOLD", "EARLIER_ORDER", "HOLD"]);
    // From the 10th, not from the 14th.
    shop.days_pass(11).await;
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, ReferralState::Rewarded);
}
