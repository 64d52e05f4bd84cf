//! How many invitations of one member are rewarded, also when many holds end at once.

use ReferralState::{Rejected, Rewarded};
use jiff::SignedDuration;
use proto::referrals::v1::*;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_holds_when_two_processes_end_many_holds_at_once() {
    let shop = Shop::with(|terms| terms.most_per_inviter = 3).await;
    let inviter = shop.enrolled().await;
    let code = shop.code_of(inviter).await;
    let mut invitees = Vec::new();
    for _ in 0..8 {
        let invitee = shop.enrolled().await;
        shop.attributes(shop.attribution(invitee, &code)).await.expect("nothing speaks against it");
        shop.buys(invitee, 600).await;
        invitees.push(invitee);
    }
    let twin = shop.twin().await;
    let later = shop.clock.now() + SignedDuration::from_hours(24 * 20);
    shop.clock.move_to(later).expect("forward");
    let (one, other) = (shop.service.clockwork().expect("one"), twin.clockwork().expect("another"));
    let (one, other) = tokio::join!(one.drain(later), other.drain(later));
    one.and(other).expect("due work is done");
    shop.settled().await;
    let mut states = Vec::new();
    for invitee in &invitees {
        states.push(shop.state(*invitee).await);
    }
    let count = |wanted| states.iter().filter(|state| **state == wanted).count();
    assert_eq!((count(Rewarded), count(Rejected)), (3, 5));
    assert_eq!(shop.loyalty.points(inviter), 300);
}

#[tokio::test]
async fn a_limit_of_a_period_begins_anew_after_it_and_the_first_come_first() {
    let shop = Shop::with(|terms| (terms.most_per_inviter, terms.per_days) = (1, 10)).await;
    let inviter = shop.enrolled().await;
    let code = shop.code_of(inviter).await;
    let mut invitees = Vec::new();
    for days in [0, 1, 20] {
        shop.days_pass(days).await;
        let invitee = shop.enrolled().await;
        shop.attributes(shop.attribution(invitee, &code)).await.expect("nothing speaks against it");
        shop.buys(invitee, 600).await;
        invitees.push(invitee);
    }
    shop.days_pass(20).await;
    shop.settled().await;
    let mut told = Vec::new();
    for invitee in invitees {
        let mut seen = shop.told(invitee).await;
        let last = seen.moves.pop().expect("it moved");
        told.push((last.to_state(), last.reason, testkit::sentence(seen.decision.as_ref())));
    }
    let both = "Both have their points: 100 for who invited, 50 for who was invited.";
    let rewarded = (Rewarded, "POINTS_GRANTED".to_owned(), both.to_owned());
    let limit = "No points: the inviter's limit is reached (1 approved, 1 at most).";
    assert_eq!(told, [rewarded.clone(), (Rejected, "LIMIT_REACHED".to_owned(), limit.to_owned()), rewarded]);
}

#[tokio::test]
async fn who_turns_out_to_be_the_inviter_is_rejected_at_the_end_of_the_hold() {
    let shop = Shop::open().await;
    let (inviter, invitee) = (shop.member(), shop.member());
    shop.joins(inviter, &["key of a phone"]).await;
    let code = shop.code_of(inviter).await;
    // Registry is asked; what it says of their identities is heard later.
    shop.attributes(shop.attribution(invitee, &code)).await.expect("nothing is known against it");
    shop.joins(invitee, &["key of a phone"]).await;
    shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    let told = shop.told(invitee).await;
    let last = told.moves.last().expect("it moved");
    assert_eq!((last.to_state(), last.reason.as_str()), (Rejected, "SELF_REFERRAL"));
    let said = testkit::sentence(told.decision.as_ref());
    assert_eq!(said, "No points: inviter and invitee are known by one identity.");
}
