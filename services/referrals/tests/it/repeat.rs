//! Every mutation is repeat-safe, by the harness that walks the contract.

use kernel::{MemberId, RequestId};
use proto::referrals::v1::*;
use testkit::Examples;
use uuid::Uuid;

use crate::shop::Shop;

/// Somebody of whom nothing was heard; registry knows everybody. Another one each time.
fn somebody() -> String {
    MemberId::from(Uuid::new_v4()).to_string()
}

fn issue(shop: &Shop) -> impl Fn() -> futures::future::BoxFuture<'static, String> + Clone + use<> {
    let (client, clock) = (shop.client(), shop.clock.clone());
    move || {
        let (mut client, clock) = (client.clone(), clock.clone());
        Box::pin(async move {
            let request_id = RequestId::new_at(clock.now()).to_string();
            let ask = IssueCodeRequest { request_id, member: somebody(), ..Default::default() };
            client.issue_code(ask).await.expect("everybody has a code").into_inner().code
        })
    }
}

/// A referral that waits for a review: the code has attributed too often.
fn flag(shop: &Shop, code: String) -> impl Fn() -> futures::future::BoxFuture<'static, String> + use<> {
    let (client, clock) = (shop.client(), shop.clock.clone());
    move || {
        let (mut client, clock, code) = (client.clone(), clock.clone(), code.clone());
        Box::pin(async move {
            let ask = AttributeRequest {
                request_id: RequestId::new_at(clock.now()).to_string(),
                member: somebody(),
                code,
                point: AttributionPoint::Enrolment.into(),
                ..Default::default()
            };
            client.attribute(ask).await.expect("it is flagged").into_inner().referral
        })
    }
}

/// Valid requests for every rpc of the service.
pub async fn examples(shop: &Shop) -> Examples {
    let now = shop.clock.now();
    let later = proto::timestamp(now + jiff::SignedDuration::from_secs(1));
    shop.puts(Terms { effective_time: Some(later), flag_per_hour: 1, ..shop.terms() }).await.expect("from now on");
    shop.clock.move_to(now + jiff::SignedDuration::from_secs(1)).expect("forward");
    let (inviter, invitee) = shop.invited().await;
    let referral = shop.told(invitee).await.referral.expect("there");
    let (code, mine) = (referral.code, inviter.to_string());
    let (issues, flags, terms) = (issue(shop), flag(shop, code.clone()), shop.terms());
    mutations(shop, issues, flags, terms, code.clone())
        .with(|_| async { GetTermsRequest::default() })
        .with(move |_| {
            let code = code.clone();
            async move { LookUpCodeRequest { code, ..Default::default() } }
        })
        .with(move |_| {
            let member = mine.clone();
            async move { GetCodeRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let referral = referral.id.clone();
            async move { GetReferralRequest { referral, explain: true, ..Default::default() } }
        })
        .with(move |_| async move { GetReferralOfRequest { invitee: invitee.to_string(), ..Default::default() } })
        .with(move |_| async move { ListInvitationsRequest { inviter: inviter.to_string(), ..Default::default() } })
        .with(|_| async { GetOverviewRequest::default() })
}

fn mutations(
    shop: &Shop,
    issues: impl Fn() -> futures::future::BoxFuture<'static, String> + Clone + Send + Sync + 'static,
    flags: impl Fn() -> futures::future::BoxFuture<'static, String> + Send + Sync + 'static,
    terms: Terms,
    code: String,
) -> Examples {
    let (issues_to_retire, issues_to_attribute) = (issues.clone(), issues);
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let seconds = 2_524_608_000 + i64::from(n % 100_000) * 3_600;
                let effective_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
                let terms = Some(Terms { effective_time, ..terms.clone() });
                async move { PutTermsRequest { terms, ..Default::default() } }
            },
            |request: &mut PutTermsRequest| request.terms.as_mut().expect("there").inviter_points += 1,
        )
        .with_other(
            |_| async { IssueCodeRequest { member: somebody(), ..Default::default() } },
            |request: &mut IssueCodeRequest| request.replace = true,
        )
        .with_subject_only(move |_| {
            let issued = issues_to_retire();
            async move { RetireCodeRequest { code: issued.await, ..Default::default() } }
        })
        .with_other(
            move |n| {
                let code = code.clone();
                async move { RecordTouchRequest { code, visitor: format!("cookie {n}"), ..Default::default() } }
            },
            |request: &mut RecordTouchRequest| request.code = "2222-22222".to_owned(),
        )
        .with_other(
            move |_| {
                let issued = issues_to_attribute();
                async move {
                    let point = AttributionPoint::Checkout.into();
                    AttributeRequest { member: somebody(), code: issued.await, point, ..Default::default() }
                }
            },
            |request: &mut AttributeRequest| request.point = AttributionPoint::Enrolment.into(),
        )
        .with_other(
            move |_| {
                let referral = flags();
                async move {
                    let (referral, verdict) = (referral.await, Verdict::Approve.into());
                    ReviewRequest { referral, verdict, reason: "looked at it".to_owned(), ..Default::default() }
                }
            },
            |request: &mut ReviewRequest| request.verdict = Verdict::Reject.into(),
        )
}

/// The service's own: the event log's are proved with the whole suite.
pub fn methods() -> impl Iterator<Item = &'static proto::Method> {
    proto::methods().iter().filter(|method| method.path.starts_with("/rapport.referrals.v1."))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_can_be_said_again() {
    let shop = Shop::open().await;
    let examples = examples(&shop).await;
    let channel = shop.served.channel_for_everything(shop.tenant);
    let database = &shop.database;
    testkit::repeat::holds(methods(), &channel, &examples, |_| database.effects_of(referrals::SERVICE)).await;
}
