//! Examples of rewards and benefits for the harness that walks the contract.

use kernel::{Clock, RequestId};
use proto::loyalty::v1::reward_service_client::RewardServiceClient;
use proto::loyalty::v1::*;
use testkit::{Examples, Spoken};

use crate::benefits::{basket, benefit, off};
use crate::coupons::order;
use crate::rewards::mug;
use crate::shop::Shop;

/// Valid requests about rewards: one that everybody can have, and one that changes.
pub async fn rewards(shop: &Shop, whose: &str) -> Examples {
    shop.put_reward(Reward { points: 1, ..mug("mug") }).await.expect("put");
    shop.put_reward(mug("changing")).await.expect("put");
    let taken = |rewards: RewardServiceClient<Spoken>, clock: Clock, member: String| async move {
        let request_id = RequestId::new_at(clock.now()).to_string();
        let ask = ClaimRewardRequest { request_id, member, reward: "mug".to_owned(), ..Default::default() };
        rewards.clone().claim_reward(ask).await.expect("taken").into_inner().claim.expect("told").id
    };
    let (a, b, c, d, e, f) =
        (whose.to_owned(), whose.to_owned(), whose.to_owned(), whose.to_owned(), whose.to_owned(), whose.to_owned());
    let (giving_up, handing, clock, later) = (shop.rewards(), shop.rewards(), shop.clock.clone(), shop.clock.clone());
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let reward = Reward { display_name: format!("Mug {n}"), ..mug("changing") };
                async move { PutRewardRequest { reward: Some(reward), ..Default::default() } }
            },
            |request: &mut PutRewardRequest| request.reward.as_mut().expect("there").points += 1,
        )
        .with_other(
            move |_| {
                let (member, reward) = (a.clone(), "mug".to_owned());
                async move { ClaimRewardRequest { member, reward, ..Default::default() } }
            },
            |request: &mut ClaimRewardRequest| request.points += 1,
        )
        .with_other(
            move |_| {
                let (member, claim) = (b.clone(), taken(giving_up.clone(), clock.clone(), b.clone()));
                async move { CancelClaimRequest { member, claim: claim.await, ..Default::default() } }
            },
            |request: &mut CancelClaimRequest| request.claim = "claim_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
        .with_other(
            move |_| {
                let (member, claim) = (c.clone(), taken(handing.clone(), later.clone(), c.clone()));
                async move { FulfilClaimRequest { member, claim: claim.await, ..Default::default() } }
            },
            |request: &mut FulfilClaimRequest| request.claim = "claim_01h455vb4pex5vsknk084sn02q".to_owned(),
        )
        .with(move |_| {
            let member = d.clone();
            async move { GetRewardRequest { reward: "mug".to_owned(), member, ..Default::default() } }
        })
        .with(move |_| {
            let member = e.clone();
            async move { ListRewardsRequest { member, ..Default::default() } }
        })
        .with(move |_| {
            let member = f.clone();
            async move { ListClaimsRequest { member, ..Default::default() } }
        })
}

/// The same for benefits: a price for everybody, and one that changes.
pub async fn benefits(shop: &Shop, whose: &str) -> Examples {
    shop.put_benefit(benefit("price", "", off(10, "coffee"))).await.expect("put");
    shop.put_benefit(benefit("changing", "", off(10, "coffee"))).await.expect("put");
    let using = |member: &str| UseBenefitsRequest {
        member: member.to_owned(),
        order: order(&uuid::Uuid::new_v4().to_string()),
        cart: Some(basket()),
        benefits: vec!["price".to_owned()],
        ..UseBenefitsRequest::default()
    };
    let (a, b, c, client, clock) =
        (whose.to_owned(), whose.to_owned(), whose.to_owned(), shop.benefits(), shop.clock.clone());
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let changed = Benefit { display_name: format!("Price {n}"), ..benefit("changing", "", off(5, "tea")) };
                async move { PutBenefitRequest { benefit: Some(changed), ..Default::default() } }
            },
            |request: &mut PutBenefitRequest| request.benefit.as_mut().expect("there").cost_minor += 1,
        )
        .with_other(
            move |_| {
                let ask = using(&a);
                async move { ask }
            },
            |request: &mut UseBenefitsRequest| request.entitlements.push("plus".to_owned()),
        )
        .with_other(
            move |_| {
                let request_id = RequestId::new_at(clock.now()).to_string();
                let (ask, mut client) = (UseBenefitsRequest { request_id, ..using(&b) }, client.clone());
                async move {
                    client.use_benefits(ask.clone()).await.expect("booked");
                    CancelBenefitsRequest { member: ask.member, order: ask.order, ..Default::default() }
                }
            },
            |request: &mut CancelBenefitsRequest| request.order = order("another"),
        )
        .with(|_| async { ListBenefitsRequest::default() })
        .with(move |_| {
            let member = c.clone();
            async move { CheckBenefitsRequest { member, cart: Some(basket()), ..Default::default() } }
        })
}
