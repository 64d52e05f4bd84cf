//! Tiers are won at once, reviewed in time, and say what is missing.

use proto::loyalty::v1::*;

use crate::coupons::{reason, ten_off};
use crate::shop::Shop;

async fn kinds(shop: &Shop, member: kernel::MemberId) -> Vec<(TierChangeKind, String)> {
    let request = ListTierChangesRequest { member: member.to_string(), ..ListTierChangesRequest::default() };
    let changes = shop.client().list_tier_changes(request).await.expect("a history").into_inner().changes;
    changes.into_iter().rev().map(|change| (change.kind(), change.to_tier)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_is_won_with_the_order_that_reaches_it() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 9_680).await;
    let standing = shop.account(member, &fresh).await.tier.expect("a ladder");
    assert_eq!(
        (standing.tier.as_str(), standing.next_tier.as_str(), standing.missing_to_next_minor),
        ("member", "silver", 320)
    );
    let (_, fresh) = shop.buys(member, 320).await;
    let standing = shop.account(member, &fresh).await.tier.expect("a ladder");
    assert_eq!((standing.tier.as_str(), standing.missing_to_next_minor), ("silver", 20_000));
    assert_eq!(standing.review_time, Some(proto::timestamp(testkit::instant("2027-01-10T16:00:00Z"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_keeps_or_lowers_by_timer() {
    let shop = Shop::open().await;
    let (faithful, gone) = (shop.member(), shop.member());
    shop.buys(faithful, 12_000).await;
    let (_, fresh) = shop.buys(gone, 12_000).await;
    shop.account(gone, &fresh).await;
    shop.days_pass(200).await;
    let (_, fresh) = shop.buys(faithful, 8_000).await;
    shop.account(faithful, &fresh).await;
    shop.days_pass(200).await;
    assert_eq!(
        kinds(&shop, faithful).await,
        [(TierChangeKind::Promoted, "silver".to_owned()), (TierChangeKind::Retained, "silver".to_owned())]
    );
    assert_eq!(
        kinds(&shop, gone).await,
        [(TierChangeKind::Promoted, "silver".to_owned()), (TierChangeKind::Demoted, "member".to_owned())]
    );
    assert_eq!(shop.service.clockwork().expect("one").count_due().await.expect("counted"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_that_costs_the_tier_says_so() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (order, _) = shop.buys(member, 12_000).await;
    let fresh = shop.returns(member, &order, 6_000, 6_000).await;
    assert_eq!(shop.account(member, &fresh).await.tier.expect("a ladder").tier, "member");
    let request = ExplainTierRequest { member: member.to_string(), ..Default::default() };
    let why = shop.client().explain_tier(request).await.expect("it can be explained").into_inner();
    let change = why.last_change.expect("it fell");
    assert_eq!(change.kind(), TierChangeKind::Demoted);
    assert!(change.cause.starts_with("return_"), "{}", change.cause);
    let decision = why.decision.expect("a decision");
    let rungs: Vec<String> = decision
        .steps
        .iter()
        .map(|step| {
            let figures: Vec<&str> = step.figures.iter().map(|fact| fact.value.as_str()).collect();
            format!("{}: {}, {}", step.name, figures.join(" "), step.detail)
        })
        .collect();
    assert_eq!(
        rungs,
        ["Member: member 0, reached", "Silver: silver 10000, not reached", "Gold: gold 30000, not reached"]
    );
    let flip = decision.nearest_flip.expect("there is a next tier");
    assert_eq!((flip.change, flip.outcome.as_str()), (4_000, "silver"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_booked_as_if_the_shop_had_always_been_here() {
    let shop = Shop::open().await;
    shop.clock.move_to(testkit::instant("2028-06-01T02:00:00Z")).expect("forward");
    let member = shop.member();
    let mut fresh = String::new();
    for (day, amount) in [("2026-01-10", 12_000), ("2026-02-10", 1_000), ("2027-03-10", 1_000)] {
        let mut order = shop.order(member, amount, testkit::instant(&format!("{day}T02:00:00Z")));
        order.historic = true;
        fresh = shop.seal(&shop.activity.say(shop.tenant, member, &order).await);
    }
    let account = shop.account(member, &fresh).await;
    assert_eq!(account.tier.expect("a ladder").tier, "member");
    assert_eq!(account.spendable, 0, "the last 20 lapsed at the end of March 2028");
    let statement = shop.statement(member).await;
    assert_eq!(statement.iter().map(|entry| entry.points).collect::<Vec<_>>(), [240, 24, -240, -24, 20]);
    assert_eq!(
        kinds(&shop, member).await,
        [(TierChangeKind::Promoted, "silver".to_owned()), (TierChangeKind::Demoted, "member".to_owned())]
    );
    shop.days_pass(1).await;
    assert_eq!(shop.statement(member).await.len(), 6, "the clockwork writes what was still due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_paged_newest_first() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 40_000).await;
    shop.account(member, &fresh).await;
    // Gold, and at the next review the lowest.
    shop.days_pass(370).await;
    let all = kinds(&shop, member).await;
    assert!(all.len() >= 2, "{all:?}");
    let (mut token, mut paged) = (String::new(), Vec::new());
    loop {
        let request = ListTierChangesRequest {
            member: member.to_string(),
            page_size: 1,
            page_token: token,
            ..ListTierChangesRequest::default()
        };
        let page = shop.client().list_tier_changes(request).await.expect("a page").into_inner();
        paged.extend(page.changes.iter().map(|change| (change.kind(), change.to_tier.clone())));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let another =
            ListEntriesRequest { member: member.to_string(), page_token: token.clone(), ..Default::default() };
        let refused = shop.client().list_entries(another).await.expect_err("the token is of another list");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }
    paged.reverse();
    assert_eq!(paged, all);
}

/// A coupon comes with a promotion in the commit that promotes, and goes with it where it was not used.
#[tokio::test(flavor = "multi_thread")]
async fn coupons_of_tiers_come_and_go_with_the_tier() {
    let shop = Shop::without_programme().await;
    let mut request = shop.programme();
    let ladder = request.programme.as_mut().and_then(|programme| programme.ladder.as_mut()).expect("there");
    let gift = |points, campaign: &str| Some(TierGift { points, campaign: campaign.to_owned() });
    ladder.tiers[1].promotion_gift = gift(0, "silver");
    ladder.tiers[1].retention_gift = gift(20, "kept");
    ladder.tiers[2].promotion_gift = gift(50, "gold");
    let refused = shop.client().put_programme(request.clone()).await.map(tonic::Response::into_inner);
    assert_eq!(reason(refused), "CAMPAIGN_NOT_FOUND");
    for code in ["silver", "kept", "gold"] {
        shop.put(ten_off(code)).await.expect("put");
    }
    shop.client().put_programme(request).await.expect("put");
    let held = async |member| {
        let mut held: Vec<_> =
            shop.wallet(member).await.into_iter().map(|one| (one.campaign.clone(), one.state())).collect();
        held.retain(|(_, state)| *state != CouponState::Lapsed);
        held.sort_unstable();
        held
    };
    let of = |campaign: &str, state| (campaign.to_owned(), state);
    let (member, user) = (shop.enrolled().await, shop.enrolled().await);
    let (order, fresh) = shop.buys(member, 10_000).await;
    shop.account(member, &fresh).await;
    assert_eq!(held(member).await, [of("silver", CouponState::Issued)]);
    assert_eq!(shop.wallet(member).await[0].reason, "tier Silver");
    let (more, fresh) = shop.buys(member, 20_000).await;
    shop.account(member, &fresh).await;
    assert_eq!(held(member).await, [of("gold", CouponState::Issued), of("silver", CouponState::Issued)]);
    let fresh = shop.returns(member, &more, 20_000, 20_000).await;
    shop.account(member, &fresh).await;
    assert_eq!(held(member).await, [of("silver", CouponState::Issued)], "gold is undone, and its coupon with it");
    let fresh = shop.returns(member, &order, 10_000, 10_000).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 0);
    assert!(held(member).await.is_empty());

    // One that is put aside for an order stays.
    let (order, fresh) = shop.buys(user, 10_000).await;
    shop.account(user, &fresh).await;
    let coupon = shop.wallet(user).await[0].id.clone();
    let reservation = shop.reservation(user, "A", &[&coupon], &[]);
    shop.reserve(reservation).await.expect("put aside");
    let fresh = shop.returns(user, &order, 10_000, 10_000).await;
    shop.account(user, &fresh).await;
    assert_eq!(held(user).await, [of("silver", CouponState::Reserved)]);

    // A history that is loaded brings none.
    let old = shop.member();
    let mut order = shop.order(old, 12_000, testkit::instant("2025-06-01T00:00:00Z"));
    order.historic = true;
    let said = shop.activity.say(shop.tenant, old, &order).await;
    let account = shop.account(old, &shop.seal(&said)).await;
    assert_eq!(account.tier.expect("a ladder").tier, "silver");
    assert!(held(old).await.is_empty());
    // Kept at the review, by what was bought since.
    let (_, fresh) = shop.buys(old, 9_000).await;
    shop.account(old, &fresh).await;
    shop.days_pass(180).await;
    assert_eq!(held(old).await, [of("kept", CouponState::Issued)]);
}
