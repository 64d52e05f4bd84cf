//! Campaigns and coupons: terms that are kept, limits on what is held, a wallet that is exact to the moment.

use jiff::SignedDuration;
use kernel::MemberId;
use proto::loyalty::v1::coupon_service_client::CouponServiceClient;
use proto::loyalty::v1::*;
use testkit::Spoken;
use testkit::registry::NOBODY;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::shop::Shop;

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("it is refused");
    status.get_details_error_info().unwrap_or_else(|| panic!("{status:?}")).reason
}

/// NT$ 10 off, from NT$ 100.
pub fn ten_off(code: &str) -> Campaign {
    Campaign {
        code: code.to_owned(),
        display_name: "Ten off a hundred".to_owned(),
        benefit: Some(campaign::Benefit::AmountOff(AmountOff { minor: 10 })),
        currency_code: "TWD".to_owned(),
        minimum_minor: 100,
        conditions: "From NT$ 100.".to_owned(),
        ..Campaign::default()
    }
}

/// A cart of one line.
pub fn cart(minor: i64) -> Cart {
    let line = CartLine { product: "coffee".to_owned(), gross_minor: minor, ..CartLine::default() };
    Cart { currency_code: "TWD".to_owned(), lines: vec![line], delivery_minor: 0 }
}

pub fn order(number: &str) -> Option<OrderKey> {
    Some(OrderKey { source: "web".to_owned(), external_id: number.to_owned() })
}

impl Shop {
    pub fn coupons(&self) -> CouponServiceClient<Spoken> {
        CouponServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn put(&self, campaign: Campaign) -> Result<PutCampaignResponse, Status> {
        let ask = PutCampaignRequest { request_id: self.request_id(), campaign: Some(campaign), validate_only: false };
        self.coupons().put_campaign(ask).await.map(tonic::Response::into_inner)
    }

    pub async fn issue(&self, member: MemberId, campaign: &str) -> Result<IssueCouponResponse, Status> {
        let (member, campaign) = (member.to_string(), campaign.to_owned());
        let ask = IssueCouponRequest { request_id: self.request_id(), member, campaign, ..Default::default() };
        self.coupons().issue_coupon(ask).await.map(tonic::Response::into_inner)
    }

    pub async fn wallet(&self, member: MemberId) -> Vec<Coupon> {
        let ask = ListCouponsRequest { member: member.to_string(), ..Default::default() };
        self.coupons().list_coupons(ask).await.expect("a wallet can be read").into_inner().coupons
    }

    pub async fn campaign(&self, campaign: &str) -> GetCampaignResponse {
        let ask = GetCampaignRequest { campaign: campaign.to_owned(), ..Default::default() };
        self.coupons().get_campaign(ask).await.expect("it is there").into_inner()
    }

    /// Uses of a campaign: reserved, redeemed, and what both come to.
    pub async fn used(&self, campaign: &str) -> (i64, i64, i64, i64) {
        let used = self.campaign(campaign).await.r#use.expect("it is told");
        (used.reserved_uses, used.redeemed_uses, used.reserved_minor, used.redeemed_minor)
    }

    pub fn reservation(
        &self,
        member: MemberId,
        number: &str,
        coupons: &[&str],
        codes: &[&str],
    ) -> ReserveCouponsRequest {
        ReserveCouponsRequest {
            request_id: self.request_id(),
            member: member.to_string(),
            order: order(number),
            cart: Some(cart(200)),
            coupons: coupons.iter().map(|one| (*one).to_owned()).collect(),
            codes: codes.iter().map(|one| (*one).to_owned()).collect(),
            ..ReserveCouponsRequest::default()
        }
    }

    pub async fn reserve(&self, ask: ReserveCouponsRequest) -> Result<CouponReservation, Status> {
        let answer = self.coupons().reserve_coupons(ask).await?.into_inner();
        Ok(answer.reservation.expect("it is told"))
    }

    pub async fn redeem_order(&self, member: MemberId, number: &str) -> Result<CouponReservation, Status> {
        let (request_id, member) = (self.request_id(), member.to_string());
        let ask = RedeemReservationRequest { request_id, member, order: order(number), validate_only: false };
        Ok(self.coupons().redeem_reservation(ask).await?.into_inner().reservation.expect("it is told"))
    }

    pub async fn cancel_order(&self, member: MemberId, number: &str) -> Result<CouponReservation, Status> {
        let (request_id, member) = (self.request_id(), member.to_string());
        let ask = CancelReservationRequest { request_id, member, order: order(number), validate_only: false };
        Ok(self.coupons().cancel_reservation(ask).await?.into_inner().reservation.expect("it is told"))
    }

    pub fn minutes_pass(&self, minutes: i64) {
        self.clock.move_to(self.clock.now() + SignedDuration::from_mins(minutes)).expect("forward");
    }

    /// Everything that is due now happens.
    pub async fn ring(&self) {
        let clockwork = self.service.clockwork().expect("loyalty has one");
        clockwork.drain(self.clock.now()).await.expect("due work is done");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coupon_keeps_the_terms_it_was_issued_with() {
    let shop = Shop::open().await;
    let member = shop.member();
    assert_eq!(shop.put(ten_off("spring")).await.expect("put").version, 1);
    let old = shop.issue(member, "spring").await.expect("given");
    let dearer = Campaign { minimum_minor: 500, display_name: "Ten off five hundred".to_owned(), ..ten_off("spring") };
    assert_eq!(shop.put(dearer).await.expect("put").version, 2);
    let new = shop.issue(member, "spring").await.expect("given");
    assert_eq!((old.version, new.version), (1, 2));

    let reserved = shop.reserve(shop.reservation(member, "1", &[&old.coupon], &[])).await.expect("it was promised");
    assert_eq!(reserved.saved.expect("told").minor, 10);
    let refused = shop.reserve(shop.reservation(member, "2", &[&new.coupon], &[])).await;
    let status = refused.expect_err("more has to be spent");
    let info = status.get_details_error_info().expect("a refusal");
    assert_eq!(info.reason, "COUPON_NOT_APPLICABLE");
    assert_eq!((info.metadata["obstacle"].as_str(), info.metadata["missing"].as_str()), ("MINIMUM_NOT_MET", "300"));

    let names: Vec<String> = shop.wallet(member).await.into_iter().map(|coupon| coupon.display_name).collect();
    assert_eq!(names, ["Ten off five hundred", "Ten off a hundred"], "newest first, each with its own terms");
    let first = GetCampaignRequest { campaign: "spring".to_owned(), version: 1, ..Default::default() };
    let first = shop.coupons().get_campaign(first).await.expect("kept").into_inner();
    assert_eq!(first.campaign.expect("told").minimum_minor, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_campaign_is_does_not_change() {
    let shop = Shop::open().await;
    shop.put(ten_off("spring")).await.expect("put");
    let other = Campaign { currency_code: "GBP".to_owned(), ..ten_off("spring") };
    assert_eq!(reason(shop.put(other).await), "CAMPAIGN_FIXED");
    let unique = Campaign { distribution: Distribution::UniqueCodes.into(), ..ten_off("spring") };
    assert_eq!(reason(shop.put(unique).await), "CAMPAIGN_FIXED");
    let missing = GetCampaignRequest { campaign: "autumn".to_owned(), ..Default::default() };
    assert_eq!(reason(shop.coupons().get_campaign(missing).await), "CAMPAIGN_NOT_FOUND");
    assert_eq!(reason(shop.issue(shop.member(), "autumn").await), "CAMPAIGN_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_holds_several_and_no_more_than_the_campaign_lets_them() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.put(Campaign { max_held_per_member: 3, ..ten_off("spring") }).await.expect("put");
    let item = |member: &str| IssueCouponRequest {
        request_id: shop.request_id(),
        member: member.to_owned(),
        campaign: "spring".to_owned(),
        ..Default::default()
    };
    let whose = member.to_string();
    let coupons = vec![item(&whose), item(&whose), item(NOBODY), item(&whose), item(&whose)];
    let batch = IssueCouponBatchRequest { coupons };
    let answer = shop.coupons().issue_coupon_batch(batch.clone()).await.expect("each by itself").into_inner();
    let told: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    assert_eq!(told, ["", "", "MEMBER_NOT_FOUND", "", "TOO_MANY_HELD"]);
    let again = shop.coupons().issue_coupon_batch(batch).await.expect("said again").into_inner();
    assert_eq!(again.outcomes, answer.outcomes, "and the same is answered");
    assert_eq!(shop.wallet(member).await.len(), 3);

    // One that is used is held no more.
    let coupon = answer.outcomes[0].receipt.clone().expect("given").coupon;
    shop.reserve(shop.reservation(member, "1", &[&coupon], &[])).await.expect("put aside");
    assert_eq!(reason(shop.issue(member, "spring").await), "TOO_MANY_HELD");
    shop.redeem_order(member, "1").await.expect("used");
    shop.issue(member, "spring").await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_paged_and_tells_where_each_coupon_stands() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.put(Campaign { valid_days: 10, ..ten_off("spring") }).await.expect("put");
    let mut given = Vec::new();
    for _ in 0..5 {
        given.push(shop.issue(member, "spring").await.expect("given").coupon);
    }
    let (mut pages, mut token) = (Vec::new(), String::new());
    loop {
        let ask =
            ListCouponsRequest { member: member.to_string(), page_size: 2, page_token: token, ..Default::default() };
        let page = shop.coupons().list_coupons(ask).await.expect("a page").into_inner();
        pages.push(page.coupons.iter().map(|coupon| coupon.id.clone()).collect::<Vec<_>>());
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    given.reverse();
    assert_eq!(pages.concat(), given);
    assert_eq!(pages.len(), 3);

    let (used, aside) = (&given[0], &given[1]);
    shop.reserve(shop.reservation(member, "1", &[used], &[])).await.expect("put aside");
    shop.redeem_order(member, "1").await.expect("used");
    shop.reserve(shop.reservation(member, "2", &[aside], &[])).await.expect("put aside");
    let states = |wallet: Vec<Coupon>| wallet.iter().map(Coupon::state).collect::<Vec<_>>();
    use CouponState::{Issued, Lapsed, Redeemed, Reserved};
    assert_eq!(states(shop.wallet(member).await), [Redeemed, Reserved, Issued, Issued, Issued]);
    shop.minutes_pass(10 * 24 * 60);
    assert_eq!(states(shop.wallet(member).await), [Redeemed, Lapsed, Lapsed, Lapsed, Lapsed], "before it is written");
    let before = shop.database.events_of(loyalty::SERVICE).await;
    shop.ring().await;
    assert_eq!(states(shop.wallet(member).await), [Redeemed, Lapsed, Lapsed, Lapsed, Lapsed]);
    assert_eq!(shop.database.events_of(loyalty::SERVICE).await - before, 4, "each lapse is told once");
    shop.ring().await;
    assert_eq!(shop.database.events_of(loyalty::SERVICE).await - before, 4);
    assert_eq!(reason(shop.reserve(shop.reservation(member, "3", &[&given[2]], &[])).await), "COUPON_NOT_FREE");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_members_may_feel_tricked_by_is_told_and_not_refused() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let mut fresh = String::new();
    for minor in [80, 90, 120] {
        (_, fresh) = shop.buys(member, minor).await;
        shop.minutes_pass(20 * 24 * 60);
    }
    shop.account(member, &fresh).await;
    let plain = shop.put(ten_off("spring")).await.expect("put");
    let kinds = |put: &PutCampaignResponse| put.warnings.iter().map(FairnessWarning::issue).collect::<Vec<_>>();
    use FairnessIssue::{ExcludesDays, HiddenConditions, MinimumSeldomMet, NextTimeOnly, ShorterThanCycle};
    assert_eq!(kinds(&plain), [MinimumSeldomMet]);
    assert_eq!((plain.warnings[0].observed, plain.warnings[0].figure), (3, 1));
    let message = plain.warnings[0].message.clone().expect("a sentence").message;
    assert_eq!(message, "Of 3 orders of the last 90 days, 1 meet the minimum.");

    let tricky = Campaign {
        conditions: String::new(),
        delay_days: 1,
        valid_days: 15,
        excluded_weekdays: vec![6, 7],
        ..ten_off("spring")
    };
    let put = shop.put(tricky).await.expect("never refused");
    assert_eq!(kinds(&put), [HiddenConditions, NextTimeOnly, ExcludesDays, MinimumSeldomMet, ShorterThanCycle]);
    assert_eq!((put.warnings[4].observed, put.warnings[4].figure), (2, 20));
    let fair = Campaign { minimum_minor: 80, ..ten_off("summer") };
    assert_eq!(kinds(&shop.put(fair).await.expect("put")), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_for_the_member_is_told_and_why_the_rest_does_not_apply() {
    let shop = Shop::open().await;
    let member = shop.member();
    let off = |code: &str, minor: i64, group: &str| Campaign {
        benefit: Some(campaign::Benefit::AmountOff(AmountOff { minor })),
        stacking_group: group.to_owned(),
        minimum_minor: 0,
        ..ten_off(code)
    };
    shop.put(off("small", 10, "a")).await.expect("put");
    shop.put(off("large", 30, "a")).await.expect("put");
    shop.put(Campaign { minimum_minor: 220, ..off("dear", 50, "") }).await.expect("put");
    let percent = Some(campaign::Benefit::PercentOff(PercentOff { percent: 10, most_minor: 0 }));
    let shared = Distribution::SharedCode.into();
    let code = Campaign {
        benefit: percent,
        distribution: shared,
        shared_code: "SUMMER-10".to_owned(),
        ..off("summer", 0, "")
    };
    shop.put(code).await.expect("put");
    for campaign in ["small", "large", "dear"] {
        shop.issue(member, campaign).await.expect("given");
    }
    let ask = QuoteCouponsRequest {
        member: member.to_string(),
        cart: Some(cart(200)),
        codes: vec!["summer 10".to_owned(), "2222-2222-2223".to_owned(), "winter".to_owned()],
        ..Default::default()
    };
    let quoted = shop.coupons().quote_coupons(ask).await.expect("told").into_inner();
    let told: Vec<(String, String)> = quoted
        .quotes
        .iter()
        .map(|one| {
            let outcome = match (&one.discount, &one.obstacle) {
                (Some(off), None) => off.saved.clone().expect("told").minor.to_string(),
                (None, Some(why)) => why.message.clone().expect("a sentence").message,
                (_, _) => panic!("{one:?} is neither"),
            };
            (one.campaign.clone(), outcome)
        })
        .collect();
    let expected = [
        ("small", "10"),
        ("large", "30"),
        ("dear", "TWD 20 more and it applies."),
        ("summer", "20"),
        ("", "One of the characters of the code is wrong."),
        ("", "There is no such coupon or code."),
    ];
    assert_eq!(told, expected.map(|(campaign, outcome)| (campaign.to_owned(), outcome.to_owned())));
    let best: Vec<(&str, &[i64])> =
        quoted.best.iter().map(|off| (off.campaign.as_str(), off.line_minor.as_slice())).collect();
    assert_eq!(best, [("summer", &[20][..]), ("large", &[30][..])]);
    assert_eq!(quoted.saved.expect("told").minor, 50);

    let coupons: Vec<&str> = quoted.quotes[..2].iter().map(|one| one.coupon.as_str()).collect();
    let both = shop.reserve(shop.reservation(member, "1", &coupons, &[])).await;
    assert_eq!(reason(both), "COUPONS_DO_NOT_COMBINE");
    let best = shop.reserve(shop.reservation(member, "1", &coupons[1..], &["Summer-10"])).await.expect("put aside");
    assert_eq!(best.saved.expect("told").minor, 50);
    let nobody =
        ReserveCouponsRequest { member: NOBODY.to_owned(), ..shop.reservation(member, "1", &[], &["summer10"]) };
    assert_eq!(reason(shop.reserve(nobody).await), "MEMBER_NOT_FOUND");
    let unknown = shop.reserve(shop.reservation(member, "2", &[], &["winter"])).await;
    assert_eq!(unknown.as_ref().map_err(Status::code).map(|_| ()), Err(Code::NotFound));
    assert_eq!(reason(unknown), "COUPON_CODE_NOT_FOUND");
}
