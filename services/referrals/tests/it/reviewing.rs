//! What looks suspicious waits for a person.

use ReferralState::{Attributed, Flagged, Held, Rejected};
use proto::referrals::v1::*;
use tonic::Code;

use crate::loyalty::So;
use crate::shop::{Shop, fact, reason};

#[tokio::test]
async fn more_attributions_within_an_hour_than_usual_are_flagged() {
    let shop = Shop::with(|terms| terms.flag_per_hour = 2).await;
    let code = shop.code_of(shop.enrolled().await).await;
    let mut states = Vec::new();
    let mut last = (String::new(), shop.member());
    for _ in 0..3 {
        let invitee = shop.enrolled().await;
        let done = shop.attributes(shop.attribution(invitee, &code)).await.expect("nothing is refused");
        states.push(done.state());
        last = (done.referral, invitee);
    }
    assert_eq!(states, [Attributed, Attributed, Flagged]);
    let (flagged, invitee) = last;
    let said = testkit::sentence(shop.told(invitee).await.decision.as_ref());
    assert_eq!(said, "A person will look at this: the code was used 3 times within an hour.");
    shop.buys(invitee, 600).await;
    assert_eq!(shop.state(invitee).await, Flagged, "what is heard waits with it");
    let done = shop.reviews(&flagged, Verdict::Approve).await.expect("it may go on");
    assert_eq!(done.state(), Held, "the order counts now");
    let again = shop.reviews(&flagged, Verdict::Reject).await.expect_err("it waits no more");
    assert_eq!(reason(&again), (Code::FailedPrecondition, "NOT_FLAGGED".to_owned()));
    assert_eq!(fact(&again, "state"), "HELD");

    shop.days_pass(1).await;
    let invitee = shop.enrolled().await;
    let done = shop.attributes(shop.attribution(invitee, &code)).await.expect("nothing is refused");
    assert_eq!(done.state(), Attributed, "an hour later nothing is unusual");
}

#[tokio::test]
async fn what_was_given_before_it_was_flagged_is_taken_back_when_it_is_rejected() {
    let shop = Shop::open().await;
    let (inviter, invitee) = shop.invited().await;
    shop.loyalty.answers(inviter, &[So::Refused("BALANCE_OUT_OF_RANGE")]);
    shop.buys(invitee, 600).await;
    shop.days_pass(20).await;
    shop.settled().await;
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 50));
    let said = testkit::sentence(shop.told(invitee).await.decision.as_ref());
    assert_eq!(said, "A person will look at this: the points could not be given (BALANCE_OUT_OF_RANGE).");
    let id = shop.told(invitee).await.referral.expect("there").id;
    shop.reviews(&id, Verdict::Reject).await.expect("it ends");
    shop.settled().await;
    assert_eq!(shop.state(invitee).await, Rejected);
    let said = testkit::sentence(shop.told(invitee).await.decision.as_ref());
    assert_eq!(said, "No points: the invitation was looked at by a person and ended.");
    assert_eq!((shop.loyalty.points(inviter), shop.loyalty.points(invitee)), (0, 0));
}

#[tokio::test]
async fn a_referral_nobody_knows_is_not_found() {
    let shop = Shop::open().await;
    let refused = shop.reviews("referral_01h455vb4pex5vsknk084sn02q", Verdict::Approve).await.expect_err("none");
    assert_eq!(reason(&refused), (Code::NotFound, "REFERRAL_NOT_FOUND".to_owned()));
    let ask = GetReferralOfRequest { invitee: shop.enrolled().await.to_string(), ..Default::default() };
    let refused = shop.client().get_referral_of(ask).await.expect_err("nobody invited them");
    assert_eq!(reason(&refused), (Code::NotFound, "REFERRAL_NOT_FOUND".to_owned()));
}
