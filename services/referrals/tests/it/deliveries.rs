//! What is heard twice, or in another order, comes to the same.

use eventlog::NewEvent;
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
    let earlier = shop.order(invitee, 50, shop.clock.now() - jiff::SignedDuration::from_hours(1));
    let order = shop.order(invitee, 900, shop.clock.now());
    hear(&shop, invitee, &[News::Order(earlier), News::Order(order)]).await;
    let last = shop.told(invitee).await.moves.pop().expect("it moved");
    assert_eq!((last.to_state(), last.reason.as_str()), (ReferralState::Rejected, "ALREADY_CUSTOMER"));
}
