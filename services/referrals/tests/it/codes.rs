//! Codes: issued, replaced, retired, looked up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use proto::referrals::v1::*;
use referrals::Referrals;
use referrals::codes::{Code as ReferralCode, Draw};
use server::Services;
use store::StoreError;
use testkit::House;
use testkit::registry::NOBODY;
use tonic::Code;

use crate::shop::{PEERS, Shop, fact, reason};

async fn look_up(shop: &Shop, code: &str) -> LookUpCodeResponse {
    let ask = LookUpCodeRequest { code: code.to_owned(), ..Default::default() };
    shop.client().look_up_code(ask).await.expect("it is looked up").into_inner()
}

#[tokio::test]
async fn a_member_has_one_live_code_until_it_is_replaced() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let first = shop.code_of(member).await;
    assert_eq!(shop.code_of(member).await, first, "another request, the same code");

    let found = look_up(&shop, &first.to_lowercase().replace('-', "")).await;
    assert_eq!((found.standing(), found.code, found.inviter), (CodeStanding::Live, first.clone(), member.to_string()));

    let ask = IssueCodeRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        replace: true,
        ..Default::default()
    };
    let second = shop.client().issue_code(ask).await.expect("it is replaced").into_inner();
    assert!(second.issued);
    assert_ne!(second.code, first);
    assert_eq!(look_up(&shop, &first).await.standing(), CodeStanding::Retired);
    let ask = GetCodeRequest { member: member.to_string(), ..Default::default() };
    assert_eq!(shop.client().get_code(ask).await.expect("they have one").into_inner().code, second.code);

    let invitee = shop.enrolled().await;
    let refused = shop.attributes(shop.attribution(invitee, &first)).await.expect_err("it was replaced");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "CODE_RETIRED".to_owned()));
}

#[tokio::test]
async fn a_retired_code_attributes_no_more_and_is_retired_once() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let code = shop.code_of(member).await;
    let ask = || RetireCodeRequest { request_id: shop.request_id(), code: code.clone(), validate_only: false };
    let retired = shop.client().retire_code(ask()).await.expect("it is retired").into_inner();
    assert_eq!(retired.member, member.to_string());
    let again = shop.client().retire_code(ask()).await.expect_err("it was before");
    assert_eq!(reason(&again), (Code::FailedPrecondition, "CODE_RETIRED".to_owned()));
    assert_ne!(shop.code_of(member).await, code, "a member without a live code is given another");
}

#[tokio::test]
async fn what_is_mistyped_is_told_apart_from_what_was_never_issued() {
    let shop = Shop::open().await;
    let code = shop.code_of(shop.enrolled().await).await;
    let mut wrong = code.clone().into_bytes();
    wrong[0] = if wrong[0] == b'2' { b'3' } else { b'2' };
    let wrong = String::from_utf8(wrong).expect("ASCII");
    let found = look_up(&shop, &wrong).await;
    assert_eq!(found.standing(), CodeStanding::Malformed);
    assert!(found.detail.contains("check character"), "{}", found.detail);
    let never = ReferralCode::of([1, 2, 3, 4, 5, 6, 7, 8]).to_string();
    assert_eq!(look_up(&shop, &never).await.standing(), CodeStanding::Unknown);

    let invitee = shop.enrolled().await;
    let refused = shop.attributes(shop.attribution(invitee, &wrong)).await.expect_err("it is mistyped");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let refused = shop.attributes(shop.attribution(invitee, &never)).await.expect_err("nobody has it");
    assert_eq!(reason(&refused), (Code::NotFound, "CODE_NOT_FOUND".to_owned()));
}

#[tokio::test]
async fn members_are_asked_of_registry_where_nothing_was_heard_of_them() {
    let shop = Shop::open().await;
    shop.code_of(shop.member()).await;
    let ask = IssueCodeRequest { request_id: shop.request_id(), member: NOBODY.to_owned(), ..Default::default() };
    let refused = shop.client().issue_code(ask).await.expect_err("nobody has this id");
    assert_eq!(reason(&refused), (Code::NotFound, "MEMBER_NOT_FOUND".to_owned()));
    assert_eq!(fact(&refused, "member"), NOBODY);
}

/// Draws every code twice.
#[derive(Default)]
struct Stutters(AtomicU8);

impl Draw for Stutters {
    fn draw(&self) -> Result<ReferralCode, StoreError> {
        Ok(ReferralCode::of([self.0.fetch_add(1, Ordering::SeqCst) / 2; 8]))
    }
}

#[tokio::test]
async fn a_code_that_somebody_has_is_drawn_again() {
    let shop = Shop::open().await;
    let house = House::new();
    let store = shop.database.store(referrals::SERVICE).await;
    let peers = house.peers(&PEERS);
    let source = Arc::new(Stutters::default());
    let service = Referrals::open_drawing(store, shop.clock.clone(), shop.keys.clone(), &peers, source);
    let service = service.expect("its peers are known");
    let served = house.serve(service.mount(Services::new()));
    let mut client = proto::referrals::v1::referrals_service_client::ReferralsServiceClient::new(
        served.channel_for_everything(shop.tenant),
    );
    let mut codes = Vec::new();
    for _ in 0..6 {
        let member = shop.enrolled().await.to_string();
        let ask = IssueCodeRequest { request_id: shop.request_id(), member, ..Default::default() };
        codes.push(client.issue_code(ask).await.expect("it is issued").into_inner().code);
    }
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count, "nobody has another's code");
}
