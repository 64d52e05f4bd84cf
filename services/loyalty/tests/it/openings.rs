//! Points that members bring along from another system: with the time they keep there, once for ever.

use kernel::MemberId;
use proto::loyalty::v1::opening_service_client::OpeningServiceClient;
use proto::loyalty::v1::*;
use testkit::registry::NOBODY;
use testkit::{Examples, Spoken};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::coupons::ten_off;
use crate::shop::Shop;

const REASON: &str = "old card";

/// Points of this reference, earned in 2025, that lapse with June 2026.
pub fn lot(member: MemberId, reference: &str, points: i64) -> OpeningLot {
    OpeningLot {
        member: member.to_string(),
        reference: reference.to_owned(),
        points,
        earn_time: at("2025-03-01T00:00:00Z"),
        lapse_time: at("2026-06-30T16:00:00Z").filter(|_| points > 0),
        reason: REASON.to_owned(),
        ..OpeningLot::default()
    }
}

/// A tier since December 2025 whose term ends with March 2026, with 3,000 on the way to keeping it.
fn tier(member: MemberId, tier: &str) -> OpeningTier {
    OpeningTier {
        member: member.to_string(),
        tier: tier.to_owned(),
        since_time: at("2025-12-01T00:00:00Z"),
        review_time: at("2026-03-31T16:00:00Z"),
        progress_minor: 3_000,
        reason: REASON.to_owned(),
        ..OpeningTier::default()
    }
}

/// A coupon of a campaign that the examples have, with a time of its own.
fn coupon(member: MemberId, reference: &str) -> OpeningCoupon {
    OpeningCoupon {
        member: member.to_string(),
        campaign: "welcome".to_owned(),
        reference: reference.to_owned(),
        valid_until_time: at("2026-06-30T16:00:00Z"),
        reason: REASON.to_owned(),
        ..OpeningCoupon::default()
    }
}

fn at(text: &str) -> Option<prost_types::Timestamp> {
    Some(proto::timestamp(testkit::instant(text)))
}

/// A valid request, another one for every number.
pub fn examples(shop: &Shop, member: MemberId) -> Examples {
    let clock = shop.clock.clone();
    Examples::new(&shop.clock)
        .with_other(
            move |n| async move {
                // Another reference each time: one is taken over once.
                let reference = format!("L-{n}-{}", uuid::Uuid::new_v4());
                ImportOpeningLotsRequest { lots: vec![lot(member, &reference, 7)] }
            },
            |request: &mut ImportOpeningLotsRequest| request.lots[0].points += 1,
        )
        .with_other(
            move |_| {
                // Another member each time: a tier is taken over once.
                let member = MemberId::new_at(clock.now());
                async move { ImportOpeningTiersRequest { tiers: vec![tier(member, "silver")] } }
            },
            |request: &mut ImportOpeningTiersRequest| request.tiers[0].progress_minor += 1,
        )
        .with_other(
            move |n| async move {
                let reference = format!("C-{n}-{}", uuid::Uuid::new_v4());
                ImportOpeningCouponsRequest { coupons: vec![coupon(member, &reference)] }
            },
            |request: &mut ImportOpeningCouponsRequest| request.coupons[0].reason.push('!'),
        )
}

impl Shop {
    fn openings(&self) -> OpeningServiceClient<Spoken> {
        OpeningServiceClient::new(self.served.channel_for_everything(self.tenant))
    }

    pub async fn brings(&self, lots: Vec<OpeningLot>) -> Result<ImportOpeningLotsResponse, Status> {
        let ided = |lot: OpeningLot| match lot.request_id.as_str() {
            "" => OpeningLot { request_id: self.request_id(), ..lot },
            _ => lot,
        };
        let request = ImportOpeningLotsRequest { lots: lots.into_iter().map(ided).collect() };
        self.openings().import_opening_lots(request).await.map(tonic::Response::into_inner)
    }

    async fn is_proved(&self, member: MemberId) -> bool {
        let verify = VerifyMemberRequest { member: member.to_string(), ..VerifyMemberRequest::default() };
        self.client().verify_member(verify).await.expect("proved").into_inner().holds
    }
}

fn told(answer: &ImportOpeningLotsResponse) -> Vec<(&str, Option<i64>)> {
    let spendable = |outcome: &OpeningLotOutcome| outcome.receipt.as_ref().map(|receipt| receipt.spendable);
    answer.outcomes.iter().map(|outcome| (outcome.refusal.as_str(), spendable(outcome))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lot_keeps_exactly_the_time_it_kept_elsewhere() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let waits = OpeningLot { usable_time: at("2026-02-01T00:00:00Z"), ..lot(member, "L-2", 50) };
    let for_ever = OpeningLot { lapse_time: None, ..lot(member, "L-3", 5) };
    let lots = vec![lot(member, "L-1", 100), waits, for_ever, lot(member, "D-1", -30)];
    let answer = shop.brings(lots).await.expect("a batch answers");
    assert_eq!(told(&answer), [("", Some(100)), ("", Some(100)), ("", Some(105)), ("", Some(105))]);

    let account = shop.account(member, &answer.freshness).await;
    assert_eq!((account.balance, account.spendable, account.pending, account.deficit), (125, 105, 20, 0));
    let lots: Vec<(i64, Option<prost_types::Timestamp>, &str)> =
        account.lots.iter().map(|lot| (lot.left, lot.lapse_time, lot.origin.as_str())).collect();
    assert_eq!(lots, [(100, at("2026-06-30T16:00:00Z"), "opening/L-1"), (5, None, "opening/L-3")]);
    assert_eq!(account.lots[0].earn_time, at("2025-03-01T00:00:00Z"));
    let waiting = &account.pending_lots[0];
    assert_eq!(
        (waiting.left, waiting.usable_time),
        (20, at("2026-02-01T00:00:00Z")),
        "what is owed took of what waits"
    );
    assert!(shop.is_proved(member).await);

    shop.days_pass(172).await;
    let account = shop.account(member, "").await;
    assert_eq!((account.balance, account.lapsed), (5, 120), "with the day it lapses on, and not before");
    assert!(shop.is_proved(member).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_taken_over_once_for_ever() {
    let shop = Shop::open().await;
    let (member, other) = (shop.enrolled().await, shop.enrolled().await);
    let first = OpeningLot { request_id: shop.request_id(), ..lot(member, "L-1", 100) };
    let answer = shop.brings(vec![first.clone()]).await.expect("taken over");
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    assert_eq!(shop.brings(vec![first]).await.expect("said again"), answer);
    let again = vec![
        lot(member, "L-1", 100),
        lot(member, "L-1", 99),
        OpeningLot { lapse_time: None, ..lot(member, "L-1", 100) },
        lot(other, "L-1", 100),
    ];
    let refused = shop.brings(again).await.expect("a batch answers");
    let reasons: Vec<&str> = refused.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    assert_eq!(reasons, ["ALREADY_APPLIED", "OPENING_DIFFERS", "OPENING_DIFFERS", "OPENING_DIFFERS"]);
    let fields: Vec<&str> = refused.outcomes[1..].iter().map(|outcome| outcome.detail.as_str()).collect();
    let differs = |field: &str| format!("L-1 was taken over before with another {field}");
    assert_eq!(fields, [differs("points"), differs("lapse_time"), differs("member")]);
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");

    // Within one batch, too, whoever has it.
    let twins = vec![lot(member, "L-2", 10), lot(other, "L-2", 10), lot(member, "L-2", 10)];
    let answer = shop.brings(twins).await.expect("a batch answers");
    assert_eq!(told(&answer), [("", Some(110)), ("OPENING_DIFFERS", None), ("ALREADY_APPLIED", None)]);
    assert_eq!(shop.account(other, &answer.freshness).await.balance, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_item_does_not_spoil_its_neighbours() {
    let shop = Shop::open().await;
    let (member, unheard) = (shop.enrolled().await, shop.member());
    let nobody = OpeningLot { member: NOBODY.to_owned(), ..lot(member, "L-2", 10) };
    let stamps = OpeningLot { wallet: "stamps".to_owned(), ..lot(member, "L-3", 10) };
    let over = OpeningLot { lapse_time: at("2026-01-10T02:00:00Z"), ..lot(member, "L-4", 10) };
    let early = OpeningLot { earn_time: at("2026-01-10T02:00:01Z"), lapse_time: None, ..lot(member, "L-5", 10) };
    let lots = vec![lot(member, "L-1", 10), nobody, stamps, over, early, lot(unheard, "L-6", 10)];
    let answer = shop.brings(lots).await.expect("a batch answers");
    let expected = [
        ("", Some(10)),
        ("MEMBER_NOT_FOUND", None),
        ("WALLET_NOT_FOUND", None),
        ("OPENING_OVER", None),
        ("OPENING_NOT_BEGUN", None),
        ("", Some(10)),
    ];
    assert_eq!(told(&answer), expected);
    assert_eq!(shop.account(unheard, &answer.freshness).await.balance, 10, "registry knows them");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_read_names_every_wrong_field() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let wrong = vec![
        OpeningLot { reference: "a b".to_owned(), reason: String::new(), ..lot(member, "", 0) },
        OpeningLot { earn_time: None, usable_time: at("2027-01-01T00:00:00Z"), ..lot(member, "L-1", 1) },
        OpeningLot { lapse_time: at("2027-01-01T00:00:00Z"), ..lot(member, "L-2", -1) },
        OpeningLot { lapse_time: at("2025-03-01T00:00:00Z"), ..lot(member, "L-3", 1) },
        OpeningLot { member: "nobody".to_owned(), wallet: "Ä".to_owned(), ..lot(member, "L-4", 1_000_000_000_001) },
    ];
    let status = shop.brings(wrong).await.expect_err("much is wrong");
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields: Vec<String> = status
        .get_details_bad_request()
        .expect("violations")
        .field_violations
        .into_iter()
        .map(|one| one.field.trim_start_matches("lots").to_owned())
        .collect();
    let expected = [
        "[0].reason",
        "[0].reference",
        "[0].points",
        "[1].earn_time",
        "[1].lapse_time",
        "[2].lapse_time",
        "[3].lapse_time",
        "[4].member",
        "[4].wallet",
        "[4].points",
    ];
    assert_eq!(fields, expected);
    for lots in [Vec::new(), (0..1_001).map(|n| lot(member, &format!("L-{n}"), 1)).collect()] {
        assert_eq!(shop.brings(lots).await.expect_err("none, or too many").code(), Code::InvalidArgument);
    }
    assert_eq!(shop.statement(member).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_asks_is_told_and_an_entry_says_where_it_comes_from() {
    let shop = Shop::open().await;
    let (known, unheard) = (shop.enrolled().await, shop.member());
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let tried = [known, unheard].map(|member| OpeningLot {
        validate_only: true,
        explain: true,
        ..lot(member, &format!("L-{member}"), 10)
    });
    let answer = shop.brings(tried.to_vec()).await.expect("a batch answers");
    assert_eq!(told(&answer), [("", Some(10)); 2]);
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");
    let why =
        answer.outcomes[0].receipt.as_ref().and_then(|receipt| receipt.decision.clone()).expect("it was asked for");
    assert_eq!(why.message.expect("a sentence").message, "10 points brought along: old card.");

    let answer = shop.brings(vec![lot(known, "L-1", 10), lot(known, "D-1", -4)]).await.expect("taken over");
    let statement = shop.statement(known).await;
    let mut sentences = Vec::new();
    for entry in &statement {
        let request = ExplainEntryRequest { entry: entry.id.clone(), ..ExplainEntryRequest::default() };
        let why = shop.client().explain_entry(request).await.expect("explained").into_inner().decision.expect("why");
        let reference = why.facts.iter().find(|fact| fact.name == "reference").expect("it is told").value.clone();
        sentences.push((reference, why.message.expect("a sentence").message));
    }
    let sentence = |reference: &str, text: &str| (reference.to_owned(), text.to_owned());
    assert_eq!(
        sentences,
        [
            sentence("L-1", "10 points brought along: old card."),
            sentence("D-1", "4 points that were owed brought along: old card."),
        ]
    );
    let revoke = RevokeGrantRequest {
        request_id: shop.request_id(),
        member: known.to_string(),
        entry: statement[0].id.clone(),
        reason: "it was a mistake".to_owned(),
        ..RevokeGrantRequest::default()
    };
    let revoked = shop.client().revoke_grant(revoke.clone()).await.expect("taken back").into_inner();
    assert_eq!((revoked.points, shop.account(known, &answer.freshness).await.balance), (10, -4));
    let owed = RevokeGrantRequest { request_id: shop.request_id(), entry: statement[1].id.clone(), ..revoke };
    let status = shop.client().revoke_grant(owed).await.expect_err("it is no grant");
    assert_eq!(status.get_details_error_info().expect("a reason").reason, "NOT_A_GRANT");
    assert!(shop.is_proved(known).await);
}

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
