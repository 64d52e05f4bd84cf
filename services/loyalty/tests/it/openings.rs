//! Points that members bring along from another system: with the time they keep there, once for ever.

mod standing;

use kernel::MemberId;
use proto::loyalty::v1::opening_service_client::OpeningServiceClient;
use proto::loyalty::v1::*;
use testkit::registry::NOBODY;
use testkit::{Examples, Spoken};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::shop::Shop;

pub(super) const REASON: &str = "old card";

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
pub(super) fn tier(member: MemberId, tier: &str) -> OpeningTier {
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
pub(super) fn coupon(member: MemberId, reference: &str) -> OpeningCoupon {
    OpeningCoupon {
        member: member.to_string(),
        campaign: "welcome".to_owned(),
        reference: reference.to_owned(),
        valid_until_time: at("2026-06-30T16:00:00Z"),
        reason: REASON.to_owned(),
        ..OpeningCoupon::default()
    }
}

pub(super) fn at(text: &str) -> Option<prost_types::Timestamp> {
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
    pub(super) fn openings(&self) -> OpeningServiceClient<Spoken> {
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
    let refusals: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.refusal.as_str()).collect();
    // Whoever comes first has it.
    let firsts = [["", "OPENING_DIFFERS", "ALREADY_APPLIED"], ["OPENING_DIFFERS", "", "OPENING_DIFFERS"]];
    assert!(firsts.iter().any(|first| refusals == first), "{refusals:?}");
    let both = shop.account(member, &answer.freshness).await.balance + shop.account(other, "").await.balance;
    assert_eq!(both, 110);
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
