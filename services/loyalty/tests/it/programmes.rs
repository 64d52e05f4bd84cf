//! Terms are versioned: an older version keeps ruling its own time.

use jiff::SignedDuration;
use proto::loyalty::v1::*;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn new_terms_rule_from_their_time_on() {
    let shop = Shop::open().await;
    let member = shop.member();
    let mut request = shop.programme();
    let programme = request.programme.as_mut().expect("there");
    let from = shop.clock.now() + SignedDuration::from_hours(24);
    programme.effective_time = Some(proto::timestamp(from));
    programme.earn_rates[0].points = 2;
    assert_eq!(shop.client().put_programme(request).await.expect("valid").into_inner().version, 2);

    let (_, fresh) = shop.buys(member, 500).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 10);
    shop.days_pass(2).await;
    let (_, fresh) = shop.buys(member, 500).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 30);
    let versions: Vec<i32> = shop.statement(member).await.iter().map(|entry| entry.programme_version).collect();
    assert_eq!(versions, [1, 2]);
}

/// An order that is reported after the terms were put is decided by them, whichever process hears it.
#[tokio::test(flavor = "multi_thread")]
async fn every_process_sees_new_terms_as_soon_as_they_are_put() {
    let shop = Shop::open().await;
    let twin = shop.twin().await;
    let member = shop.member();
    let mut balance = 0;
    for points in 1..=8 {
        shop.clock.move_to(shop.clock.now() + SignedDuration::from_secs(1)).expect("forward");
        let mut request = shop.programme();
        let programme = request.programme.as_mut().expect("there");
        programme.effective_time = Some(proto::timestamp(shop.clock.now()));
        programme.earn_rates[0].points = points;
        shop.client().put_programme(request).await.expect("valid");
        let (_, fresh) = shop.buys(member, 50).await;
        balance += points;
        assert_eq!(shop.account(member, &fresh).await.balance, balance, "{points} points for 50");
    }
    twin.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_is_not_changed_afterwards() {
    let shop = Shop::open().await;
    let mut request = shop.programme();
    request.programme.as_mut().expect("there").effective_time =
        Some(proto::timestamp(shop.clock.now() - SignedDuration::from_hours(24)));
    let refused = shop.client().put_programme(request).await.expect_err("it would rule yesterday");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "PROGRAMME_IN_THE_PAST");
    let refused = shop.client().put_programme(shop.programme()).await.expect_err("a version rules from then");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "PROGRAMME_VERSION_TAKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn terms_read_back_as_they_were_put() {
    let shop = Shop::open().await;
    let answer = shop.client().get_programme(GetProgrammeRequest::default()).await.expect("there is one");
    let read = answer.into_inner().programme.expect("there");
    let put = shop.programme().programme.expect("there");
    assert_eq!((read.version, &read.zone, &read.display_name), (1, &put.zone, &put.display_name));
    assert_eq!(read.expiry, put.expiry);
    assert_eq!(read.ladder.expect("a ladder").tiers.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_programme_orders_are_kept_and_earn_nothing() {
    let shop = Shop::without_programme().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 0);
    let request = ExplainTierRequest { member: member.to_string(), at_least_as_fresh: String::new() };
    let refused = shop.client().explain_tier(request).await.expect_err("there are no tiers");
    assert_eq!(refused.get_details_error_info().expect("a reason").reason, "PROGRAMME_NOT_FOUND");
}
