//! Terms: what is promised holds for whoever began under it.

use proto::referrals::v1::*;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::shop::{Shop, reason};

#[tokio::test]
async fn what_is_left_out_of_terms_has_its_usual_value() {
    let shop = Shop::open().await;
    let terms = shop.client().get_terms(GetTermsRequest::default()).await.expect("there are some").into_inner().terms;
    let terms = terms.expect("they are told");
    assert_eq!((terms.version, terms.hold_days, terms.return_window_days), (1, Some(14), Some(14)));
    assert_eq!((terms.touch_days, terms.only_new_members), (Some(30), Some(true)));
    assert_eq!(terms.checkout_hours, Some(48));
    assert_eq!(terms.reason, "referral");
}

#[tokio::test]
async fn hours_at_checkout_may_be_none_and_a_month_at_most() {
    let shop = Shop::without_terms().await;
    for wrong in [-1, 721, i32::MIN, i32::MAX] {
        let refused = shop.puts(Terms { checkout_hours: Some(wrong), ..shop.terms() }).await;
        let refused = refused.expect_err("it is out of bounds");
        let told = refused.get_details_bad_request().expect("it names fields").field_violations;
        let fields: Vec<&str> = told.iter().map(|one| one.field.as_str()).collect();
        assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["terms.checkout_hours"]), "{wrong}");
    }
    for (days, hours) in [(0, 0), (1, 720)] {
        let from = shop.clock.now() + jiff::SignedDuration::from_hours(24 * days);
        let effective_time = Some(proto::timestamp(from));
        let terms = Terms { effective_time, checkout_hours: Some(hours), ..shop.terms() };
        shop.puts(terms).await.expect("it is within bounds");
        let ask = GetTermsRequest { at: effective_time, ..GetTermsRequest::default() };
        let told = shop.client().get_terms(ask).await.expect("they are there").into_inner().terms;
        assert_eq!(told.expect("they are told").checkout_hours, Some(hours));
    }
}

#[tokio::test]
async fn later_terms_rule_from_now_on_and_not_before() {
    let shop = Shop::open().await;
    let (_, invitee) = shop.invited().await;
    let now = shop.clock.now();
    let later = now + jiff::SignedDuration::from_secs(1);
    let at = |moment| Some(proto::timestamp(moment));
    let past = shop.puts(Terms { effective_time: at(now - jiff::SignedDuration::from_hours(1)), ..shop.terms() }).await;
    let past = past.expect_err("what was promised is not changed afterwards");
    assert_eq!(reason(&past), (Code::FailedPrecondition, "TERMS_IN_THE_PAST".to_owned()));
    let taken = shop.puts(shop.terms()).await.expect_err("the first rules from then on");
    assert_eq!(reason(&taken), (Code::FailedPrecondition, "TERMS_VERSION_TAKEN".to_owned()));

    shop.puts(Terms { effective_time: at(later), inviter_points: 7, ..shop.terms() }).await.expect("from now on");
    shop.days_pass(1).await;
    let promised = shop.told(invitee).await.referral.expect("it is there");
    assert_eq!((promised.terms_version, promised.inviter_points), (1, 100));
    let (_, another) = shop.invited().await;
    let promised = shop.told(another).await.referral.expect("it is there");
    assert_eq!((promised.terms_version, promised.inviter_points), (2, 7));
}

#[tokio::test]
async fn without_terms_nobody_is_attributed_and_a_suspended_tenant_writes_nothing() {
    let shop = Shop::without_terms().await;
    let (inviter, invitee) = (shop.enrolled().await, shop.enrolled().await);
    let code = shop.code_of(inviter).await;
    let refused = shop.attributes(shop.attribution(invitee, &code)).await.expect_err("nothing is promised");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "TERMS_NOT_FOUND".to_owned()));
    shop.puts(shop.terms()).await.expect("the terms are valid");
    shop.settles(true).await;
    let refused = shop.attributes(shop.attribution(invitee, &code)).await.expect_err("the tenant is suspended");
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "TENANT_SUSPENDED".to_owned()));
}
