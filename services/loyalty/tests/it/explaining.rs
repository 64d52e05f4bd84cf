//! Why: with the answer itself where it is asked for, and in the caller's language.

use kernel::MemberId;
use proto::common::v1::{Decision, DecisionReason, LocalizedMessage};
use proto::loyalty::v1::*;
use testkit::in_language;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

fn text(message: Option<&LocalizedMessage>) -> (&str, &str) {
    message.map_or(("", ""), |message| (message.locale.as_str(), message.message.as_str()))
}

fn redemption(shop: &Shop, member: MemberId, points: i64) -> RedeemPointsRequest {
    RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        points,
        spent_on: "coffee".to_owned(),
        validate_only: false,
        explain: true,
        wallet: String::new(),
    }
}

async fn with_fifty_points(shop: &Shop) -> MemberId {
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    member
}

async fn explained(shop: &Shop, entry: &str) -> Decision {
    let ask = ExplainEntryRequest { entry: entry.to_owned(), ..Default::default() };
    shop.client().explain_entry(ask).await.expect("the entry is there").into_inner().decision.expect("it has grounds")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redemption_tells_why_only_when_asked_and_the_same_when_repeated() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    let ask = redemption(&shop, member, 20);
    let first = shop.client().redeem_points(ask.clone()).await.expect("there are 50").into_inner();
    let decision = first.decision.clone().expect("it was asked for");
    assert_eq!(decision.reason(), DecisionReason::Redemption);
    assert_eq!(text(decision.message.as_ref()), ("en", "20 of 50 points spent, those nearest to lapsing first."));
    assert_eq!(decision.steps.iter().map(|step| step.contribution).sum::<i64>(), -20);
    assert_eq!(decision, explained(&shop, &first.entry).await, "it is what the entry was written with");

    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let again = shop.client().redeem_points(ask.clone()).await.expect("said again").into_inner();
    assert_eq!(again, first);
    let silent = RedeemPointsRequest { explain: false, ..ask.clone() };
    let silent = shop.client().redeem_points(silent).await.expect("how much is answered is no content").into_inner();
    assert_eq!(silent, RedeemPointsResponse { decision: None, ..first.clone() });
    let curious = redemption(&shop, member, 5);
    let unasked = RedeemPointsRequest { explain: false, ..curious.clone() };
    let unasked = shop.client().redeem_points(unasked).await.expect("there are 30").into_inner();
    assert_eq!(unasked.decision, None);
    let told = shop.client().redeem_points(curious).await.expect("asked afterwards").into_inner();
    assert_eq!(text(told.decision.as_ref().and_then(|told| told.message.as_ref())).1.get(..7), Some("5 of 30"));
    assert_eq!(RedeemPointsResponse { decision: None, ..told }, unasked);
    assert_eq!(shop.statement(member).await.len(), 3, "one order, two redemptions");
    assert!(shop.database.effects_of(loyalty::SERVICE).await > before, "the second redemption counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_asks_is_told_why_and_nothing_is_written() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    let before = shop.database.effects_of(loyalty::SERVICE).await;
    let only = RedeemPointsRequest { validate_only: true, ..redemption(&shop, member, 20) };
    let would = shop.client().redeem_points(in_language(only, "zh-TW")).await.expect("there are 50").into_inner();
    assert_eq!((would.entry.as_str(), would.spendable), ("", 30));
    let decision = would.decision.expect("it was asked for");
    assert_eq!(text(decision.message.as_ref()), ("zh-TW", "可用 50 點中使用 20 點,最快到期的先用。"));
    assert_eq!(shop.database.effects_of(loyalty::SERVICE).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn reversals_and_changes_by_hand_tell_why() {
    let shop = Shop::open().await;
    let member = with_fifty_points(&shop).await;
    let spent = shop.redeem(member, 20).await.expect("there are 50");
    let reverse = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: spent.entry,
        validate_only: false,
        explain: true,
    };
    let given = shop.client().reverse_redemption(reverse.clone()).await.expect("it was spent").into_inner();
    let why = given.decision.clone().expect("it was asked for");
    assert_eq!(
        (why.reason(), text(why.message.as_ref()).1),
        (DecisionReason::RedemptionReversal, "20 spent points given back.")
    );
    assert_eq!(shop.client().reverse_redemption(reverse).await.expect("said again").into_inner(), given);

    for (points, sentence) in [(7, "人工增加 7 分:碎了。"), (-7, "可用 57 分中人工扣除 7 分:碎了。")]
    {
        let adjust = AdjustPointsRequest {
            request_id: shop.request_id(),
            member: member.to_string(),
            points,
            reason: "碎了".to_owned(),
            validate_only: false,
            explain: true,
            wallet: String::new(),
        };
        let done =
            shop.client().adjust_points(in_language(adjust.clone(), "zh-CN")).await.expect("it fits").into_inner();
        let why = done.decision.clone().expect("it was asked for");
        assert_eq!((why.outcome.as_str(), text(why.message.as_ref())), ("adjust", ("zh-CN", sentence)));
        let again = shop.client().adjust_points(in_language(adjust, "zh-CN")).await.expect("said again").into_inner();
        assert_eq!(again, done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_of_a_batch_is_told_in_the_callers_language() {
    let shop = Shop::open().await;
    let (rich, poor) = (with_fifty_points(&shop).await, shop.member());
    let silent = RedeemPointsRequest { explain: false, ..redemption(&shop, rich, 20) };
    let reused = RedeemPointsRequest { points: 21, ..silent.clone() };
    let redemptions = vec![redemption(&shop, rich, 30), silent, reused, redemption(&shop, poor, 51)];
    let ask = RedeemPointsBatchRequest { redemptions };
    let batch = |language: &'static str| {
        let (mut client, call) = (shop.client(), in_language(ask.clone(), language));
        async move { client.redeem_points_batch(call).await.expect("a batch answers").into_inner() }
    };
    let told = batch("zh-TW").await;
    let said: Vec<(&str, &str)> =
        told.outcomes.iter().map(|outcome| (outcome.refusal.as_str(), text(outcome.message.as_ref()).1)).collect();
    let expected = [
        ("", ""),
        ("", ""),
        ("REQUEST_ID_REUSED", "這個請求編號先前已用於不同的 points。"),
        ("INSUFFICIENT_POINTS", "要使用 51 點,可用 0 點,還差 51 點。"),
    ];
    assert_eq!(said, expected);
    let why = |outcome: &RedeemOutcome| outcome.receipt.as_ref().map(|receipt| receipt.decision.is_some());
    assert_eq!(told.outcomes.iter().map(why).collect::<Vec<_>>(), [Some(true), Some(false), None, None]);
    assert_eq!(batch("zh-TW").await, told, "said again, it answers the same");

    // The same sentence as the call of its own is refused with.
    let alone = shop.client().redeem_points(in_language(redemption(&shop, poor, 51), "zh-CN")).await;
    let alone = alone.expect_err("there are none").get_details_localized_message().expect("a sentence");
    let again = batch("zh-CN").await;
    assert_eq!(text(again.outcomes[3].message.as_ref()), (alone.locale.as_str(), alone.message.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_and_tiers_are_explained_in_the_callers_language() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 30_000).await;
    shop.account(member, &fresh).await;
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let entries = shop.statement(member).await;
    let entry = |number: usize| ExplainEntryRequest { entry: entries[number].id.clone(), ..Default::default() };
    let table = [
        (0, "zh-TW", "這筆訂單獲得 600 點。"),
        (1, "zh-TW", "這筆訂單獲得 75 點:消費金額 50 點,Gold 等級加成 +25 點。"),
        (1, "zh-CN", "这笔订单获得 75 分:消费金额 50 分,Gold 等级加成 +25 分。"),
        (1, "fr", "The order earned 75 points: 50 for its amount, +25 as Gold."),
    ];
    for (number, language, sentence) in table {
        let answer = shop.client().explain_entry(in_language(entry(number), language)).await.expect("it is there");
        assert_eq!(text(answer.into_inner().decision.and_then(|told| told.message).as_ref()).1, sentence);
    }
    let ask = ExplainTierRequest { member: member.to_string(), ..Default::default() };
    let tier = shop.client().explain_tier(in_language(ask, "zh-TW")).await.expect("there is a ladder").into_inner();
    let why = tier.decision.expect("it has grounds");
    assert_eq!(
        (why.reason(), text(why.message.as_ref()).1),
        (DecisionReason::TierHighest, "目前等級為 Gold,已是最高等級。")
    );
}
