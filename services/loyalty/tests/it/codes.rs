//! Codes: never two alike, the same again when asked again, used once each.

use std::collections::BTreeSet;

use kernel::code::Code;
use proto::loyalty::v1::*;
use tonic::Status;

use crate::coupons::{reason, ten_off};
use crate::shop::Shop;

fn unique(code: &str) -> Campaign {
    Campaign { distribution: Distribution::UniqueCodes.into(), minimum_minor: 0, ..ten_off(code) }
}

/// Reads the stream to its end, or so many messages of it.
async fn codes(shop: &Shop, ask: &GenerateCodesRequest, messages: usize) -> Result<Vec<String>, Status> {
    let mut stream = shop.coupons().generate_codes(ask.clone()).await?.into_inner();
    let mut told = Vec::new();
    for _ in 0..messages {
        let Some(message) = stream.message().await? else { break };
        assert_eq!(usize::try_from(message.skipped), Ok(told.len() + usize::try_from(ask.skip).unwrap_or(0)));
        told.extend(message.codes);
    }
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_is_taken_up_and_no_two_codes_are_alike() {
    let shop = Shop::open().await;
    shop.put(unique("flyer")).await.expect("put");
    let ask = GenerateCodesRequest {
        request_id: shop.request_id(),
        campaign: "flyer".to_owned(),
        count: 20_000,
        ..Default::default()
    };
    let begun = codes(&shop, &ask, 2).await.expect("they stream");
    assert!(begun.len() < 20_000, "the stream is broken off");
    let all = codes(&shop, &ask, usize::MAX).await.expect("said again");
    assert_eq!(all.len(), 20_000);
    assert_eq!(all[..begun.len()], begun, "the same codes");
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert_eq!(distinct.len(), 20_000);
    assert!(all.iter().all(|code| Code::<11>::parse(code).is_ok()));
    let skipping = GenerateCodesRequest { skip: 19_000, ..ask.clone() };
    assert_eq!(codes(&shop, &skipping, usize::MAX).await.expect("the rest"), all[19_000..]);
    assert_eq!(shop.campaign("flyer").await.r#use.expect("told").codes, 20_000, "each is counted once");
    let other = GenerateCodesRequest { count: 20_001, ..ask };
    assert_eq!(reason(codes(&shop, &other, 1).await), "REQUEST_ID_REUSED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_once() {
    let shop = Shop::open().await;
    shop.put(unique("flyer")).await.expect("put");
    let ask = GenerateCodesRequest {
        request_id: shop.request_id(),
        campaign: "flyer".to_owned(),
        count: 2,
        ..Default::default()
    };
    let made = codes(&shop, &ask, 9).await.expect("they stream");
    let (one, other) = (shop.member(), shop.member());
    shop.reserve(shop.reservation(one, "1", &[], &[&made[0]])).await.expect("put aside");
    assert_eq!(reason(shop.reserve(shop.reservation(other, "2", &[], &[&made[0]])).await), "COUPON_USED_UP");
    shop.reserve(shop.reservation(other, "2", &[], &[&made[1].to_lowercase()])).await.expect("the other code");
    shop.redeem_order(one, "1").await.expect("used");
    shop.minutes_pass(20);
    assert_eq!(reason(shop.reserve(shop.reservation(other, "3", &[], &[&made[0]])).await), "COUPON_USED_UP");
    shop.reserve(shop.reservation(one, "4", &[], &[&made[1]])).await.expect("that one was given up by then");

    let mut wrong = made[0].clone();
    let last = wrong.pop().expect("it has one");
    wrong.push(if last == '2' { '3' } else { '2' });
    let mistyped = shop.reserve(shop.reservation(one, "5", &[], &[&wrong])).await;
    assert_eq!(reason(mistyped), "COUPON_CODE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_codes_of_its_own_generates_none() {
    let shop = Shop::open().await;
    shop.put(ten_off("spring")).await.expect("put");
    let over = proto::timestamp(testkit::instant("2026-01-01T00:00:00Z"));
    shop.put(Campaign { valid_until_time: Some(over), ..unique("past") }).await.expect("put");
    let ask = |campaign: &str| GenerateCodesRequest {
        request_id: shop.request_id(),
        campaign: campaign.to_owned(),
        count: 1,
        ..Default::default()
    };
    assert_eq!(reason(codes(&shop, &ask("spring"), 1).await), "NO_UNIQUE_CODES");
    assert_eq!(reason(codes(&shop, &ask("autumn"), 1).await), "CAMPAIGN_NOT_FOUND");
    assert_eq!(reason(codes(&shop, &ask("past"), 1).await), "CAMPAIGN_OVER");
    assert_eq!(reason(shop.issue(shop.member(), "past").await), "CAMPAIGN_OVER");
    let shared = |code: &str| Campaign {
        distribution: Distribution::SharedCode.into(),
        shared_code: "SUMMER".to_owned(),
        ..ten_off(code)
    };
    shop.put(shared("one")).await.expect("put");
    assert_eq!(reason(shop.put(shared("other")).await), "COUPON_CODE_TAKEN");
    shop.put(shared("one")).await.expect("its own");
}
