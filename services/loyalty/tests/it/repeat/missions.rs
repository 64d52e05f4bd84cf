//! Examples of missions, draws and occasions for the harness that walks the contract.

use kernel::{MemberId, RequestId};
use proto::loyalty::v1::*;
use testkit::Examples;

use crate::draws::spring;
use crate::missions::three_orders;
use crate::occasions::told;
use crate::shop::Shop;

/// The same for missions.
pub(super) async fn missions(shop: &Shop) -> Examples {
    let member = shop.member();
    for code in ["changing", "welcome"] {
        shop.put_mission(Mission { opt_in: true, ..three_orders(code) }).await.expect("put");
    }
    // Another member each time: one accepts once.
    let clock = shop.clock.clone();
    Examples::new(&shop.clock)
        .with_other(
            move |n| {
                let mission = Mission { display_name: format!("Three {n}"), ..three_orders("changing") };
                async move { PutMissionRequest { mission: Some(mission), ..Default::default() } }
            },
            |request: &mut PutMissionRequest| request.mission.as_mut().expect("there").budget += 1,
        )
        .with_other(
            move |_| {
                let member = MemberId::new_at(clock.now()).to_string();
                async move { AcceptMissionRequest { member, mission: "welcome".to_owned(), ..Default::default() } }
            },
            |request: &mut AcceptMissionRequest| request.mission = "changing".to_owned(),
        )
        .with_other(
            move |n| async move {
                RecordMissionEventRequest {
                    member: member.to_string(),
                    name: "review".to_owned(),
                    external_id: format!("r{n}"),
                    ..Default::default()
                }
            },
            |request: &mut RecordMissionEventRequest| request.name = "survey".to_owned(),
        )
        .with(|_| async { GetMissionRequest { mission: "welcome".to_owned(), ..Default::default() } })
        .with(|_| async { ListMissionsRequest::default() })
        .with(move |_| async move { ListMemberMissionsRequest { member: member.to_string(), ..Default::default() } })
        .with(move |_| async move { ListMissionRewardsRequest { member: member.to_string(), ..Default::default() } })
}

/// The same for draws.
pub(super) async fn draws(shop: &Shop) -> Examples {
    let member = shop.member();
    shop.put_draw(spring("other")).await.expect("put");
    // All win, and what they win is handed over by the shop: what wins has more effects than what does not.
    let certain = |prize: Prize| Prize { odds_millionths: 1_000_000, stock: 1_000_000, ..prize };
    let cup = spring("open").prizes.into_iter().filter(|prize| prize.points == 0);
    let prizes = cup.map(certain).collect();
    shop.put_draw(PrizeDraw { prizes, ..spring("open") }).await.expect("put");
    let (closing, clock) = (shop.draws(), shop.clock.clone());
    Examples::new(&shop.clock)
        .with_other(
            // Another draw each time: one is put once.
            |_| {
                let draw = Some(spring(&format!("d-{}", uuid::Uuid::new_v4())));
                async move { PutDrawRequest { draw, ..Default::default() } }
            },
            |request: &mut PutDrawRequest| request.draw.as_mut().expect("there").budget_points += 1,
        )
        .with_other(
            move |n| async move {
                let client_seed = format!("seed {n}");
                let draw = "open".to_owned();
                DrawPrizeRequest { member: member.to_string(), draw, client_seed, ..Default::default() }
            },
            |request: &mut DrawPrizeRequest| request.client_seed.push('!'),
        )
        .with_other(
            move |_| {
                let (mut draws, draw) = (closing.clone(), format!("d-{}", uuid::Uuid::new_v4()));
                let request_id = RequestId::new_at(clock.now()).to_string();
                async move {
                    let ask = PutDrawRequest { request_id, draw: Some(spring(&draw)), validate_only: false };
                    draws.put_draw(ask).await.expect("put");
                    CloseDrawRequest { draw, ..Default::default() }
                }
            },
            |request: &mut CloseDrawRequest| request.draw = "other".to_owned(),
        )
        .with(|_| async { GetDrawRequest { draw: "open".to_owned(), ..Default::default() } })
        .with(|_| async { VerifyDrawRequest { draw: "open".to_owned(), ..Default::default() } })
        .with(|_| async { ListDrawTicketsRequest { draw: "open".to_owned(), ..Default::default() } })
}

/// The same for occasions: the shop's programme gives points for them.
pub(super) fn occasions(shop: &Shop) -> Examples {
    let member = shop.member();
    Examples::new(&shop.clock)
        .with_other(
            move |n| async move { told(member, "review", &format!("r{n}")) },
            |request: &mut RecordEventRequest| request.quantity += 1,
        )
        .with_other(
            move |n| async move { RecordEventBatchRequest { events: vec![told(member, "review", &format!("b{n}"))] } },
            |request: &mut RecordEventBatchRequest| request.events[0].channel.push('!'),
        )
        .with(move |_| async move { ListOccasionsRequest { member: member.to_string(), ..Default::default() } })
}
