//! An order of somebody nobody knows yet joins them when they enrol.

use proto::activity::v1::{GetOrderRequest, new_order};
use proto::loyalty::v1::GetAccountRequest;
use proto::registry::v1::{Identity, IdentityKind};

use crate::requests::{line, order, purchase};
use crate::stage::{Shop, Stage};

fn phone(value: &str) -> new_order::Buyer {
    let kind = IdentityKind::Phone.into();
    new_order::Buyer::Identity(Identity { kind, value: value.to_owned(), ..Identity::default() })
}

async fn owner(shop: &Shop, order: &str) -> String {
    let ask = GetOrderRequest { order: order.to_owned(), at_least_as_fresh: String::new() };
    let found = shop.activity().get_order(ask).await.expect("it is recorded").into_inner();
    found.order.expect("it is there").member
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_by_phone_joins_whoever_enrols_with_that_phone() {
    let stage = Stage::open("2011-12-02T04:00:00Z").await;
    let shop = stage.shop("signature").await;
    let bought = order("20111201-0001", phone("0912-345-678"), vec![line(1, "mug", 1, "1000")]);
    let bought = shop.activity().record_order(purchase(shop.request_id(), bought)).await.expect("it is recorded");
    let id = bought.into_inner().order;
    assert_eq!(owner(&shop, &id).await, "", "nobody is known by that phone yet");

    let member = shop.enrol("+886 912 345 678").await;
    testkit::until("the order is the new member's", || async { owner(&shop, &id).await == member }).await;
    testkit::until("its points are theirs too", || async {
        let ask = GetAccountRequest { member: member.clone(), at_least_as_fresh: String::new() };
        let account = shop.loyalty().get_account(ask).await.expect("an account").into_inner().account;
        account.expect("it is there").balance == 20
    })
    .await;

    let known = order("20111201-0002", phone("0912345678"), vec![line(1, "mug", 1, "500")]);
    let known = shop.activity().record_order(purchase(shop.request_id(), known)).await.expect("it is recorded");
    assert_eq!(known.into_inner().member, member, "from now on the phone names them");
    stage.stop().await;
}
