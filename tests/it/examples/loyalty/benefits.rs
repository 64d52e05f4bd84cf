//! The rpcs of benefits.

use proto::loyalty::v1::benefit_service_client::BenefitServiceClient;
use proto::loyalty::v1::{
    Benefit, CancelBenefitsRequest, Cart, CartLine, CheckBenefitsRequest, ListBenefitsRequest, MemberPrice, OrderKey,
    PutBenefitRequest, UseBenefitsRequest, benefit, member_price,
};
use testkit::Examples;

use super::super::{World, make};

fn price(code: &str) -> Benefit {
    let price = Some(member_price::Price::PercentOff(10));
    Benefit {
        code: code.to_owned(),
        display_name: "A tenth off".to_owned(),
        kind: Some(benefit::Kind::MemberPrice(MemberPrice { goods: None, price })),
        currency_code: "TWD".to_owned(),
        ..Benefit::default()
    }
}

fn client(world: &World) -> BenefitServiceClient<testkit::Spoken> {
    BenefitServiceClient::new(world.shop.channel.clone())
}

fn cart() -> Option<Cart> {
    let line = CartLine { product: "a mirror".to_owned(), gross_minor: 200, ..CartLine::default() };
    Some(Cart { currency_code: "TWD".to_owned(), lines: vec![line], delivery_minor: 0 })
}

/// Of another order each time: one is booked once.
fn using(world: &World) -> UseBenefitsRequest {
    UseBenefitsRequest {
        member: world.member.clone(),
        order: Some(OrderKey { source: "web".to_owned(), external_id: uuid::Uuid::new_v4().to_string() }),
        cart: cart(),
        benefits: vec!["price".to_owned()],
        ..UseBenefitsRequest::default()
    }
}

pub async fn examples(world: &World) -> Examples {
    for benefit in [price("price"), price("changing")] {
        let request_id = world.shop.request_id();
        let ask = PutBenefitRequest { request_id, benefit: Some(benefit), validate_only: false };
        client(world).put_benefit(ask).await.expect("put");
    }
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |_world, n| {
                let benefit = Some(Benefit { display_name: format!("A tenth off {n}"), ..price("changing") });
                PutBenefitRequest { benefit, ..PutBenefitRequest::default() }
            }),
            |request: &mut PutBenefitRequest| request.benefit.iter_mut().for_each(|benefit| benefit.cost_minor += 1),
        )
        .with_other(make!(world, |world, _n| using(&world)), |request: &mut UseBenefitsRequest| {
            request.entitlements.push("plus".to_owned());
        })
        .with_other(
            make!(world, |world, _n| {
                let ask = UseBenefitsRequest { request_id: world.shop.request_id(), ..using(&world) };
                client(&world).use_benefits(ask.clone()).await.expect("booked");
                CancelBenefitsRequest { member: ask.member, order: ask.order, ..CancelBenefitsRequest::default() }
            }),
            |request: &mut CancelBenefitsRequest| {
                request.order = Some(OrderKey { source: "web".to_owned(), external_id: "another".to_owned() });
            },
        )
        .with(make!(world, |_world, _n| ListBenefitsRequest::default()))
        .with(make!(world, |world, _n| {
            CheckBenefitsRequest { member: world.member, cart: cart(), ..CheckBenefitsRequest::default() }
        }))
}
