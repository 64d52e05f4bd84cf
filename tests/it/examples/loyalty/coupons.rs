//! The rpcs of coupons.

use proto::loyalty::v1::coupon_service_client::CouponServiceClient;
use proto::loyalty::v1::{
    AmountOff, Campaign, CancelReservationRequest, Cart, CartLine, Distribution, GenerateCodesRequest,
    GetCampaignRequest, GetSavingsRequest, IssueCouponBatchRequest, IssueCouponRequest, ListCampaignsRequest,
    ListCouponsRequest, OrderKey, PutCampaignRequest, QuoteCouponsRequest, RedeemReservationRequest,
    ReserveCouponsRequest, campaign,
};
use testkit::Examples;

use super::super::{World, make};

fn campaign(code: &str) -> Campaign {
    Campaign {
        code: code.to_owned(),
        display_name: "Ten off".to_owned(),
        benefit: Some(campaign::Benefit::AmountOff(AmountOff { minor: 10 })),
        currency_code: "TWD".to_owned(),
        ..Campaign::default()
    }
}

/// With a code for everybody.
fn shared() -> Campaign {
    let (distribution, shared_code) = (Distribution::SharedCode.into(), "WELCOME".to_owned());
    Campaign { distribution, shared_code, ..campaign("welcome") }
}

fn cart() -> Option<Cart> {
    let line = CartLine { product: "a mirror".to_owned(), gross_minor: 200, ..CartLine::default() };
    Some(Cart { currency_code: "TWD".to_owned(), lines: vec![line], delivery_minor: 0 })
}

fn order(number: String) -> Option<OrderKey> {
    Some(OrderKey { source: "web".to_owned(), external_id: number })
}

fn issue(world: &World, n: u32) -> IssueCouponRequest {
    let (member, campaign) = (world.member.clone(), "welcome".to_owned());
    IssueCouponRequest { member, campaign, reason: format!("reason {n}"), ..IssueCouponRequest::default() }
}

/// Of another order each time: one is reserved once.
fn reservation(world: &World) -> ReserveCouponsRequest {
    ReserveCouponsRequest {
        member: world.member.clone(),
        order: order(uuid::Uuid::new_v4().to_string()),
        cart: cart(),
        codes: vec!["WELCOME".to_owned()],
        ..ReserveCouponsRequest::default()
    }
}

fn client(world: &World) -> CouponServiceClient<testkit::Spoken> {
    CouponServiceClient::new(world.shop.channel.clone())
}

async fn aside(world: &World) -> Option<OrderKey> {
    let ask = ReserveCouponsRequest { request_id: world.shop.request_id(), ..reservation(world) };
    let order = ask.order.clone();
    client(world).reserve_coupons(ask).await.expect("put aside");
    order
}

pub async fn examples(world: &World) -> Examples {
    let unique = Campaign { distribution: Distribution::UniqueCodes.into(), ..campaign("flyer") };
    for campaign in [shared(), unique, campaign("changing")] {
        let request_id = world.shop.request_id();
        let ask = PutCampaignRequest { request_id, campaign: Some(campaign), validate_only: false };
        client(world).put_campaign(ask).await.expect("put");
    }
    reads(world).and(writes(world))
}

fn reads(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with(make!(world, |_world, _n| GetCampaignRequest { campaign: "welcome".to_owned(), ..Default::default() }))
        .with(make!(world, |_world, _n| ListCampaignsRequest::default()))
        .with(make!(world, |world, _n| ListCouponsRequest { member: world.member, ..Default::default() }))
        .with(make!(world, |world, _n| GetSavingsRequest { member: world.member, ..Default::default() }))
        .with(make!(world, |world, _n| QuoteCouponsRequest {
            member: world.member,
            cart: cart(),
            codes: vec!["WELCOME".to_owned()],
            ..QuoteCouponsRequest::default()
        }))
}

fn writes(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |_world, n| {
                // Not the one that others are of: what is spoilt of it would spoil them.
                let campaign = Some(Campaign { display_name: format!("Ten off {n}"), ..campaign("changing") });
                PutCampaignRequest { campaign, ..PutCampaignRequest::default() }
            }),
            |request: &mut PutCampaignRequest| {
                request.campaign.iter_mut().for_each(|campaign| campaign.minimum_minor += 1);
            },
        )
        .with_other(make!(world, |world, n| issue(&world, n)), |request: &mut IssueCouponRequest| {
            request.reason.push('!');
        })
        .with_other(
            make!(world, |world, n| IssueCouponBatchRequest { coupons: vec![issue(&world, n)] }),
            |request: &mut IssueCouponBatchRequest| {
                request.coupons.iter_mut().for_each(|coupon| coupon.reason.push('!'));
            },
        )
        .with_other(
            make!(world, |_world, _n| GenerateCodesRequest {
                campaign: "flyer".to_owned(),
                count: 3,
                ..GenerateCodesRequest::default()
            }),
            |request: &mut GenerateCodesRequest| request.count += 1,
        )
        .with_other(make!(world, |world, _n| reservation(&world)), |request: &mut ReserveCouponsRequest| {
            request.lifetime_seconds += 60;
        })
        .with_other(
            make!(world, |world, _n| {
                let order = aside(&world).await;
                RedeemReservationRequest { member: world.member, order, ..RedeemReservationRequest::default() }
            }),
            |request: &mut RedeemReservationRequest| request.order = order("another".to_owned()),
        )
        .with_other(
            make!(world, |world, _n| {
                let order = aside(&world).await;
                CancelReservationRequest { member: world.member, order, ..CancelReservationRequest::default() }
            }),
            |request: &mut CancelReservationRequest| request.order = order("another".to_owned()),
        )
}
