//! Orders earn, returns take back, and nothing is counted twice.

use jiff::SignedDuration;
use kernel::Shard;
use proto::loyalty::v1::*;
use proto::registry::events::v1::{MemberEnrolled, TenantSettled};

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_earns_points_that_a_fresh_read_sees() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (order, fresh) = shop.buys(member, 1_980).await;
    let account = shop.account(member, &fresh).await;
    assert_eq!((account.spendable, account.balance, account.deficit), (39, 39, 0));
    assert_eq!(account.lots[0].origin, order.order);
    assert_eq!(account.lots[0].lapse_time, Some(proto::timestamp(testkit::instant("2027-01-31T16:00:00Z"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_returns_take_back_what_one_whole_return_does() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (order, _) = shop.buys(member, 350).await;
    shop.returns(member, &order, 100, 100).await;
    let fresh = shop.returns(member, &order, 200, 100).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 3);
    let fresh = shop.returns(member, &order, 350, 150).await;
    assert_eq!(shop.account(member, &fresh).await.balance, 0);
    let points: Vec<i64> = shop.statement(member).await.iter().map(|entry| entry.points).collect();
    assert_eq!(points, [7, -2, -2, -3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_said_twice_counts_once() {
    let shop = Shop::open().await;
    let member = shop.member();
    let order = shop.order(member, 2_500, shop.clock.now());
    shop.activity.say(shop.tenant, member, &order).await;
    let said = shop.activity.say(shop.tenant, member, &order).await;
    assert_eq!(shop.account(member, &shop.seal(&said)).await.balance, 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_orders_earn_nothing() {
    let shop = Shop::open().await;
    let member = shop.member();
    let mut order = shop.order(member, 2_500, shop.clock.now());
    order.member.clear();
    let said = shop.activity.say(shop.tenant, member, &order).await;
    assert_eq!(shop.account(member, &shop.seal(&said)).await.balance, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_makes_no_sense_is_parked_and_the_member_waits_behind_it() {
    let shop = Shop::open().await;
    let (stuck, other) = (shop.member(), shop.member());
    let unheard = shop.order(stuck, 100, shop.clock.now());
    shop.returns(stuck, &unheard, 100, 100).await;
    shop.buys(stuck, 5_000).await;
    let (_, fresh) = shop.buys(other, 2_500).await;
    assert_eq!(shop.account(other, &fresh).await.balance, 50, "everybody else goes on");

    let consumer = shop.service.consumer().expect("loyalty listens");
    testkit::until("both events of the stuck member are parked", || async {
        consumer.parked().await.expect("it can be counted") == 2
    })
    .await;
    assert_eq!(shop.account(stuck, "").await.balance, 0);

    // The order is heard at last, by hand: then what was parked can be applied in its order.
    let (applied, parked) =
        consumer.try_parked(&shop.tenant.into(), &stuck.to_string()).await.expect("it can be tried");
    assert_eq!((applied, parked), (0, 2), "the return still knows no order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_joined_has_an_account_in_the_lowest_tier() {
    let shop = Shop::open().await;
    let member = shop.member();
    let joined = MemberEnrolled {
        member: member.to_string(),
        join_time: Some(proto::timestamp(shop.clock.now())),
        ..MemberEnrolled::default()
    };
    let said = shop.registry.say(shop.tenant, member, &joined).await;
    let fresh = shop.seal(&said);
    let account = shop.account(member, &fresh).await;
    assert_eq!(account.tier.expect("there is a ladder").tier, "member");
    let overview =
        shop.client().get_overview(GetOverviewRequest { at_least_as_fresh: fresh, wallet: String::new() }).await;
    let overview = overview.expect("it can be read").into_inner();
    assert_eq!(overview.tiers.iter().map(|tier| tier.members).collect::<Vec<_>>(), [1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_tenant_spends_nothing_and_still_reads() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, earned) = shop.buys(member, 2_500).await;
    let suspended = TenantSettled {
        tenant: shop.tenant.to_string(),
        currency_code: "TWD".to_owned(),
        zone: "Asia/Taipei".to_owned(),
        suspended: true,
        ..TenantSettled::default()
    };
    let shard = Shard::of_tenant(shop.tenant);
    let said = shop.registry.say_at(shop.tenant, shard, shop.tenant, shop.clock.now(), &suspended).await;
    let fresh = format!("{earned},{}", shop.seal(&said));
    assert_eq!(shop.account(member, &fresh).await.spendable, 50);
    let refused = shop.redeem(member, 10).await.expect_err("it is suspended");
    assert!(refused.message().contains("suspended"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_at_once_come_to_the_same_totals() {
    let shop = Shop::open().await;
    let running = shop.twin().await;
    let members: Vec<_> = (0..20).map(|_| shop.member()).collect();
    let mut fresh = Vec::new();
    for round in 0..10 {
        for member in &members {
            let (_, said) = shop.buys(*member, 500 + 50 * round).await;
            fresh.push(said);
        }
    }
    let all = fresh.join(",");
    for member in &members {
        let account = shop.account(*member, &all).await;
        assert_eq!(account.balance, (10..20).sum::<i64>(), "every order once");
    }
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_lapsed_is_gone_to_the_second_whether_or_not_it_is_written() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    assert_eq!(shop.account(member, &fresh).await.spendable, 50);
    let lapse = testkit::instant("2027-01-31T16:00:00Z");
    shop.clock.move_to(lapse - SignedDuration::from_secs(1)).expect("forward");
    assert_eq!(shop.account(member, "").await.spendable, 50);
    shop.clock.move_to(lapse).expect("forward");
    assert_eq!(shop.account(member, "").await.spendable, 0);
    assert_eq!(shop.statement(member).await.len(), 1, "the lapse is not written yet");
    shop.days_pass(0).await;
    let statement = shop.statement(member).await;
    assert_eq!(statement[1].points, -50);
    assert_eq!(statement[1].occur_time, Some(proto::timestamp(lapse)));
}
