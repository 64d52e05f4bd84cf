//! The rpcs of what members bring along.

use proto::loyalty::v1::{ImportOpeningLotsRequest, OpeningLot};
use testkit::Examples;

use super::super::{World, make};
use crate::requests::at;

pub fn examples(world: &World) -> Examples {
    Examples::new(&world.shop.clock).with_other(
        make!(world, |world, _n| {
            let lot = OpeningLot {
                member: world.member,
                // Another reference each time: one is taken over once.
                reference: uuid::Uuid::new_v4().to_string(),
                points: 7,
                earn_time: at("2011-03-01T00:00:00Z"),
                reason: "old card".to_owned(),
                ..OpeningLot::default()
            };
            ImportOpeningLotsRequest { lots: vec![lot] }
        }),
        |request: &mut ImportOpeningLotsRequest| request.lots[0].points += 1,
    )
}
