//! 王淑芬 joins at the till, buys, spends points and brings half of it back.

use proto::loyalty::v1::{GetAccountRequest, GetBalanceRequest, RedeemPointsRequest};

use crate::requests::{coming_back, giving_back, line, of, order, purchase};
use crate::stage::{Shop, Stage};

async fn balance(shop: &Shop, member: &str, at_least_as_fresh: &str) -> i64 {
    let asked = GetBalanceRequest {
        member: member.to_owned(),
        at_least_as_fresh: at_least_as_fresh.to_owned(),
        ..GetBalanceRequest::default()
    };
    shop.loyalty().get_balance(asked).await.expect("answered").into_inner().balance
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_earns_points_that_are_spent_and_a_return_takes_them_back() {
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
    assert_eq!(bought.member, member);

    let asked = GetAccountRequest {
        member: member.clone(),
        at_least_as_fresh: bought.freshness.clone(),
        wallet: String::new(),
    };
    let account = shop.loyalty().get_account(asked).await.expect("answered").into_inner().account.expect("an account");
    assert_eq!((account.spendable, account.deficit), (116, 0), "5,800 at a point for 50");
    let tier = account.tier.expect("a standing");
    assert_eq!((tier.tier.as_str(), tier.missing_to_next_minor), ("member", 4_200));

    let spent = RedeemPointsRequest {
        request_id: shop.request_id(),
        member: member.clone(),
        points: 90,
        spent_on: "a bag of beans".to_owned(),
        validate_only: false,
        explain: false,
        wallet: String::new(),
    };
    let receipt = shop.loyalty().redeem_points(spent.clone()).await.expect("spent").into_inner();
    assert_eq!(receipt.spendable, 26);
    let again = shop.loyalty().redeem_points(spent).await.expect("said again").into_inner();
    assert_eq!(again, receipt, "one redemption, however often it is said");

    // One bag comes back: 2,400 of 5,800, and with it 48 points, of which 26 are left.
    let returned = shop
        .activity()
        .record_return(giving_back(shop.request_id(), coming_back("r-1", &bought.order, 1, 1)))
        .await
        .expect("the return is recorded")
        .into_inner();
    assert_eq!(returned.matches.iter().map(|part| part.amount_minor).sum::<i64>(), 2_400);
    assert_eq!(balance(&shop, &member, &returned.freshness).await, -22, "the next points fill the deficit");

    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_lapse_when_their_time_has_come() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let member = shop.enrol("0912-345-678").await;
    let bought = shop
        .activity()
        .record_order(purchase(shop.request_id(), order("20111201-0001", of(&member), vec![line(1, "mug", 1, "1000")])))
        .await
        .expect("the order is recorded")
        .into_inner();
    assert_eq!(balance(&shop, &member, &bought.freshness).await, 20);

    stage.advance("2012-12-31T15:59:59Z").await;
    assert_eq!(balance(&shop, &member, "").await, 20, "good through the last day of December in Taipei");
    stage.advance("2012-12-31T16:00:00Z").await;
    assert_eq!(balance(&shop, &member, "").await, 0);
    stage.stop().await;
}
