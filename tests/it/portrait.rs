//! One member as all six services know them, in one call.

use std::time::Duration;

use kernel::{MemberId, Shard};
use proto::loyalty::v1::RedeemPointsRequest;
use proto::portrait::v1::{GetPortraitRequest, PartFreshness, PartState, Portrait};
use proto::segmentation::v1::{Lifecycle, TakeSnapshotRequest};
use proto::subscriptions::v1::SubscribeRequest;
use store::Head;
use tonic::Request;
use uuid::Uuid;
use wire::Freshness;

use crate::requests::{self, line, of, order, purchase};
use crate::stage::{Shop, Stage};
use crate::{friends, standing_orders};

async fn portrait(shop: &Shop, member: &str, fresh: &str) -> Portrait {
    let mut request = Request::new(GetPortraitRequest {
        member: member.to_owned(),
        at_least_as_fresh: fresh.to_owned(),
        ..GetPortraitRequest::default()
    });
    request.set_timeout(Duration::from_secs(4));
    shop.portraits().get_portrait(request).await.expect("answered").into_inner().portrait.expect("a portrait")
}

fn states(portrait: &Portrait) -> [PartState; 5] {
    assert_eq!(
        portrait.member_freshness.as_ref().map(PartFreshness::state),
        Some(PartState::Fresh),
        "or it is refused"
    );
    let state = |freshness: Option<&PartFreshness>| freshness.expect("every part says so").state();
    [
        state(portrait.account.as_ref().and_then(|part| part.freshness.as_ref())),
        state(portrait.insight.as_ref().and_then(|part| part.freshness.as_ref())),
        state(portrait.orders.as_ref().and_then(|part| part.freshness.as_ref())),
        state(portrait.referrals.as_ref().and_then(|part| part.freshness.as_ref())),
        state(portrait.subscriptions.as_ref().and_then(|part| part.freshness.as_ref())),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_part_sees_what_a_token_of_any_service_speaks_of() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = shop.enrol("0912-345-678").await;
    let lines = vec![line(1, "beans", 2, "2400"), line(2, "mug", 1, "1000")];
    let bought = shop
        .activity()
        .record_order(purchase(shop.request_id(), order("20111201-0001", of(&member), lines)))
        .await
        .expect("the order is recorded")
        .into_inner();

    let seen = portrait(&shop, &member, &bought.freshness).await;
    assert_eq!(states(&seen), [PartState::Fresh; 5]);
    assert_eq!(seen.member.as_ref().map(|known| known.id.as_str()), Some(member.as_str()));
    let hears = |freshness: Option<&PartFreshness>| {
        let lags = &freshness.expect("every part says so").lags;
        assert!(lags.iter().all(|lag| lag.at_most.is_some()), "what was heard is known: {lags:?}");
        lags.iter().map(|lag| lag.source.clone()).collect::<Vec<_>>()
    };
    assert_eq!(hears(seen.account.as_ref().and_then(|part| part.freshness.as_ref())), ["activity", "registry"]);
    assert_eq!(hears(seen.orders.as_ref().and_then(|part| part.freshness.as_ref())), ["registry"]);
    assert_eq!(hears(seen.member_freshness.as_ref()), [""; 0]);
    let account = |portrait: &Portrait| portrait.account.clone().and_then(|part| part.account).expect("an account");
    assert_eq!(account(&seen).spendable, 116);
    let insight = seen.insight.and_then(|part| part.insight).expect("an insight");
    assert_eq!(insight.features.expect("told").purchases, 1);
    let standing = insight.lifecycle.expect("told");
    assert_eq!(standing.chosen(), Lifecycle::New);
    assert_eq!(testkit::sentence(standing.decision.as_ref()), "New: one purchase within three cycles of 30 days.");
    let asked = GetPortraitRequest { member: member.clone(), ..GetPortraitRequest::default() };
    let told = shop.portraits().get_portrait(testkit::in_language(asked, "zh-TW")).await.expect("answered");
    let part = told.into_inner().portrait.and_then(|portrait| portrait.insight).expect("told");
    let standing = part.insight.and_then(|insight| insight.lifecycle).expect("told");
    let said = standing.decision.and_then(|decision| decision.message).expect("a sentence");
    assert_eq!(
        said.message, "新客:近三個週期(每週期 30 天)內購買 1 次。",
        "the language goes along to the part's service"
    );
    assert_eq!(seen.orders.expect("told").orders.len(), 1);

    let spent = RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.clone(),
        points: 16,
        spent_on: "a bag of beans".to_owned(),
        ..RedeemPointsRequest::default()
    };
    let receipt = shop.loyalty().redeem_points(spent).await.expect("spent").into_inner();
    // Most services hear nothing of loyalty: they are not asked to wait for it.
    let seen = portrait(&shop, &member, &format!("{},{}", bought.freshness, receipt.freshness)).await;
    assert_eq!(states(&seen), [PartState::Fresh; 5]);
    assert_eq!(account(&seen).spendable, 100);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_part_tells_what_the_service_that_gave_the_token_has_just_written() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let inviter = shop.enrol("0912-345-678").await;
    shop.referrals().put_terms(requests::offer(shop.request_id())).await.expect("the terms are in force");
    standing_orders::offer(&shop).await;

    let joined = shop.registry().enrol_member(requests::enrolment(shop.request_id(), "0987-654-321")).await;
    let joined = joined.expect("they join").into_inner();
    let seen = portrait(&shop, &joined.member, &joined.freshness).await;
    assert_eq!(states(&seen), [PartState::Fresh; 5], "registry's own token");
    assert_eq!(seen.member.map(|known| known.id), Some(joined.member.clone()));

    let fresh = friends::invited(&shop, &inviter, &joined.member).await;
    let seen = portrait(&shop, &inviter, &fresh).await;
    assert_eq!(states(&seen), [PartState::Fresh; 5], "a token of referrals");
    let part = seen.referrals.expect("told");
    assert_eq!(part.invitations.iter().map(|sent| sent.invitee.as_str()).collect::<Vec<_>>(), [joined.member.as_str()]);

    let ask = SubscribeRequest {
        request_id: shop.request_id(),
        member: joined.member.clone(),
        plan: "coffee".to_owned(),
        payment_token: "sandbox_ok".to_owned(),
        ..SubscribeRequest::default()
    };
    let subscribed = shop.subscriptions().subscribe(ask).await.expect("subscribed").into_inner();
    let seen = portrait(&shop, &joined.member, &subscribed.freshness).await;
    assert_eq!(states(&seen), [PartState::Fresh; 5], "a token of subscriptions");
    let standing = seen.subscriptions.expect("told").subscriptions;
    let known: Vec<&str> = standing.iter().map(|standing| standing.id.as_str()).collect();
    assert_eq!(known, [subscribed.subscription.as_str()]);

    let ask = TakeSnapshotRequest { request_id: shop.request_id(), validate_only: false };
    let taken = shop.segmentation().take_snapshot(ask).await.expect("taken").into_inner();
    let seen = portrait(&shop, &joined.member, &taken.freshness).await;
    assert_eq!(states(&seen), [PartState::Fresh; 5], "a token of segmentation");
    assert_eq!(seen.insight.and_then(|part| part.insight).map(|insight| insight.snapshot), Some(taken.number));
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_has_not_heard_in_time_shows_what_it_knew_and_says_so() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = shop.enrol("0912-345-678").await;
    let lines = vec![line(1, "mug", 1, "1000")];
    let bought = shop
        .activity()
        .record_order(purchase(shop.request_id(), order("20111201-0001", of(&member), lines)))
        .await
        .expect("the order is recorded")
        .into_inner();
    portrait(&shop, &member, &bought.freshness).await;

    // What activity has not written yet cannot be heard.
    let shard = Shard::of_member(MemberId::parse(&member).expect("an id"));
    let mark = Freshness::open(&stage.served.keys(), &bought.freshness).expect("ours").marks().next().expect("a mark");
    let ahead = Head { epoch: mark.epoch, position: mark.position + 1_000 };
    let ahead = Freshness::of("activity", &[(shard, ahead)]).seal(&stage.served.keys());
    let seen = portrait(&shop, &member, &ahead).await;
    let expected = [PartState::Stale, PartState::Stale, PartState::Fresh, PartState::Stale, PartState::Fresh];
    assert_eq!(states(&seen), expected, "activity knows itself, and subscriptions hears nothing of it");
    assert_eq!(seen.account.and_then(|part| part.account).expect("as it was known").spendable, 20);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_are_away_cost_their_parts_and_nothing_else() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = shop.enrol("0912-345-678").await;
    let alone = stage.another_registry().await;

    let seen = portrait(&shop.at(&alone), &member, "").await;
    assert_eq!(states(&seen), [PartState::Unavailable; 5]);
    assert_eq!(seen.member.map(|known| known.id), Some(member.clone()));
    let trouble = seen.account.and_then(|part| part.freshness).expect("it says why").trouble;
    assert_eq!(trouble, "loyalty is not served where it was looked for");

    let nobody = MemberId::from(Uuid::from_u128(7)).to_string();
    let request = GetPortraitRequest { member: nobody, ..GetPortraitRequest::default() };
    let refused = shop.portraits().get_portrait(request).await.expect_err("nobody has this id");
    assert_eq!(refused.code(), tonic::Code::NotFound);
    alone.stop().await;
    stage.stop().await;
}
