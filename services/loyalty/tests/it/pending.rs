//! Points that wait: seen with their date, spent from it on, taken back first.

use std::time::Duration;

use jiff::SignedDuration;
use kernel::MemberId;
use proto::loyalty::events::v1::PointsActivated;
use proto::loyalty::v1::loyalty_service_client::LoyaltyServiceClient;
use proto::loyalty::v1::*;
use tonic_types::StatusExt as _;

use crate::shop::Shop;

/// A shop whose points wait a week after the goods were received.
async fn waiting(deficit: DeficitPolicy) -> Shop {
    let shop = Shop::without_programme().await;
    let mut request = shop.programme();
    let programme = request.programme.as_mut().expect("there");
    programme.pending = Some(PendingPolicy { days: 7, from: PendingFrom::Receipt.into() });
    programme.deficit = deficit.into();
    shop.client().put_programme(request).await.expect("the terms are valid");
    shop
}

async fn activations(shop: &Shop) -> Vec<PointsActivated> {
    let mut look = shop.database.look().await;
    let type_name = "rapport.loyalty.events.v1.PointsActivated";
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM loyalty.event WHERE type = $1 ORDER BY occurred_at, shard, position")
            .bind(type_name)
            .fetch_all(&mut look)
            .await
            .expect("the log can be read");
    let any = |value| prost_types::Any { type_url: format!("/{type_name}"), value };
    payloads.into_iter().map(|payload| any(payload).to_msg().expect("our own payload")).collect()
}

async fn holds(shop: &Shop, member: MemberId) {
    let request = VerifyMemberRequest { member: member.to_string(), at_least_as_fresh: String::new() };
    let told = shop.client().verify_member(request).await.expect("a statement can be proved").into_inner();
    assert_eq!((told.holds, told.divergence), (true, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn points_wait_with_their_date_and_can_be_spent_from_it_on() {
    let shop = waiting(DeficitPolicy::Unlimited).await;
    let member = shop.member();
    let mut order = shop.order(member, 2_500, shop.clock.now());
    order.receive_time = Some(proto::timestamp(shop.clock.now() + SignedDuration::from_hours(48)));
    let said = shop.activity.say(shop.tenant, member, &order).await;
    let account = shop.account(member, &shop.seal(&said)).await;
    assert_eq!((account.balance, account.spendable, account.pending, account.lots.len()), (50, 0, 50, 0));
    let lot = account.pending_lots[0].clone();
    assert_eq!((lot.left, lot.origin.as_str()), (50, order.order.as_str()));
    // Received on the 12th, waiting through the 19th, good to the end of the month a year after that.
    assert_eq!(lot.usable_time, Some(proto::timestamp(testkit::instant("2026-01-19T16:00:00Z"))));
    assert_eq!(lot.lapse_time, Some(proto::timestamp(testkit::instant("2027-01-31T16:00:00Z"))));
    let refused = shop.redeem(member, 1).await.expect_err("they wait");
    assert_eq!(refused.get_details_error_info().expect("a reason").metadata["spendable"], "0");
    holds(&shop, member).await;

    let usable = testkit::instant("2026-01-19T16:00:00Z");
    shop.clock.move_to(usable - SignedDuration::from_micros(1)).expect("forward");
    shop.redeem(member, 1).await.expect_err("they still wait");
    shop.clock.move_to(usable).expect("forward");
    // The clockwork has not rung: a look, and a call, are exact all the same.
    let looked = shop.account(member, "").await;
    assert_eq!((looked.balance, looked.spendable, looked.pending), (50, 50, 0));
    assert_eq!((looked.lots[0].id.as_str(), looked.lots[0].usable_time), (lot.id.as_str(), None));
    let overview = shop.client().get_overview(GetOverviewRequest::default()).await.expect("it is read").into_inner();
    assert_eq!((overview.outstanding, overview.pending), (50, 0));
    assert_eq!(shop.redeem(member, 20).await.expect("they can be spent").spendable, 30);
    let said = activations(&shop).await;
    let told: Vec<_> = said.iter().map(|one| (one.points, one.cause.as_str(), one.lot.as_str())).collect();
    assert_eq!(told, [(50, order.order.as_str(), lot.id.as_str())]);
    assert_eq!(said[0].occur_time, Some(proto::timestamp(usable)));
    assert_eq!(shop.statement(member).await.len(), 2, "becoming usable is no entry");
    holds(&shop, member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clockwork_rings_when_points_have_waited() {
    let shop = waiting(DeficitPolicy::Unlimited).await;
    let (first, second) = (shop.member(), shop.member());
    shop.buys(first, 2_500).await;
    let (_, fresh) = shop.buys(second, 500).await;
    shop.account(second, &fresh).await;
    let overview = shop.client().get_overview(GetOverviewRequest::default()).await.expect("it is read").into_inner();
    assert_eq!((overview.outstanding, overview.pending, overview.lapse_months[0].points), (0, 60, 60));
    shop.days_pass(7).await;
    assert_eq!(activations(&shop).await, []);
    shop.days_pass(1).await;
    let mut points: Vec<i64> = activations(&shop).await.iter().map(|one| one.points).collect();
    points.sort_unstable();
    assert_eq!(points, [10, 50]);
    // Who is given points has no lot read; what can be spent by then is known all the same.
    let grant =
        GrantPointsRequest { request_id: shop.request_id(), ..crate::repeat::grant(first.to_string(), 1, "gift") };
    assert_eq!(shop.client().grant_points(grant).await.expect("given").into_inner().spendable, 57);
    holds(&shop, first).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_given_points_keeps_those_that_wait() {
    let shop = waiting(DeficitPolicy::Unlimited).await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let gift =
        |n| GrantPointsRequest { request_id: shop.request_id(), ..crate::repeat::grant(member.to_string(), n, "gift") };
    assert_eq!(shop.client().grant_points(gift(1)).await.expect("given").into_inner().spendable, 7);
    holds(&shop, member).await;
    shop.clock.move_to(testkit::instant("2026-01-17T16:00:00Z")).expect("forward");
    assert_eq!(shop.client().grant_points(gift(2)).await.expect("given").into_inner().spendable, 64);
    assert_eq!(activations(&shop).await.len(), 1);
    holds(&shop, member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_takes_what_waits_and_nothing_else_where_the_programme_says_so() {
    let shop = waiting(DeficitPolicy::OnlyPending).await;
    let member = shop.member();
    let (order, _) = shop.buys(member, 2_500).await;
    let fresh = shop.returns(member, &order, 500, 500).await;
    let account = shop.account(member, &fresh).await;
    assert_eq!((account.spendable, account.pending), (0, 40));
    shop.days_pass(8).await;
    let fresh = shop.returns(member, &order, 2_500, 2_000).await;
    let account = shop.account(member, &fresh).await;
    assert_eq!((account.spendable, account.pending, account.deficit), (40, 0, 0));
    let programme = shop.client().get_programme(GetProgrammeRequest::default()).await.expect("it rules").into_inner();
    let programme = programme.programme.expect("there");
    assert_eq!(programme.deficit(), DeficitPolicy::OnlyPending);
    assert_eq!(programme.pending, Some(PendingPolicy { days: 7, from: PendingFrom::Receipt.into() }));
    holds(&shop, member).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lots_that_wait_are_held_against_the_account_too() {
    let shop = waiting(DeficitPolicy::Unlimited).await;
    let member = shop.member();
    let (_, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    holds(&shop, member).await;
    // Somebody lets them be spent before their time.
    let mut owner = shop.database.look().await;
    sqlx::query("UPDATE loyalty.lot SET usable_from = NULL").execute(&mut owner).await.expect("changed");
    let request = VerifyMemberRequest { member: member.to_string(), at_least_as_fresh: String::new() };
    let told = shop.client().verify_member(request).await.expect("answered").into_inner();
    let found = told.divergence.expect("it is found");
    assert_eq!((found.kind(), found.expected, found.found), (DivergenceKind::Lots, 0, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_points_wait_is_checked() {
    let shop = Shop::without_programme().await;
    for (days, from) in [(0, 0), (367, 0), (7, 9)] {
        let mut request = shop.programme();
        request.programme.as_mut().expect("there").pending = Some(PendingPolicy { days, from });
        let refused = shop.client().put_programme(request).await.expect_err("that is no policy");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_back_late_and_lapsed_again_is_not_taken_with_its_order() {
    let shop = Shop::open().await;
    let member = shop.member();
    let (order, fresh) = shop.buys(member, 2_500).await;
    shop.account(member, &fresh).await;
    let spent = shop.redeem(member, 50).await.expect("there are 50");
    shop.days_pass(400).await;
    let reverse = ReverseRedemptionRequest {
        request_id: shop.request_id(),
        member: member.to_string(),
        entry: spent.entry,
        ..Default::default()
    };
    shop.client().reverse_redemption(reverse).await.expect("it was spent");
    let account = shop.account(member, "").await;
    assert_eq!((account.spendable, account.lots[0].origin.as_str()), (50, order.order.as_str()));
    shop.days_pass(20).await;
    let fresh = shop.returns(member, &order, 2_500, 2_500).await;
    let account = shop.account(member, &fresh).await;
    assert_eq!((account.balance, account.deficit, account.lapsed), (0, 0, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_points_by_hand_is_told() {
    let shop = Shop::open().await;
    let member = shop.enrolled().await;
    let scopes: Vec<&str> = server::auth::every_scope().into_iter().collect();
    let token = |actor: &str| shop.served.issuer().mint(Some(shop.tenant), &scopes, actor, Duration::from_secs(60));
    for (points, actor, named) in
        [(7, "clerk-7", "clerk-7"), (-3, "clerk-8", "clerk-8"), (1, "lee@example.com", "withheld")]
    {
        let mut client = LoyaltyServiceClient::new(shop.served.channel_with(Some(&token(actor))));
        let adjust = AdjustPointsRequest {
            request_id: shop.request_id(),
            member: member.to_string(),
            points,
            reason: "long wait".to_owned(),
            explain: true,
            ..Default::default()
        };
        let done = client.adjust_points(adjust).await.expect("adjusted").into_inner();
        let ask = ExplainEntryRequest { entry: done.entry, ..Default::default() };
        let told = shop.client().explain_entry(ask).await.expect("it is there").into_inner();
        assert_eq!(told.decision, done.decision);
        let decision = told.decision.expect("it has grounds");
        let told = decision.facts.iter().find(|fact| fact.name == "actor").expect("it is told");
        assert_eq!(told.value, named);
    }
}
