//! The rpcs of occasions.

use proto::loyalty::v1::{ListOccasionsRequest, RecordEventBatchRequest, RecordEventRequest};
use testkit::Examples;

use super::super::{World, make};

fn event(member: String, external_id: String) -> RecordEventRequest {
    RecordEventRequest { member, event: "review".to_owned(), external_id, ..RecordEventRequest::default() }
}

pub fn examples(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with(make!(world, |world, _n| ListOccasionsRequest { member: world.member, ..Default::default() }))
        .with_other(
            make!(world, |world, n| event(world.member, format!("r{n}"))),
            |request: &mut RecordEventRequest| request.quantity += 1,
        )
        .with_other(
            make!(world, |world, n| RecordEventBatchRequest { events: vec![event(world.member, format!("b{n}"))] }),
            |request: &mut RecordEventBatchRequest| request.events[0].channel.push('!'),
        )
}
