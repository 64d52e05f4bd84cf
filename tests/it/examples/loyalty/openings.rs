//! The rpcs of what members bring along.

use proto::loyalty::v1::{
    GetAccountRequest, ImportOpeningCouponsRequest, ImportOpeningLotsRequest, ImportOpeningTiersRequest, OpeningCoupon,
    OpeningLot, OpeningTier,
};
use testkit::Examples;

use super::super::{World, make};
use crate::requests::{at, enrolment};

/// Somebody who has just joined, and of whom loyalty has heard.
async fn newcomer(world: &World) -> String {
    let phone = format!("09{:08}", uuid::Uuid::new_v4().as_u128() % 100_000_000);
    let request = enrolment(world.shop.request_id(), &phone);
    let joined = world.shop.registry().enrol_member(request).await.expect("they join").into_inner();
    let (member, at_least_as_fresh) = (joined.member, joined.freshness);
    let heard = GetAccountRequest { member: member.clone(), at_least_as_fresh, ..GetAccountRequest::default() };
    world.shop.loyalty().get_account(heard).await.expect("it is heard");
    member
}

pub fn examples(world: &World) -> Examples {
    let lots = Examples::new(&world.shop.clock).with_other(
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
    );
    lots.with_other(
        make!(world, |world, _n| {
            let tier = OpeningTier {
                // Another member each time: a tier is taken over once.
                member: newcomer(&world).await,
                tier: "silver".to_owned(),
                since_time: at("2011-03-01T00:00:00Z"),
                reason: "old card".to_owned(),
                ..OpeningTier::default()
            };
            ImportOpeningTiersRequest { tiers: vec![tier] }
        }),
        |request: &mut ImportOpeningTiersRequest| request.tiers[0].progress_minor += 1,
    )
    .with_other(
        make!(world, |world, _n| {
            let coupon = OpeningCoupon {
                member: world.member,
                campaign: "welcome".to_owned(),
                reference: uuid::Uuid::new_v4().to_string(),
                reason: "old card".to_owned(),
                ..OpeningCoupon::default()
            };
            ImportOpeningCouponsRequest { coupons: vec![coupon] }
        }),
        |request: &mut ImportOpeningCouponsRequest| request.coupons[0].reason.push('!'),
    )
}
