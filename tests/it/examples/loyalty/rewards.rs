//! The rpcs of rewards.

use proto::loyalty::v1::reward_service_client::RewardServiceClient;
use proto::loyalty::v1::{
    CancelClaimRequest, ClaimRewardRequest, FulfilClaimRequest, GetRewardRequest, ListClaimsRequest,
    ListRewardsRequest, PutRewardRequest, Reward, RewardGoods, reward,
};
use testkit::Examples;

use super::super::{World, make};

fn mug(code: &str) -> Reward {
    Reward {
        code: code.to_owned(),
        display_name: "A mug".to_owned(),
        points: 1,
        gives: Some(reward::Gives::Goods(RewardGoods { product: "mug".to_owned() })),
        currency_code: "TWD".to_owned(),
        ..Reward::default()
    }
}

fn client(world: &World) -> RewardServiceClient<testkit::Spoken> {
    RewardServiceClient::new(world.shop.channel.clone())
}

fn taking(world: &World) -> ClaimRewardRequest {
    let (member, reward) = (world.member.clone(), "mug".to_owned());
    ClaimRewardRequest { member, reward, ..ClaimRewardRequest::default() }
}

async fn taken(world: &World) -> String {
    let ask = ClaimRewardRequest { request_id: world.shop.request_id(), ..taking(world) };
    client(world).claim_reward(ask).await.expect("taken").into_inner().claim.expect("told").id
}

pub async fn examples(world: &World) -> Examples {
    for reward in [mug("mug"), mug("changing")] {
        let request_id = world.shop.request_id();
        let ask = PutRewardRequest { request_id, reward: Some(reward), validate_only: false };
        client(world).put_reward(ask).await.expect("put");
    }
    let other = || "claim_01h455vb4pex5vsknk084sn02q".to_owned();
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |_world, n| {
                let reward = Some(Reward { display_name: format!("A mug {n}"), ..mug("changing") });
                PutRewardRequest { reward, ..PutRewardRequest::default() }
            }),
            |request: &mut PutRewardRequest| request.reward.iter_mut().for_each(|reward| reward.points += 1),
        )
        .with_other(make!(world, |world, _n| taking(&world)), |request: &mut ClaimRewardRequest| request.points += 1)
        .with_other(
            make!(world, |world, _n| {
                let claim = taken(&world).await;
                CancelClaimRequest { member: world.member, claim, ..CancelClaimRequest::default() }
            }),
            move |request: &mut CancelClaimRequest| request.claim = other(),
        )
        .with_other(
            make!(world, |world, _n| {
                let claim = taken(&world).await;
                FulfilClaimRequest { member: world.member, claim, ..FulfilClaimRequest::default() }
            }),
            move |request: &mut FulfilClaimRequest| request.claim = other(),
        )
        .with(make!(world, |world, _n| {
            let (reward, member) = ("mug".to_owned(), world.member);
            GetRewardRequest { reward, member, ..GetRewardRequest::default() }
        }))
        .with(make!(world, |world, _n| ListRewardsRequest { member: world.member, ..Default::default() }))
        .with(make!(world, |world, _n| ListClaimsRequest { member: world.member, ..Default::default() }))
}
