//! The rpcs of tiers.

use proto::loyalty::v1::tier_service_client::TierServiceClient;
use proto::loyalty::v1::{
    AssignTierRequest, GetTierAtRequest, GrantQualificationRequest, ListQualificationsRequest, ReleaseTierRequest,
};
use testkit::Examples;

use super::super::{World, make};

fn assignment(world: &World, n: u32) -> AssignTierRequest {
    let (member, tier, reason) = (world.member.clone(), "silver".to_owned(), format!("an apology {n}"));
    AssignTierRequest { member, tier, reason, ..AssignTierRequest::default() }
}

pub fn examples(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(make!(world, |world, n| assignment(&world, n)), |request: &mut AssignTierRequest| {
            request.reason.push('!');
        })
        .with_other(
            make!(world, |world, n| {
                let ask = AssignTierRequest { request_id: world.shop.request_id(), ..assignment(&world, n) };
                let mut tiers = TierServiceClient::new(world.shop.channel.clone());
                tiers.assign_tier(ask).await.expect("assigned");
                let (member, reason) = (world.member, format!("it was a mistake {n}"));
                ReleaseTierRequest { member, reason, ..ReleaseTierRequest::default() }
            }),
            |request: &mut ReleaseTierRequest| request.reason.push('!'),
        )
        .with_other(
            make!(world, |world, _n| GrantQualificationRequest {
                member: world.member,
                cause: uuid::Uuid::new_v4().to_string(),
                units: 5,
                reason: "a visit".to_owned(),
                ..GrantQualificationRequest::default()
            }),
            |request: &mut GrantQualificationRequest| request.units += 1,
        )
        .with(make!(world, |world, _n| ListQualificationsRequest {
            member: world.member,
            ..ListQualificationsRequest::default()
        }))
        .with(make!(world, |world, _n| GetTierAtRequest { member: world.member, ..GetTierAtRequest::default() }))
}
