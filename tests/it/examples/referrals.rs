//! Rpcs of referrals.

use kernel::MemberId;
use proto::referrals::v1::{
    AttributeRequest, AttributionPoint, GetCodeRequest, GetOverviewRequest, GetReferralOfRequest, GetReferralRequest,
    GetTermsRequest, IssueCodeRequest, ListInvitationsRequest, LookUpCodeRequest, PutTermsRequest, RecordTouchRequest,
    RetireCodeRequest, ReviewRequest, Terms, Verdict,
};
use testkit::Examples;

use super::{World, make};
use crate::requests::at;
use crate::stage::Shop;

/// A member of their own for each request: what is asked of them can be asked once.
async fn somebody(shop: &Shop) -> String {
    let number = MemberId::from(uuid::Uuid::new_v4()).uuid().as_u128() % 10_000_000;
    shop.enrol(&format!("091{number:07}")).await
}

fn terms(effective: Option<prost_types::Timestamp>, flag_per_hour: i64) -> Terms {
    let currency_code = "TWD".to_owned();
    Terms { effective_time: effective, currency_code, inviter_points: 100, flag_per_hour, ..Terms::default() }
}

async fn code(shop: &Shop) -> String {
    let ask = IssueCodeRequest { request_id: shop.request_id(), member: somebody(shop).await, ..Default::default() };
    shop.referrals().issue_code(ask).await.expect("issued").into_inner().code
}

async fn invited(shop: &Shop, code: String) -> AttributeRequest {
    AttributeRequest {
        request_id: shop.request_id(),
        member: somebody(shop).await,
        code,
        point: AttributionPoint::Checkout.into(),
        ..AttributeRequest::default()
    }
}

#[derive(Clone)]
struct Known {
    world: World,
    inviter: String,
    invitee: String,
    code: String,
    referral: String,
}

pub async fn examples(world: &World) -> Examples {
    let shop = &world.shop;
    let put = PutTermsRequest {
        request_id: shop.request_id(),
        terms: Some(terms(at("2011-01-01T00:00:00Z"), 1)),
        ..PutTermsRequest::default()
    };
    shop.referrals().put_terms(put).await.expect("the terms are in force");
    let inviter = somebody(shop).await;
    let ask = IssueCodeRequest { request_id: shop.request_id(), member: inviter.clone(), ..Default::default() };
    let code = shop.referrals().issue_code(ask).await.expect("issued").into_inner().code;
    let ask = invited(shop, code.clone()).await;
    let invitee = ask.member.clone();
    let referral = shop.referrals().attribute(ask).await.expect("attributed").into_inner().referral;
    let known = Known { world: world.clone(), inviter, invitee, code, referral };
    reads(&known).and(codes(&known)).and(judgements(&known))
}

fn reads(known: &Known) -> Examples {
    Examples::new(&known.world.shop.clock)
        .with(make!(known, |_known, _n| GetTermsRequest::default()))
        .with(make!(known, |known, _n| LookUpCodeRequest { code: known.code, ..Default::default() }))
        .with(make!(known, |known, _n| GetCodeRequest { member: known.inviter, ..Default::default() }))
        .with(make!(known, |known, _n| GetReferralRequest {
            referral: known.referral,
            explain: true,
            ..Default::default()
        }))
        .with(make!(known, |known, _n| GetReferralOfRequest { invitee: known.invitee, ..Default::default() }))
        .with(make!(known, |known, _n| ListInvitationsRequest { inviter: known.inviter, ..Default::default() }))
        .with(make!(known, |_known, _n| GetOverviewRequest::default()))
}

fn codes(known: &Known) -> Examples {
    Examples::new(&known.world.shop.clock)
        .with_other(
            make!(known, |known, _n| IssueCodeRequest {
                member: somebody(&known.world.shop).await,
                ..Default::default()
            }),
            |request: &mut IssueCodeRequest| request.replace = true,
        )
        .with_subject_only(make!(known, |known, _n| RetireCodeRequest {
            code: code(&known.world.shop).await,
            ..Default::default()
        }))
        .with_other(
            make!(known, |known, n| RecordTouchRequest {
                code: known.code,
                visitor: format!("cookie {n}"),
                ..Default::default()
            }),
            |request: &mut RecordTouchRequest| request.code = "2222-22222".to_owned(),
        )
        .with_other(
            make!(known, |_known, n| {
                let day = prost_types::Timestamp { seconds: 2_000_000_000 + i64::from(n % 20_000) * 86_400, nanos: 0 };
                PutTermsRequest { terms: Some(terms(Some(day), 0)), ..Default::default() }
            }),
            |request: &mut PutTermsRequest| {
                request.terms.iter_mut().for_each(|terms| terms.inviter_points += 1);
            },
        )
}

fn judgements(known: &Known) -> Examples {
    Examples::new(&known.world.shop.clock)
        .with_other(
            make!(known, |known, _n| {
                let shop = &known.world.shop;
                AttributeRequest { request_id: String::new(), ..invited(shop, code(shop).await).await }
            }),
            |request: &mut AttributeRequest| request.point = AttributionPoint::Enrolment.into(),
        )
        .with_other(
            make!(known, |known, _n| {
                let shop = &known.world.shop;
                // The code has attributed somebody within the hour already: this one is flagged.
                let ask = invited(shop, known.code.clone()).await;
                let referral = shop.referrals().attribute(ask).await.expect("flagged").into_inner().referral;
                let (verdict, reason) = (Verdict::Approve.into(), "looked at it".to_owned());
                ReviewRequest { referral, verdict, reason, ..Default::default() }
            }),
            |request: &mut ReviewRequest| request.verdict = Verdict::Reject.into(),
        )
}
