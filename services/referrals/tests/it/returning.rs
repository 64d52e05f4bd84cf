//! What comes back: a return of the order that counts reverses both sides, whenever it is heard.

use ReferralState::{Approved, Attributed, Held, Qualified, Reversed, Rewarded};
use proto::referrals::v1::*;

use crate::loyalty::So;
use crate::shop::Shop;

#[tokio::test]
async fn a_return_within_the_hold_ends_it_and_nobody_is_asked() {
    let shop = Shop::open().await;
    let (_, invitee) = shop.invited().await;
    let order = shop.buys(invitee, 600).await;
    shop.returns(invitee, &order, 600).await;
    shop.days_pass(20).await;
    assert_eq!(shop.life(invitee).await, [Attributed, Qualified, Held, Reversed]);
    assert!(shop.loyalty.told().calls.is_empty());
}

#[tokio::test]
async fn a_return_that_leaves_enough_changes_nothing() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    let order = shop.buys(invitee, 900).await;
    shop.returns(invitee, &order, 400).await;
    assert_eq!(shop.state(invitee).await, Held);
    shop.days_pass(20).await;
    shop.settled().await;
    assert_eq!(shop.loyalty.points(inviter), 100);
    shop.returns(invitee, &order, 401).await;
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, Reversed, "one more and it is too little");
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 0));
}

#[tokio::test]
async fn a_return_after_the_reward_takes_both_sides_back_once() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    let order = shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.settled().await;
    shop.loyalty.answers(inviter, &[So::Lost, So::Silent]);
    shop.returns(invitee, &order, 600).await;
    shop.returns(invitee, &order, 600).await;
    shop.settled().await;
    assert_eq!(shop.life(invitee).await, [Attributed, Qualified, Held, Approved, Rewarded, Reversed]);
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 0));
    let told = shop.loyalty.told();
    let revoked = told.calls.iter().filter(|(what, of)| *what == "revoke" && *of == invitee.to_string()).count();
    assert_eq!(revoked, 1);
}

#[tokio::test]
async fn a_return_while_the_points_are_being_given_follows_them() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    shop.loyalty.answers(inviter, &[So::Silent, So::Lost]);
    let order = shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.returns(invitee, &order, 600).await;
    assert_eq!(shop.state(invitee).await, Reversed);
    shop.settled().await;
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 0));
    let told = shop.loyalty.told();
    let of = inviter.to_string();
    let calls: Vec<&str> = told.calls.iter().filter(|(_, who)| *who == of).map(|(what, _)| *what).collect();
    assert_eq!(calls, ["grant", "grant", "grant", "revoke"], "first given, then taken back");
}

#[tokio::test]
async fn a_reversed_referral_stays_reversed() {
    let shop = Shop::open().await;
    let (_, invitee) = shop.invited().await;
    let order = shop.buys(invitee, 600).await;
    shop.returns(invitee, &order, 600).await;
    shop.buys(invitee, 900).await;
    shop.days_pass(40).await;
    assert_eq!(shop.state(invitee).await, Reversed);
    let ask = GetReferralOfRequest { invitee: invitee.to_string(), ..Default::default() };
    assert!(shop.client().get_referral_of(ask).await.expect("told").into_inner().decision.is_none());
}

#[tokio::test]
async fn what_came_back_before_the_order_was_theirs_does_not_count() {
    let shop = Shop::open().await;
    let (_, invitee) = shop.invited().await;
    let hear = async |order: &proto::activity::events::v1::OrderRecorded| {
        let said = shop.activity.say(shop.tenant, invitee, order).await;
        shop.hears(&said.seal(&shop.keys)).await;
    };
    hear(&shop.joined(invitee, 900, 600, shop.clock.now())).await;
    let told = shop.told(invitee).await;
    assert_eq!(told.referral.expect("there").state(), Attributed, "300 are left of it");
    let flip = told.decision.and_then(|decision| decision.nearest_flip).expect("an order would change it");
    assert_eq!((flip.fact.as_str(), flip.change), ("best_net_minor", 200));
    let order = shop.joined(invitee, 900, 300, shop.clock.now());
    hear(&order).await;
    assert_eq!(shop.state(invitee).await, Held, "600 are left of this one");
    shop.returns(invitee, &order, 401).await;
    assert_eq!(shop.state(invitee).await, Reversed, "and now it is too little");
}

#[tokio::test]
async fn what_loyalty_will_not_take_back_is_told() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    let order = shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.settled().await;
    shop.loyalty.answers(inviter, &[So::Refused("BALANCE_OUT_OF_RANGE")]);
    shop.returns(invitee, &order, 600).await;
    shop.settled().await;
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (100, 0));
    let told = shop.told(invitee).await;
    let last = told.moves.last().expect("it moved");
    assert_eq!((last.from_state(), last.to_state(), last.reason.as_str()), (Reversed, Reversed, "REVOKE_REFUSED"));
    let facts: Vec<_> = last.evidence.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(facts, [("side", "inviter"), ("refusal", "BALANCE_OUT_OF_RANGE")]);
    let decision = told.decision.expect("it was asked for");
    assert!(decision.facts.iter().any(|fact| fact.name == "returned_minor"), "why it stands there is told as before");
}
