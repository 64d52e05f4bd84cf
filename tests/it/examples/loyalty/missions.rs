//! The rpcs of missions.

use proto::loyalty::v1::mission_service_client::MissionServiceClient;
use proto::loyalty::v1::{
    AcceptMissionRequest, GetMissionRequest, ListMemberMissionsRequest, ListMissionRewardsRequest, ListMissionsRequest,
    Mission, MissionCount, MissionCounted, MissionReward, PutMissionRequest, RecordMissionEventRequest, mission,
};
use testkit::Examples;

use super::super::{World, make};

fn three_orders(code: &str) -> Mission {
    let count = MissionCount { counted: MissionCounted::Orders.into(), target: 3, ..MissionCount::default() };
    Mission {
        code: code.to_owned(),
        display_name: "Three orders".to_owned(),
        goal: Some(mission::Goal::Count(count)),
        opt_in: true,
        reward: Some(MissionReward { points: 50, campaign: String::new() }),
        ..Mission::default()
    }
}

/// Another mission each time: one is accepted once.
async fn another(world: &World) -> String {
    let code = format!("m-{}", uuid::Uuid::new_v4());
    let (request_id, mission) = (world.shop.request_id(), Some(three_orders(&code)));
    let ask = PutMissionRequest { request_id, mission, validate_only: false };
    MissionServiceClient::new(world.shop.channel.clone()).put_mission(ask).await.expect("put");
    code
}

pub async fn examples(world: &World) -> Examples {
    for code in ["three", "changing"] {
        let request_id = world.shop.request_id();
        let ask = PutMissionRequest { request_id, mission: Some(three_orders(code)), validate_only: false };
        let mut client = MissionServiceClient::new(world.shop.channel.clone());
        client.put_mission(ask).await.expect("put");
    }
    Examples::new(&world.shop.clock)
        .with(make!(world, |_world, _n| GetMissionRequest { mission: "three".to_owned(), ..Default::default() }))
        .with(make!(world, |_world, _n| ListMissionsRequest::default()))
        .with(make!(world, |world, _n| ListMemberMissionsRequest { member: world.member, ..Default::default() }))
        .with(make!(world, |world, _n| ListMissionRewardsRequest { member: world.member, ..Default::default() }))
        .with_other(
            make!(world, |_world, n| {
                let mission = Some(Mission { display_name: format!("Three {n}"), ..three_orders("changing") });
                PutMissionRequest { mission, ..PutMissionRequest::default() }
            }),
            |request: &mut PutMissionRequest| request.mission.iter_mut().for_each(|mission| mission.budget += 1),
        )
        .with_other(
            make!(world, |world, _n| {
                let mission = another(&world).await;
                AcceptMissionRequest { member: world.member, mission, ..AcceptMissionRequest::default() }
            }),
            |request: &mut AcceptMissionRequest| request.mission = "changing".to_owned(),
        )
        .with_other(
            make!(world, |world, n| RecordMissionEventRequest {
                member: world.member,
                name: "review".to_owned(),
                external_id: format!("r{n}"),
                ..RecordMissionEventRequest::default()
            }),
            |request: &mut RecordMissionEventRequest| request.name = "survey".to_owned(),
        )
}
