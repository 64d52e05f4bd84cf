//! Activity's rpcs.

use proto::activity::v1::{
    CancelKind, CancelOrderRequest, FindOrdersRequest, GetOrderRequest, GetOverviewRequest, GetProductRequest,
    JoinGuestOrdersRequest, ListOrdersRequest, RecordAdjustmentRequest, RecordEntriesRequest, RecordOrderRequest,
    RecordReturnRequest, StreamEntriesRequest, UpsertProductsRequest, new_order,
};
use testkit::Examples;

use super::{World, make};
use crate::requests::{adjustment, coming_back, entry, giving_back, line, of, of_a_guest, order, product, purchase};

/// Records an order of two mugs, and answers its id.
async fn recorded(world: &World, external_id: &str, buyer: new_order::Buyer) -> String {
    let bought = order(external_id, buyer, vec![line(1, "mug", 2, "300")]);
    let answer = world.shop.activity().record_order(purchase(world.shop.request_id(), bought)).await;
    answer.expect("the order is recorded").into_inner().order
}

pub async fn examples(world: &World) -> Examples {
    let kept = UpsertProductsRequest {
        request_id: world.shop.request_id(),
        products: vec![product("americano")],
        ..Default::default()
    };
    world.shop.activity().upsert_products(kept).await.expect("the product is kept");
    reads(world).and(records(world)).and(changes(world)).with_other(
        make!(world, |_world, n| UpsertProductsRequest {
            products: vec![product(&format!("p{n}"))],
            ..UpsertProductsRequest::default()
        }),
        |request: &mut UpsertProductsRequest| request.products[0].display_name.push('!'),
    )
}

fn reads(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with(make!(world, |world, _n| GetOrderRequest { order: world.order, ..GetOrderRequest::default() }))
        .with(make!(world, |_world, _n| FindOrdersRequest {
            invoice_number: "inv-first".to_owned(),
            ..FindOrdersRequest::default()
        }))
        .with(make!(world, |world, _n| ListOrdersRequest { member: world.member, ..ListOrdersRequest::default() }))
        .with(make!(world, |_world, _n| GetProductRequest {
            code: "americano".to_owned(),
            ..GetProductRequest::default()
        }))
        .with(make!(world, |_world, _n| GetOverviewRequest::default()))
}

fn records(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |world, n| {
                let bought = order(&format!("o{n}"), of(&world.member), vec![line(1, "mug", 1, "300")]);
                purchase(String::new(), bought)
            }),
            |request: &mut RecordOrderRequest| {
                request.order.iter_mut().for_each(|order| order.channel = "store".to_owned());
            },
        )
        .with_other(
            make!(world, |world, n| {
                let bought = recorded(&world, &format!("r{n}"), of(&world.member)).await;
                giving_back(String::new(), coming_back(&format!("back{n}"), &bought, 1, 1))
            }),
            |request: &mut RecordReturnRequest| {
                request.goods.iter_mut().for_each(|goods| goods.reason = "chipped".to_owned());
            },
        )
        .with_other(
            make!(world, |_world, n| RecordAdjustmentRequest {
                adjustment: Some(adjustment(&format!("a{n}"))),
                ..RecordAdjustmentRequest::default()
            }),
            |request: &mut RecordAdjustmentRequest| {
                request.adjustment.iter_mut().for_each(|adjustment| adjustment.amount_minor -= 1);
            },
        )
        .with_other(
            make!(world, |world, n| {
                let bought = order(&format!("e{n}"), of(&world.member), vec![line(1, "mug", 1, "300")]);
                RecordEntriesRequest { entries: vec![entry(bought)], ..RecordEntriesRequest::default() }
            }),
            |request: &mut RecordEntriesRequest| {
                let other = entry(order("other", of_a_guest(), vec![line(1, "mug", 1, "300")]));
                request.entries.push(other);
            },
        )
        .with_other(
            make!(world, |world, n| {
                let bought = order(&format!("s{n}"), of(&world.member), vec![line(1, "mug", 1, "300")]);
                StreamEntriesRequest { entries: vec![entry(bought)], ..StreamEntriesRequest::default() }
            }),
            |request: &mut StreamEntriesRequest| {
                let other = entry(order("other", of_a_guest(), vec![line(1, "mug", 1, "300")]));
                request.entries.push(other);
            },
        )
}

fn changes(world: &World) -> Examples {
    Examples::new(&world.shop.clock)
        .with_other(
            make!(world, |world, n| CancelOrderRequest {
                order: recorded(&world, &format!("c{n}"), of(&world.member)).await,
                kind: CancelKind::Cancelled.into(),
                ..CancelOrderRequest::default()
            }),
            |request: &mut CancelOrderRequest| request.kind = CancelKind::Uncollected.into(),
        )
        .with_other(
            make!(world, |world, n| JoinGuestOrdersRequest {
                orders: vec![recorded(&world, &format!("g{n}"), of_a_guest()).await],
                member: world.member,
                ..JoinGuestOrdersRequest::default()
            }),
            |request: &mut JoinGuestOrdersRequest| request.invoice_numbers.push("inv-first".to_owned()),
        )
}
