//! The rpcs of draws.

use proto::loyalty::v1::draw_service_client::DrawServiceClient;
use proto::loyalty::v1::{
    CloseDrawRequest, DrawPrizeRequest, GetDrawRequest, ListDrawTicketsRequest, Prize, PrizeDraw, PutDrawRequest,
    VerifyDrawRequest,
};
use testkit::Examples;

use super::super::{World, make};

fn draw(code: &str) -> PrizeDraw {
    let prize = Prize {
        code: "cup".to_owned(),
        display_name: "A cup".to_owned(),
        // All win, as what wins has more effects than what does not.
        odds_millionths: 1_000_000,
        stock: 1_000_000,
        ..Prize::default()
    };
    PrizeDraw { code: code.to_owned(), display_name: "A draw".to_owned(), prizes: vec![prize], ..PrizeDraw::default() }
}

async fn put(world: &World, code: &str) {
    let ask = PutDrawRequest { request_id: world.shop.request_id(), draw: Some(draw(code)), validate_only: false };
    DrawServiceClient::new(world.shop.channel.clone()).put_draw(ask).await.expect("put");
}

/// Another each time: one is put, and closed, once.
fn another() -> String {
    format!("d-{}", uuid::Uuid::new_v4())
}

pub async fn examples(world: &World) -> Examples {
    for code in ["open", "other"] {
        put(world, code).await;
    }
    Examples::new(&world.shop.clock)
        .with(make!(world, |_world, _n| GetDrawRequest { draw: "open".to_owned(), ..Default::default() }))
        .with(make!(world, |_world, _n| VerifyDrawRequest { draw: "open".to_owned(), ..Default::default() }))
        .with(make!(world, |_world, _n| ListDrawTicketsRequest { draw: "open".to_owned(), ..Default::default() }))
        .with_other(
            make!(world, |_world, _n| PutDrawRequest { draw: Some(draw(&another())), ..PutDrawRequest::default() }),
            |request: &mut PutDrawRequest| request.draw.iter_mut().for_each(|draw| draw.budget_points += 1),
        )
        .with_other(
            make!(world, |world, n| DrawPrizeRequest {
                member: world.member,
                draw: "open".to_owned(),
                client_seed: format!("seed {n}"),
                ..DrawPrizeRequest::default()
            }),
            |request: &mut DrawPrizeRequest| request.client_seed.push('!'),
        )
        .with_other(
            make!(world, |world, _n| {
                let draw = another();
                put(&world, &draw).await;
                CloseDrawRequest { draw, ..CloseDrawRequest::default() }
            }),
            |request: &mut CloseDrawRequest| request.draw = "other".to_owned(),
        )
}
