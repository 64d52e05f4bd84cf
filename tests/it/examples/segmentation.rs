//! Segmentation's rpcs.

use proto::segmentation::v1::segmentation_service_client::SegmentationServiceClient;
use proto::segmentation::v1::{
    GetCohortsRequest, GetInsightRequest, GetOverviewRequest, GetSchemeRequest, GetSnapshotRequest, ListChangesRequest,
    ListMembersRequest, PutSchemeRequest, Scheme, TakeSnapshotRequest,
};
use testkit::Examples;

use super::{World, make};

pub async fn examples(world: &World) -> Examples {
    let mut client = SegmentationServiceClient::new(world.shop.channel.clone());
    let heard = GetInsightRequest {
        member: world.member.clone(),
        at_least_as_fresh: world.freshness.clone(),
        ..GetInsightRequest::default()
    };
    client.get_insight(heard).await.expect("the order is heard of");
    let first = TakeSnapshotRequest { request_id: world.shop.request_id(), validate_only: false };
    client.take_snapshot(first).await.expect("a snapshot is taken");
    reads(world)
        .with_other(
            make!(world, |_world, n| {
                let effective =
                    prost_types::Timestamp { seconds: 4_102_444_800 + i64::from(n % 20_000) * 86_400, nanos: 0 };
                let scheme = Scheme { effective_time: Some(effective), ..Scheme::default() };
                PutSchemeRequest { scheme: Some(scheme), ..PutSchemeRequest::default() }
            }),
            |request: &mut PutSchemeRequest| {
                request.scheme.iter_mut().for_each(|scheme| scheme.rfm_period_months = Some(3));
            },
        )
        .with_other(make!(world, |_world, _n| TakeSnapshotRequest::default()), |request: &mut TakeSnapshotRequest| {
            request.validate_only = !request.validate_only
        })
}

fn reads(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with(make!(world, |_world, _n| GetSchemeRequest::default()))
        .with(make!(world, |_world, _n| GetSnapshotRequest::default()))
        .with(make!(world, |world, _n| GetInsightRequest { member: world.member, ..GetInsightRequest::default() }))
        .with(make!(world, |world, _n| ListChangesRequest { member: world.member, ..ListChangesRequest::default() }))
        .with(make!(world, |_world, _n| ListMembersRequest::default()))
        .with(make!(world, |_world, _n| GetOverviewRequest::default()))
        .with(make!(world, |_world, _n| GetCohortsRequest::default()))
}
