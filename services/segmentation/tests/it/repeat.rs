//! Every mutation is repeat-safe, by the harness that walks the contract.

use proto::segmentation::v1::*;
use testkit::Examples;

use crate::shop::Shop;

/// Valid requests for every rpc of the service, against a member who has bought.
pub async fn examples(shop: &Shop) -> Examples {
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 500).await;
    shop.insight(member, &fresh).await;
    shop.snapshot().await;
    let (a, b) = (member.to_string(), member.to_string());
    Examples::new(&shop.clock)
        .with_other(
            |n| async move {
                let seconds = 2_524_608_000 + i64::from(n % 100_000) * 3_600;
                let effective_time = Some(prost_types::Timestamp { seconds, nanos: 0 });
                let scheme = Scheme { effective_time, ..Scheme::default() };
                PutSchemeRequest { scheme: Some(scheme), ..PutSchemeRequest::default() }
            },
            |request: &mut PutSchemeRequest| {
                request.scheme.iter_mut().for_each(|scheme| scheme.rfm_period_months = Some(3));
            },
        )
        .with_other(
            |_| async { TakeSnapshotRequest::default() },
            |request: &mut TakeSnapshotRequest| request.validate_only = !request.validate_only,
        )
        .with(|_| async { GetSchemeRequest::default() })
        .with(|_| async { GetSnapshotRequest::default() })
        .with(move |_| {
            let member = a.clone();
            async move { GetInsightRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = b.clone();
            async move { ListChangesRequest { member, ..Default::default() } }
        })
        .with(|_| async { ListMembersRequest::default() })
        .with(|_| async { GetOverviewRequest::default() })
        .with(|_| async { GetCohortsRequest::default() })
}

/// The service's own: the event log's are proved with the whole suite.
pub fn methods() -> impl Iterator<Item = &'static proto::Method> {
    proto::methods().iter().filter(|method| method.path.starts_with("/rapport.segmentation.v1."))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutation_can_be_said_again() {
    let shop = Shop::open().await;
    let examples = examples(&shop).await;
    let channel = shop.served.channel_for_everything(shop.tenant);
    let database = &shop.database;
    testkit::repeat::holds(methods(), &channel, &examples, |_| database.effects_of(segmentation::SERVICE)).await;
}
