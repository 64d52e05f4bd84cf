//! From the invitation to the points on both sides, each given once.

use ReferralState::{Approved, Attributed, Flagged, Held, Qualified, Rewarded};
use jiff::SignedDuration;
use proto::referrals::v1::*;
use testkit::until;

use crate::loyalty::So;
use crate::shop::Shop;

#[tokio::test]
async fn the_whole_story() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    assert_eq!(shop.state(invitee).await, Attributed);
    let told = shop.told(invitee).await;
    let flip = told.decision.and_then(|decision| decision.nearest_flip).expect("an order would change it");
    assert_eq!((flip.fact.as_str(), flip.change, flip.outcome.as_str()), ("best_net_minor", 500, "HELD"));

    shop.buys(invitee, 499).await;
    assert_eq!(shop.state(invitee).await, Attributed, "too small an order leaves it where it is");
    let order = shop.buys(invitee, 500).await;
    let held = shop.told(invitee).await.referral.expect("it is there");
    assert_eq!((held.state(), held.order), (Held, order.order));
    // Bought on the morning of the 10th in Taipei: the first instant of the 25th there.
    let ends = testkit::instant("2026-01-24T16:00:00Z");
    assert_eq!(held.hold_end_time, Some(proto::timestamp(ends)));

    shop.clock.move_to(ends - SignedDuration::from_secs(1)).expect("forward");
    shop.days_pass(0).await;
    assert_eq!(shop.state(invitee).await, Held);
    shop.days_pass(1).await;
    shop.settled().await;
    let life = shop.told(invitee).await;
    let states: Vec<_> = life.moves.iter().map(Move::to_state).collect();
    assert_eq!(states, [Attributed, Qualified, Held, Approved, Rewarded]);
    assert_eq!(life.moves[3].occur_time, Some(proto::timestamp(ends)), "as of its own end, however late it rings");
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (100, 50));

    let sums = shop.client().get_overview(GetOverviewRequest::default()).await.expect("sums").into_inner();
    assert_eq!((sums.referrals, sums.inviter_points, sums.invitee_points), (1, 100, 50));
    assert_eq!(sums.rewarded_rate, "1.0000");
    let id = life.referral.expect("it is there").id;
    let ask = GetReferralRequest { referral: id, ..Default::default() };
    let same = shop.client().get_referral(ask).await.expect("it is found").into_inner();
    assert_eq!(same.moves, life.moves);
}

#[tokio::test]
async fn whoever_does_not_answer_is_asked_again_and_gives_once() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    shop.loyalty.answers(inviter, &[So::Silent, So::Lost, So::Silent]);
    shop.loyalty.answers(invitee, &[So::Lost, So::Lost]);
    shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, Rewarded);
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (100, 50));
    let told = shop.loyalty.told();
    let asked = |member: &kernel::MemberId| told.calls.iter().filter(|(_, of)| *of == member.to_string()).count();
    assert_eq!((asked(&inviter), asked(&invitee)), (4, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_approve_and_reward_once() {
    let shop = Shop::open().await;
    let mut pairs = Vec::new();
    for _ in 0..6 {
        let pair = shop.invited().await;
        shop.buys(pair.1, 600).await;
        pairs.push(pair);
    }
    let twin = shop.twin().await;
    tokio::spawn(twin.courier().expect("it has one").run(shop.stop.clone()));
    let later = shop.clock.now() + SignedDuration::from_hours(24 * 20);
    shop.clock.move_to(later).expect("forward");
    let (one, other) = (shop.service.clockwork().expect("one"), twin.clockwork().expect("another"));
    let (one, other) = tokio::join!(one.drain(later), other.drain(later));
    one.and(other).expect("due work is done");
    shop.settled().await;
    for (inviter, invitee) in pairs {
        assert_eq!(shop.life(invitee).await, [Attributed, Qualified, Held, Approved, Rewarded]);
        assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (100, 50));
    }
}

#[tokio::test]
async fn a_process_that_dies_before_the_answer_is_written_loses_nothing() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    shop.buys(invitee, 600).await;
    shop.loyalty.answers(inviter, &[So::Lost; 3]);
    shop.loyalty.answers(invitee, &[So::Lost; 3]);
    shop.days_pass(20).await;
    until("the first was given points", async || shop.loyalty.points(inviter) == 100).await;
    shop.work.cancel();
    assert_eq!(shop.state(invitee).await, Approved, "no answer has been written");

    let after = shop.twin().await.courier().expect("it has one");
    assert!(after.count_open().await.expect("it is counted") > 0);
    tokio::spawn(after.run(shop.stop.clone()));
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, Rewarded);
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (100, 50));
}

#[tokio::test]
async fn one_side_may_be_given_nothing() {
    let shop = Shop::with(|terms| terms.inviter_points = 0).await;
    let (inviter, invitee) = shop.invited().await;
    shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, Rewarded);
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 50));

    let shop = Shop::with(|terms| (terms.inviter_points, terms.invitee_points) = (0, 0)).await;
    let (_, invitee) = shop.invited().await;
    shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    assert_eq!(shop.state(invitee).await, Rewarded, "nobody has to be asked");
}

#[tokio::test]
async fn what_loyalty_refuses_is_looked_at_by_a_person() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    shop.loyalty.answers(inviter, &[So::Refused("PROGRAMME_NOT_FOUND")]);
    shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.settled().await;
    let told = shop.told(invitee).await;
    let last = told.moves.last().expect("it moved");
    assert_eq!((last.to_state(), last.reason.as_str()), (Flagged, "GRANT_REFUSED"));
    let facts: Vec<_> = last.evidence.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(facts, [("side", "inviter"), ("refusal", "PROGRAMME_NOT_FOUND")]);

    let id = told.referral.expect("it is there").id;
    shop.reviews(&id, Verdict::Approve).await.expect("it may go on");
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, Rewarded);
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (100, 50));
}
