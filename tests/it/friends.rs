//! A friend's code: enrolled with it, bought, held, rewarded on both sides; and taken back when the order comes back.

use proto::loyalty::v1::GetBalanceRequest;
use proto::referrals::v1::{
    AttributeRequest, AttributionPoint, GetReferralOfRequest, IssueCodeRequest, ListInvitationsRequest, Referral,
    ReferralState,
};

use crate::requests::{self, coming_back, giving_back, line, of, order_at, purchase};
use crate::stage::{Shop, Stage};

/// 100 points for who invited, 50 for who came, for an order of NT$ 500 or more that is not brought back within 14 days.
async fn offer(shop: &Shop) {
    let put = requests::offer(shop.request_id());
    shop.referrals().put_terms(put).await.expect("the terms are in force");
}

/// Answers a token of referrals.
pub async fn invited(shop: &Shop, inviter: &str, invitee: &str) -> String {
    let ask = IssueCodeRequest { request_id: shop.request_id(), member: inviter.to_owned(), ..Default::default() };
    let code = shop.referrals().issue_code(ask).await.expect("issued").into_inner().code;
    let ask = AttributeRequest {
        request_id: shop.request_id(),
        member: invitee.to_owned(),
        code,
        point: AttributionPoint::Enrolment.into(),
        ..AttributeRequest::default()
    };
    shop.referrals().attribute(ask).await.expect("attributed").into_inner().freshness
}

async fn referral(shop: &Shop, invitee: &str, fresh: &str) -> Referral {
    let ask = GetReferralOfRequest {
        invitee: invitee.to_owned(),
        at_least_as_fresh: fresh.to_owned(),
        ..GetReferralOfRequest::default()
    };
    shop.referrals().get_referral_of(ask).await.expect("there").into_inner().referral.expect("a referral")
}

async fn balance(shop: &Shop, member: &str) -> i64 {
    let asked = GetBalanceRequest { member: member.to_owned(), ..GetBalanceRequest::default() };
    shop.loyalty().get_balance(asked).await.expect("answered").into_inner().balance
}

/// Two members, and the order of the one who came by the other's code.
async fn bought(stage: &Stage, shop: &Shop) -> (String, String, String, String) {
    offer(shop).await;
    let (inviter, invitee) = (shop.enrol("0912-345-678").await, shop.enrol("0922-345-678").await);
    stage.suite.coordinator().quiet().await.expect("both are heard of");
    invited(shop, &inviter, &invitee).await;
    let recorded = shop
        .activity()
        .record_order(purchase(
            shop.request_id(),
            order_at(shop.clock.now(), "1", of(&invitee), vec![line(1, "mug", 1, "1000")]),
        ))
        .await
        .expect("the order is recorded")
        .into_inner();
    (inviter, invitee, recorded.order, recorded.freshness)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_have_their_points_once_the_order_can_hardly_come_back() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let (inviter, invitee, _, fresh) = bought(&stage, &shop).await;
    assert_eq!(referral(&shop, &invitee, &fresh).await.state(), ReferralState::Held);
    stage.suite.coordinator().quiet().await.expect("points follow");
    assert_eq!(
        (balance(&shop, &inviter).await, balance(&shop, &invitee).await),
        (0, 20),
        "the order's own points only"
    );

    stage.advance("2011-12-20T00:00:00Z").await;
    let rewarded = referral(&shop, &invitee, "").await;
    assert_eq!(rewarded.state(), ReferralState::Rewarded);
    assert!(!rewarded.inviter_entry.is_empty() && !rewarded.invitee_entry.is_empty(), "both entries can be looked at");
    assert_eq!((balance(&shop, &inviter).await, balance(&shop, &invitee).await), (100, 70));

    let asked = ListInvitationsRequest { inviter, ..ListInvitationsRequest::default() };
    let invitations = shop.referrals().list_invitations(asked).await.expect("answered").into_inner().referrals;
    assert_eq!(invitations.len(), 1);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_comes_back_takes_both_sides_points_back() {
    for reward_first in [true, false] {
        let stage = Stage::open("2011-12-02T04:00:00Z").await;
        let shop = stage.shop("signature").await;
        let (inviter, invitee, order, _) = bought(&stage, &shop).await;
        stage.advance(if reward_first { "2011-12-20T00:00:00Z" } else { "2011-12-05T00:00:00Z" }).await;
        shop.activity()
            .record_return(giving_back(shop.request_id(), coming_back("r-1", &order, 1, 1)))
            .await
            .expect("the return is recorded");
        stage.suite.coordinator().quiet().await.expect("all follow");
        assert_eq!(
            referral(&shop, &invitee, "").await.state(),
            ReferralState::Reversed,
            "rewarded first: {reward_first}"
        );
        assert_eq!((balance(&shop, &inviter).await, balance(&shop, &invitee).await), (0, 0));

        stage.advance("2012-01-20T00:00:00Z").await;
        assert_eq!((balance(&shop, &inviter).await, balance(&shop, &invitee).await), (0, 0), "and it stays so");
        stage.stop().await;
    }
}
