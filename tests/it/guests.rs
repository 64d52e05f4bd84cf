//! An order of somebody nobody knows yet joins them when they enrol.

use proto::activity::v1::{GetOrderRequest, NewReturn, new_order};
use proto::loyalty::v1::{EntryKind, GetAccountRequest, GetBalanceRequest, ListEntriesRequest};
use proto::portrait::v1::{GetPortraitRequest, Portrait};
use proto::referrals::v1::{
    AttributeRequest, AttributionPoint, GetReferralOfRequest, IssueCodeRequest, RecordTouchRequest, Referral,
    ReferralState,
};
use proto::registry::v1::{Identity, IdentityKind};
use proto::segmentation::v1::{GetInsightRequest, Insight, Lifecycle};
use testkit::instant;

use crate::requests::{self, at, coming_back, giving_back, line, order, order_at, purchase};
use crate::stage::{Shop, Stage};

fn phone(value: &str) -> new_order::Buyer {
    let kind = IdentityKind::Phone.into();
    new_order::Buyer::Identity(Identity { kind, value: value.to_owned(), ..Identity::default() })
}

async fn owner(shop: &Shop, order: &str) -> String {
    let ask = GetOrderRequest { order: order.to_owned(), at_least_as_fresh: String::new() };
    let found = shop.activity().get_order(ask).await.expect("it is recorded").into_inner();
    found.order.expect("it is there").member
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_by_phone_joins_whoever_enrols_with_that_phone() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let bought = order("20111201-0001", phone("0912-345-678"), vec![line(1, "mug", 1, "1000")]);
    let bought = shop.activity().record_order(purchase(shop.request_id(), bought)).await.expect("it is recorded");
    let id = bought.into_inner().order;
    assert_eq!(owner(&shop, &id).await, "", "nobody is known by that phone yet");

    let member = shop.enrol("+886 912 345 678").await;
    testkit::until("the order is the new member's", || async { owner(&shop, &id).await == member }).await;
    testkit::until("its points are theirs too", || async {
        let ask = GetAccountRequest { member: member.clone(), at_least_as_fresh: String::new(), wallet: String::new() };
        let account = shop.loyalty().get_account(ask).await.expect("an account").into_inner().account;
        account.expect("it is there").balance == 20
    })
    .await;

    let known = order("20111201-0002", phone("0912345678"), vec![line(1, "mug", 1, "500")]);
    let known = shop.activity().record_order(purchase(shop.request_id(), known)).await.expect("it is recorded");
    assert_eq!(known.into_inner().member, member, "from now on the phone names them");
    stage.stop().await;
}

const VISITOR: &str = "cookie-7";

/// A friend's code with 100 points for who invited and 50 for who came, for an order of NT$ 500 or more.
async fn a_friends_code(stage: &Stage, shop: &Shop) -> (String, String) {
    let put = requests::offer(shop.request_id());
    shop.referrals().put_terms(put).await.expect("the terms are in force");
    let friend = shop.enrol("0922-345-678").await;
    let ask = IssueCodeRequest { request_id: shop.request_id(), member: friend.clone(), ..Default::default() };
    let code = shop.referrals().issue_code(ask).await.expect("issued").into_inner().code;
    stage.suite.coordinator().quiet().await.expect("the friend is heard of");
    (friend, code)
}

async fn visits(shop: &Shop, code: &str) {
    let (request_id, code, visitor) = (shop.request_id(), code.to_owned(), VISITOR.to_owned());
    let ask = RecordTouchRequest { request_id, code, visitor, validate_only: false };
    shop.referrals().record_touch(ask).await.expect("the code is live");
}

/// Two mugs by phone, of which one comes back; 1,000 are left.
async fn buys_as_a_guest(stage: &Stage, shop: &Shop) -> String {
    let lines = vec![line(1, "mug", 2, "1000")];
    let bought = order_at(shop.clock.now(), "20111203-0001", phone("0912-345-678"), lines);
    let bought = shop.activity().record_order(purchase(shop.request_id(), bought)).await.expect("it is recorded");
    let order = bought.into_inner().order;
    stage.advance("2011-12-04T04:00:00Z").await;
    let back = NewReturn { occur_time: Some(proto::timestamp(shop.clock.now())), ..coming_back("r-1", &order, 1, 1) };
    shop.activity().record_return(giving_back(shop.request_id(), back)).await.expect("it comes back");
    order
}

/// Enrols with the phone, and says by whom they came.
async fn joins(stage: &Stage, shop: &Shop) -> String {
    let member = shop.enrol("+886 912 345 678").await;
    stage.suite.coordinator().quiet().await.expect("the order has joined them");
    let ask = AttributeRequest {
        request_id: shop.request_id(),
        member: member.clone(),
        visitor: VISITOR.to_owned(),
        point: AttributionPoint::Enrolment.into(),
        ..AttributeRequest::default()
    };
    // Where it is refused, the referral tells.
    drop(shop.referrals().attribute(ask).await);
    member
}

async fn insight(shop: &Shop, member: &str, as_of_occurred: &str) -> Insight {
    let as_of_occurred = (!as_of_occurred.is_empty()).then(|| proto::timestamp(instant(as_of_occurred)));
    let ask = GetInsightRequest { member: member.to_owned(), as_of_occurred, ..GetInsightRequest::default() };
    shop.segmentation().get_insight(ask).await.expect("answered").into_inner().insight.expect("an insight")
}

async fn referral(shop: &Shop, invitee: &str) -> Option<Referral> {
    let ask = GetReferralOfRequest { invitee: invitee.to_owned(), ..GetReferralOfRequest::default() };
    shop.referrals().get_referral_of(ask).await.ok().and_then(|told| told.into_inner().referral)
}

async fn balance(shop: &Shop, member: &str) -> i64 {
    let ask = GetBalanceRequest { member: member.to_owned(), ..GetBalanceRequest::default() };
    shop.loyalty().get_balance(ask).await.expect("answered").into_inner().balance
}

async fn portrait(shop: &Shop, member: &str) -> Portrait {
    let ask = GetPortraitRequest { member: member.to_owned(), ..GetPortraitRequest::default() };
    shop.portraits().get_portrait(ask).await.expect("answered").into_inner().portrait.expect("a portrait")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_guest_did_counts_in_every_service_once_they_are_a_member() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let (friend, code) = a_friends_code(&stage, &shop).await;
    visits(&shop, &code).await;
    stage.advance("2011-12-03T04:00:00Z").await;
    let order = buys_as_a_guest(&stage, &shop).await;
    stage.advance("2011-12-08T04:00:00Z").await;
    let member = joins(&stage, &shop).await;

    // Activity and loyalty: theirs, with the points of what they kept.
    assert_eq!(owner(&shop, &order).await, member);
    assert_eq!(balance(&shop, &member).await, 20);
    let ask = ListEntriesRequest { member: member.clone(), ..ListEntriesRequest::default() };
    let entries = shop.loyalty().list_entries(ask).await.expect("answered").into_inner().entries;
    let bought = entries.iter().filter(|entry| entry.kind() == EntryKind::Earn).map(|entry| entry.occur_time);
    assert_eq!(bought.collect::<Vec<_>>(), [at("2011-12-03T04:00:00Z")], "from the day it was bought");

    // Segmentation: a purchase of the day it was made, also when that day is asked for.
    let now = insight(&shop, &member, "").await;
    let features = now.features.expect("told");
    assert_eq!((features.purchases, features.total.map(|total| total.minor)), (1, Some(1_000)));
    assert_eq!(features.first_purchase_time, at("2011-12-03T04:00:00Z"));
    assert_eq!(now.lifecycle.expect("told").chosen(), Lifecycle::New);
    let then = insight(&shop, &member, "2011-12-05T04:00:00Z").await;
    assert_eq!(then.features.expect("told").purchases, 1);

    // Referrals: bought after the touch, so it is what the invitation was for.
    let held = referral(&shop, &member).await.expect("they were invited");
    assert_eq!((held.state(), held.order.as_str()), (ReferralState::Held, order.as_str()));
    stage.advance("2011-12-20T00:00:00Z").await;
    assert_eq!(referral(&shop, &member).await.expect("there").state(), ReferralState::Rewarded);
    assert_eq!((balance(&shop, &friend).await, balance(&shop, &member).await), (100, 70));

    // Registry tells all of it in one look.
    let whole = portrait(&shop, &member).await;
    assert_eq!(whole.orders.expect("told").orders.len(), 1);
    assert_eq!(whole.account.and_then(|part| part.account).expect("told").balance, 70);
    assert_eq!(whole.referrals.and_then(|part| part.invited_by).expect("told").inviter, friend);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_had_bought_before_they_came_by_a_code_is_no_new_customer() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let (friend, code) = a_friends_code(&stage, &shop).await;
    let order = buys_as_a_guest(&stage, &shop).await;
    visits(&shop, &code).await;
    stage.advance("2011-12-08T04:00:00Z").await;
    let member = joins(&stage, &shop).await;
    assert_eq!(owner(&shop, &order).await, member, "the order is theirs all the same");
    let state = referral(&shop, &member).await.map(|told| told.state());
    assert!(matches!(state, None | Some(ReferralState::Rejected)), "{state:?}");

    stage.advance("2012-01-20T00:00:00Z").await;
    assert_eq!((balance(&shop, &friend).await, balance(&shop, &member).await), (0, 20));
    stage.stop().await;
}
