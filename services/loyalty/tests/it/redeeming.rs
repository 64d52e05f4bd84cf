//! Spending, giving back, adjusting: who is refused, and that nothing is spent twice.

use futures::future::join_all;
use proto::loyalty::v1::*;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn lots_nearest_to_lapsing_go_first() {
    let shop = Shop::open().await;
    let member = shop.member();
    shop.buys(member, 2_500).await;
    shop.days_pass(60).await;
    let (_, fresh) = shop.buys(member, 5_000).await;
    let account = shop.account(member, &fresh).await;
    let receipt = shop.redeem(member, 60).await.expect("there are 150");
    let drawn: Vec<(String, i64)> = receipt.draws.into_iter().map(|draw| (draw.lot, draw.points)).collect();
    assert_eq!(drawn, [(account.lots[0].id.clone(), -50), (account.lots[1].id.clone(), -10)]);
    assert_eq!(receipt.spendable, 90);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_too_few_is_told_by_how_many() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let refused = shop.redeem(member, 51).await.expect_err("there are 50");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let info = refused.get_details_error_info().expect("it carries ErrorInfo");
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INSUFFICIENT_POINTS", "rapport"));
    assert_eq!(info.metadata["short_by"], "1");
    assert_eq!(shop.statement(member).await.len(), 1, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_point_is_spent_once_however_many_want_it() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let outcomes = join_all((0..64).map(|_| shop.redeem(member, 50))).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(
        outcomes
            .iter()
            .filter_map(|outcome| outcome.as_ref().err())
            .all(|error| error.code() == Code::FailedPrecondition)
    );
    assert_eq!(shop.account(member, "").await.balance, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn validating_decides_and_writes_nothing() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let request = RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points: 20,
        spent_on: "coffee".to_owned(),
        validate_only: true,
        explain: false,
        wallet: String::new(),
    };
    let receipt = shop.client().redeem_points(request).await.expect("there are 50").into_inner();
    assert_eq!((receipt.entry.as_str(), receipt.spendable), ("", 30));
    assert_eq!(shop.account(member, "").await.balance, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_is_given_back_once() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let spent = shop.redeem(member, 30).await.expect("there are 50");
    let reverse = |entry: &str| ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: entry.to_owned(),
        validate_only: false,
        explain: false,
    };
    let only_asked = ReverseRedemptionRequest { validate_only: true, ..reverse(&spent.entry) };
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let would = shop.client().reverse_redemption(only_asked).await.expect("it could be reversed").into_inner();
    assert_eq!((would.entry.as_str(), would.freshness.as_str(), would.spendable), ("", "", 50));
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before, "nothing was written");
    let given = shop.client().reverse_redemption(reverse(&spent.entry)).await.expect("it can be reversed").into_inner();
    assert_eq!(given.spendable, 50);
    let again = shop.client().reverse_redemption(reverse(&spent.entry)).await.expect_err("it was");
    assert_eq!(again.get_details_error_info().expect("a reason").reason, "ALREADY_REVERSED");
    let wrong = shop.client().reverse_redemption(reverse(&given.entry)).await.expect_err("it is no redemption");
    assert_eq!(wrong.get_details_error_info().expect("a reason").reason, "NOT_A_REDEMPTION");
    let nobody = shop.client().reverse_redemption(reverse("entry_01h455vb4pex5vsknk084sn02q")).await;
    assert_eq!(nobody.expect_err("it does not exist").code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn reversals_that_come_together_find_each_its_own_redemption() {
    let shop = Shop::open().await;
    let mut spent = Vec::new();
    for points in 1..=20 {
        let member = shop.member();
        let (_, fresh) = shop.buys(member, 2_500).await;
        shop.account(member, &fresh).await;
        spent.push((member, shop.redeem(member, points).await.expect("there are 50").entry));
    }
    let reverse = |member: kernel::MemberId, entry: &str| {
        let (member, entry) = (member.to_string(), entry.to_owned());
        let ask = ReverseRedemptionRequest {
            request_id: shop.request_id(),
            member,
            entry,
            validate_only: false,
            explain: false,
        };
        let mut client = shop.client();
        async move { client.reverse_redemption(ask).await.map(|given| given.into_inner().spendable) }
    };
    // Everybody asks for their own redemption, and their neighbour for it too.
    let owners = spent.iter().map(|(member, entry)| reverse(*member, entry));
    let neighbours = spent.iter().zip(spent.iter().cycle().skip(1));
    let strangers = neighbours.map(|((_, entry), (neighbour, _))| reverse(*neighbour, entry));
    let (own, strange) = futures::join!(futures::future::join_all(owners), futures::future::join_all(strangers));
    for given in own {
        assert_eq!(given.expect("it is theirs, and spent"), 50);
    }
    for refused in strange {
        assert_eq!(refused.expect_err("it is another's").code(), Code::NotFound);
    }
    for (member, _) in &spent {
        assert_eq!(shop.account(*member, "").await.spendable, 50);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_adjusted_by_hand_with_a_reason() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let adjust = |points, reason: &str| AdjustPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points,
        reason: reason.to_owned(),
        validate_only: false,
        explain: false,
        wallet: String::new(),
    };
    let only_asked = AdjustPointsRequest { validate_only: true, ..adjust(200, "for the long wait") };
    let would = shop.client().adjust_points(only_asked).await.expect("it could be added").into_inner();
    assert_eq!((would.entry.as_str(), would.freshness.as_str(), would.spendable), ("", "", 200));
    assert_eq!(shop.account(member, "").await.balance, 0, "nothing was written");
    let added =
        shop.client().adjust_points(adjust(200, "for the long wait")).await.expect("it can be added").into_inner();
    assert_eq!(added.spendable, 200);
    let taken = shop.client().adjust_points(adjust(-50, "booked twice")).await.expect("it can be taken").into_inner();
    assert_eq!(taken.spendable, 150);
    let refused = shop.client().adjust_points(adjust(-151, "too much")).await.expect_err("there are 150");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "INSUFFICIENT_POINTS");
    let statement = shop.statement(member).await;
    assert_eq!(
        statement.iter().map(|entry| entry.cause.as_str()).collect::<Vec<_>>(),
        ["for the long wait", "booked twice"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_answers_each_of_its_items() {
    let shop = Shop::open().await;
    let (rich, poor) = (shop.member(), shop.member());
    let (_, fresh) = shop.buys(rich, 2_500).await;
    shop.account(rich, &fresh).await;
    let item = |member: kernel::MemberId, points| RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points,
        spent_on: "coffee".to_owned(),
        validate_only: false,
        explain: false,
        wallet: String::new(),
    };
    let request =
        RedeemPointsBatchRequest { redemptions: vec![item(rich, 20), item(poor, 1), item(rich, 30), item(rich, 1)] };
    let answer = shop.client().redeem_points_batch(request).await.expect("a batch answers").into_inner();
    let told: Vec<(&str, Option<i64>)> = answer
        .outcomes
        .iter()
        .map(|outcome| (outcome.refusal.as_str(), outcome.receipt.as_ref().map(|receipt| receipt.spendable)))
        .collect();
    assert_eq!(told, [("", Some(30)), ("INSUFFICIENT_POINTS", None), ("", Some(0)), ("INSUFFICIENT_POINTS", None)]);
}
