//! Tiers and coupons that members bring along: each once, until the term or the day it has.

use proto::loyalty::v1::*;
use testkit::registry::NOBODY;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::{REASON, at, coupon, tier};
use crate::coupons::ten_off;
use crate::shop::Shop;

impl Shop {
    async fn stood(&self, tiers: Vec<OpeningTier>) -> ImportOpeningTiersResponse {
        let ided = |tier: OpeningTier| OpeningTier { request_id: self.request_id(), ..tier };
        let request = ImportOpeningTiersRequest { tiers: tiers.into_iter().map(ided).collect() };
        self.openings().import_opening_tiers(request).await.expect("a batch answers").into_inner()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_stands_where_they_stood_until_the_term_they_had_ends() {
    let shop = Shop::open().await;
    let (keeps, falls) = (shop.enrolled().await, shop.enrolled().await);
    let both = [keeps, falls].map(|member| tier(member, "silver"));
    let tried = both.clone().map(|tier| OpeningTier { validate_only: true, ..tier });
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let told = shop.stood(tried.to_vec()).await.outcomes.remove(0).receipt.expect("it would be");
    assert_eq!((told.from_tier.as_str(), told.to_tier.as_str(), told.progress_minor), ("member", "silver", 3_000));
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");

    let answer = shop.stood(both.to_vec()).await;
    let standing = shop.account(keeps, &answer.freshness).await.tier.expect("a ladder");
    assert_eq!((standing.tier.as_str(), standing.missing_to_keep_minor), ("silver", 5_000));
    assert_eq!((standing.since_time, standing.review_time), (at("2025-12-01T00:00:00Z"), at("2026-03-31T16:00:00Z")));
    let request = ExplainTierRequest { member: keeps.to_string(), ..ExplainTierRequest::default() };
    let why = shop.client().explain_tier(request).await.expect("explained").into_inner();
    let change = why.last_change.expect("there is one");
    assert_eq!((change.kind(), change.reason.as_str()), (TierChangeKind::Imported, REASON));

    let (_, fresh) = shop.buys(keeps, 5_000).await;
    assert_eq!(shop.account(keeps, &fresh).await.balance, 120, "100 points, multiplied as Silver");
    shop.days_pass(81).await;
    let mut tiers = Vec::new();
    for member in [keeps, falls] {
        tiers.push(shop.account(member, "").await.tier.expect("a ladder").tier);
    }
    assert_eq!(tiers, ["silver", "member"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_that_cannot_be_taken_over_does_not_spoil_its_neighbours() {
    let shop = Shop::open().await;
    let (member, rich, unheard) = (shop.enrolled().await, shop.enrolled().await, shop.member());
    let (_, fresh) = shop.buys(rich, 30_000).await;
    shop.account(rich, &fresh).await;
    let tiers = vec![
        tier(member, "silver"),
        OpeningTier { member: NOBODY.to_owned(), ..tier(member, "silver") },
        OpeningTier { ladder: "plus".to_owned(), ..tier(member, "silver") },
        tier(member, "jade"),
        OpeningTier { review_time: at("2026-01-10T02:00:00Z"), ..tier(unheard, "silver") },
        OpeningTier { since_time: at("2026-01-10T02:00:01Z"), review_time: None, ..tier(unheard, "silver") },
        OpeningTier { progress_time: at("2026-01-10T02:00:01Z"), ..tier(unheard, "silver") },
        tier(rich, "silver"),
        tier(member, "silver"),
        tier(member, "gold"),
        OpeningTier { review_time: None, ..tier(unheard, "silver") },
    ];
    let answer = shop.stood(tiers).await;
    let reasons: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    let expected = [
        "",
        "MEMBER_NOT_FOUND",
        "LADDER_NOT_FOUND",
        "TIER_NOT_FOUND",
        "OPENING_OVER",
        "OPENING_NOT_BEGUN",
        "OPENING_NOT_BEGUN",
        "TIER_ALREADY_REACHED",
        "ALREADY_APPLIED",
        "OPENING_DIFFERS",
        "",
    ];
    assert_eq!(reasons, expected);
    let standing = shop.account(unheard, &answer.freshness).await.tier.expect("a ladder");
    assert_eq!(standing.review_time, at("2026-12-01T16:00:00Z"), "a term as if they had got there here");

    let wrong = OpeningTier { progress_minor: -1, since_time: None, tier: String::new(), ..tier(member, "") };
    let request = ImportOpeningTiersRequest { tiers: vec![wrong] };
    let status = shop.openings().import_opening_tiers(request).await.expect_err("much is wrong");
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields = status.get_details_bad_request().expect("violations").field_violations;
    let fields: Vec<&str> = fields.iter().map(|one| one.field.as_str()).collect();
    let expected = ["tiers[0].request_id", "tiers[0].tier", "tiers[0].progress_minor", "tiers[0].since_time"];
    assert_eq!(fields, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_keeps_the_time_it_has_and_is_brought_along_once() {
    let shop = Shop::open().await;
    let (member, other) = (shop.enrolled().await, shop.enrolled().await);
    shop.put(Campaign { max_held_per_member: 1, ..ten_off("welcome") }).await.expect("put");
    let brings = async |coupons: Vec<OpeningCoupon>| {
        let ided = |coupon: OpeningCoupon| OpeningCoupon { request_id: shop.request_id(), ..coupon };
        let request = ImportOpeningCouponsRequest { coupons: coupons.into_iter().map(ided).collect() };
        shop.openings().import_opening_coupons(request).await.expect("a batch answers").into_inner()
    };
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let tried = brings(vec![OpeningCoupon { validate_only: true, ..coupon(member, "C-1") }]).await;
    assert_eq!(tried.outcomes[0].refusal, "");
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");

    let later = OpeningCoupon { valid_from_time: at("2026-02-01T00:00:00Z"), ..coupon(member, "C-2") };
    let answer = brings(vec![
        coupon(member, "C-1"),
        later.clone(),
        coupon(other, "C-1"),
        OpeningCoupon { member: NOBODY.to_owned(), ..coupon(member, "C-3") },
        OpeningCoupon { campaign: "none".to_owned(), ..coupon(member, "C-3") },
        OpeningCoupon { valid_until_time: at("2026-01-10T02:00:00Z"), ..coupon(member, "C-3") },
        coupon(member, "C-1"),
        OpeningCoupon { valid_until_time: None, ..later },
    ])
    .await;
    let reasons: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    let expected =
        ["", "", "", "MEMBER_NOT_FOUND", "CAMPAIGN_NOT_FOUND", "OPENING_OVER", "ALREADY_APPLIED", "OPENING_DIFFERS"];
    assert_eq!(reasons, expected, "more than one may be held: they hold them already");
    let again = brings(vec![coupon(member, "C-1")]).await;
    assert_eq!(again.outcomes[0].refusal, "ALREADY_APPLIED", "in another batch, too");

    let held = async || {
        let request = ListCouponsRequest { member: member.to_string(), ..ListCouponsRequest::default() };
        let coupons = shop.coupons().list_coupons(request).await.expect("listed").into_inner().coupons;
        let told = |coupon: Coupon| (coupon.state(), coupon.valid_from_time, coupon.valid_until_time);
        coupons.into_iter().map(told).collect::<Vec<_>>()
    };
    let (now, until) = (at("2026-01-10T02:00:00Z"), at("2026-06-30T16:00:00Z"));
    let issued = CouponState::Issued;
    assert_eq!(held().await, [(issued, at("2026-02-01T00:00:00Z"), until), (issued, now, until)]);
    shop.days_pass(172).await;
    assert_eq!(held().await.iter().map(|(state, ..)| *state).collect::<Vec<_>>(), [CouponState::Lapsed; 2]);
}
